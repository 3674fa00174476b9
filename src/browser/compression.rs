//! Compressed frames (`docs/PROTOCOL.md` §2.7), by the browser's own compressor.
//!
//! It answers later, so this keeps what follows behind it: frames are reported and sent in the order in which they came.
//! What is worth compressing is the core's to say; what came of it is decided here, where it is known.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::WebSocket;

use super::websocket::SocketEvent;
use crate::core::wire::{DEFLATED, MESSAGES};

/// Most that a frame may inflate to.
const INFLATED_BYTES_MAX: usize = 16 << 20;

#[wasm_bindgen]
extern "C" {
    type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;
    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;

    type Response;
    #[wasm_bindgen(constructor)]
    fn new(body: &Uint8Array) -> Response;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Response) -> Stream;
    type Stream;
    #[wasm_bindgen(method, catch, js_name = pipeThrough)]
    fn pipe_through(this: &Stream, through: &JsValue) -> Result<Stream, JsValue>;
    #[wasm_bindgen(method, js_name = getReader)]
    fn reader(this: &Stream) -> StreamReader;
    type StreamReader;
    #[wasm_bindgen(method)]
    fn read(this: &StreamReader) -> Promise;
    #[wasm_bindgen(method)]
    fn cancel(this: &StreamReader) -> Promise;
    type Chunk;
    #[wasm_bindgen(method, getter, structural)]
    fn done(this: &Chunk) -> bool;
    #[wasm_bindgen(method, getter, structural)]
    fn value(this: &Chunk) -> Uint8Array;
}

/// Whether this browser can do it, both ways.
pub(super) fn is_supported() -> bool {
    let there = |name: &str| super::global::property(&js_sys::global(), name).is_function();
    there("CompressionStream")
        && there("DecompressionStream")
        && DecompressionStream::new("deflate-raw").is_ok()
        && CompressionStream::new("deflate-raw").is_ok()
}

/// `bytes` through a stream; nothing if that fails, or gives more than `most`.
async fn through(bytes: &[u8], stream: Result<JsValue, JsValue>, most: usize) -> Option<Vec<u8>> {
    let reader = Response::new(&Uint8Array::from(bytes)).body().pipe_through(&stream.ok()?).ok()?.reader();
    let mut out = Vec::new();
    loop {
        let chunk: Chunk = JsFuture::from(reader.read()).await.ok()?.unchecked_into();
        if chunk.done() {
            return Some(out);
        }
        let value = chunk.value();
        if out.len() + value.length() as usize > most {
            // Nobody waits for what is left of it.
            let _cancelled = JsFuture::from(reader.cancel()).await;
            return None;
        }
        out.extend_from_slice(&value.to_vec());
    }
}

/// What arrives on a socket, in order.
pub(super) struct Inflow {
    report: Box<dyn Fn(SocketEvent)>,
    waiting: RefCell<VecDeque<SocketEvent>>,
    inflating: Cell<bool>,
}

impl Inflow {
    pub(super) fn new(report: Box<dyn Fn(SocketEvent)>) -> Rc<Self> {
        Rc::new(Self { report, waiting: RefCell::default(), inflating: Cell::new(false) })
    }

    pub(super) fn take(self: &Rc<Self>, event: SocketEvent) {
        let compressed = matches!(&event, SocketEvent::Binary(bytes) if bytes.first() == Some(&DEFLATED));
        if !compressed && !self.inflating.get() {
            return (self.report)(event);
        }
        self.waiting.borrow_mut().push_back(event);
        if !self.inflating.replace(true) {
            let inflow = self.clone();
            spawn_local(async move { inflow.drain().await });
        }
    }

    async fn drain(&self) {
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            match next {
                Some(SocketEvent::Binary(bytes)) if bytes.first() == Some(&DEFLATED) => {
                    self.inflate(bytes).await;
                }
                Some(event) => (self.report)(event),
                None => break,
            }
        }
        self.inflating.set(false);
    }

    /// One that does not inflate is passed on as it is, for the core to refuse.
    async fn inflate(&self, bytes: Vec<u8>) {
        let stream = DecompressionStream::new("deflate-raw").map(JsValue::from);
        let rest = bytes.get(1..).unwrap_or_default();
        let Some(frame) = through(rest, stream, INFLATED_BYTES_MAX).await else {
            return (self.report)(SocketEvent::Binary(bytes));
        };
        (self.report)(SocketEvent::Compressed { whole_bytes: frame.len(), wire_bytes: bytes.len() });
        if frame.first() == Some(&MESSAGES) {
            (self.report)(SocketEvent::Binary(frame));
        } else {
            match String::from_utf8(frame) {
                Ok(text) => (self.report)(SocketEvent::Text(text)),
                Err(_) => (self.report)(SocketEvent::Binary(bytes)),
            }
        }
    }
}

/// What is sent on a socket, in order.
pub(super) struct Outflow {
    socket: WebSocket,
    report: Box<dyn Fn(SocketEvent)>,
    waiting: RefCell<VecDeque<(String, bool)>>,
    deflating: Cell<bool>,
}

impl Outflow {
    pub(super) fn new(socket: WebSocket, report: Box<dyn Fn(SocketEvent)>) -> Rc<Self> {
        Rc::new(Self { socket, report, waiting: RefCell::default(), deflating: Cell::new(false) })
    }

    pub(super) fn send(self: &Rc<Self>, text: String, deflate: bool) {
        if !deflate && !self.deflating.get() {
            return self.write(&text);
        }
        self.waiting.borrow_mut().push_back((text, deflate));
        if !self.deflating.replace(true) {
            let outflow = self.clone();
            spawn_local(async move { outflow.drain().await });
        }
    }

    /// Bytes that wait for the compressor.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.waiting.borrow().iter().map(|(text, _)| text.len() as u64).sum()
    }

    /// Sends what waits as it is: the socket is about to be closed.
    pub(super) fn finish(&self) {
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        for (text, _) in waiting {
            self.write(&text);
        }
    }

    async fn drain(&self) {
        loop {
            let next = self.waiting.borrow().front().cloned();
            let Some((text, deflate)) = next else { break };
            let deflated = if deflate { self.deflate(&text).await } else { None };
            // It was sent as it is if the end came meanwhile.
            if self.waiting.borrow_mut().pop_front().is_none() {
                break;
            }
            match deflated {
                Some(frame) => {
                    let sizes = SocketEvent::Compressed { whole_bytes: text.len(), wire_bytes: frame.len() };
                    // As with text: it throws only while connecting.
                    let _sent = self.socket.send_with_u8_array(&frame);
                    (self.report)(sizes);
                }
                None => self.write(&text),
            }
        }
        self.deflating.set(false);
    }

    /// The compressed frame, if it is at least a fifth smaller.
    async fn deflate(&self, text: &str) -> Option<Vec<u8>> {
        let stream = CompressionStream::new("deflate-raw").map(JsValue::from);
        let deflated = through(text.as_bytes(), stream, text.len() * 4 / 5).await?;
        Some([&[DEFLATED], deflated.as_slice()].concat())
    }

    fn write(&self, text: &str) {
        // It throws only while connecting, which the core waits out; what is lost on a closing socket is sent again.
        let _sent = self.socket.send_with_str(text);
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn compressed(stream: &'static str, text: &str) -> impl Future<Output = Vec<u8>> {
        let text = text.to_owned();
        async move {
            let stream = CompressionStream::new(stream).map(JsValue::from);
            let deflated = through(text.as_bytes(), stream, usize::MAX).await.unwrap();
            [&[DEFLATED], deflated.as_slice()].concat()
        }
    }

    /// What an inflow made of some events, in order.
    async fn passed(events: Vec<SocketEvent>) -> Vec<String> {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let inflow = {
            let seen = seen.clone();
            Inflow::new(Box::new(move |event| {
                seen.borrow_mut().push(match event {
                    SocketEvent::Text(text) => text.chars().take(20).collect(),
                    SocketEvent::Binary(bytes) => format!("{} bytes", bytes.len()),
                    SocketEvent::Compressed { whole_bytes, .. } => format!("{whole_bytes} compressed"),
                    SocketEvent::Closed { code, .. } => format!("closed {code}"),
                    SocketEvent::Opened | SocketEvent::Compressing => "opened".to_owned(),
                });
            }))
        };
        let last = events.len();
        for event in events {
            inflow.take(event);
        }
        while seen.borrow().len() < last || inflow.inflating.get() {
            gloo_timers::future::TimeoutFuture::new(5).await;
        }
        seen.take()
    }

    #[wasm_bindgen_test]
    async fn frames_arrive_in_their_order_however_long_one_takes_to_inflate() {
        let long = format!("[{}1]", "1,".repeat(50_000));
        let events = vec![
            SocketEvent::Text("first".to_owned()),
            SocketEvent::Binary(compressed("deflate-raw", &long).await),
            SocketEvent::Text("third".to_owned()),
            SocketEvent::Binary(vec![MESSAGES, 0]),
            SocketEvent::Binary(compressed("deflate-raw", "{}").await),
            SocketEvent::Closed { code: 1000, reason: String::new() },
        ];
        let order = [
            "first",
            "100003 compressed",
            "[1,1,1,1,1,1,1,1,1,1",
            "third",
            "2 bytes",
            "2 compressed",
            "{}",
            "closed 1000",
        ];
        assert_eq!(passed(events).await, order);
    }

    #[wasm_bindgen_test]
    async fn what_does_not_inflate_or_to_too_much_is_passed_on_as_it_is() {
        let bomb = compressed("deflate-raw", &"0".repeat(INFLATED_BYTES_MAX + 1)).await;
        let size = bomb.len();
        let events = vec![
            SocketEvent::Binary(vec![DEFLATED, 0xff, 0xff, 0xff]),
            SocketEvent::Binary(bomb),
            SocketEvent::Text("after".to_owned()),
        ];
        assert_eq!(passed(events).await, ["4 bytes".to_owned(), format!("{size} bytes"), "after".to_owned()]);
    }
}
