//! Tests that need a browser: they run in Chromium, Firefox and WebKit, and do not exist natively.

#![cfg(target_family = "wasm")]

use wasm_bindgen_test::wasm_bindgen_test_configure;

mod smoke;

wasm_bindgen_test_configure!(run_in_browser);
