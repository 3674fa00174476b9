//! The routes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tower_http::services::{ServeDir, ServeFile};

use super::access_control::Origins;
use super::clock::Clock;
use super::driver::Event;
use super::listen::Peer;
use super::metrics::{render_doors, render_traffic};
use super::packing::Traffic;
use super::peers::{Asks, Peers};
use super::poll;
use super::reading::Reads;
use super::rest;
use super::socket;
use super::storage;
use super::token::Verifier;
use crate::access::Claims;
use crate::fault::{Code, Fault};
use crate::limits::{Limits, Rules};

/// What a page of ours may do: its own scripts and WebAssembly, its own styles, pictures from anywhere safe.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; connect-src 'self' ws: wss:";
/// A subprotocol that carries a token.
const TOKEN_PROTOCOL: &str = "baro.token.";
/// Room for one message above what is written at once. Snapshots come in parts well below it.
const WRITE_BUFFER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// What one read takes, and every connection holds for ever. Most that clients send is far smaller.
const READ_BUFFER_BYTES: usize = 2048;
/// What is written at once.
const WRITE_BUFFER_BYTES: usize = 4096;

/// What the routes share.
pub(super) struct Shared {
    pub(super) driver: Sender<Event>,
    pub(super) storage: std::sync::mpsc::Sender<storage::Request>,
    pub(super) reads: Reads,
    pub(super) verifier: Option<Arc<Verifier>>,
    pub(super) origins: Origins,
    pub(super) limits: Limits,
    pub(super) rules: Rules,
    pub(super) draining: AtomicBool,
    pub(super) last_connection: AtomicU64,
    /// WebSockets and polling sessions whose end is not yet on its way.
    pub(super) open_sockets: AtomicUsize,
    pub(super) peers: Arc<Peers>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) sessions: poll::Sessions,
    /// How long a request to receive waits for something to be there.
    pub(super) poll_wait_ms: u64,
    pub(super) clock: Clock,
}

/// All routes.
pub(super) fn router(shared: &Arc<Shared>, serve: Option<&Path>) -> Router {
    let router = Router::new()
        .route("/ws", any(upgrade))
        .route("/poll/{what}", any(poll::serve))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/api/events", any(rest::events))
        .route("/api/events/{id}", any(rest::event))
        .with_state(Arc::clone(shared));
    match serve {
        None => router.fallback(not_found),
        Some(dir) => {
            let index = ServeFile::new(dir.join("index.html"));
            let files = ServeDir::new(dir).fallback(index);
            let page = Router::new().fallback_service(files).layer(from_fn(protect));
            router.route("/api/{*rest}", any(not_found)).fallback_service(page)
        }
    }
}

/// `{code, message, …}` with the status that says the same.
pub(super) fn refusal(fault: &Fault) -> Response {
    let status = StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, fault.to_payload())
}

pub(super) fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Lets the page that asked read the answer, and keeps the answer from being kept.
pub(super) fn crossing(mut response: Response, origin: Option<&str>) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(origin).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// What a request from a page that is not let in is told.
pub(super) fn foreign_page() -> Response {
    refusal(&Fault::new(Code::Forbidden, "this origin is not let in"))
}

async fn not_found() -> Response {
    refusal(&Fault::new(Code::NotFound, "nothing is here"))
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    if shared.draining.load(Ordering::Relaxed) {
        return json(StatusCode::SERVICE_UNAVAILABLE, "{\"status\":\"draining\"}".to_owned());
    }
    json(StatusCode::OK, "{\"status\":\"ok\"}".to_owned())
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let (reply, text) = oneshot::channel();
    let asked = shared.driver.send(Event::Metrics(reply)).await;
    match (asked, text.await) {
        (Ok(()), Ok(mut text)) => {
            render_doors(&mut text, shared.peers.refused(), shared.sessions.open());
            render_traffic(&mut text, &shared.traffic);
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        _ => refusal(&Fault::new(Code::Unavailable, "going away")),
    }
}

async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    if shared.origins.admit(&headers).is_err() {
        return foreign_page();
    }
    if !shared.peers.allows(address, Asks::Handshake) {
        return refusal(&Fault::new(Code::RateLimited, "too many connections").after_ms(1_000));
    }
    let Ok(mut upgrade) = upgrade else {
        let fault = Fault::new(Code::BadRequest, "a WebSocket handshake is expected here");
        return json(StatusCode::UPGRADE_REQUIRED, fault.to_payload());
    };
    let offered: Vec<HeaderValue> = upgrade.requested_protocols().cloned().collect();
    let carried =
        offered.iter().find_map(|name| Some((name, name.to_str().ok()?.strip_prefix(TOKEN_PROTOCOL)?)));
    // A browser gives up a connection whose offer is not taken up.
    let chosen = carried.map(|(name, _)| name).or(offered.first());
    if let Some(chosen) = chosen {
        upgrade.set_selected_protocol(chosen.clone());
    }
    let asked = carried.map(|(_, token)| token.to_owned()).or_else(|| query_value(&uri, "token"));
    let token = asked.and_then(|token| claims_of(&shared, &token));
    let connection = shared.next_connection();
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(shared.limits.frame_bytes)
        .max_frame_size(shared.limits.frame_bytes)
        .on_upgrade(async move |socket| {
            shared.open_sockets.fetch_add(1, Ordering::Relaxed);
            let frame_bytes = shared.limits.frame_bytes;
            socket::serve(socket, connection, token, &shared.driver, &shared.traffic, frame_bytes).await;
            shared.open_sockets.fetch_sub(1, Ordering::Relaxed);
        })
}

/// What a token says; `None` where nobody signs in.
fn claims_of(shared: &Shared, token: &str) -> Option<Result<Claims, Fault>> {
    shared.verifier.as_ref().map(|verifier| verifier.verify(token))
}

/// The decoded value of a parameter in a request's address.
pub(super) fn query_value(uri: &Uri, name: &str) -> Option<String> {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?.0;
    pairs.into_iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
}

async fn protect(request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Names of built files change with their content only in part, so a browser asks again; unchanged is a short answer.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
