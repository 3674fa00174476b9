//! Rows of what the server confirmed: events, and how far each channel was read.
//!
//! One table holds both, so that no row of a position can be newer than the events that it speaks of: they go in one batch.

use std::sync::Arc;

use super::row::{ROW_VERSION, migrate};
use crate::core::delivery::Position;
use crate::core::json::Fields;
use crate::core::model::EventDoc;

/// What the key of an event begins with, and that of a channel.
const EVENT: &str = "e:";
const CHANNEL: &str = "c:";

/// The key of an event's row.
pub fn event_key(id: &str) -> String {
    [EVENT, id].concat()
}

/// The key of a channel's row.
pub fn channel_key(name: &str) -> String {
    [CHANNEL, name].concat()
}

/// The event of a key.
pub fn event_of_key(key: &str) -> Option<&str> {
    key.strip_prefix(EVENT)
}

/// The row of an event.
pub fn encode_event(doc: &EventDoc) -> String {
    format!("{{\"v\":{ROW_VERSION},\"event\":{}}}", doc.text)
}

/// The row of a channel.
pub fn encode_position(position: &Position) -> String {
    let mut fields = Fields::new();
    fields.set("v", &ROW_VERSION.to_string());
    fields.set_string("epoch", &position.epoch);
    fields.set("seq", &position.seq.to_string());
    fields.to_text()
}

/// What a row of the table says.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// An event.
    Event(EventDoc),
    /// How far a channel was read.
    Channel(String, Position),
}

/// Reads a row. One that cannot be read says nothing: the server tells it again.
pub fn decode_kept(key: &str, row: &str) -> Option<Kept> {
    let fields = migrate(Fields::parse(row).ok()?).ok()?;
    if let Some(channel) = key.strip_prefix(CHANNEL) {
        let position = Position { epoch: fields.string("epoch")?, seq: fields.u53("seq")? };
        return Some(Kept::Channel(channel.to_owned(), position));
    }
    let text: Arc<str> = Arc::from(fields.get("event")?);
    let doc = EventDoc::parse(&text).ok()?;
    (event_of_key(key) == Some(&*doc.id)).then_some(Kept::Event(doc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_bring_back_events_and_positions() {
        let doc = EventDoc::parse(
            r#"{"id":"a|b","title":"x","startDate":"2026-01-01","endDate":"2026-01-01","version":3}"#,
        )
        .unwrap();
        let event = decode_kept(&event_key("a|b"), &encode_event(&doc));
        assert_eq!(event, Some(Kept::Event(doc.clone())));
        assert_eq!(decode_kept(&event_key("other"), &encode_event(&doc)), None);
        let position = Position { epoch: "e\"1".to_owned(), seq: 7 };
        let channel = decode_kept(&channel_key("project:p"), &encode_position(&position));
        assert_eq!(channel, Some(Kept::Channel("project:p".to_owned(), position)));
        for row in ["", "{}", r#"{"v":9,"epoch":"e","seq":1}"#, r#"{"v":2,"seq":1}"#] {
            assert_eq!(decode_kept(&channel_key("c"), row), None, "{row}");
        }
    }
}
