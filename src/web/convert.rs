//! JavaScript values in.

use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::error::realtime_error;
use crate::browser::spell;
use crate::core::config::Value;
use crate::core::fault::Fault;

/// Deepest nesting of a configuration that is read.
const DEPTH_MAX: usize = 4;

/// A configuration as the core reads it.
pub(super) fn read_value(value: &JsValue, depth: usize) -> Value {
    if value.is_undefined() || value.is_null() {
        Value::Absent
    } else if let Some(text) = value.as_string() {
        Value::Text(text)
    } else if let Some(number) = value.as_f64() {
        Value::Number(number, spell(number))
    } else if let Some(flag) = value.as_bool() {
        Value::Bool(flag)
    } else if value.is_function() {
        Value::Function
    } else if depth >= DEPTH_MAX {
        Value::Other("something nested too deep".to_owned())
    } else if let Some(array) = value.dyn_ref::<Array>() {
        Value::List(array.iter().map(|item| read_value(&item, depth + 1)).collect())
    } else if let Some(object) = value.dyn_ref::<Object>() {
        let field = |entry: JsValue| {
            let entry: Array = entry.unchecked_into();
            (entry.get(0).as_string().unwrap_or_default(), read_value(&entry.get(1), depth + 1))
        };
        Value::Object(Object::entries(object).iter().map(field).collect())
    } else {
        Value::Other(value.js_typeof().as_string().unwrap_or_default())
    }
}

/// The function at `object.first.second`, if there is one.
pub(super) fn function_at(object: &JsValue, first: &str, second: &str) -> Option<Function> {
    let inner = Reflect::get(object, &JsValue::from_str(first)).ok()?;
    if !inner.is_object() {
        return None;
    }
    Reflect::get(&inner, &JsValue::from_str(second)).ok()?.dyn_into().ok()
}

/// `value` as JSON text, the way `JSON.stringify` makes it: dates become ISO strings, fields that are `undefined` are
/// left out.
///
/// # Errors
/// `invalid_argument` for what JSON cannot hold.
pub(super) fn to_json(field: &str, value: &JsValue) -> Result<String, JsValue> {
    if value.is_undefined() {
        return Ok("null".to_owned());
    }
    let text = JSON::stringify(value).ok().and_then(|text| text.as_string());
    text.ok_or_else(|| {
        realtime_error(&Fault::argument(field, "something else", "a value that JSON can hold"))
    })
}

/// The value of a JSON text that the core vouches for.
pub(super) fn from_json(text: &str) -> JsValue {
    JSON::parse(text).unwrap_or(JsValue::NULL)
}

/// A ticket as a number: they are counted from 1 and never reach 2⁵³.
pub(super) fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let number = count as f64;
    number
}
