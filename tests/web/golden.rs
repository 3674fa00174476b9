//! The scenarios of a merge, as the module that is shipped decides them.

use wasm_bindgen_test::wasm_bindgen_test;

#[path = "../golden/check.rs"]
mod check;

#[wasm_bindgen_test]
fn every_scenario_comes_out_as_it_stands_there() {
    let failures = check::failures();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
