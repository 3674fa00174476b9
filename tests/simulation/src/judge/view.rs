//! `I7`: what is shown is what is confirmed, with the pending writes on top. Folded anew from texts, with `serde_json`.

use std::collections::{BTreeMap, BTreeSet};

use baro_realtime::core::client::Client;
use baro_realtime::core::id::WriteId;
use baro_realtime::core::json::Fields;
use baro_realtime::core::model::{Query, WriteKind};
use baro_realtime::core::store::Pending;
use serde_json::{Map, Value};

type Object = Map<String, Value>;

fn object(text: &str) -> Result<Object, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        other => Err(format!("no object: {other:?}")),
    }
}

/// One pending write on an event. One that says what it was made on is merged as the server would merge it, by the same
/// rules: those are tried elsewhere, here it counts that they are applied to the right things in the right order.
fn apply(before: Option<Object>, write: &Pending) -> Result<Option<Object>, String> {
    let server_owned = |key: &str| matches!(key, "id" | "version" | "updatedAt");
    if let (Some(on), WriteKind::Update | WriteKind::Delete, Some(there)) = (&write.on, write.kind, &before) {
        let fields = |text: &str| Fields::parse(text).map_err(|error| error.to_string());
        let (there, body) = (fields(&Value::Object(there.clone()).to_string())?, fields(&write.body)?);
        let event = match on.meet(write.kind, &body, write.at_ms, Some(&there), None) {
            Ok(merged) => merged.event,
            // What is not merged shows on top, until somebody has decided.
            Err(_) => (write.kind == WriteKind::Update).then(|| on.meant(&body, &there)),
        };
        return event.map(|event| object(&event.to_text())).transpose();
    }
    match (write.kind, before) {
        (WriteKind::Create, None) => {
            let mut made = object(&write.body)?;
            made.insert("version".to_owned(), Value::from(0));
            Ok(Some(made))
        }
        (WriteKind::Update, Some(mut event)) => {
            for (key, value) in object(&write.body)?.into_iter().filter(|(key, _)| !server_owned(key)) {
                event.insert(key, value);
            }
            Ok(Some(event))
        }
        (WriteKind::Create | WriteKind::Skip, before) => Ok(before),
        (WriteKind::Update, None) | (WriteKind::Delete, _) => Ok(None),
    }
}

/// Whether the view is the fold, for every event.
pub(super) fn check(client: &Client) -> Result<(), String> {
    let mut waiting: BTreeMap<&str, BTreeSet<&WriteId>> = BTreeMap::new();
    for write in client.pending() {
        waiting.entry(&write.event).or_default().insert(&write.id);
    }
    let mut parked: BTreeMap<&str, usize> = BTreeMap::new();
    for conflict in client.conflicts() {
        *parked.entry(&conflict.event).or_default() += 1;
    }
    let pending: BTreeMap<&str, &[Pending]> =
        waiting.keys().chain(parked.keys()).map(|event| (*event, client.store().pending(event))).collect();
    for (event, writes) in &pending {
        let held: BTreeSet<&WriteId> = writes.iter().map(|write| &write.id).collect();
        let due = waiting.remove(event).unwrap_or_default();
        let more = parked.get(event).copied().unwrap_or(0);
        if !due.is_subset(&held) || held.len() != due.len() + more || held.len() != writes.len() {
            return Err(format!("{event} shows the writes {held:?}, and {due:?} wait, parked {more}"));
        }
    }
    let shown: BTreeMap<&str, &str> = client
        .store()
        .query(&Query::default())
        .into_iter()
        .map(|shown| (&*shown.doc.id, &*shown.doc.text))
        .collect();
    let confirmed: BTreeMap<&str, &str> =
        client.store().all_confirmed().map(|doc| (&*doc.id, &*doc.text)).collect();
    let ids: BTreeSet<&str> =
        pending.keys().copied().chain(shown.keys().copied()).chain(confirmed.keys().copied()).collect();
    for id in ids {
        let Some(writes) = pending.get(id) else {
            if shown.get(id) != confirmed.get(id) {
                let (shown, confirmed) = (shown.get(id), confirmed.get(id));
                return Err(format!("{id} shows {shown:?}, confirmed is {confirmed:?}, nothing is pending"));
            }
            continue;
        };
        let mut expected = confirmed.get(id).map(|text| object(text)).transpose()?;
        if expected.is_none() && writes.iter().any(|write| write.on.is_some()) {
            // An edit of what is gone may bring it back as it last was, which nothing else here knows.
            continue;
        }
        for write in *writes {
            expected = apply(expected, write)?;
        }
        let mut actual = shown.get(id).map(|text| object(text)).transpose()?;
        for side in [&mut expected, &mut actual].into_iter().flatten() {
            // The time of a change that nobody decided is the program's own guess.
            side.shift_remove("updatedAt");
        }
        if expected != actual {
            let writes: Vec<String> =
                writes.iter().map(|write| format!("{} {}", write.id, write.body)).collect();
            return Err(format!("{id} shows {actual:?}, the fold is {expected:?}; pending {writes:?}"));
        }
    }
    Ok(())
}
