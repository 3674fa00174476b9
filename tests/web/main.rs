//! Tests that need a browser: they run in Chromium, Firefox and WebKit, and do not exist natively.

#![cfg(target_family = "wasm")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed assumption fails the test"
)]

use wasm_bindgen_test::wasm_bindgen_test_configure;

mod calendar;
mod golden;
mod panic;
mod smoke;

wasm_bindgen_test_configure!(run_in_browser);
