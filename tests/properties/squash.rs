//! Squashed or not, a queue does the same to an event.

use baro_realtime::core::delivery::{Squashed, squash};
use baro_realtime::core::json::Fields;
use baro_realtime::core::model::{EventDoc, WriteKind, apply_write};
use proptest::prelude::*;

type Edit = (WriteKind, Fields);

fn changes() -> impl Strategy<Value = Fields> {
    let value = prop::sample::select(vec!["null", "\"a\"", "\"b\"", "[\"x\",\"y\"]", "{\"k\":1}", "1.0"]);
    let field =
        prop::sample::select(vec!["location", "attendees", "color", "odd", "notes", "version", "updatedAt"]);
    prop::collection::vec((field, value), 1..4).prop_map(|list| {
        let mut fields = Fields::new();
        fields.set_string("id", "e");
        list.into_iter().for_each(|(field, value)| fields.set(field, value));
        fields
    })
}

fn made(changes: &Fields) -> Fields {
    let base = r#"{"id":"e","title":"t","startDate":"2026-03-01","endDate":"2026-03-02"}"#;
    let mut event = Fields::parse(base).unwrap();
    event.merge(changes);
    event
}

/// Edits as one program makes them: it changes and removes what is there, and makes what is not.
fn queue(exists: bool, wishes: Vec<(u8, Fields)>) -> Vec<Edit> {
    let mut exists = exists;
    let edit = |(wish, changes): (u8, Fields)| {
        let kind = match (exists, wish) {
            (false, _) => WriteKind::Create,
            (true, 0..4) => WriteKind::Update,
            (true, _) => WriteKind::Delete,
        };
        exists = kind != WriteKind::Delete;
        (kind, if kind == WriteKind::Create { made(&changes) } else { changes })
    };
    wishes.into_iter().map(edit).collect()
}

fn squashed(queue: &[Edit]) -> Vec<Edit> {
    let mut out: Vec<Edit> = Vec::new();
    for (kind, body) in queue {
        let last = out.last().and_then(|(held, before)| squash(*held, &before.to_text(), *kind, body));
        if last.is_some() {
            out.pop();
        }
        match last {
            Some(Squashed::Write(kind, body)) => out.push((kind, Fields::parse(&body).unwrap())),
            Some(Squashed::Nothing) => {}
            None => out.push((*kind, body.clone())),
        }
    }
    out
}

fn apply(queue: &[Edit], event: Option<&EventDoc>) -> Option<serde_json::Value> {
    let apply_one = |doc, (kind, body): &Edit| apply_write(*kind, &body.to_text(), 5, doc);
    let after = queue.iter().fold(event.cloned(), apply_one)?;
    Some(serde_json::from_str(&after.text).unwrap())
}

proptest! {
    #[test]
    fn a_squashed_queue_does_what_the_queue_does(
        exists in any::<bool>(),
        before in changes(),
        wishes in prop::collection::vec((0..6_u8, changes()), 0..8),
    ) {
        let event = exists.then(|| EventDoc::parse(&made(&before).to_text()).unwrap());
        let queue = queue(exists, wishes);
        let shorter = squashed(&queue);
        prop_assert_eq!(apply(&shorter, event.as_ref()), apply(&queue, event.as_ref()));
        // What stays are removals and what was made after them.
        let kinds: Vec<WriteKind> = shorter.iter().map(|(kind, _)| *kind).collect();
        prop_assert!(kinds.windows(2).all(|pair| pair == [WriteKind::Delete, WriteKind::Create]), "{:?}", kinds);
    }
}
