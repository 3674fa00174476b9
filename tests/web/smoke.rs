//! The class as JavaScript would make it.

use baro_realtime::web::RealtimeCalendar;
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn config(url: &str) -> JsValue {
    let config = Object::new();
    assert_eq!(Reflect::set(&config, &"url".into(), &url.into()), Ok(true));
    config.into()
}

#[wasm_bindgen_test]
fn a_calendar_is_made_and_handed_to_javascript() {
    let ignore = Function::default();
    let calendar =
        RealtimeCalendar::new(&config("/ws"), ignore.clone(), ignore, js_sys::Set::new(&JsValue::UNDEFINED))
            .map(JsValue::from)
            .unwrap();
    let class =
        Reflect::get(&calendar, &"constructor".into()).and_then(|class| Reflect::get(&class, &"name".into()));
    assert_eq!(class, Ok(JsValue::from_str("RealtimeCalendar")));
}
