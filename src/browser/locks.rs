//! Which streams of writes belong to programs that live: each holds a Web Lock by the name of its stream.
//!
//! `LockManager` is behind web-sys' unstable switch, so it is called by name. Without it nobody is known to live; a
//! stream that two programs send is decided once by a `baro.v1` server all the same.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::global::{call_method, navigator, property};
use super::teardown::{Teardown, Undo};

/// Whether this browser, on this page, has locks.
pub(super) fn are_there() -> bool {
    !property(&navigator("locks"), "request").is_undefined()
}

fn name_of(database: &str, client: &str) -> String {
    format!("{database}/stream/{client}")
}

/// A lock that is held until this is dropped.
pub(super) struct StreamLock {
    release: Option<Function>,
    _undo: Option<Undo>,
    _granted: Closure<dyn FnMut(JsValue) -> JsValue>,
}

impl StreamLock {
    /// Asks for the lock of our own stream. It is new, so nobody else holds it.
    pub(super) fn hold(database: &str, client: &str, teardown: &Teardown) -> Self {
        Self::ask(&name_of(database, client), teardown, || {})
    }

    /// Asks for the lock of who keeps what the server confirmed, which one tab has at a time. `told` when it is ours; where
    /// there are no locks it never is.
    pub(super) fn keeper(database: &str, teardown: &Teardown, told: impl Fn() + 'static) -> Self {
        Self::ask(&format!("{database}/keeper"), teardown, told)
    }

    fn ask(name: &str, teardown: &Teardown, told: impl Fn() + 'static) -> Self {
        let mut release: Option<Function> = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let granted = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |_| {
            told();
            held.clone().into()
        });
        let name = JsValue::from_str(name);
        // Absent or refused (an opaque origin), our stream is not known to live; see above.
        let _asked =
            call_method(&navigator("locks"), "request", &[name, granted.as_ref().clone()]).map(|asked| {
                if let Ok(asked) = asked.dyn_into::<Promise>() {
                    wasm_bindgen_futures::spawn_local(async move {
                        let _ended = JsFuture::from(asked).await;
                    });
                }
            });
        let undo = release.as_ref().map(|release| teardown.add(release, "call", &[]));
        Self { release, _undo: undo, _granted: granted }
    }
}

impl Drop for StreamLock {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // A promise's resolver does not throw.
            let _released = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// The streams of `database` whose programs live.
pub(super) async fn living(database: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(asked) = call_method(&navigator("locks"), "query", &[]) else { return found };
    let Ok(asked) = asked.dyn_into::<Promise>() else { return found };
    let Ok(state) = JsFuture::from(asked).await else { return found };
    let prefix = name_of(database, "");
    for list in ["held", "pending"] {
        for lock in property(&state, list).dyn_into::<Array>().unwrap_or_default().iter() {
            let name = property(&lock, "name").as_string().unwrap_or_default();
            found.extend(name.strip_prefix(&prefix).map(str::to_owned));
        }
    }
    found
}
