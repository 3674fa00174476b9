//! What an answer means for the write.

use crate::core::fault::{Fault, FaultCode};
use crate::core::json::Fields;

/// How sending a write ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// HTTP answered.
    Status {
        /// Its status.
        status: u16,
        /// Its body.
        body: String,
        /// The header `Retry-After`, as it came.
        retry_after: Option<String>,
    },
    /// The program's function is done, with this JSON text.
    Done(String),
    /// The program's function failed.
    Thrown(Thrown),
    /// Nobody answered, for this reason.
    Lost(String),
}

/// What the program's function threw, as far as it says something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thrown {
    /// `message`.
    pub message: String,
    /// `code`, if it is a string.
    pub code: Option<String>,
    /// `status`, an HTTP status.
    pub status: Option<u16>,
    /// `retryable`.
    pub retryable: Option<bool>,
    /// `retryAfter`, ms.
    pub retry_after_ms: Option<u64>,
    /// `details` as JSON text.
    pub details: Option<String>,
}

/// What becomes of the write.
#[derive(Debug, Clone, PartialEq)]
pub enum Class {
    /// It is done; what the server said of it, as JSON text.
    Done(String),
    /// It is tried again. `counts`: it was the server that put it off, so that there is an end to it.
    Retry {
        /// Why.
        fault: Fault,
        /// Whether it is one of `maxRetries`.
        counts: bool,
    },
    /// Nothing answers: all writes wait.
    Lost(Fault),
    /// It is held until somebody has signed in.
    Hold(Fault),
    /// Another changed the event meanwhile.
    Conflict(Fault),
    /// It is refused for good.
    Dead(Fault),
}

/// What an answer means. A refusal is final only if it is the server's own word, with a `code`: what a proxy or a gateway
/// says of a path that it does not know is about the way, not about the write.
pub fn classify(answer: Answer) -> Class {
    match answer {
        Answer::Done(value) => Class::Done(value),
        Answer::Lost(reason) => Class::Lost(Fault::new(FaultCode::Unavailable, reason)),
        // Whoever answers a write with a page has not done it: a portal that wants a sign-in, a page for all addresses.
        Answer::Status { status: 200..=299, body, .. } if body.trim_start().starts_with('<') => {
            retry(Fault::new(FaultCode::Refused, "the server answered with a page"), false)
        }
        Answer::Status { status: 200..=299, body, .. } => Class::Done(body),
        Answer::Status { status, body, retry_after } => {
            let object = Fields::parse(&body).ok();
            let own_word = object.as_ref().is_some_and(|fields| fields.string("code").is_some());
            let mut fault = Fault::from_payload(&body);
            if !own_word {
                fault.code = if status >= 500 { FaultCode::Unavailable } else { FaultCode::Refused };
                if object.as_ref().is_none_or(|fields| fields.is_absent("message")) {
                    fault.message = format!("the server answered {status}");
                }
            }
            let seconds = retry_after.and_then(|seconds| seconds.trim().parse::<u64>().ok());
            fault.retry_after_ms =
                fault.retry_after_ms.or(seconds.map(|seconds| seconds.saturating_mul(1_000)));
            if matches!(status, 409 | 412) && fault.details.is_none() && object.is_some() {
                // Servers of others answer with the event as it is.
                fault.details = Some(body);
            }
            of_status(status, fault, own_word, object.is_some())
        }
        Answer::Thrown(thrown) => {
            let fault = Fault {
                code: thrown.code.as_deref().map_or(FaultCode::Refused, FaultCode::of),
                message: thrown.message,
                retryable: thrown.retryable.unwrap_or(true),
                resumable: None,
                details: thrown.details,
                retry_after_ms: thrown.retry_after_ms,
            };
            match (thrown.retryable, thrown.status) {
                (Some(false), status) if !matches!(status, Some(401 | 409 | 412)) => dead(fault),
                // The program has read the status: it is no proxy's.
                (_, Some(status)) => of_status(status, fault, true, true),
                _ if fault.code.is_about_signing_in() => Class::Hold(fault),
                _ if fault.code == FaultCode::Conflict => Class::Conflict(fault),
                (_, None) => retry(fault, true),
            }
        }
    }
}

fn of_status(status: u16, fault: Fault, own_word: bool, object: bool) -> Class {
    match status {
        401 => Class::Hold(if own_word && fault.code.is_about_signing_in() {
            fault
        } else {
            Fault { code: FaultCode::Unauthorized, ..fault }
        }),
        409 | 412 if !own_word || matches!(fault.code, FaultCode::Conflict | FaultCode::Refused) => {
            Class::Conflict(Fault { code: FaultCode::Conflict, retryable: false, ..fault })
        }
        // What the server itself puts off has an end; what stands before it may be away for hours.
        408 | 425 | 429 | 500..=599 => retry(fault, own_word),
        400..=499 if own_word && fault.retryable && fault.code != FaultCode::Refused => retry(fault, true),
        400..=499 if own_word => dead(fault),
        // An object is a program's answer, though not one of ours: it gets its tries.
        400..=499 => retry(fault, object),
        _ => retry(fault, false),
    }
}

fn retry(fault: Fault, counts: bool) -> Class {
    Class::Retry { fault: Fault { retryable: true, ..fault }, counts }
}

fn dead(fault: Fault) -> Class {
    Class::Dead(Fault { retryable: false, ..fault })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"{"code":"forbidden","message":"no right"}"#;
    const HTML: &str = "<html><h1>404 Not Found</h1></html>";

    fn status(status: u16, body: &str) -> Class {
        classify(Answer::Status { status, body: body.to_owned(), retry_after: None })
    }

    fn word(class: &Class) -> &'static str {
        match class {
            Class::Done(_) => "done",
            Class::Retry { counts: true, .. } => "retry",
            Class::Retry { counts: false, .. } => "retry for ever",
            Class::Lost(_) => "lost",
            Class::Hold(_) => "hold",
            Class::Conflict(_) => "conflict",
            Class::Dead(_) => "dead",
        }
    }

    #[test]
    fn each_status_has_its_class() {
        let unavailable = r#"{"code":"unavailable","message":"","retryable":true}"#;
        let conflict = r#"{"code":"conflict","message":"","details":{"fields":["title"]}}"#;
        let exists = r#"{"code":"already_exists","message":""}"#;
        for (number, body, expected) in [
            (200, "{}", "done"),
            (204, "", "done"),
            (200, HTML, "retry for ever"),
            (400, OWN, "dead"),
            (403, OWN, "dead"),
            (404, HTML, "retry for ever"),
            (403, "", "retry for ever"),
            (422, r#"{"errors":["title"]}"#, "retry"),
            (401, OWN, "hold"),
            (401, HTML, "hold"),
            (408, "", "retry for ever"),
            (425, unavailable, "retry"),
            (429, unavailable, "retry"),
            (429, "slow down", "retry for ever"),
            (503, unavailable, "retry"),
            (502, HTML, "retry for ever"),
            (409, conflict, "conflict"),
            (412, "", "conflict"),
            (409, r#"{"id":"e","title":"theirs"}"#, "conflict"),
            (409, exists, "dead"),
            (304, "", "retry for ever"),
        ] {
            assert_eq!(word(&status(number, body)), expected, "{number} {body}");
        }
    }

    #[test]
    fn what_the_program_threw_has_its_class() {
        let thrown = |thrown: Thrown| word(&classify(Answer::Thrown(thrown)));
        let with_status = |status| thrown(Thrown { status: Some(status), ..Thrown::default() });
        assert_eq!(thrown(Thrown::default()), "retry");
        assert_eq!(thrown(Thrown { retryable: Some(false), ..Thrown::default() }), "dead");
        assert_eq!([401, 409, 422, 503].map(with_status), ["hold", "conflict", "dead", "retry"]);
        let code = |code: &str| thrown(Thrown { code: Some(code.to_owned()), ..Thrown::default() });
        assert_eq!(["token_expired", "conflict", "odd"].map(code), ["hold", "conflict", "retry"]);
        let passing = Thrown { status: Some(422), retryable: Some(true), ..Thrown::default() };
        assert_eq!(thrown(Thrown { code: Some("later".to_owned()), ..passing }), "retry");
    }

    #[test]
    fn the_wait_that_the_server_wants_is_read_from_body_and_header() {
        let wait = |body: &str, header: &str| {
            let retry_after = Some(header.to_owned());
            match classify(Answer::Status { status: 503, body: body.to_owned(), retry_after }) {
                Class::Retry { fault, .. } => fault.retry_after_ms,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(wait("", "7"), Some(7_000));
        assert_eq!(wait(r#"{"code":"unavailable","retryAfter":250}"#, "7"), Some(250));
        assert_eq!(wait("", "Fri, 31 Dec 1999 23:59:59 GMT"), None);
    }
}
