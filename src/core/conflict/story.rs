//! What is told of a conflict.

use std::sync::Arc;

use crate::core::json::{Fields, each_item, push_string, quote};
use crate::core::merge::{Dropped, Merged, On, Strategy, detect, saw};
use crate::core::model::{EventDoc, WriteKind};

/// Two versions of one event that do not agree, and what both were made from. Where a side deleted the event there is
/// none.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Its name, for as long as it is not resolved.
    pub id: String,
    /// The event's id.
    pub event: Arc<str>,
    /// What both were made from.
    pub base: Option<Fields>,
    /// The event as the user of this program wants it.
    pub local: Option<Fields>,
    /// The event as it is on the server.
    pub remote: Option<Fields>,
    /// What it is about.
    pub fields: Vec<String>,
    /// What decides.
    pub strategy: Strategy,
    /// The values that gave way, if it is decided: a JSON array as of `docs/PROTOCOL.md` §2.8.
    pub dropped: Option<String>,
}

/// What an acknowledgement says of a write of which not everything was done as it was meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    theirs: Option<Fields>,
    fields: Vec<String>,
    dropped: String,
}

impl Merge {
    /// What came of a merge made here over `theirs`; nothing if nothing gave way.
    pub fn of(merged: &Merged, theirs: Option<Fields>) -> Option<Self> {
        if merged.dropped.is_empty() && merged.conflicts.is_empty() {
            return None;
        }
        let mut fields: Vec<String> = merged.dropped.iter().map(|dropped| dropped.field.clone()).collect();
        fields.dedup();
        let fields = if fields.is_empty() { merged.conflicts.clone() } else { fields };
        let told = |dropped: &Dropped| {
            let mut item = Fields::new();
            item.set_string("field", &dropped.field);
            item.set("value", &dropped.value);
            item.set_string("side", dropped.side.word());
            item.set_string("reason", dropped.reason);
            item.to_text()
        };
        let dropped: Vec<String> = merged.dropped.iter().map(told).collect();
        Some(Self { theirs, fields, dropped: format!("[{}]", dropped.join(",")) })
    }

    /// Reads `merged` of an acknowledgement. Parts that are missing are empty.
    pub fn read(text: &str) -> Option<Self> {
        let merged = Fields::parse(text).ok()?;
        let mut fields: Vec<String> = Vec::new();
        let dropped = merged.get("dropped").filter(|raw| raw.starts_with('[')).unwrap_or("[]").to_owned();
        // The acknowledgement was checked as a whole.
        let _read = each_item(&dropped, |item| {
            let field = Fields::parse(item).ok().and_then(|item| item.string("field"));
            fields.extend(field.filter(|field| !fields.contains(field)));
        });
        if fields.is_empty() {
            let _read = each_item(merged.get("conflicts").unwrap_or("[]"), |item| {
                fields.extend(crate::core::json::as_string(item).map(std::borrow::Cow::into_owned));
            });
        }
        let theirs = merged.get("theirs").and_then(|raw| Fields::parse(raw).ok());
        Some(Self { theirs, fields, dropped })
    }
}

impl Conflict {
    /// What is told of a write that met `theirs`, and what the event was before it was deleted, if it was.
    pub fn of(
        id: String,
        event: Arc<str>,
        write: (WriteKind, &Fields),
        on: &On,
        base: Option<&EventDoc>,
        theirs: Option<&EventDoc>,
    ) -> Self {
        let (kind, body) = write;
        let (base, remote) = (base.map(EventDoc::fields), theirs.map(EventDoc::fields));
        let before = base.as_ref().or(remote.as_ref()).map(|event| with_seen(kind, body, event, on));
        let local = match kind {
            WriteKind::Create => Some(body.clone()),
            WriteKind::Update => remote.as_ref().or(base.as_ref()).map(|event| on.meant(body, event)),
            WriteKind::Delete | WriteKind::Skip => None,
        };
        let fields = match (&local, &remote, &before) {
            (Some(local), Some(remote), before) => detect(local, remote, before.as_ref()),
            (None, Some(remote), Some(before)) => detect(before, remote, None),
            (_, None, _) | (None, Some(_), None) => vec![crate::core::merge::DELETED.to_owned()],
        };
        Self { id, event, base: before, local, remote, fields, strategy: on.strategy, dropped: None }
    }

    /// The same, decided by merging.
    #[must_use]
    pub fn decided(mut self, merge: Merge) -> Self {
        self.fields = merge.fields;
        self.remote = merge.theirs;
        self.dropped = Some(merge.dropped);
        self
    }

    /// The `ConflictInfo` as JSON text. A version that is not there is told as it last was, and which it is.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{\"id\":");
        push_string(&mut text, &self.id);
        text.push_str(",\"eventId\":");
        push_string(&mut text, &self.event);
        let last = self.base.as_ref().or(self.local.as_ref()).or(self.remote.as_ref());
        for (name, version) in [
            ("localVersion", self.local.as_ref().or(last)),
            ("remoteVersion", self.remote.as_ref().or(last)),
            ("baseVersion", self.base.as_ref()),
        ] {
            if let Some(version) = version {
                text.push_str(&format!(",\"{name}\":{}", version.to_text()));
            }
        }
        let fields: Vec<String> = self.fields.iter().map(|field| quote(field)).collect();
        let word = self.strategy.word();
        text.push_str(&format!(",\"fields\":[{}],\"strategy\":\"{word}\"", fields.join(",")));
        match (&self.local, &self.remote) {
            (None, Some(_)) => text.push_str(",\"deleted\":\"local\""),
            (Some(_), None) => text.push_str(",\"deleted\":\"remote\""),
            (Some(_), Some(_)) | (None, None) => {}
        }
        if let Some(dropped) = &self.dropped {
            text.push_str(&format!(",\"dropped\":{dropped}"));
        }
        text.push('}');
        text
    }
}

/// The whole event as the author of a write saw it.
fn with_seen(kind: WriteKind, body: &Fields, event: &Fields, on: &On) -> Fields {
    let seen = Fields::parse(&on.saw).unwrap_or_default();
    let mut whole = event.clone();
    for (field, _) in saw(kind, body, event).iter() {
        whole.remove(field);
    }
    whole.merge(&seen);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(text: &str) -> EventDoc {
        EventDoc::parse(text).unwrap()
    }

    fn told(kind: WriteKind, body: &str, theirs: Option<&str>) -> String {
        let on = On { strategy: Strategy::Manual, saw: Arc::from(r#"{"title":"a"}"#) };
        let body = Fields::parse(body).unwrap();
        let base = doc(r#"{"id":"e","title":"a","color":"red"}"#);
        let theirs = theirs.map(doc);
        Conflict::of("c|1".into(), Arc::from("e"), (kind, &body), &on, Some(&base), theirs.as_ref()).to_json()
    }

    #[test]
    fn both_versions_and_what_they_were_made_from_are_told() {
        let theirs = r#"{"id":"e","title":"b","color":"blue"}"#;
        assert_eq!(
            told(WriteKind::Update, r#"{"id":"e","title":"mine"}"#, Some(theirs)),
            r#"{"id":"c|1","eventId":"e","localVersion":{"id":"e","title":"mine","color":"blue"},"remoteVersion":{"id":"e","title":"b","color":"blue"},"baseVersion":{"id":"e","color":"red","title":"a"},"fields":["title"],"strategy":"manual"}"#
        );
    }

    #[test]
    fn a_version_that_is_gone_is_told_as_it_last_was() {
        let removed = told(WriteKind::Update, r#"{"id":"e","title":"mine"}"#, None);
        assert!(removed.contains(r#""remoteVersion":{"id":"e","color":"red","title":"a"}"#), "{removed}");
        assert!(
            removed.ends_with(r#""fields":["deleted"],"strategy":"manual","deleted":"remote"}"#),
            "{removed}"
        );
        let removing = told(WriteKind::Delete, r#"{"id":"e"}"#, Some(r#"{"id":"e","title":"b"}"#));
        assert!(removing.contains(r#""localVersion":{"id":"e","title":"a"}"#), "{removing}");
        assert!(removing.contains(r#""deleted":"local""#), "{removing}");
    }

    #[test]
    fn what_gave_way_names_the_fields() {
        let report = r#"{"conflicts":["time"],"dropped":[{"field":"startDate","value":"1"},{"field":"endDate","value":"2"}],"theirs":null}"#;
        let merge = Merge::read(report).unwrap();
        assert_eq!((merge.fields, merge.theirs), (vec!["startDate".to_owned(), "endDate".to_owned()], None));
        let merge = Merge::read(r#"{"conflicts":["recurrence"]}"#).unwrap();
        assert_eq!((merge.fields, &*merge.dropped), (vec!["recurrence".to_owned()], "[]"));
    }
}
