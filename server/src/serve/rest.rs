//! REST on the same data, through the same queue: channels hear of what is changed here like of any other change.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use baro_realtime::core::json::{Fields, as_u53};
use baro_realtime::core::model::{EventDoc, Query};
use tokio::sync::oneshot;

use super::body::{self, Unread};
use super::clock::instant;
use super::http::{Shared, crossing, foreign_page, json, query_value, refusal};
use super::listen::Peer;
use super::peers::Asks;
use super::reading::Read;
use super::storage;
use crate::access::{Access, is_user_id};
use crate::fault::{Code, Fault};
use crate::ledger::{Action, Answer, Author, On, Stream, Write};
use crate::object::Object;

/// The type of a body that is a write with what it was made on.
const ENVELOPED: &str = "application/vnd.baro.write+json";

/// `/api/events`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let methods = "GET, POST, OPTIONS";
    serve(&shared, peer, request, methods, |method| match method.as_str() {
        "GET" => Some(Asked::List),
        "POST" => Some(Asked::Create),
        _ => None,
    })
    .await
}

/// `/api/events/{id}`.
pub(super) async fn event(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Response {
    let methods = "PUT, DELETE, OPTIONS";
    serve(&shared, peer, request, methods, |method| match method.as_str() {
        "PUT" => Some(Asked::Update(id)),
        "DELETE" => Some(Asked::Delete(id)),
        _ => None,
    })
    .await
}

enum Asked {
    List,
    Create,
    Update(String),
    Delete(String),
}

async fn serve(
    shared: &Shared,
    Peer(address): Peer,
    request: Request<Body>,
    methods: &'static str,
    route: impl FnOnce(&Method) -> Option<Asked>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(origin) = shared.origins.admit(&parts.headers) else { return foreign_page() };
    let response = if !shared.peers.allows(address, Asks::Request) {
        refusal(&Fault::new(Code::RateLimited, "too many requests").after_ms(1_000))
    } else if parts.method == Method::OPTIONS {
        preflight(methods)
    } else if let Some(asked) = route(&parts.method) {
        match answer(shared, asked, &parts.headers, &parts.uri, body).await {
            Ok(response) => response,
            Err(fault) => refusal(&fault),
        }
    } else {
        let fault = Fault::new(Code::BadRequest, format!("accepted here: {methods}"));
        let mut response = json(StatusCode::METHOD_NOT_ALLOWED, fault.to_payload());
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
        response
    };
    crossing(response, origin)
}

fn preflight(methods: &'static str) -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, idempotency-key, x-user-id"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn answer(
    shared: &Shared,
    asked: Asked,
    headers: &HeaderMap,
    uri: &Uri,
    body: Body,
) -> Result<Response, Fault> {
    if shared.draining.load(Ordering::Relaxed) {
        return Err(Fault::new(Code::Unavailable, "going away").after_ms(1_000));
    }
    let author = author_of(shared, headers)?;
    let enveloped = is_enveloped(headers);
    let (action, status, on) = match asked {
        Asked::List => return list(shared, &author.access, uri).await,
        Asked::Delete(id) if !enveloped => (Action::Delete { id }, StatusCode::NO_CONTENT, None),
        Asked::Delete(id) => {
            let (_, on) = given(fields_of(shared, body).await?, enveloped)?;
            (Action::Delete { id }, StatusCode::OK, on)
        }
        Asked::Create => {
            let (event, on) = given(fields_of(shared, body).await?, enveloped)?;
            (Action::Create(event), StatusCode::CREATED, on)
        }
        Asked::Update(id) => {
            let (changes, on) = given(fields_of(shared, body).await?, enveloped)?;
            (Action::Update { id, changes }, StatusCode::OK, on)
        }
    };
    let stream = stream_of(headers, shared.limits.name_bytes)?;
    let write = Box::new(Write { stream, author, action, on });
    let (reply, outcome) = oneshot::channel();
    let request = storage::Request::Write { write, reply, at: instant() };
    let gone = || Fault::new(Code::Unavailable, "the data cannot be written").after_ms(1_000);
    shared.storage.send(request).map_err(|_| gone())?;
    let decision = outcome.await.map_err(|_| gone())?.map_err(|_| gone())?;
    match decision.answer {
        Answer::Ack(_) | Answer::Merged { .. } if status == StatusCode::NO_CONTENT => {
            Ok(status.into_response())
        }
        Answer::Ack(payload) | Answer::Merged { payload, .. } if !enveloped => {
            Ok(json(status, payload.to_string()))
        }
        Answer::Ack(payload) => Ok(json(status, Object::new().raw("payload", &payload).finish())),
        Answer::Merged { payload, report } => {
            Ok(json(status, Object::new().raw("payload", &payload).raw("merged", &report).finish()))
        }
        Answer::Error(payload) => {
            let code = Fields::parse(&payload).ok().and_then(|fields| fields.string("code"));
            let status = code.and_then(|code| Code::of(&code)).map_or(500, Code::status);
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Ok(json(status, payload.to_string()))
        }
    }
}

/// Whether the body is a write with what it was made on, as on the socket, and not an event.
fn is_enveloped(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(ENVELOPED))
}

/// The event or the changes of a body, and what they were made on.
fn given(body: Fields, enveloped: bool) -> Result<(Fields, Option<On>), Fault> {
    if !enveloped {
        return Ok((body, None));
    }
    let payload = body.get("payload").unwrap_or("{}");
    let read = Fields::parse(payload);
    let read = read.map_err(|_| {
        Fault::field(Code::BadRequest, "payload", payload, "an object of at most 1000 fields")
    })?;
    Ok((read, On::read(body.get("on"))?))
}

/// Who asks, by his token; with sign-in off, by what he says.
fn author_of(shared: &Shared, headers: &HeaderMap) -> Result<Author, Fault> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(verifier) = &shared.verifier else {
        let named = text("x-user-id").filter(|user| is_user_id(user));
        let id = named.unwrap_or("guest-rest").into();
        return Ok(Author { id, owner: named.unwrap_or_default().into(), access: Access::All });
    };
    let token = text("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.ok_or_else(|| Fault::new(Code::Unauthorized, "a bearer token is needed"))?;
    let claims = verifier.verify(token)?;
    let id = claims.user.id;
    Ok(Author { owner: Arc::clone(&id), id, access: claims.access })
}

/// `Idempotency-Key: <client>:<seq>`.
fn stream_of(headers: &HeaderMap, name_bytes: usize) -> Result<Option<Stream>, Fault> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let text = key.to_str().unwrap_or_default();
    let wrong = || Fault::field(Code::BadRequest, "Idempotency-Key", text, "<client>:<seq>");
    let (client, seq) = text.rsplit_once(':').ok_or_else(wrong)?;
    let seq = as_u53(seq).filter(|seq| *seq > 0).ok_or_else(wrong)?;
    if client.is_empty() || client.len() > name_bytes {
        return Err(wrong());
    }
    Ok(Some(Stream { client: client.into(), seq }))
}

async fn fields_of(shared: &Shared, body: Body) -> Result<Fields, Fault> {
    let bytes_max = shared.limits.frame_bytes;
    let body = body::read(body, bytes_max).await.map_err(|unread| match unread {
        Unread::TooLarge(_) => Fault::too_large("event", shared.rules.event_bytes),
        Unread::Incomplete => Fault::new(Code::BadRequest, "the body did not come to its end"),
    })?;
    let text = std::str::from_utf8(&body).map_err(|_| Fault::new(Code::BadRequest, "the body is UTF-8"))?;
    Fields::parse(text)
        .map_err(|fault| Fault::new(Code::BadRequest, format!("the body is a JSON object: {fault}")))
}

async fn list(shared: &Shared, access: &Access, uri: &Uri) -> Result<Response, Fault> {
    let query = query_of(uri)?;
    if query.project.as_deref().is_some_and(|project| !access.allows(project)) {
        return Err(Fault::new(Code::Forbidden, "no right to read this project"));
    }
    let (reply, rows) = oneshot::channel();
    let gone = || Fault::new(Code::Unavailable, "the data cannot be read").after_ms(1_000);
    shared.reads.send(Read { query: query.clone(), reply }).ok_or_else(gone)?;
    let rows = rows.await.map_err(|_| gone())?.map_err(|_| gone())?;
    let seen = rows.iter().filter(|row| access.allows(&row.project));
    let asked = seen.filter(|row| EventDoc::parse(&row.text).is_ok_and(|doc| query.matches(&doc)));
    Ok(json(StatusCode::OK, crate::object::array(asked.map(|row| &*row.text))))
}

/// What the address of a list asks for.
///
/// # Errors
/// `bad_request` for a limit that is no date.
pub fn query_of(uri: &Uri) -> Result<Query, Fault> {
    let limit = |name: &str| {
        let text = query_value(uri, name);
        let wrong = |text: String| Fault::field(Code::BadRequest, name, &text, "an ISO 8601 date");
        text.map(|text| Query::limit(&text).map_err(wrong)).transpose()
    };
    let (project, calendar) = (query_value(uri, "projectId"), query_value(uri, "calendarId"));
    Ok(Query { from_ms: limit("from")?, to_ms: limit("to")?, project, calendar })
}
