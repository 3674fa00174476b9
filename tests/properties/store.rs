//! The view is the fold of what is confirmed with what is pending, after every step.

use std::collections::BTreeMap;
use std::sync::Arc;

use baro_realtime::core::id::{ClientId, WriteId};
use baro_realtime::core::model::{EventDoc, WriteKind};
use baro_realtime::core::store::{Acknowledged, Pending, Store};
use proptest::prelude::*;
use serde_json::{Map, Value};

const IDS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    Push(usize, WriteKind, u16),
    Acknowledge(prop::sample::Index, u64),
    AcknowledgeRemoval(prop::sample::Index, u64),
    RollBack(prop::sample::Index),
    Confirm(usize, u64, u16),
    Remove(usize, u64, bool),
    Replace(Vec<(usize, u64, u16)>, bool),
    Tell,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(vec![WriteKind::Create, WriteKind::Update, WriteKind::Delete]);
    let (id, version, value) = (0..IDS, 1..12_u64, any::<u16>());
    prop_oneof![
        4 => (id.clone(), kind, value).prop_map(|(id, kind, value)| Step::Push(id, kind, value)),
        2 => (any::<prop::sample::Index>(), version.clone()).prop_map(|(at, version)| Step::Acknowledge(at, version)),
        1 => (any::<prop::sample::Index>(), version.clone()).prop_map(|(at, version)| Step::AcknowledgeRemoval(at, version)),
        2 => any::<prop::sample::Index>().prop_map(Step::RollBack),
        3 => (id.clone(), version.clone(), value).prop_map(|(id, version, value)| Step::Confirm(id, version, value)),
        2 => (id.clone(), version.clone(), any::<bool>()).prop_map(|(id, version, moved)| Step::Remove(id, version, moved)),
        1 => (prop::collection::vec((id, version, value), 0..IDS), any::<bool>())
            .prop_map(|(docs, renewed)| Step::Replace(docs, renewed)),
        1 => Just(Step::Tell),
    ]
}

fn name(id: usize) -> Arc<str> {
    Arc::from(format!("e{id}"))
}

fn doc(id: usize, version: u64, value: u16) -> EventDoc {
    EventDoc::parse(&format!(r#"{{"id":"e{id}","value":{value},"version":{version}}}"#)).unwrap()
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

/// What a pending write makes of an event, told with a map. Time and version of what nobody decided do not matter.
fn apply(before: Option<Map<String, Value>>, write: &Pending) -> Option<Map<String, Value>> {
    let body = object(&write.body);
    match (write.kind, before) {
        (WriteKind::Create, None) => Some(body),
        (WriteKind::Update, Some(mut event)) => {
            event.extend(body);
            Some(event)
        }
        (WriteKind::Create | WriteKind::Skip, before) => before,
        (WriteKind::Update, None) | (WriteKind::Delete, _) => None,
    }
}

fn comparable(event: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
    event.map(|mut event| {
        event.shift_remove("version");
        event.shift_remove("updatedAt");
        event
    })
}

fn texts(store: &Store) -> BTreeMap<Arc<str>, (Arc<str>, u64)> {
    let shown = |id| store.shown(&name(id)).map(|shown| (name(id), (shown.doc.text.clone(), shown.revision)));
    (0..IDS).filter_map(shown).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_view_is_the_fold(steps in prop::collection::vec(step(), 1..60)) {
        let mut store = Store::default();
        let mut pending: Vec<(usize, Pending)> = Vec::new();
        let mut seq = 0;
        let mut told = texts(&store);
        for step in steps {
            let before = texts(&store);
            let versions: Vec<Option<u64>> = (0..IDS).map(|id| store.confirmed(&name(id)).map(|doc| doc.version)).collect();
            let replacing = matches!(step, Step::Replace(..));
            match step {
                Step::Push(id, kind, value) => {
                    seq += 1;
                    let body = Arc::from(format!(r#"{{"id":"e{id}","value":{value},"by":{seq}}}"#));
                    let id_of = WriteId { client: ClientId(Arc::from("c")), seq };
                    let write = Pending { id: id_of, kind, body, on: None, at_ms: 0 };
                    store.push(&name(id), write.clone());
                    pending.push((id, write));
                }
                Step::Acknowledge(at, version) if !pending.is_empty() => {
                    let (id, write) = pending.remove(at.index(pending.len()));
                    let stored = doc(id, version, 0);
                    store.acknowledge(&name(id), &write.id, Acknowledged::Event(stored));
                }
                Step::AcknowledgeRemoval(at, version) if !pending.is_empty() => {
                    let (id, write) = pending.remove(at.index(pending.len()));
                    store.acknowledge(&name(id), &write.id, Acknowledged::Removed(Some(version)));
                }
                Step::RollBack(at) if !pending.is_empty() => {
                    let (id, write) = pending.remove(at.index(pending.len()));
                    store.roll_back(&name(id), &write.id);
                }
                Step::Confirm(id, version, value) => drop(store.confirm(doc(id, version, value))),
                Step::Remove(id, version, moved) => drop(store.remove(&name(id), Some(version), moved)),
                Step::Replace(docs, renewed) => {
                    let docs = docs.into_iter().map(|(id, version, value)| doc(id, version, value)).collect();
                    store.replace(docs, renewed, |_| true);
                }
                Step::Tell => {
                    let changes = store.take_changes();
                    let now = texts(&store);
                    for id in (0..IDS).map(name) {
                        let (then, now) = (told.get(&id).map(|(text, _)| text), now.get(&id).map(|(text, _)| text));
                        prop_assert_eq!(changes.created.contains(&id), then.is_none() && now.is_some());
                        prop_assert_eq!(changes.deleted.contains(&id), then.is_some() && now.is_none());
                        prop_assert_eq!(changes.updated.contains(&id), then.is_some() && now.is_some() && then != now);
                    }
                    told = now;
                }
                Step::Acknowledge(..) | Step::AcknowledgeRemoval(..) | Step::RollBack(_) => {}
            }
            for id in 0..IDS {
                let confirmed = store.confirmed(&name(id)).map(|doc| object(&doc.text));
                let own = pending.iter().filter(|(of, _)| *of == id);
                let expected = own.fold(confirmed, |event, (_, write)| apply(event, write));
                let shown = store.shown(&name(id)).map(|shown| object(&shown.doc.text));
                prop_assert_eq!(comparable(shown), comparable(expected));
                let version = store.confirmed(&name(id)).map(|doc| doc.version);
                prop_assert!(replacing || version.is_none() || version >= versions[id], "versions never go back");
            }
            for (id, (text, revision)) in texts(&store) {
                let same = before.get(&id).is_some_and(|(then, at)| *then == text && *at == revision);
                let changed = before.get(&id).is_none_or(|(then, at)| *then != text && *at != revision);
                prop_assert!(same || changed || before.get(&id).is_some_and(|(then, _)| *then == text),
                    "a revision changes with what is shown");
            }
        }
    }
}
