//! Faults as JavaScript errors.

use js_sys::{Error, JSON, Reflect};
use wasm_bindgen::JsValue;

use crate::core::fault::Fault;

/// The `RealtimeError` of a fault.
pub(super) fn realtime_error(fault: &Fault) -> JsValue {
    let error = Error::new(&fault.message);
    error.set_name("RealtimeError");
    let details = fault.details.as_deref().and_then(|details| JSON::parse(details).ok());
    for (key, value) in [
        ("code", Some(JsValue::from_str(fault.code.as_str()))),
        ("retryable", Some(JsValue::from_bool(fault.retryable))),
        ("resumable", fault.resumable.map(JsValue::from_bool)),
        ("details", details),
    ] {
        if let Some(value) = value {
            // A fresh error takes every property.
            let _set = Reflect::set(&error, &JsValue::from_str(key), &value);
        }
    }
    error.into()
}
