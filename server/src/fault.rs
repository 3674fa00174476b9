//! What a server answers when it does not do as asked.
//!
//! Owns the codes of `docs/PROTOCOL.md` §1.5. Guarantees that the text of a fault never holds a token, an event's
//! content or a remote string longer than [`GOT_CHARS_MAX`]. Knows nothing of who is told.

use std::fmt;

use crate::object::Object;

/// Most characters of what came that a message repeats.
pub const GOT_CHARS_MAX: usize = 60;

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Not understood.
    BadRequest,
    /// No sign-in, or a bad token.
    Unauthorized,
    /// The token is over.
    TokenExpired,
    /// This user may not do that in this project.
    Forbidden,
    /// No such event.
    NotFound,
    /// An event of that id exists.
    AlreadyExists,
    /// Somebody else changed what the write is about, and its author wants to decide.
    Conflict,
    /// The event breaks a rule.
    InvalidEvent,
    /// Over a limit.
    TooLarge,
    /// No such message type.
    UnknownType,
    /// The stream of writes belongs to another user.
    ClientMismatch,
    /// A write came out of order.
    SequenceGap,
    /// Slow down.
    RateLimited,
    /// The server cannot write at the moment.
    Unavailable,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::TokenExpired,
        Self::Forbidden,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::InvalidEvent,
        Self::TooLarge,
        Self::UnknownType,
        Self::ClientMismatch,
        Self::SequenceGap,
        Self::RateLimited,
        Self::Unavailable,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::TokenExpired => "token_expired",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::InvalidEvent => "invalid_event",
            Self::TooLarge => "too_large",
            Self::UnknownType => "unknown_type",
            Self::ClientMismatch => "client_mismatch",
            Self::SequenceGap => "sequence_gap",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// The code of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Whether the same message may succeed later.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::SequenceGap | Self::RateLimited | Self::Unavailable)
    }

    /// The HTTP status that says the same.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::InvalidEvent | Self::UnknownType => 400,
            Self::Unauthorized | Self::TokenExpired => 401,
            Self::Forbidden | Self::ClientMismatch => 403,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Conflict | Self::SequenceGap => 409,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
        }
    }
}

/// A refusal with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind.
    pub code: Code,
    /// A sentence for a person.
    pub message: String,
    /// Milliseconds before which a repetition makes no sense.
    pub retry_after_ms: Option<u64>,
    /// More, as JSON text.
    pub details: Option<String>,
}

impl Fault {
    /// A fault without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, details: None }
    }

    /// A field that is not what it must be.
    pub fn field(code: Code, field: &str, got: &str, expected: &str) -> Self {
        let message = format!("{field}: expected {expected}, got {}", shorten(got));
        let details = Object::new().string("field", field).string("expected", expected).finish();
        Self { details: Some(details), ..Self::new(code, message) }
    }

    /// Something over the limit named `limit`.
    pub fn too_large(limit: &str, max: usize) -> Self {
        let details = Object::new().string("limit", limit).number("max", max as u64).finish();
        Self { details: Some(details), ..Self::new(Code::TooLarge, format!("over the limit: {limit} {max}")) }
    }

    /// A write that came out of order: `expected` is the sequence to go on from.
    pub fn sequence_gap(expected: u64) -> Self {
        let details = Object::new().number("expected", expected).finish();
        let message = format!("the next write of this client is {expected}");
        Self { details: Some(details), ..Self::new(Code::SequenceGap, message) }
    }

    /// The same, not to be repeated before `ms` have passed.
    #[must_use]
    pub fn after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The payload of the `error` message, and the body of a refused HTTP request.
    pub fn to_payload(&self) -> String {
        let mut object = Object::new()
            .string("code", self.code.name())
            .string("message", &self.message)
            .truth("retryable", self.code.is_retryable());
        if let Some(ms) = self.retry_after_ms {
            object = object.number("retryAfter", ms);
        }
        if let Some(details) = &self.details {
            object = object.raw("details", details);
        }
        object.finish()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Fault {}

fn shorten(text: &str) -> String {
    let clean = text.chars().filter(|character| !character.is_control());
    let mut short: String = clean.take(GOT_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_codes() {
        for code in Code::ALL {
            assert_eq!(Code::of(code.name()), Some(code));
        }
        assert_eq!(Code::of("fatal"), None);
    }

    #[test]
    fn a_fault_tells_the_field_and_is_bounded() {
        let fault = Fault::field(Code::BadRequest, "seq", &"9".repeat(10_000), "a number from 1");
        assert!(fault.message.chars().count() < 120);
        assert_eq!(fault.details.as_deref(), Some(r#"{"field":"seq","expected":"a number from 1"}"#));
    }

    #[test]
    fn a_gap_is_told_as_the_protocol_says() {
        assert_eq!(
            Fault::sequence_gap(4).to_payload(),
            r#"{"code":"sequence_gap","message":"the next write of this client is 4","retryable":true,"details":{"expected":4}}"#
        );
    }
}
