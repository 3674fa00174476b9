//! What a panic says on its way out.

use std::panic::{PanicHookInfo, set_hook};

use wasm_bindgen::prelude::*;

/// From now on a panic leaves this module as an exception that names the place in the source, and nothing else: its
/// message may hold what a user wrote. The class calls this once for each instance; a test has a hook of its own.
#[wasm_bindgen(js_name = nameThePlaceOfPanics)]
pub fn name_the_place_of_panics() {
    set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map_or_else(
            || "at an unknown place".to_owned(),
            |place| format!("at {}:{}", place.file(), place.line()),
        );
        wasm_bindgen::throw_str(&format!("panicked {place}"));
    }));
}
