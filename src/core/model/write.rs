//! What a write does to an event.

use super::event::{EventDoc, apply_changes, new_event};
use crate::core::json::Fields;

/// What a write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// Makes an event.
    Create,
    /// Changes fields of an event.
    Update,
    /// Removes an event.
    Delete,
    /// Nothing: it takes up the sequence of a write that will not come any more.
    Skip,
}

impl WriteKind {
    /// The message type on the wire.
    pub fn message_type(self) -> &'static str {
        match self {
            Self::Create => "event:create",
            Self::Update => "event:update",
            Self::Delete => "event:delete",
            Self::Skip => "skip",
        }
    }

    /// The word that programs see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Skip => "skip",
        }
    }
}

/// The event after a write with the payload `body` on `before`: `None` if there is none then. Total: a change of what
/// is gone leaves it gone, a creation of what is there leaves it as it is.
pub fn apply_write(kind: WriteKind, body: &str, at_ms: u64, before: Option<EventDoc>) -> Option<EventDoc> {
    match (kind, before) {
        (WriteKind::Create, None) => {
            let data = Fields::parse(body).ok()?;
            EventDoc::parse(&new_event(&data.string("id")?, 0, at_ms, &data).to_text()).ok()
        }
        (WriteKind::Update, Some(doc)) => {
            let mut fields = doc.fields();
            apply_changes(&mut fields, &Fields::parse(body).unwrap_or_default());
            EventDoc::parse(&fields.to_text()).ok()
        }
        (WriteKind::Create | WriteKind::Skip, before) => before,
        (WriteKind::Update, None) | (WriteKind::Delete, _) => None,
    }
}
