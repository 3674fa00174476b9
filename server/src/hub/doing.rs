//! What a presence message says: checked, and written as others are told it.

use baro_realtime::core::json::{Fields, as_bool, as_string, is_null};

use super::message::Kind;
use crate::fault::{Code, Fault};
use crate::object::Object;

/// Bytes of a selection's JSON text.
const SELECTION_BYTES_MAX: usize = 4 * 1024;

/// What a presence message changes and tells.
pub(super) struct Told {
    /// The type of the message to others.
    pub(super) kind: &'static str,
    /// Its payload.
    pub(super) payload: String,
}

pub(super) fn without_user(fields: &Fields) -> String {
    let mut fields = fields.clone();
    fields.remove("userId");
    fields.to_text()
}

/// Whether a raw value is a number that a screen can have, short enough to be repeated as it came.
fn is_number(raw: &str) -> bool {
    let number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    number && raw.len() <= 32 && raw.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Checks a presence message and writes what others are told.
pub(super) fn read(kind: Kind, payload: &str, user: &str, wall_ms: u64) -> Result<Told, Fault> {
    let wrong =
        |field: &str, raw: &str, expected: &str| Err(Fault::field(Code::BadRequest, field, raw, expected));
    // `user:editing` may say "nothing" without an object.
    let text = if kind == Kind::Editing && is_null(payload) { "{}" } else { payload };
    let Ok(fields) = Fields::parse(text) else { return wrong("payload", payload, "an object") };
    let raw = |field: &str| fields.get(field).filter(|raw| !is_null(raw));
    let is_name = |raw: &str| as_string(raw).is_some_and(|name| name.len() <= 256);
    let object = Object::new().string("userId", user);
    let element = raw("elementId");
    if let Some(element) = element.filter(|element| !is_name(element)) {
        return wrong("elementId", element, "a string of at most 256 bytes");
    }
    let told = |kind: &'static str, object: Object| Ok(Told { kind, payload: object.finish() });
    if kind == Kind::Cursor {
        let mut object = object;
        for field in ["x", "y"] {
            match raw(field).filter(|raw| is_number(raw)) {
                Some(number) => object = object.raw(field, number),
                None => return wrong(field, raw(field).unwrap_or("nothing"), "a number"),
            }
        }
        if let Some(element) = element {
            object = object.raw("elementId", element);
        }
        return told("user:cursor", object.number("timestamp", wall_ms));
    }
    if kind == Kind::Status {
        let status = raw("status").and_then(as_string);
        return match status.as_deref() {
            Some(status @ ("active" | "away")) => told("user:status", object.string("status", status)),
            _ => wrong("status", raw("status").unwrap_or("nothing"), "\"active\" or \"away\""),
        };
    }
    if kind == Kind::Editing {
        let event = raw("eventId");
        if let Some(event) = event.filter(|event| !is_name(event)) {
            return wrong("eventId", event, "a string of at most 256 bytes, or null");
        }
        return told("user:editing", object.raw("eventId", event.unwrap_or("null")));
    }
    let Some(element) = element else {
        return wrong("elementId", "nothing", "a string of at most 256 bytes");
    };
    let object = object.raw("elementId", element);
    if kind == Kind::Typing {
        let typing = raw("isTyping").and_then(as_bool);
        let Some(typing) = typing else {
            return wrong("isTyping", raw("isTyping").unwrap_or("nothing"), "true or false");
        };
        return told("user:typing", object.truth("isTyping", typing));
    }
    let selection = raw("selection").unwrap_or("null");
    if selection.len() > SELECTION_BYTES_MAX {
        return Err(Fault::too_large("selection", SELECTION_BYTES_MAX));
    }
    told("element:selected", object.raw("selection", selection))
}
