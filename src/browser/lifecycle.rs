//! What the page reports about itself and the network.

use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventTarget};

use super::global::property;
use super::teardown::{Teardown, Undo};
use crate::core::session::Signal;

type Listener = (EventTarget, &'static str, Closure<dyn FnMut(Event)>, Undo);

/// Listeners on the page, removed when this is dropped.
pub(super) struct Lifecycle {
    listeners: Vec<Listener>,
}

impl Lifecycle {
    pub(super) fn listen(teardown: &Teardown, report: Rc<dyn Fn(Signal)>) -> Self {
        let mut lifecycle = Self { listeners: Vec::new() };
        let global: JsValue = js_sys::global().into();
        let document = property(&global, "document");
        for (target, event, signal) in [
            (&global, "online", Some(Signal::Online)),
            (&global, "offline", Some(Signal::Offline)),
            (&global, "pageshow", Some(Signal::Visible)),
            // Gone, or put into the back-forward cache, which takes no page with an open socket.
            (&global, "pagehide", Some(Signal::Suspended)),
            (&document, "freeze", Some(Signal::Frozen)),
            (&document, "resume", Some(Signal::Resumed)),
            (&document, "visibilitychange", None),
        ] {
            let Ok(target) = target.clone().dyn_into::<EventTarget>() else { continue };
            let (report, document) = (report.clone(), document.clone());
            let listener = Closure::<dyn FnMut(Event)>::new(move |_| {
                let hidden =
                    || property(&document, "visibilityState").as_string().as_deref() == Some("hidden");
                report(match signal {
                    Some(signal) => signal,
                    None if hidden() => Signal::Hidden,
                    None => Signal::Visible,
                });
            });
            // A target that refuses a listener reports nothing; the heartbeat finds out later.
            let _added = target.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
            let arguments = [event.into(), listener.as_ref().clone()];
            let undo = teardown.add(&target, "removeEventListener", &arguments);
            lifecycle.listeners.push((target, event, listener, undo));
        }
        lifecycle
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        for (target, event, listener, _) in &self.listeners {
            // There is nothing to do about a target that is gone.
            let _removed =
                target.remove_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        }
    }
}
