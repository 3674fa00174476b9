//! One connection over long polling: HTTP requests that make what a socket is. `docs/PROTOCOL.md` §3.
//!
//! At most one request receives and one sends; what is to be sent meanwhile waits and travels together. It decides
//! nothing: what an answer means stands in `core/transport`. `fetch` is called by name, since bindings for it cost more
//! than all that is done here.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::EventTarget;

use super::global::{call_method, explain, property};
use super::websocket::SocketEvent;
use crate::core::transport::{CLOSE, OPEN, RECEIVE, SEND, close_of, join, session_of};

/// What a page that goes is told, one that may come back too.
const LEAVING: &str = "pagehide";

/// A connection; dropping it ends its requests.
pub(super) struct Polling {
    line: Rc<Line>,
    _farewell: Option<Farewell>,
}

struct Line {
    address: String,
    report: Box<dyn Fn(SocketEvent)>,
    /// The secret of the server's side, once it is open.
    session: RefCell<Option<String>>,
    waiting: RefCell<Vec<String>>,
    sending: Cell<bool>,
    /// Nothing is reported any more, and nothing received.
    over: Cell<bool>,
    /// Ends what waits for an answer.
    abort: JsValue,
}

impl Polling {
    /// Opens a connection.
    pub(super) fn open(address: String, report: impl Fn(SocketEvent) + 'static) -> Self {
        let class = property(&js_sys::global(), "AbortController").dyn_into::<Function>();
        let abort = class.and_then(|class| Reflect::construct(&class, &Array::new()));
        let line = Rc::new(Line {
            address,
            report: Box::new(report),
            session: RefCell::default(),
            waiting: RefCell::default(),
            sending: Cell::new(false),
            over: Cell::new(false),
            abort: abort.unwrap_or(JsValue::UNDEFINED),
        });
        let farewell = Farewell::listen(Rc::downgrade(&line));
        let running = line.clone();
        spawn_local(async move { running.run().await });
        Self { line, _farewell: farewell }
    }

    pub(super) fn send(&self, text: String) {
        self.line.waiting.borrow_mut().push(text);
        if !self.line.sending.replace(true) {
            let line = self.line.clone();
            spawn_local(async move { line.send_waiting().await });
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
        // Else whoever sends says goodbye when that is done.
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
    async fn run(&self) {
        match self.post(OPEN, "", self.signal()).await {
            Ok((200, body)) => match session_of(&body) {
                Some(session) if self.over.get() => {
                    // Given up while the server was answering.
                    self.session.replace(Some(session));
                    return self.leave();
                }
                Some(session) => {
                    self.session.replace(Some(session));
                    (self.report)(SocketEvent::Opened);
                }
                None => return self.fail(200, ""),
            },
            Ok((status, body)) => return self.fail(status, &body),
            Err(reason) => return self.lose(1006, reason),
        }
        while !self.over.get() {
            match self.post(RECEIVE, &self.session(), self.signal()).await {
                Ok((200, body)) if !self.over.get() => (self.report)(SocketEvent::Text(body)),
                Ok((200 | 204, _)) => {}
                Ok((status, body)) => return self.fail(status, &body),
                Err(reason) => return self.lose(1006, reason),
            }
        }
    }

    async fn send_waiting(&self) {
        while !self.waiting.borrow().is_empty() && self.session.borrow().is_some() {
            let frame = join(&mut self.waiting.borrow_mut());
            let body = format!("{}\n{frame}", self.session());
            // It is not ended with the connection: what the core gave goes out.
            match self.post(SEND, &body, JsValue::UNDEFINED).await {
                Ok((204, _)) => {}
                Ok((status, body)) => self.fail(status, &body),
                Err(reason) => self.lose(1006, reason),
            }
        }
        self.sending.set(false);
        if self.over.get() {
            self.leave();
        }
    }

    /// One request. Its answer's status and body, or why there is none.
    async fn post(&self, path: &str, body: &str, signal: JsValue) -> Result<(u16, String), String> {
        let answered = async {
            let answer = JsFuture::from(self.fetch(path, body, ("signal", signal))?).await?;
            let status = property(&answer, "status").as_f64().unwrap_or_default();
            // As bytes: a string would be decoded here and encoded again for the core.
            let body = Promise::resolve(&call_method(&answer, "arrayBuffer", &[])?);
            Ok((status, Uint8Array::new(&JsFuture::from(body).await?).to_vec()))
        };
        let (status, body) = answered.await.map_err(|thrown: JsValue| explain(&thrown))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "100 to 599")]
        let status = status as u16;
        Ok((status, String::from_utf8(body).unwrap_or_default()))
    }

    fn fetch(&self, path: &str, body: &str, option: (&str, JsValue)) -> Result<Promise, JsValue> {
        let init = Object::new();
        let text = JsValue::from_str;
        for (name, value) in [
            ("method", text("POST")),
            ("body", text(body)),
            ("cache", text("no-store")),
            ("credentials", text("omit")),
            ("redirect", text("error")),
            option,
        ] {
            Reflect::set(&init, &text(name), &value)?;
        }
        let address = format!("{}{path}", self.address);
        call_method(&js_sys::global(), "fetch", &[text(&address), init.into()])?.dyn_into()
    }

    /// What ends with the connection.
    fn signal(&self) -> JsValue {
        property(&self.abort, "signal")
    }

    fn session(&self) -> String {
        self.session.borrow().clone().unwrap_or_default()
    }

    fn fail(&self, status: u16, body: &str) {
        let (code, reason) = close_of(status, body);
        self.lose(code, reason);
    }

    /// The connection ended by itself.
    fn lose(&self, code: u16, reason: String) {
        if !self.over.get() {
            self.session.take();
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

    /// Tells the server that nobody will ask any more, in a way that outlives the page.
    fn leave(&self) {
        let Some(session) = self.session.take() else { return };
        if let Ok(asked) = self.fetch(CLOSE, &session, ("keepalive", JsValue::TRUE)) {
            // A server that is not told finds out for itself.
            spawn_local(async move { drop(JsFuture::from(asked).await) });
        }
    }
}

/// Says goodbye when the page goes: the browser closes its sockets then, and knows nothing of this connection.
struct Farewell {
    target: EventTarget,
    listener: Closure<dyn FnMut()>,
}

impl Farewell {
    fn listen(line: Weak<Line>) -> Option<Self> {
        let target = js_sys::global().dyn_into::<EventTarget>().ok()?;
        let listener = Closure::<dyn FnMut()>::new(move || {
            if let Some(line) = line.upgrade() {
                line.end();
                line.leave();
            }
        });
        target.add_event_listener_with_callback(LEAVING, listener.as_ref().unchecked_ref()).ok()?;
        Some(Self { target, listener })
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        // There is nothing to do about a target that is gone.
        let _removed =
            self.target.remove_event_listener_with_callback(LEAVING, self.listener.as_ref().unchecked_ref());
    }
}
