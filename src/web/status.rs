//! The queue as plain objects.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use super::convert::from_json;
use super::error::realtime_error;
use crate::core::client::{Client, Failed};
use crate::core::delivery::Write;
use crate::core::json::Fields;
use crate::core::model::WriteKind;

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
struct SyncStatus<'a> {
    pending_actions: Vec<PendingAction<'a>>,
    sync_progress: SyncProgress,
    storage: &'static str,
    online: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_synced_at: Option<u64>,
}

fn action(write: &Write) -> PendingAction<'_> {
    let title = |text: &str| Fields::parse(text).ok().and_then(|fields| fields.string("title"));
    let title = title(&write.body).or_else(|| write.base.as_deref().and_then(title));
    let verb = match write.kind {
        WriteKind::Create => "Create",
        WriteKind::Update => "Update",
        WriteKind::Delete => "Delete",
        WriteKind::Skip => "Skip",
    };
    PendingAction {
        id: crate::core::offline::row_key(&write.id),
        r#type: write.kind.word(),
        resource: "event",
        resource_id: &write.event,
        description: format!("{verb} “{}”", title.as_deref().unwrap_or(&write.event)),
        retry_count: write.attempts,
        timestamp: write.at_ms,
    }
}

fn to_js(value: &impl Serialize) -> JsValue {
    // These shapes hold nothing that JavaScript cannot.
    value.serialize(&Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

/// `getSyncStatus()`.
pub(super) fn sync_status(client: &Client) -> JsValue {
    let progress = client.progress();
    to_js(&SyncStatus {
        pending_actions: client.pending().map(action).collect(),
        sync_progress: SyncProgress {
            completed: progress.completed(),
            total: progress.total(),
            percentage: progress.percentage(),
        },
        storage: if client.is_durable() { "indexeddb" } else { "memory" },
        online: client.is_online(),
        last_synced_at: client.last_synced_ms(),
    })
}

/// One of `getFailedActions()`.
pub(super) fn failed_action(failed: &Failed) -> JsValue {
    let object = to_js(&action(&failed.write));
    let set = |key: &str, value: &JsValue| {
        // A fresh object takes every property.
        let _set = js_sys::Reflect::set(&object, &JsValue::from_str(key), value);
    };
    set("error", &realtime_error(&failed.fault));
    if failed.write.kind != WriteKind::Delete {
        set("data", &from_json(&failed.write.body));
    }
    object
}
