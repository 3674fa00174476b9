//! `I7`: what is shown is what is confirmed, with the pending writes on top. Folded anew from texts, with `serde_json`.

use std::collections::{BTreeMap, BTreeSet};

use baro_realtime::core::client::Client;
use baro_realtime::core::delivery::Write;
use baro_realtime::core::model::{Query, WriteKind};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

fn object(text: &str) -> Result<Object, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        other => Err(format!("no object: {other:?}")),
    }
}

/// One pending write on an event.
fn apply(before: Option<Object>, write: &Write) -> Result<Option<Object>, String> {
    let server_owned = |key: &str| matches!(key, "id" | "version" | "updatedAt");
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
    let mut pending: BTreeMap<&str, Vec<&Write>> = BTreeMap::new();
    for write in client.pending() {
        pending.entry(&write.event).or_default().push(write);
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
        for write in writes {
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
