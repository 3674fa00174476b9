//! A `BroadcastChannel`: what the tabs of an origin hear from each other.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

use super::global::property;
use super::teardown::{Teardown, Undo};

/// A channel that is open until this is dropped.
pub(super) struct Broadcast {
    channel: BroadcastChannel,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _undo: Undo,
}

impl Broadcast {
    /// Whether there are any.
    pub(super) fn is_supported() -> bool {
        property(&js_sys::global(), "BroadcastChannel").is_function()
    }

    /// Opens a channel; nothing where that is not allowed (an opaque origin).
    pub(super) fn open(name: &str, teardown: &Teardown, heard: impl Fn(&str) + 'static) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        let undo = teardown.add(&channel, "close", &[]);
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // What is no text is not of this program.
            if let Some(text) = event.data().as_string() {
                heard(&text);
            }
        });
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        Some(Self { channel, _heard: listener, _undo: undo })
    }

    /// Says something to all others.
    pub(super) fn say(&self, text: &str) {
        // A text can be cloned; a channel that is closed says nothing any more.
        let _said = self.channel.post_message(&JsValue::from_str(text));
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}
