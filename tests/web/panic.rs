//! What leaves the module when it panics.

use baro_realtime::web::name_the_place_of_panics;
use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_panic_names_its_place_and_nothing_that_a_user_wrote() {
    name_the_place_of_panics();
    let broken = Closure::<dyn FnMut()>::new(|| panic!("the title was {}", "Dinner with Eve"));
    let function: &Function = wasm_bindgen::JsCast::unchecked_ref(broken.as_ref());
    let thrown = function.call0(&JsValue::UNDEFINED).unwrap_err();
    let said: String = js_sys::Error::from(thrown).message().into();
    assert!(said.starts_with("panicked at ") && said.contains("tests/web/panic.rs:"), "{said}");
    assert!(!said.contains("Dinner"), "{said}");
    // What panicked is left as it is, and not dropped. The hook stays too: this thread counts as panicking from here on,
    // in which it cannot be changed.
    broken.forget();
}
