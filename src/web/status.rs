//! The queue as plain objects.

use std::ops::Range;
use std::sync::Arc;

use js_sys::Array;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use super::convert::from_json;
use super::error::realtime_error;
use crate::core::client::{Client, Failed};
use crate::core::delivery::Write;
use crate::core::model::WriteKind;
use crate::core::upload::describe;

/// How many neighbours that were decided are looked over for the next one that was not: they are decided in order, or a
/// few lanes at a time.
const DECIDED_MAX: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PendingAction<'a> {
    id: String,
    r#type: &'static str,
    resource: &'static str,
    resource_id: &'a str,
    description: String,
    retry_count: u64,
    timestamp: u64,
}

#[derive(Serialize)]
struct SyncProgress {
    completed: u64,
    total: u64,
    percentage: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SyncStatus {
    sync_progress: SyncProgress,
    failed: usize,
    storage: &'static str,
    online: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_synced_at: Option<u64>,
}

fn action(write: &Write) -> PendingAction<'_> {
    PendingAction {
        id: crate::core::offline::row_key(&write.id),
        r#type: write.kind.word(),
        resource: "event",
        resource_id: &write.event,
        description: describe(write),
        retry_count: write.attempts,
        timestamp: write.at_ms,
    }
}

fn to_js(value: &impl Serialize) -> JsValue {
    // These shapes hold nothing that JavaScript cannot.
    value.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

/// A write whose object was made: its body stays the same one as long as it means the same.
struct Made {
    body: Arc<str>,
    seq: u64,
    attempts: u64,
}

impl Made {
    fn is_of(&self, write: &Write) -> bool {
        Arc::ptr_eq(&self.body, &write.body) && self.seq == write.id.seq && self.attempts == write.attempts
    }
}

/// `getSyncStatus()`: one object until the queue is another one. Ten thousand actions are not made anew because one was
/// added or decided.
#[derive(Default)]
pub(super) struct Status {
    given: Option<(u64, JsValue)>,
    actions: Array,
    made: Vec<Made>,
}

impl Status {
    pub(super) fn of(&mut self, client: &Client) -> JsValue {
        if let Some((revision, given)) = &self.given
            && *revision == client.sync_revision()
        {
            return given.clone();
        }
        self.follow(client);
        let progress = client.progress();
        let object = to_js(&SyncStatus {
            sync_progress: SyncProgress {
                completed: progress.completed(),
                total: progress.total(),
                percentage: progress.percentage(),
            },
            failed: client.failed().count(),
            storage: if client.is_durable() { "indexeddb" } else { "memory" },
            online: client.is_online(),
            last_synced_at: client.last_synced_ms(),
        });
        // A fresh object takes every property.
        let _set = js_sys::Reflect::set(&object, &JsValue::from_str("pendingActions"), &self.actions);
        self.given = Some((client.sync_revision(), object.clone()));
        object
    }

    /// Makes the objects that are missing and takes over the others, a run of neighbours at a time.
    fn follow(&mut self, client: &Client) {
        let before = std::mem::take(&mut self.made);
        let mut actions = Array::new();
        let mut run = 0..0;
        for write in client.pending() {
            let rest = before.get(run.end..).unwrap_or_default();
            let decided = rest.iter().take(DECIDED_MAX).position(|made| made.is_of(write));
            if decided != Some(0) {
                actions = self.with_run(actions, &run);
                run.start = run.end + decided.unwrap_or(0);
                run.end = run.start;
            }
            match decided {
                Some(_) => run.end += 1,
                None => {
                    actions.push(&to_js(&action(write)));
                }
            }
            self.made.push(Made { body: write.body.clone(), seq: write.id.seq, attempts: write.attempts });
        }
        self.actions = self.with_run(actions, &run);
    }

    fn with_run(&self, actions: Array, run: &Range<usize>) -> Array {
        let at = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        if run.is_empty() { actions } else { actions.concat(&self.actions.slice(at(run.start), at(run.end))) }
    }
}

/// One of `getFailedActions()`.
pub(super) fn failed_action(failed: &Failed) -> JsValue {
    let object = to_js(&action(&failed.write));
    let set = |key: &str, value: &JsValue| {
        // A fresh object takes every property.
        let _set = js_sys::Reflect::set(&object, &JsValue::from_str(key), value);
    };
    set("error", &realtime_error(&failed.fault));
    set("errors", &from_json(failed.write.failures.as_deref().unwrap_or("[]")));
    if failed.write.kind != WriteKind::Delete {
        set("data", &from_json(&failed.write.body));
    }
    object
}
