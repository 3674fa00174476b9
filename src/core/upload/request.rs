//! What a write looks like to a REST server, and to a function of the program's.

use std::borrow::Cow;

use crate::core::delivery::Write;
use crate::core::json::{Fields, as_string, each_field};
use crate::core::merge::Strategy;
use crate::core::model::WriteKind;

/// A request. Its headers besides the type of the body are the sender's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Type of the body.
    pub content_type: &'static str,
    /// The body, if there is one.
    pub body: Option<String>,
    /// What makes a repetition one: `Idempotency-Key`.
    pub key: String,
}

/// The request for a write at the server whose events are at `base` (`docs/PROTOCOL.md` §1.7). Every write is a stream of its
/// own, and its first: lanes that overtake each other leave no holes that way. `plain` if the server takes no more than the
/// event.
pub fn request(base: &str, write: &Write, plain: bool) -> Request {
    let base = base.trim_end_matches('/');
    let of_event = || format!("{base}/{}", percent_encode(&write.event));
    let (method, url, payload) = match write.kind {
        WriteKind::Create => ("POST", base.to_owned(), Some(&*write.body)),
        WriteKind::Update => ("PUT", of_event(), Some(&*write.body)),
        WriteKind::Delete | WriteKind::Skip => ("DELETE", of_event(), None),
    };
    let round = if write.rounds == 0 { String::new() } else { format!(".{}", write.rounds) };
    let key = format!("{}.{}{round}:1", write.id.client, write.id.seq);
    let on = write.on.as_ref().filter(|on| !plain && on.strategy != Strategy::LastWriteWins);
    let (content_type, body) = match on {
        None => ("application/json", payload.map(str::to_owned)),
        Some(on) => {
            let payload = payload.map_or(String::new(), |payload| format!("\"payload\":{payload},"));
            let body = format!("{{{payload}\"on\":{}}}", on.to_text());
            ("application/vnd.baro.write+json", Some(body))
        }
    };
    Request { method, url, content_type, body, key }
}

/// One line about a write, for people.
pub fn describe(write: &Write) -> String {
    // Nothing else of it is copied: somebody who looks at a long queue reads thousands.
    let title = |text: &str| {
        let mut title = None;
        let read = each_field(text, |key, raw| {
            if key == "title" {
                title = as_string(raw).map(Cow::into_owned);
            }
        });
        title.filter(|_| read.is_ok())
    };
    let title = title(&write.body).or_else(|| write.base.as_deref().and_then(title));
    let verb = match write.kind {
        WriteKind::Create => "Create",
        WriteKind::Update => "Update",
        WriteKind::Delete => "Delete",
        WriteKind::Skip => "Skip",
    };
    format!("{verb} “{}”", title.as_deref().unwrap_or(&write.event))
}

/// A write as `offline.sync` gets it, under the key of its row.
pub fn action(key: &str, write: &Write) -> String {
    let mut action = Fields::new();
    action.set_string("id", key);
    action.set_string("type", write.kind.word());
    action.set_string("resource", "event");
    action.set_string("resourceId", &write.event);
    action.set_string("eventId", &write.event);
    action.set_string("description", &describe(write));
    action.set("retryCount", &write.attempts.to_string());
    action.set("timestamp", &write.at_ms.to_string());
    if write.kind != WriteKind::Delete {
        action.set("data", &write.body);
    }
    action.to_text()
}

/// A part of an address: everything but the unreserved characters of RFC 3986 is escaped.
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::id::{ClientId, WriteId};
    use crate::core::merge::On;

    fn write(kind: WriteKind) -> Write {
        let id = WriteId { client: ClientId(Arc::from("c1")), seq: 7 };
        Write::new(id, kind, Arc::from("a/é"), Arc::from(r#"{"id":"a/é","title":"x"}"#), 5)
    }

    #[test]
    fn each_kind_is_a_request_of_its_own_stream() {
        let made = request("/api/events/", &write(WriteKind::Create), false);
        assert_eq!((made.method, &*made.url, &*made.key), ("POST", "/api/events", "c1.7:1"));
        assert_eq!(made.body.as_deref(), Some(r#"{"id":"a/é","title":"x"}"#));
        let changed = request("/api/events", &write(WriteKind::Update), false);
        assert_eq!((changed.method, &*changed.url), ("PUT", "/api/events/a%2F%C3%A9"));
        let removed = request("/api/events", &Write { rounds: 2, ..write(WriteKind::Delete) }, false);
        assert_eq!((removed.method, removed.body, &*removed.key), ("DELETE", None, "c1.7.2:1"));
    }

    #[test]
    fn what_a_write_was_made_on_goes_along_unless_the_server_does_not_take_it() {
        let on = On { strategy: Strategy::Merge, saw: Arc::from("{}") };
        let write = Write { on: Some(Arc::new(on)), ..write(WriteKind::Update) };
        let enveloped = request("/e", &write, false);
        assert_eq!(enveloped.content_type, "application/vnd.baro.write+json");
        let body = Fields::parse(&enveloped.body.unwrap_or_default()).unwrap_or_default();
        assert_eq!(body.get("on"), Some(r#"{"strategy":"merge","saw":{}}"#));
        assert_eq!(request("/e", &write, true).content_type, "application/json");
        let removed = request("/e", &Write { kind: WriteKind::Delete, ..write }, false).body;
        assert_eq!(removed.as_deref(), Some(r#"{"on":{"strategy":"merge","saw":{}}}"#));
    }

    #[test]
    fn an_action_says_what_a_program_needs() {
        let text = action("c1|7", &write(WriteKind::Update));
        let action = Fields::parse(&text).unwrap_or_default();
        for (name, expected) in [
            ("id", "\"c1|7\""),
            ("type", "\"update\""),
            ("eventId", "\"a/é\""),
            ("data", r#"{"id":"a/é","title":"x"}"#),
            ("description", "\"Update “x”\""),
            ("retryCount", "0"),
        ] {
            assert_eq!(action.get(name), Some(expected), "{name}");
        }
    }
}
