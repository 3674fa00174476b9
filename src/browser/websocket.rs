//! One WebSocket.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use super::compression::{Inflow, Outflow};
use super::global::explain;
use super::teardown::{Teardown, Undo};

/// What a socket reports.
pub(super) enum SocketEvent {
    Opened,
    Text(String),
    Binary(Vec<u8>),
    /// A frame travelled compressed: its size, and what it was on the wire.
    Compressed {
        whole_bytes: usize,
        wire_bytes: usize,
    },
    /// The socket compresses by itself.
    Compressing,
    Closed {
        code: u16,
        reason: String,
    },
}

/// A socket with its callbacks; dropping it ends both.
pub(super) struct Socket {
    socket: WebSocket,
    outflow: Rc<Outflow>,
    _opened: Closure<dyn FnMut(Event)>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
    _undo: Undo,
}

impl Socket {
    /// Opens a socket.
    ///
    /// # Errors
    /// What the browser says of an address or a subprotocol that it does not accept, or that the page's policy forbids.
    pub(super) fn open(
        url: &str,
        protocols: &[String],
        teardown: &Teardown,
        report: impl Fn(SocketEvent) + Clone + 'static,
    ) -> Result<Self, String> {
        let protocols: js_sys::Array = protocols.iter().map(|protocol| JsValue::from_str(protocol)).collect();
        let socket = WebSocket::new_with_str_sequence(url, &protocols).map_err(|thrown| explain(&thrown))?;
        // Chromium closes one that a Content-Security-Policy forbids without ever telling so.
        if socket.ready_state() == WebSocket::CLOSED {
            return Err("the browser did not open it; connect-src may not allow the address".to_owned());
        }
        // As a Blob a frame would be read later than the one after it.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let outflow = Outflow::new(socket.clone(), Box::new(report.clone()));
        let inflow = Inflow::new(Box::new(report));
        let (opened, of) = (inflow.clone(), socket.clone());
        let opened = Closure::<dyn FnMut(Event)>::new(move |_| {
            if of.extensions().contains("permessage-deflate") {
                opened.take(SocketEvent::Compressing);
            }
            opened.take(SocketEvent::Opened);
        });
        let message = inflow.clone();
        let encoder = TextEncoder::new();
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            match data.is_string().then(|| decode(&encoder, &data)) {
                Some(text) => message.take(SocketEvent::Text(text)),
                None => message.take(SocketEvent::Binary(Uint8Array::new(&data).to_vec())),
            }
        });
        let closed = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            inflow.take(SocketEvent::Closed { code: event.code(), reason: event.reason() });
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        let undo = teardown.add(&socket, "close", &[]);
        Ok(Self { socket, outflow, _opened: opened, _message: message, _closed: closed, _undo: undo })
    }

    pub(super) fn send(&self, text: String, deflate: bool) {
        self.outflow.send(text, deflate);
    }

    /// Bytes that were sent and have not left yet.
    pub(super) fn buffered_bytes(&self) -> u64 {
        u64::from(self.socket.buffered_amount()) + self.outflow.waiting_bytes()
    }

    pub(super) fn close(&self, code: u16, reason: &str) {
        self.outflow.finish();
        // Only 1000 and 3000 to 4999 are accepted, and the core uses no other.
        let _closed = self.socket.close_with_code_and_reason(code, reason);
    }
}

#[wasm_bindgen]
extern "C" {
    type TextEncoder;
    #[wasm_bindgen(constructor)]
    fn new() -> TextEncoder;
    #[wasm_bindgen(method)]
    fn encode(this: &TextEncoder, text: &JsValue) -> Uint8Array;
}

/// A JavaScript string as UTF-8. By the browser's encoder, since wasm-bindgen's own loop takes a step a character: a
/// tenth of the time for a frame of 60 kB.
fn decode(encoder: &TextEncoder, text: &JsValue) -> String {
    // The encoder writes nothing but UTF-8.
    String::from_utf8(encoder.encode(text).to_vec()).unwrap_or_default()
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
    }
}
