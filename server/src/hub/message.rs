//! A client's message, taken apart and checked.

use std::borrow::Cow;

use baro_realtime::core::json::{as_string, as_u53, each_field, is_null};

use super::quota::Charge;
use crate::fault::{Code, Fault};
use crate::limits::Limits;

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Auth,
    Hello,
    Subscribe,
    Unsubscribe,
    Create,
    Update,
    Delete,
    Skip,
    Cursor,
    Selection,
    Typing,
    Editing,
    Status,
    Ping,
    Ack,
    Unknown,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "auth" => Self::Auth,
            "hello" => Self::Hello,
            "subscribe" => Self::Subscribe,
            "unsubscribe" => Self::Unsubscribe,
            "event:create" => Self::Create,
            "event:update" => Self::Update,
            "event:delete" => Self::Delete,
            "skip" => Self::Skip,
            "user:cursor" => Self::Cursor,
            "user:selection" => Self::Selection,
            "user:typing" => Self::Typing,
            "user:editing" => Self::Editing,
            "user:status" => Self::Status,
            "ping" => Self::Ping,
            "ack" => Self::Ack,
            _ => Self::Unknown,
        }
    }

    /// The name under which it is counted.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Hello => "hello",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Create => "event:create",
            Self::Update => "event:update",
            Self::Delete => "event:delete",
            Self::Skip => "skip",
            Self::Cursor => "user:cursor",
            Self::Selection => "user:selection",
            Self::Typing => "user:typing",
            Self::Editing => "user:editing",
            Self::Status => "user:status",
            Self::Ping => "ping",
            Self::Ack => "ack",
            Self::Unknown => "unknown",
        }
    }

    /// What it counts as towards the limits.
    pub(super) fn charge(self) -> Charge {
        match self {
            Self::Create | Self::Update | Self::Delete | Self::Skip => Charge::Write,
            Self::Cursor | Self::Selection | Self::Typing | Self::Editing | Self::Status => Charge::Presence,
            Self::Auth
            | Self::Hello
            | Self::Subscribe
            | Self::Unsubscribe
            | Self::Ping
            | Self::Ack
            | Self::Unknown => Charge::Other,
        }
    }
}

/// One message of a client, borrowed from its frame.
#[derive(Debug, Clone)]
pub(super) struct Message<'a> {
    pub(super) kind: Kind,
    /// The payload's raw text, `null` if there is none.
    pub(super) payload: &'a str,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) user_id: Option<Cow<'a, str>>,
    pub(super) seq: Option<u64>,
    pub(super) client: Option<Cow<'a, str>>,
    /// What a write was made on, raw.
    pub(super) on: Option<&'a str>,
}

/// Why a message is no message, with its id as far as it has one.
#[derive(Debug, Clone)]
pub(super) struct Malformed {
    pub(super) id: Option<String>,
    pub(super) fault: Fault,
}

impl<'a> Message<'a> {
    /// Reads one message.
    pub(super) fn parse(text: &'a str, limits: &Limits) -> Result<Self, Malformed> {
        let mut kind = None;
        let mut message = Self {
            kind: Kind::Unknown,
            payload: "null",
            id: None,
            user_id: None,
            seq: None,
            client: None,
            on: None,
        };
        let mut wrong: Option<Fault> = None;
        let mut refuse = |field: &str, raw: &str, expected: &str| {
            wrong.get_or_insert(Fault::field(Code::BadRequest, field, raw, expected));
        };
        let short = |raw: &'a str| as_string(raw).filter(|text| text.len() <= limits.name_bytes);
        let read = each_field(text, |key, raw| match &*key {
            "type" => match short(raw) {
                Some(name) => kind = Some(Kind::of(&name)),
                None => refuse("type", raw, "a string of at most 256 bytes"),
            },
            "payload" => message.payload = raw,
            "on" => message.on = Some(raw),
            "id" if !is_null(raw) => match short(raw) {
                Some(id) => message.id = Some(id),
                None => refuse("id", raw, "a string of at most 256 bytes"),
            },
            "userId" => message.user_id = short(raw),
            "seq" if !is_null(raw) => match as_u53(raw).filter(|seq| *seq > 0) {
                Some(seq) => message.seq = Some(seq),
                None => refuse("seq", raw, "an integer from 1"),
            },
            "client" if !is_null(raw) => match short(raw).filter(|client| !client.is_empty()) {
                Some(client) => message.client = Some(client),
                None => refuse("client", raw, "a string of 1 to 256 bytes"),
            },
            _ => {}
        });
        let wrong = match read {
            Ok(()) => wrong,
            Err(fault) => Some(Fault::new(Code::BadRequest, format!("a message is a JSON object: {fault}"))),
        };
        match (wrong, kind) {
            (None, Some(kind)) => Ok(Self { kind, ..message }),
            (fault, _) => {
                let fault = fault.unwrap_or_else(|| {
                    Fault::field(Code::BadRequest, "type", "nothing", "the message's type")
                });
                Err(Malformed { id: message.id.map(Cow::into_owned), fault })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Option<String> {
        Message::parse(text, &Limits::default()).err().map(|malformed| malformed.fault.message)
    }

    #[test]
    fn wrong_types_name_the_field() {
        for (text, name) in [
            (r#"{"type":7}"#, "type:"),
            (r#"{"payload":{}}"#, "type:"),
            (r#"{"type":"ping","id":{}}"#, "id:"),
            (r#"{"type":"event:create","seq":"1"}"#, "seq:"),
            (r#"{"type":"event:create","seq":0}"#, "seq:"),
            (r#"{"type":"event:create","seq":1.5}"#, "seq:"),
            (r#"{"type":"event:create","seq":9007199254740992}"#, "seq:"),
            (r#"{"type":"event:create","client":[]}"#, "client:"),
            ("[]", "a message is"),
        ] {
            assert!(field(text).is_some_and(|message| message.starts_with(name)), "{text}");
        }
    }

    #[test]
    fn the_id_is_known_even_of_a_message_that_is_refused() {
        let malformed = Message::parse(r#"{"id":"m1","type":[]}"#, &Limits::default()).unwrap_err();
        assert_eq!(malformed.id.as_deref(), Some("m1"));
    }

    #[test]
    fn unknown_types_and_fields_are_read() {
        let message =
            Message::parse(r#"{"x":1,"type":"constructor","payload":[1]}"#, &Limits::default()).unwrap();
        assert_eq!((message.kind, message.payload), (Kind::Unknown, "[1]"));
    }
}
