//! Web Locks: which streams of writes belong to programs that live, and which tab leads.
//!
//! `LockManager` is behind web-sys' unstable switch, so it is called by name. Without it nobody is known to live, and no
//! tab leads others; a stream that two programs send is decided once by a `baro.v1` server all the same.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::DomException;

use super::global::{call_method, navigator, property};
use super::teardown::{Teardown, Undo};

/// How often a lock is asked for again whose grant found nobody: while a dialog of the page stands open, and while it is
/// frozen or stopped, Chromium calls nobody back, and rejects with an `Error` ("The provided callback is no longer runnable").
const UNHEARD_MAX: u32 = 10;

/// How a lock is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It is waited for.
    Wait,
    /// Only if nobody has it.
    IfFree,
    /// From whoever has it.
    Steal,
}

/// What became of a lock that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lot {
    /// It is ours until it is dropped.
    Granted,
    /// Somebody else has it.
    Taken,
    /// Somebody took it from us, or there are no locks here.
    Ended,
}

/// A lock, from the asking for it; dropping it gives it back, or ends the wait.
pub(super) struct Lock {
    dropped: Rc<Cell<bool>>,
    release: Option<Function>,
    controller: JsValue,
    _undo: [Option<Undo>; 2],
    _granted: Closure<dyn FnMut(JsValue) -> JsValue>,
}

impl Lock {
    /// Asks for a lock. `report` is called later, never within this call, and not after the lock was dropped.
    pub(super) fn ask(name: &str, how: How, teardown: &Teardown, report: impl Fn(Lot) + 'static) -> Self {
        let dropped = Rc::new(Cell::new(false));
        let report = Rc::new({
            let dropped = dropped.clone();
            move |lot| {
                if !dropped.get() {
                    report(lot);
                }
            }
        });
        let mut release: Option<Function> = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let (told, was_granted) = (report.clone(), Rc::new(Cell::new(false)));
        let grants = was_granted.clone();
        let granted = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |lock: JsValue| {
            if lock.is_null() {
                told(Lot::Taken);
                return JsValue::UNDEFINED;
            }
            grants.set(true);
            told(Lot::Granted);
            held.clone().into()
        });
        let controller = property(&js_sys::global(), "AbortController").dyn_into::<Function>();
        let controller = controller.and_then(|class| Reflect::construct(&class, &Array::new()));
        let controller = controller.ok().filter(|_| how == How::Wait).unwrap_or_default();
        let options = Object::new();
        let set = |key: &str, value: &JsValue| {
            // A plain object takes every property.
            let _set = Reflect::set(&options, &JsValue::from_str(key), value);
        };
        match how {
            How::Wait if controller.is_object() => set("signal", &property(&controller, "signal")),
            How::Wait => {}
            How::IfFree => set("ifAvailable", &JsValue::TRUE),
            How::Steal => set("steal", &JsValue::TRUE),
        }
        let arguments = [JsValue::from_str(name), options.into(), granted.as_ref().clone()];
        let ask = move || {
            let asked = call_method(&navigator("locks"), "request", &arguments)?;
            Ok::<_, JsValue>(JsFuture::from(asked.dyn_into::<Promise>()?))
        };
        let (mut asked, gone) = (ask(), dropped.clone());
        wasm_bindgen_futures::spawn_local(async move {
            for _ in 0..=UNHEARD_MAX {
                let Ok(ended) = asked else { break };
                let Err(error) = ended.await else { return };
                // Refused (an opaque origin), or taken away, which rejects what was promised for a lock that is
                // held. Anything else is no word on the lock.
                if gone.get() || was_granted.get() || error.is_instance_of::<DomException>() {
                    break;
                }
                asked = ask();
            }
            report(Lot::Ended);
        });
        let undo = [
            release.as_ref().map(|release| teardown.add(release, "call", &[])),
            controller.is_object().then(|| teardown.add(&controller, "abort", &[])),
        ];
        Self { dropped, release, controller, _undo: undo, _granted: granted }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.dropped.set(true);
        if let Some(release) = self.release.take() {
            // A promise's resolver does not throw.
            let _released = release.call0(&JsValue::UNDEFINED);
        }
        // One that was granted is not waited for any more, and takes no notice.
        let _aborted = call_method(&self.controller, "abort", &[]);
    }
}

/// The name of the lock of a stream.
pub(super) fn stream_name(database: &str, client: &str) -> String {
    format!("{database}/stream/{client}")
}

/// Asks for the lock of our own stream, which is new, so that nobody else has it.
pub(super) fn hold_stream(database: &str, client: &str, teardown: &Teardown) -> Lock {
    // Without locks it is not known to live; see above.
    Lock::ask(&stream_name(database, client), How::Wait, teardown, |_| {})
}

/// Asks for the lock of who keeps what the server confirmed, which one tab has at a time. `told` when it is ours; where
/// there are no locks it never is.
pub(super) fn hold_keeper(database: &str, teardown: &Teardown, told: impl Fn() + 'static) -> Lock {
    let report = move |lot| {
        if lot == Lot::Granted {
            told();
        }
    };
    Lock::ask(&format!("{database}/keeper"), How::Wait, teardown, report)
}

/// Takes a lock if nobody has it.
pub(super) async fn take(name: &str, teardown: &Teardown) -> Option<Lock> {
    let lot: Rc<RefCell<Option<Lot>>> = Rc::default();
    let mut resolve = None;
    let answered = Promise::new(&mut |resolver, _| resolve = Some(resolver));
    let told = lot.clone();
    let lock = Lock::ask(name, How::IfFree, teardown, move |lot| {
        told.borrow_mut().get_or_insert(lot);
        if let Some(resolve) = &resolve {
            // As above.
            let _resolved = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    let _answered = JsFuture::from(answered).await;
    let granted = *lot.borrow() == Some(Lot::Granted);
    granted.then_some(lock)
}

/// Whether there are locks.
pub(super) fn are_there() -> bool {
    property(&navigator("locks"), "request").is_function()
}

/// The streams of `database` whose programs live.
pub(super) async fn living(database: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(asked) = call_method(&navigator("locks"), "query", &[]) else { return found };
    let Ok(asked) = asked.dyn_into::<Promise>() else { return found };
    let Ok(state) = JsFuture::from(asked).await else { return found };
    let prefix = stream_name(database, "");
    for list in ["held", "pending"] {
        for lock in property(&state, list).dyn_into::<Array>().unwrap_or_default().iter() {
            let name = property(&lock, "name").as_string().unwrap_or_default();
            found.extend(name.strip_prefix(&prefix).map(str::to_owned));
        }
    }
    found
}
