//! What goes wrong, in the one shape in which it reaches the caller.

use crate::core::json::{Fields, as_bool, as_string, as_u53, push_string};

/// A fault with its code, as `RealtimeError` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable name of the kind, snake case: `forbidden`, `invalid_argument`, …
    pub code: String,
    /// A sentence for a person.
    pub message: String,
    /// Whether the same may succeed later.
    pub retryable: bool,
    /// More, as JSON text.
    pub details: Option<String>,
    /// Milliseconds before which a retry makes no sense.
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A fault that stays one.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            retryable: false,
            details: None,
            retry_after_ms: None,
        }
    }

    /// A fault that may pass.
    pub fn retryable(code: &str, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(code, message) }
    }

    /// The caller's mistake in `field`: what came and what is accepted.
    pub fn argument(field: &str, got: &str, expected: &str) -> Self {
        let mut details = String::from("{\"field\":");
        push_string(&mut details, field);
        details.push_str(",\"got\":");
        push_string(&mut details, got);
        details.push_str(",\"expected\":");
        push_string(&mut details, expected);
        details.push('}');
        let message = format!("{field}: expected {expected}, got {got}");
        Self { details: Some(details), ..Self::new("invalid_argument", message) }
    }

    /// The fault that the payload of an `error` message tells. Missing parts are filled in, never trusted to be there.
    pub fn from_payload(payload: &str) -> Self {
        let fields = Fields::parse(payload).unwrap_or_default();
        let text = |key| fields.get(key).and_then(as_string).map(std::borrow::Cow::into_owned);
        Self {
            code: text("code").unwrap_or_else(|| "refused".to_owned()),
            message: text("message").unwrap_or_else(|| "the server refused the message".to_owned()),
            retryable: fields.get("retryable").and_then(as_bool).unwrap_or(false),
            details: fields.get("details").map(str::to_owned),
            retry_after_ms: fields.get("retryAfter").and_then(as_u53),
        }
    }

    /// The same fault with `details`, a JSON text.
    #[must_use]
    pub fn with_details(mut self, details: String) -> Self {
        self.details = Some(details);
        self
    }
}
