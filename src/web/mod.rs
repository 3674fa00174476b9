//! The `#[wasm_bindgen]` skin.

use wasm_bindgen::prelude::*;

/// The calendar.
#[wasm_bindgen]
pub struct RealtimeCalendar {}

#[wasm_bindgen]
impl RealtimeCalendar {
    /// Creates a calendar.
    #[wasm_bindgen(constructor)]
    pub fn new(_config: JsValue) -> Self {
        Self {}
    }
}
