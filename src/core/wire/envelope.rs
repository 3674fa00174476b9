//! Inbound: from a frame to messages.

use std::borrow::Cow;

use crate::core::json::{JsonError, as_string, as_u53, each_field, each_item, validate};

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
    /// Its id.
    pub id: Option<Cow<'a, str>>,
    /// The channel on which it comes.
    pub channel: Option<Cow<'a, str>>,
    /// Its sequence: of the channel, or of the write that it answers.
    pub seq: Option<u64>,
    /// The stream of the write that it answers.
    pub client: Option<Cow<'a, str>>,
    /// The whole message.
    pub text: &'a str,
}

impl<'a> Envelope<'a> {
    /// Reads one message.
    ///
    /// # Errors
    /// When `text` is no JSON object with a string `type`.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut kind = None;
        let mut envelope = Self {
            kind: Kind::Other,
            payload: "null",
            id: None,
            channel: None,
            seq: None,
            client: None,
            text,
        };
        each_field(text, |key, raw| match &*key {
            "type" => kind = as_string(raw).map(|name| Kind::of(&name)),
            "payload" => envelope.payload = raw,
            "id" => envelope.id = as_string(raw),
            "channel" => envelope.channel = as_string(raw),
            "seq" => envelope.seq = as_u53(raw),
            "client" => envelope.client = as_string(raw),
            _ => {}
        })?;
        envelope.kind = kind.ok_or(JsonError { at: 0, expected: "a message with a string type" })?;
        Ok(envelope)
    }
}

/// The messages of a frame: the items of an array, or the frame itself.
///
/// # Errors
/// When the frame is not one JSON value; nothing of it is used then.
pub fn split_frame(frame: &str) -> Result<Vec<&str>, JsonError> {
    let mut messages = Vec::new();
    if frame.trim_start().starts_with('[') {
        each_item(frame, |message| messages.push(message))?;
    } else {
        validate(frame)?;
        messages.push(frame);
    }
    Ok(messages)
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
    fn a_broken_frame_is_refused_whole() {
        assert!(split_frame(r#"[{"type":"pong"},{"type":"#).is_err());
        assert_eq!(split_frame(r#" [{"type":"pong"}, 5]"#).unwrap().len(), 2);
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
