//! What the page undoes by itself if this module dies.
//!
//! After a panic nothing here runs any more: no `Drop`, no callback. What would go on without it, or hold something that
//! the next instance needs, is therefore written down outside, as calls that the class makes then: a socket that the
//! server takes for a living client, the lock of a stream whose writes somebody else has to send, a connection that
//! blocks the database, listeners that keep this module's memory.

use js_sys::{Array, Set};
use wasm_bindgen::JsValue;

/// The list, shared with the class: each of its items is a target, the name of a method, and arguments.
#[derive(Clone)]
pub(crate) struct Teardown {
    calls: Set,
}

/// A call on the list; it leaves it when this is dropped.
pub(super) struct Undo {
    calls: Set,
    call: Array,
}

impl Teardown {
    pub(crate) fn new(calls: Set) -> Self {
        Self { calls }
    }

    /// Has `target[method](...arguments)` called if this module dies before what is returned is dropped.
    pub(super) fn add(&self, target: &JsValue, method: &str, arguments: &[JsValue]) -> Undo {
        let call = Array::of2(target, &JsValue::from_str(method));
        for argument in arguments {
            call.push(argument);
        }
        self.calls.add(&call);
        Undo { calls: self.calls.clone(), call }
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        self.calls.delete(&self.call);
    }
}
