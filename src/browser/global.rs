//! The global object, which is no window in a worker.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The property `name` of `object`, `undefined` if it cannot be read.
pub(super) fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// Calls a method that may not exist in this browser.
pub(super) fn call_method(object: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = property(object, name).dyn_into()?;
    method.apply(object, &arguments.iter().collect::<Array>())
}

/// A property of `navigator`.
pub(super) fn navigator(name: &str) -> JsValue {
    property(&property(&js_sys::global(), "navigator"), name)
}

/// The page's origin, for addresses that are paths.
pub(crate) fn origin() -> Option<String> {
    property(&property(&js_sys::global(), "location"), "origin").as_string().filter(|origin| origin != "null")
}

/// Four random numbers; the cryptographic generator's where there is one.
pub(crate) fn random_seed() -> [u64; 4] {
    let mut bytes = [0_u8; 32];
    let crypto = property(&js_sys::global(), "crypto").dyn_into::<web_sys::Crypto>();
    let filled = crypto.is_ok_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !filled {
        bytes.iter_mut().for_each(|byte| {
            #[expect(clippy::disallowed_methods, reason = "this is where the generator is seeded")]
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            let random = (js_sys::Math::random() * 256.0) as u8;
            *byte = random;
        });
    }
    let mut seed = [0; 4];
    for (number, part) in seed.iter_mut().zip(bytes.chunks_exact(8)) {
        *number = part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    }
    seed
}

/// What a thrown value says, for a fault's message.
pub(super) fn explain(thrown: &JsValue) -> String {
    let message = property(thrown, "message").as_string();
    let name = property(thrown, "name").as_string();
    match (name, message.or_else(|| thrown.as_string())) {
        (Some(name), Some(message)) if !message.is_empty() => format!("{name}: {message}"),
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) => "unknown error".to_owned(),
    }
}

/// A number as JavaScript spells it; formatting one here costs ten kilobytes.
pub(crate) fn spell(number: f64) -> String {
    js_sys::Number::from(number).to_string_with_radix(10).map_or_else(|_| "NaN".to_owned(), String::from)
}
