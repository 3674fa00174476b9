//! What the class `ConflictResolver` needs of the core: it lives in `js/conflict-resolver.ts`, and so do its dialogs.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::convert::{from_json, to_json};
use super::error::realtime_error;
use crate::core::fault::Fault;
use crate::core::json::Fields;
use crate::core::merge::{Strategy, detect, resolve};

/// `resolve()`: the event that the two versions come to.
///
/// # Errors
/// `invalid_argument`, naming what is no event, or no strategy.
#[wasm_bindgen(js_name = resolveConflict)]
pub fn resolve_conflict(
    strategy: &str,
    local: &JsValue,
    remote: &JsValue,
    base: &JsValue,
) -> Result<JsValue, JsValue> {
    let strategy = Strategy::of_word(strategy).ok_or_else(|| {
        realtime_error(&Fault::argument("strategy", strategy, "the name of a ConflictStrategy"))
    })?;
    let (local, remote) = (event("local", local)?, event("remote", remote)?);
    let merged = resolve(strategy, &local, &remote, optional(base)?.as_ref());
    Ok(merged.event.map_or(JsValue::NULL, |event| from_json(&event.to_text())))
}

/// `detectConflicts()`: the names of the fields.
///
/// # Errors
/// `invalid_argument`, naming what is no event.
#[wasm_bindgen(js_name = detectConflicts)]
pub fn detect_conflicts(local: &JsValue, remote: &JsValue, base: &JsValue) -> Result<Array, JsValue> {
    let fields = detect(&event("local", local)?, &event("remote", remote)?, optional(base)?.as_ref());
    Ok(fields.iter().map(|field| JsValue::from_str(field)).collect())
}

fn event(name: &str, value: &JsValue) -> Result<Fields, JsValue> {
    let text = to_json(name, value)?;
    Fields::parse(&text)
        .map_err(|_| realtime_error(&Fault::argument(name, &text, "an event of at most 1000 fields")))
}

fn optional(base: &JsValue) -> Result<Option<Fields>, JsValue> {
    if base.is_null() || base.is_undefined() { Ok(None) } else { event("base", base).map(Some) }
}
