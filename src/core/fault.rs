//! What goes wrong, in the one shape in which it reaches the caller.
//!
//! Owns the codes: `docs/ERRORS.md` explains them, and `tests/errors.rs` holds that table against [`FaultCode::ALL`].
//! Guarantees that nothing else in the core or its adapters names a code. Does not know what raises them.

use crate::core::json::{Fields, as_bool, as_string, as_u53, push_string};

/// One list for the variants, their names and whether they pass, so that none can be left out.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, retryable: $retryable:literal;)+) => {
        /// The kind of a fault.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum FaultCode {
            $($(#[$doc])* $variant,)+
            /// One that a server made up. Boxed twice, so that a code is two words and travels in registers: that is
            /// three hundred bytes of the package.
            Other(Box<Box<str>>),
        }

        impl FaultCode {
            /// All that have a name here.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable name, unless a server made it up.
            pub fn known(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($name),)+
                    Self::Other(_) => None,
                }
            }

            /// Whether the same may succeed later, unless the fault itself says otherwise.
            pub fn is_retryable(&self) -> bool {
                match self {
                    $(Self::$variant => $retryable,)+
                    Self::Other(_) => false,
                }
            }
        }
    };
}

codes! {
    /// The caller gave something that is not accepted.
    InvalidArgument = "invalid_argument", retryable: false;
    /// The same for an option of the constructor.
    InvalidConfig = "invalid_config", retryable: false;
    /// An option asks for what this version lacks.
    Unsupported = "unsupported", retryable: false;
    /// The calendar was destroyed.
    Destroyed = "destroyed", retryable: false;
    /// `disconnect()` came before there was a connection.
    Disconnected = "disconnected", retryable: false;
    /// `unsubscribe()` came before the answer.
    Unsubscribed = "unsubscribed", retryable: false;
    /// Too many messages wait for a connection, or writes for the server.
    QueueFull = "queue_full", retryable: true;
    /// No acknowledgement in time.
    Timeout = "timeout", retryable: true;
    /// The user logged out.
    LoggedOut = "logged_out", retryable: false;
    /// Writes of the user are not sent, and `logout()` was not told to lose or keep them.
    PendingWrites = "pending_writes", retryable: true;
    /// The token, or what is stored, is another user's.
    OtherUser = "other_user", retryable: false;
    /// A write that is not kept on this device.
    NotStored = "not_stored", retryable: false;
    /// The database cannot be used.
    StorageUnavailable = "storage_unavailable", retryable: true;
    /// A transaction failed.
    StorageAborted = "storage_aborted", retryable: true;
    /// The origin's storage is full.
    QuotaExceeded = "quota_exceeded", retryable: true;
    /// What was stored is gone.
    StorageLost = "storage_lost", retryable: false;
    /// A stored row cannot be read.
    CorruptRow = "corrupt_row", retryable: false;
    /// The server sent what is no message.
    BadMessage = "bad_message", retryable: false;
    /// The server goes on from another history.
    HistoryLost = "history_lost", retryable: false;
    /// `refreshToken` failed.
    TokenUnavailable = "token_unavailable", retryable: true;
    /// The configured attempts are used up.
    MaxAttempts = "max_attempts", retryable: true;
    /// The server closed the connection over a breach of protocol.
    ProtocolError = "protocol_error", retryable: false;
    /// The server closed the connection for good with a code of its own.
    RefusedByServer = "refused_by_server", retryable: false;
    /// The server refused a message without a code.
    Refused = "refused", retryable: false;
    /// The server did not understand.
    BadRequest = "bad_request", retryable: false;
    /// No sign-in, or a bad token.
    Unauthorized = "unauthorized", retryable: false;
    /// The token is over.
    TokenExpired = "token_expired", retryable: false;
    /// This user may not do that.
    Forbidden = "forbidden", retryable: false;
    /// There is no such thing.
    NotFound = "not_found", retryable: false;
    /// The event that this is about was never made: its creation failed.
    DependencyFailed = "dependency_failed", retryable: true;
    /// There is one already.
    AlreadyExists = "already_exists", retryable: false;
    /// Somebody else changed what the write is about.
    Conflict = "conflict", retryable: false;
    /// The event breaks a rule.
    InvalidEvent = "invalid_event", retryable: false;
    /// Over a limit.
    TooLarge = "too_large", retryable: false;
    /// The server does not know the type of a message.
    UnknownType = "unknown_type", retryable: false;
    /// The stream of writes is another user's.
    ClientMismatch = "client_mismatch", retryable: false;
    /// A write came out of order.
    SequenceGap = "sequence_gap", retryable: true;
    /// Slow down.
    RateLimited = "rate_limited", retryable: true;
    /// The server cannot write at the moment.
    Unavailable = "unavailable", retryable: true;
}

impl FaultCode {
    /// Its stable name.
    pub fn as_str(&self) -> &str {
        if let Self::Other(name) = self { name } else { self.known().unwrap_or_default() }
    }

    /// The code of that name.
    pub fn of(name: &str) -> Self {
        Self::ALL
            .iter()
            .find(|code| code.as_str() == name)
            .map_or_else(|| Self::Other(Box::new(Box::from(name))), Self::clone)
    }

    /// Whether signing in anew is the answer to it.
    pub fn is_about_signing_in(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::TokenExpired)
    }

    /// Whether `connect()` may go on from where this ended the connection, once the cause is dealt with.
    pub fn is_resumable(&self) -> bool {
        matches!(self, Self::TooLarge | Self::Unauthorized | Self::MaxAttempts)
    }
}

/// A fault with its code, as `RealtimeError` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub code: FaultCode,
    /// A sentence for a person.
    pub message: String,
    /// Whether the same may succeed later.
    pub retryable: bool,
    /// Of a fault that ended the connection: whether `connect()` may go on once its cause is dealt with.
    pub resumable: Option<bool>,
    /// More, as JSON text.
    pub details: Option<String>,
    /// Milliseconds before which a retry makes no sense.
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A fault of that kind.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            retryable: code.is_retryable(),
            code,
            message: message.into(),
            resumable: None,
            details: None,
            retry_after_ms: None,
        }
    }

    /// A fault that no repetition cures, though others of its kind may pass.
    pub fn lasting(code: FaultCode, message: impl Into<String>) -> Self {
        Self { retryable: false, ..Self::new(code, message) }
    }

    /// A fault after which no connection is tried until the program asks for one.
    pub fn terminal(code: FaultCode, message: impl Into<String>) -> Self {
        Self { resumable: Some(code.is_resumable()), ..Self::new(code, message) }
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
        Self { details: Some(details), ..Self::new(FaultCode::InvalidArgument, message) }
    }

    /// The fault that the payload of an `error` message tells. Missing parts are filled in, never trusted to be there.
    pub fn from_payload(payload: &str) -> Self {
        let fields = Fields::parse(payload).unwrap_or_default();
        let text = |key| fields.get(key).and_then(as_string).filter(|text| !text.is_empty());
        Self {
            code: text("code").map_or(FaultCode::Refused, |name| FaultCode::of(&name)),
            message: text("message")
                .map_or_else(|| "the server refused the message".to_owned(), std::borrow::Cow::into_owned),
            retryable: fields.get("retryable").and_then(as_bool).unwrap_or(false),
            resumable: None,
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
