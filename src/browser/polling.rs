//! One connection over long polling: HTTP requests that make what a socket is. `docs/PROTOCOL.md` §3.
//!
//! At most one request receives and one sends; what is to be sent meanwhile waits and travels together. It decides
//! nothing: what an answer means stands in `core/transport`. `fetch` is called by name, since bindings for it cost more
//! than all that is done here.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, JSON, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::clock::pause;
use super::global::{call_method, explain, property};
use super::teardown::{Teardown, Undo};
use super::websocket::SocketEvent;
use crate::core::transport::{CLOSE, OPEN, RECEIVE, SEND, close_of, join, session_of};

/// Of every request.
const OPTIONS: &str = r#"{"method":"POST","cache":"no-store","credentials":"omit","redirect":"error"}"#;
/// Least time between two requests that send, ms: half of what a server takes, and what is written meanwhile travels
/// together.
const SEND_INTERVAL_MS: u32 = 40;

/// A connection; dropping it ends what it waits for.
pub(super) struct Polling {
    line: Rc<Line>,
    _undo: Undo,
}

struct Line {
    address: String,
    report: Box<dyn Fn(SocketEvent)>,
    /// The secret of the server's side, while it is open.
    session: RefCell<String>,
    waiting: RefCell<Vec<String>>,
    sending: Cell<bool>,
    /// Nothing is received or reported any more.
    over: Cell<bool>,
    /// Ends what waits for an answer.
    abort: JsValue,
}

impl Polling {
    /// Opens a connection.
    pub(super) fn open(address: String, teardown: &Teardown, report: Box<dyn Fn(SocketEvent)>) -> Self {
        let class = property(&js_sys::global(), "AbortController").dyn_into::<Function>();
        let abort = class.and_then(|class| Reflect::construct(&class, &Array::new()));
        let line = Rc::new(Line {
            address,
            report,
            session: RefCell::default(),
            waiting: RefCell::default(),
            sending: Cell::new(false),
            over: Cell::new(false),
            abort: abort.unwrap_or(JsValue::UNDEFINED),
        });
        let undo = teardown.add(&line.abort, "abort", &[]);
        let receiving = line.clone();
        spawn_local(async move {
            let ended = receiving.receive().await;
            receiving.end_with(ended);
        });
        Self { line, _undo: undo }
    }

    pub(super) fn send(&self, text: String) {
        self.line.waiting.borrow_mut().push(text);
        if !self.line.sending.replace(true) {
            let line = self.line.clone();
            spawn_local(async move {
                let ended = line.send().await;
                line.sending.set(false);
                line.end_with(ended);
            });
        }
    }

    /// Bytes of what waits for the request that is under way.
    pub(super) fn buffered_bytes(&self) -> u64 {
        self.line.waiting.borrow().iter().map(|text| text.len() as u64).sum()
    }

    /// Ends the connection as a socket does: what was given to it goes out first.
    pub(super) fn close(&self) {
        let line = &self.line;
        line.end();
        // Else it is done by whoever sends.
        if !line.sending.get() {
            line.leave();
        }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.line.end();
    }
}

impl Line {
    /// Opens the connection and reports what comes, until it ends.
    async fn receive(&self) -> Result<(), (u16, String)> {
        let signal = property(&self.abort, "signal");
        let opened = self.ask(OPEN, "", &signal).await?;
        let session = session_of(&opened).ok_or_else(|| (1006, "an answer without a session".to_owned()))?;
        self.session.replace(session.clone());
        (self.report)(SocketEvent::Opened);
        while !self.over.get() {
            let frame = self.ask(RECEIVE, &session, &signal).await?;
            if !frame.is_empty() && !self.over.get() {
                (self.report)(SocketEvent::Text(frame));
            }
        }
        Ok(())
    }

    /// Sends what waits, and what comes to wait meanwhile.
    async fn send(&self) -> Result<(), (u16, String)> {
        while !self.waiting.borrow().is_empty() {
            let body = format!("{}\n{}", self.session.borrow(), join(&mut self.waiting.borrow_mut()));
            // Not ended with the connection: what was given to it goes out.
            self.ask(SEND, &body, &JsValue::UNDEFINED).await?;
            if !self.over.get() {
                pause(SEND_INTERVAL_MS).await;
            }
        }
        if self.over.get() {
            self.leave();
        }
        Ok(())
    }

    /// Tells the server that nobody will ask any more. One that is not told finds out for itself.
    fn leave(&self) {
        let session = self.session.take();
        if let (false, Ok(asked)) = (session.is_empty(), self.request(CLOSE, &session, &JsValue::NULL)) {
            spawn_local(async move { drop(asked.await) });
        }
    }

    /// The answer to a request; if it says that the connection is over, how.
    async fn ask(&self, path: &str, body: &str, signal: &JsValue) -> Result<String, (u16, String)> {
        let answered = async {
            let answer = self.request(path, body, signal)?.await?;
            // As bytes: a string would be decoded here and encoded again for the core.
            let body = wait_for(call_method(&answer, "arrayBuffer", &[])?).await?;
            let status = property(&answer, "status").as_f64().unwrap_or_default();
            Ok((status, Uint8Array::new(&body).to_vec()))
        };
        let (status, body) = answered.await.map_err(|thrown: JsValue| (1006, explain(&thrown)))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "100 to 599")]
        let status = status as u16;
        let body = String::from_utf8(body).unwrap_or_default();
        if status == 200 || status == 204 { Ok(body) } else { Err(close_of(status, &body)) }
    }

    /// Begins a request. Without a signal that could end it, it outlives the page.
    fn request(&self, path: &str, body: &str, signal: &JsValue) -> Result<JsFuture, JsValue> {
        let init = JSON::parse(OPTIONS)?;
        let values =
            [("body", body.into()), ("signal", signal.clone()), ("keepalive", signal.is_null().into())];
        for (name, value) in values {
            Reflect::set(&init, &JsValue::from_str(name), &value)?;
        }
        let address = JsValue::from_str(&[&self.address, path].concat());
        call_method(&js_sys::global(), "fetch", &[address, init]).map(wait_for)
    }

    /// The connection ended by itself, unless it was ended before.
    fn end_with(&self, ended: Result<(), (u16, String)>) {
        if let (Err((code, reason)), false) = (ended, self.over.get()) {
            self.end();
            (self.report)(SocketEvent::Closed { code, reason });
        }
    }

    fn end(&self) {
        if !self.over.replace(true) {
            // Without a controller the answer comes, and nobody looks at it.
            let _aborted = call_method(&self.abort, "abort", &[]);
        }
    }
}

fn wait_for(promise: JsValue) -> JsFuture {
    JsFuture::from(promise.dyn_into().unwrap_or_else(|value| Promise::resolve(&value)))
}
