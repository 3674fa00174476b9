//! Inbound: from a frame to messages.

use std::borrow::Cow;

use super::binary::read_binary;
use super::outgoing::Outgoing;
use crate::core::json::{JsonError, Scanner, as_string, as_u53, key_text};
use crate::core::model::EventDoc;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers a message of ours.
    Ack,
    /// Refuses a message of ours, or tells of trouble.
    Error,
    /// Answers a ping.
    Pong,
    /// Asks for a pong.
    Ping,
    /// Answers `hello`: the server speaks `baro.v1`.
    Welcome,
    /// Answers `subscribe`.
    Subscribed,
    /// A further part of a channel's content.
    Snapshot,
    /// A change that we may not see.
    Skip,
    /// The server is about to close.
    Drain,
    /// An event is new.
    EventCreated,
    /// An event is different.
    EventUpdated,
    /// An event is gone.
    EventDeleted,
    /// A project is different.
    ProjectUpdated,
    /// Everybody who is in a channel.
    Presence,
    /// A user came.
    UserJoined,
    /// A user went.
    UserLeft,
    /// A cursor moved.
    Cursor,
    /// Several cursors moved.
    Cursors,
    /// A user types, or stopped.
    Typing,
    /// A user selected something.
    Selected,
    /// A user edits an event, or stopped.
    Editing,
    /// A user is active or away.
    Status,
    /// The server found a conflict.
    ConflictDetected,
    /// Anything else.
    Other,
}

impl Kind {
    /// The kind that a `type` names, in either of the original spellings.
    pub fn of(name: &str) -> Self {
        match name {
            "ack" => Self::Ack,
            "error" => Self::Error,
            "pong" => Self::Pong,
            "ping" => Self::Ping,
            "welcome" => Self::Welcome,
            "subscribed" => Self::Subscribed,
            "snapshot" => Self::Snapshot,
            "skip" => Self::Skip,
            "drain" => Self::Drain,
            "event:created" | "EVENT_CREATED" => Self::EventCreated,
            "event:updated" | "EVENT_UPDATED" => Self::EventUpdated,
            "event:deleted" | "EVENT_DELETED" => Self::EventDeleted,
            "project:updated" | "project:update" | "PROJECT_UPDATED" => Self::ProjectUpdated,
            "presence" => Self::Presence,
            "user:joined" | "USER_JOINED_PROJECT" => Self::UserJoined,
            "user:left" => Self::UserLeft,
            "user:cursor" | "CURSOR_UPDATE" => Self::Cursor,
            "cursors" => Self::Cursors,
            "user:typing" | "USER_TYPING" => Self::Typing,
            "element:selected" | "ELEMENT_SELECTED" => Self::Selected,
            "user:editing" => Self::Editing,
            "user:status" => Self::Status,
            "conflict:detected" => Self::ConflictDetected,
            _ => Self::Other,
        }
    }

    /// Whether it changes an event.
    pub fn is_change(self) -> bool {
        matches!(self, Self::EventCreated | Self::EventUpdated | Self::EventDeleted)
    }
}

/// One message, borrowed from its frame.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// What it is.
    pub kind: Kind,
    /// The payload's raw text, `null` if there is none.
    pub payload: &'a str,
    /// The event in the payload of a change, if it was read in the same pass.
    pub event: Option<EventDoc>,
    /// Its id.
    pub id: Option<Cow<'a, str>>,
    /// The channel on which it comes.
    pub channel: Option<Cow<'a, str>>,
    /// Its sequence: of the channel, or of the write that it answers.
    pub seq: Option<u64>,
    /// The sender's wall clock, ms.
    pub timestamp: Option<u64>,
    /// The stream of the write that it answers.
    pub client: Option<Cow<'a, str>>,
    /// What became of a write that was not done as it was meant, raw.
    pub merged: Option<&'a str>,
    /// The whole message, if it came as text.
    pub text: &'a str,
    /// What only [`Envelope::whole`] needs of one that did not.
    pub(super) origin: Option<Origin<'a>>,
}

/// When and by whom a change was made, and the version that it led to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) timestamp: u64,
    pub(super) author: Option<&'a str>,
    pub(super) version: u64,
}

impl<'a> Envelope<'a> {
    /// The whole message as text, in whatever form it came.
    pub fn whole(&self) -> Cow<'a, str> {
        let Some(Origin { timestamp, author, version }) = self.origin else {
            return Cow::Borrowed(self.text);
        };
        let (channel, seq) = (self.channel.as_deref().unwrap_or_default(), self.seq.unwrap_or_default());
        let kind = if self.kind == Kind::EventCreated { "event:created" } else { "event:updated" };
        let text = Outgoing::new(kind)
            .string("channel", channel)
            .number("seq", seq)
            .string("id", &format!("{channel}.{seq}"))
            .number("timestamp", timestamp)
            .maybe("userId", author)
            .number("version", version)
            .raw("payload", self.payload);
        Cow::Owned(text.finish())
    }

    /// Reads one message.
    ///
    /// # Errors
    /// When `text` is no JSON object with a string `type`.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text);
        let envelope = Self::scan(&mut scanner)?;
        scanner.end()?;
        envelope.ok_or(JsonError { at: 0, expected: "a message with a string type" })
    }

    /// Reads the message that comes next; nothing if it has no string `type`.
    fn scan(scanner: &mut Scanner<'a>) -> Result<Option<Self>, JsonError> {
        scanner.peek();
        let from = scanner.position();
        let mut kind = None;
        let (mut payload, mut event) = ("null", None);
        let (mut id, mut channel, mut seq, mut client, mut timestamp) = (None, None, None, None, None);
        let mut merged = None;
        scanner.fields(|scanner, key| {
            let key = key_text(key);
            let change = matches!(kind, Some(Kind::EventCreated | Kind::EventUpdated));
            if key == "payload" && change && scanner.peek() == Some(b'{') {
                // The hot path: envelope and event in one pass, if the type stands before the payload.
                let from = scanner.position();
                event = EventDoc::scan(scanner)?;
                payload = scanner.since(from);
                return Ok(());
            }
            let raw = scanner.skip()?;
            match &*key {
                "type" => kind = as_string(raw).map(|name| Kind::of(&name)),
                "payload" => (payload, event) = (raw, None),
                "id" => id = as_string(raw),
                "channel" => channel = as_string(raw),
                "seq" => seq = as_u53(raw),
                "client" => client = as_string(raw),
                "timestamp" => timestamp = as_u53(raw),
                "merged" => merged = Some(raw),
                _ => {}
            }
            Ok(())
        })?;
        let text = scanner.since(from);
        let origin = None;
        Ok(kind.map(|kind| Self {
            kind,
            payload,
            event,
            id,
            channel,
            seq,
            timestamp,
            client,
            merged,
            text,
            origin,
        }))
    }
}

/// A frame as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// JSON text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

impl<'a> Frame<'a> {
    /// Its size, bytes.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Its messages; nothing in the place of what is none.
    ///
    /// # Errors
    /// When it is no frame; nothing of it is used then.
    pub fn read(self) -> Result<Vec<Option<Envelope<'a>>>, JsonError> {
        match self {
            Self::Text(text) => read_frame(text),
            Self::Binary(bytes) => read_binary(bytes),
        }
    }
}

/// The messages of a frame, an array or a single one; nothing in the place of what is JSON but no message.
///
/// # Errors
/// When the frame is not one JSON value; nothing of it is used then.
pub fn read_frame(frame: &str) -> Result<Vec<Option<Envelope<'_>>>, JsonError> {
    let mut messages = Vec::new();
    let mut scanner = Scanner::new(frame);
    if scanner.peek() == Some(b'[') {
        scanner.items(|scanner| read_message(scanner, &mut messages))?;
    } else {
        read_message(&mut scanner, &mut messages)?;
    }
    scanner.end()?;
    Ok(messages)
}

fn read_message<'a>(
    scanner: &mut Scanner<'a>,
    messages: &mut Vec<Option<Envelope<'a>>>,
) -> Result<(), JsonError> {
    if scanner.peek() == Some(b'{') {
        messages.push(Envelope::scan(scanner)?);
    } else {
        scanner.skip()?;
        messages.push(None);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_come_in_any_order_and_unknown_ones_are_ignored() {
        let text =
            r#"{"payload":{"id":"e"},"x":[1],"seq":4,"channel":"project:p","id":"m","type":"EVENT_UPDATED"}"#;
        let envelope = Envelope::parse(text).unwrap();
        assert_eq!(
            (envelope.kind, envelope.seq, envelope.payload),
            (Kind::EventUpdated, Some(4), r#"{"id":"e"}"#)
        );
        assert_eq!(envelope.channel.as_deref(), Some("project:p"));
    }

    #[test]
    fn an_event_is_read_in_the_same_pass_wherever_the_type_stands() {
        let first = r#"{"type":"event:updated","payload": {"id":"e","version":3} }"#;
        let last = r#"{"payload":{"id":"e","version":3},"type":"event:updated"}"#;
        let (first, last) = (Envelope::parse(first).unwrap(), Envelope::parse(last).unwrap());
        assert_eq!(first.event.map(|doc| doc.version), Some(3));
        assert_eq!((first.payload, last.event), (last.payload, None));
    }

    #[test]
    fn a_broken_frame_is_refused_whole() {
        assert!(read_frame(r#"[{"type":"pong"},{"type":"#).is_err());
        let read = read_frame(r#" [{"type":"pong"}, 5, {"id":"x"}]"#).unwrap();
        assert_eq!(read.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
        assert!(Envelope::parse("5").is_err());
        assert!(Envelope::parse(r#"{"type":["ack"]}"#).is_err());
    }

    #[test]
    fn a_sequence_that_is_no_exact_integer_is_none() {
        for raw in ["-1", "1.5", "9007199254740992", "\"4\"", "null", "1e3"] {
            let text = format!(r#"{{"type":"ack","seq":{raw}}}"#);
            assert_eq!(Envelope::parse(&text).unwrap().seq, None, "{raw}");
        }
    }
}
