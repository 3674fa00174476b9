//! Two edits of one event as one.
//!
//! Owns the table of which edits go together. Guarantees that the one does to an event what the two did after each other,
//! given that the first applied: a creation where there was nothing, a change or a removal where there was something. Does
//! not know whether they may: that nothing of the first has left is the outbox's to say.

use std::sync::Arc;

use crate::core::json::{FIELDS_MAX, Fields};
use crate::core::merge::{On, saw};
use crate::core::model::{WriteKind, apply_changes};

/// What two edits are together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Squashed {
    /// A write of that kind with this payload.
    Write(WriteKind, String),
    /// Nothing: what the first made, the second removed.
    Nothing,
}

/// `next` on top of the write of `kind` with the payload `body`; `None` if they stay two.
pub fn squash(kind: WriteKind, body: &str, next: WriteKind, next_body: &Fields) -> Option<Squashed> {
    match (kind, next) {
        (WriteKind::Create | WriteKind::Update, WriteKind::Update) => {
            let mut fields = Fields::parse(body).ok()?;
            // What the server alone sets stays as of the first: that is what both are based on.
            apply_changes(&mut fields, next_body);
            (fields.len() <= FIELDS_MAX).then(|| Squashed::Write(kind, fields.to_text()))
        }
        (WriteKind::Create, WriteKind::Delete) => Some(Squashed::Nothing),
        (WriteKind::Update, WriteKind::Delete) => {
            Some(Squashed::Write(WriteKind::Delete, next_body.to_text()))
        }
        // An event made anew under the id of a removed one goes on from the versions of that one.
        (WriteKind::Delete | WriteKind::Skip, _) | (_, WriteKind::Create | WriteKind::Skip) => None,
    }
}

/// What two edits as one were made on: of what the first is about, what its author saw; of all else, what the second saw.
pub fn first_seen(
    (kind, body): (WriteKind, &str),
    first: Option<&Arc<On>>,
    next: Option<&Arc<On>>,
) -> Option<Arc<On>> {
    let (first, next) = (first?, next?);
    let read = |text: &str| Fields::parse(text).unwrap_or_default();
    let mut seen = read(&next.saw);
    // Of these the second saw what the first had made of them.
    for (field, _) in saw(kind, &read(body), &seen.clone()).iter() {
        seen.remove(field);
    }
    seen.merge(&read(&first.saw));
    Some(Arc::new(On { strategy: first.strategy, saw: Arc::from(seen.to_text()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::parse(text).unwrap()
    }

    fn write(kind: WriteKind, body: &str) -> Option<Squashed> {
        Some(Squashed::Write(kind, body.to_owned()))
    }

    #[test]
    fn edits_of_one_event_become_one() {
        use WriteKind::{Create, Delete, Update};
        let change = fields(r#"{"id":"e","title":"b","room":null,"version":9}"#);
        let made = r#"{"id":"e","title":"a","at":1}"#;
        assert_eq!(
            squash(Create, made, Update, &change),
            write(Create, r#"{"id":"e","title":"b","at":1,"room":null}"#)
        );
        assert_eq!(
            squash(Update, r#"{"id":"e","title":"a","version":4}"#, Update, &change),
            write(Update, r#"{"id":"e","title":"b","version":4,"room":null}"#)
        );
        let end = fields(r#"{"id":"e"}"#);
        assert_eq!(squash(Update, made, Delete, &end), write(Delete, r#"{"id":"e"}"#));
        assert_eq!(squash(Create, made, Delete, &end), Some(Squashed::Nothing));
    }

    #[test]
    fn a_removal_and_a_new_event_under_its_id_stay_two() {
        let made = fields(r#"{"id":"e"}"#);
        assert_eq!(squash(WriteKind::Delete, r#"{"id":"e"}"#, WriteKind::Create, &made), None);
    }

    #[test]
    fn no_more_fields_than_a_server_takes_come_together() {
        let many = |from: usize| {
            let list: Vec<String> = (from..from + 600).map(|n| format!("\"f{n}\":1")).collect();
            format!("{{{}}}", list.join(","))
        };
        let squash_with = |from| squash(WriteKind::Update, &many(0), WriteKind::Update, &fields(&many(from)));
        assert!(squash_with(300).is_some() && squash_with(600).is_none());
    }
}
