//! Long polling: a connection carried by HTTP requests (`docs/PROTOCOL.md` §3).
//!
//! Owns the four requests and what they answer. To the hub such a connection is like any other: what is sent is an input,
//! what it puts out waits in the same queue that a socket would be written from. Guarantees that what waits is taken by one
//! request at a time and in order, and that every answer to a session that is over says with which code. Knows nothing of
//! what the frames mean.

mod session;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::mpsc::unbounded_channel;

use super::body::{self, Unread};
use super::clock::instant;
use super::driver::{self, Event, Outbound};
use super::http::{Shared, crossing, foreign_page, json, refusal};
use super::listen::Peer;
use super::peers::Asks;
use crate::fault::{Code, Fault};
use crate::hub::{ConnectionId, Input};
use crate::object::Object;

use session::{Over, Session, Taken};
pub(super) use session::{Sessions, keep};

/// The code of a session of which nothing is known.
const UNKNOWN: Over = Over { code: 1006, reason: "no such session" };

/// `/poll/{what}`.
pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(address)): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(origin) = shared.origins.admit(&parts.headers) else { return foreign_page() };
    let what = parts.uri.path().rsplit('/').next().unwrap_or_default();
    let response = match (&parts.method, what) {
        (&Method::OPTIONS, "open" | "receive" | "send" | "close") => preflight(),
        (&Method::POST, "open") => open(&shared, address).await,
        (&Method::POST, "receive") => receive(&shared, body).await,
        (&Method::POST, "send") => send(&shared, body).await,
        (&Method::POST, "close") => close(&shared, body).await,
        (_, "open" | "receive" | "send" | "close") => not_allowed(),
        _ => refusal(&Fault::new(Code::NotFound, "nothing is here")),
    };
    crossing(response, origin)
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn not_allowed() -> Response {
    let fault = Fault::new(Code::BadRequest, "accepted here: POST, OPTIONS");
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, fault.to_payload());
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    response
}

/// What a session that is over answers.
fn gone(over: Over) -> Response {
    let body = Object::new().number("code", u64::from(over.code)).string("reason", over.reason).finish();
    json(StatusCode::GONE, body)
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

async fn open(shared: &Arc<Shared>, address: IpAddr) -> Response {
    if shared.draining.load(Ordering::Relaxed) {
        return refusal(&Fault::new(Code::Unavailable, "going away").after_ms(1_000));
    }
    let too_many = || refusal(&Fault::new(Code::RateLimited, "too many connections").after_ms(1_000));
    if !shared.peers.allows(address, Asks::Handshake) {
        return too_many();
    }
    let Some(seat) = shared.peers.admit(address) else { return too_many() };
    let connection = shared.next_connection();
    let (queue, outgoing) = unbounded_channel();
    let queued = Arc::new(driver::Shared::new(&shared.traffic));
    let session = Session::new(connection, outgoing, Arc::clone(&queued), seat);
    let secret = match shared.sessions.add(session, &shared.open_sockets) {
        Ok(secret) => secret,
        Err(fault) => return refusal(&fault),
    };
    let outbound = Outbound { queue, shared: queued };
    let opened = Event::Opened { connection, token: None, binary: false, outbound };
    if shared.driver.send(opened).await.is_err() {
        return refusal(&Fault::new(Code::Unavailable, "going away"));
    }
    json(StatusCode::OK, Object::new().string("session", &secret).finish())
}

async fn receive(shared: &Shared, body: Body) -> Response {
    let session = match found(shared, body, 0).await {
        Ok((session, _)) => session,
        Err(response) => return response,
    };
    match session.take(Duration::from_millis(shared.poll_wait_ms)).await {
        Taken::Frame(frame) => json(StatusCode::OK, frame),
        Taken::Nothing => done(),
        Taken::Over(over) => {
            end(shared, &session, over);
            gone(over)
        }
    }
}

async fn send(shared: &Shared, body: Body) -> Response {
    let (session, frame) = match found(shared, body, shared.limits.frame_bytes).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Ok(text) = String::from_utf8(frame) else {
        let over = Over { code: 1007, reason: "text is UTF-8" };
        end(shared, &session, over);
        return gone(over);
    };
    if !session.may_send(shared.clock.now().mono) {
        return refusal(&Fault::new(Code::RateLimited, "too many requests").after_ms(1_000));
    }
    // Requests that overlap all the same are taken one after another.
    let _turn = session.sending.lock().await;
    let room = shared.traffic.room_for(text.len()).await;
    let input = Input::Received { connection: session.connection, text };
    // The driver ends only with the process.
    let _told = shared.driver.send(Event::Received { input, room }).await;
    done()
}

async fn close(shared: &Shared, body: Body) -> Response {
    match found(shared, body, 0).await {
        Ok((session, _)) => {
            end(shared, &session, Over { code: 1000, reason: "closed by the client" });
            done()
        }
        Err(response) => response,
    }
}

/// The session that a body names, and what follows its name.
async fn found(shared: &Shared, body: Body, bytes_max: usize) -> Result<(Arc<Session>, Vec<u8>), Response> {
    let look = |name: &[u8]| {
        let session = shared.sessions.find(name).ok_or(UNKNOWN)?;
        session.over().map_or(Ok(session), Err)
    };
    match body::read(body, session::NAME_BYTES + 1 + bytes_max).await {
        Ok(mut whole) => {
            let end = whole.iter().position(|byte| *byte == b'\n').unwrap_or(whole.len());
            let session = look(whole.get(..end).unwrap_or_default()).map_err(gone)?;
            whole.drain(..whole.len().min(end + 1));
            Ok((session, whole))
        }
        Err(Unread::TooLarge(beginning)) => {
            let session = look(beginning.get(..session::NAME_BYTES).unwrap_or_default()).map_err(gone)?;
            // A socket would end here too.
            end(shared, &session, Over { code: 1009, reason: "frame too large" });
            let mut response = refusal(&Fault::too_large("frame", bytes_max));
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            Err(response)
        }
        Err(Unread::Incomplete) => {
            let fault = Fault::new(Code::BadRequest, "the body did not come to its end");
            Err(json(StatusCode::REQUEST_TIMEOUT, fault.to_payload()))
        }
    }
}

/// Ends a session that has not ended, and tells the hub.
fn end(shared: &Shared, session: &Session, over: Over) {
    if !session.end(over, instant()) {
        return;
    }
    shared.open_sockets.fetch_sub(1, Ordering::Relaxed);
    // Not awaited here: a request whose client has gone is dropped where it waits, and the hub has to be told all the same.
    let driver = shared.driver.clone();
    let closed = Event::Hub(Input::Closed { connection: session.connection });
    tokio::spawn(async move {
        // The driver ends only with the process.
        let _told = driver.send(closed).await;
    });
}

impl Shared {
    /// A number that no connection had.
    pub(super) fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.last_connection.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
