//! The texts of long polling: what is asked, what an answer means. `docs/PROTOCOL.md` §3.

use crate::core::json::Fields;

/// Opens a session.
pub const OPEN: &str = "/open";
/// Waits for a frame.
pub const RECEIVE: &str = "/receive";
/// Sends a frame.
pub const SEND: &str = "/send";
/// Ends a session.
pub const CLOSE: &str = "/close";

/// Frames are joined up to this size, bytes: far below what a server takes, far above what it costs to ask.
const JOINED_BYTES_MAX: usize = 64 << 10;

/// The session of an answer to [`OPEN`]; it begins the body of all further requests, as a line of its own.
pub fn session_of(body: &str) -> Option<String> {
    let session = Fields::parse(body).ok()?.string("session")?;
    Some(session).filter(|session| !session.is_empty() && !session.contains('\n'))
}

/// Takes as many of the frames that wait as go into one request, in order, and makes them one frame.
pub fn join(waiting: &mut Vec<String>) -> String {
    let mut bytes = 0;
    let fits = waiting.iter().take_while(|frame| {
        bytes += frame.len() + 1;
        bytes <= JOINED_BYTES_MAX
    });
    let count = fits.count().max(1).min(waiting.len());
    if count == 1 {
        return waiting.remove(0);
    }
    let mut joined = String::with_capacity(JOINED_BYTES_MAX.min(bytes) + 2);
    for frame in waiting.drain(..count) {
        joined.push(if joined.is_empty() { '[' } else { ',' });
        // The messages of an array stand in the new one themselves.
        let messages = frame.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        joined.push_str(messages.unwrap_or(&frame));
    }
    joined.push(']');
    joined
}

/// The close code and the reason that an answer of this status stands for.
pub fn close_of(status: u16, body: &str) -> (u16, String) {
    let said = Fields::parse(body).unwrap_or_default();
    let told = said.u53("code").and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 1_000);
    let code = match (status, told) {
        (410, Some(code)) => return (code, said.string("reason").unwrap_or_default()),
        (413, _) => 1009,
        (429, _) => 4429,
        (503, _) => 1013,
        _ => 1006,
    };
    (code, format!("HTTP {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_from_an_answer_and_nothing_else_is_one() {
        assert_eq!(session_of(r#"{"session":"s1"}"#).as_deref(), Some("s1"));
        for body in ["", "<html>", "{}", r#"{"session":""}"#, r#"{"session":5}"#, r#"{"session":"a\nb"}"#] {
            assert_eq!(session_of(body), None, "{body}");
        }
    }

    #[test]
    fn frames_that_wait_become_one_in_their_order() {
        let mut waiting: Vec<String> = ["{1}", "[{2},{3}]", "{4}"].map(str::to_owned).into();
        assert_eq!(join(&mut waiting), "[{1},{2},{3},{4}]");
        assert!(waiting.is_empty());
        waiting.push("[{5}]".to_owned());
        assert_eq!(join(&mut waiting), "[{5}]", "one alone stays as it is");
    }

    #[test]
    fn large_frames_travel_alone() {
        let large = format!("{{{}}}", "x".repeat(JOINED_BYTES_MAX));
        let mut waiting = vec!["{1}".to_owned(), large.clone(), "{2}".to_owned()];
        assert_eq!(join(&mut waiting), "{1}");
        assert_eq!(join(&mut waiting), large);
        assert_eq!(join(&mut waiting), "{2}");
    }

    #[test]
    fn an_answer_that_ends_a_session_says_why() {
        for (status, body, code, reason) in [
            (410, r#"{"code":4401,"reason":"expired"}"#, 4401, "expired"),
            (410, r#"{"code":1012}"#, 1012, ""),
            (410, r#"{"code":5}"#, 1006, "HTTP 410"),
            (410, "gone", 1006, "HTTP 410"),
            (404, r#"{"code":4403}"#, 1006, "HTTP 404"),
            (413, "", 1009, "HTTP 413"),
            (429, "", 4429, "HTTP 429"),
            (503, r#"{"retryAfter":5}"#, 1013, "HTTP 503"),
            (200, "<html>", 1006, "HTTP 200"),
        ] {
            assert_eq!(close_of(status, body), (code, reason.to_owned()), "{status} {body}");
        }
    }
}
