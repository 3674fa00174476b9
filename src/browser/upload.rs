//! Sends writes past the socket: with `fetch`, or through the program's function. What an answer means stands in
//! `core/upload`.

use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::global::{call_method, explain, navigator, property};
use crate::core::io::Upload;
use crate::core::upload::{Answer, Thrown};

/// Of every request. A redirect leads to something that is no answer to a write.
const OPTIONS: &str = r#"{"cache":"no-store","redirect":"manual"}"#;
/// How long a server may take. It may have done the write all the same: its key makes the repetition one.
const REQUEST_MS: u32 = 30_000;
/// What browsers call a request that nobody answered: a `TypeError`, as they call half of all mistakes.
const UNREACHABLE: [&str; 5] = [
    "Failed to fetch",
    "NetworkError when attempting to fetch resource.",
    "Load failed",
    "Network request failed",
    "fetch failed",
];

/// Sends a write, and says how that ended. `sync` is the program's function.
pub(super) async fn send(upload: Upload, sync: Option<Function>) -> Answer {
    match upload {
        Upload::Rest { request, token, user } => {
            let init = || -> Result<JsValue, JsValue> {
                let headers: JsValue = Object::new().into();
                set(&headers, "Idempotency-Key", &request.key)?;
                if request.body.is_some() {
                    set(&headers, "Content-Type", request.content_type)?;
                }
                match (token, user) {
                    (Some(token), _) => set(&headers, "Authorization", &format!("Bearer {token}"))?,
                    (None, Some(user)) => set(&headers, "X-User-Id", &user)?,
                    (None, None) => {}
                }
                let init = JSON::parse(OPTIONS)?;
                set(&init, "method", request.method)?;
                Reflect::set(&init, &"headers".into(), &headers)?;
                if let Some(body) = &request.body {
                    set(&init, "body", body)?;
                }
                // Without a deadline, where browsers have none, the connection's own counts.
                let class = property(&js_sys::global(), "AbortSignal");
                if let Ok(signal) = call_method(&class, "timeout", &[REQUEST_MS.into()]) {
                    Reflect::set(&init, &"signal".into(), &signal)?;
                }
                Ok(init)
            };
            let answered = async {
                let fetched =
                    call_method(&js_sys::global(), "fetch", &[request.url.as_str().into(), init()?])?;
                let response = JsFuture::from(Promise::resolve(&fetched)).await?;
                let body = JsFuture::from(Promise::resolve(&call_method(&response, "text", &[])?)).await?;
                Ok((response, body))
            };
            match answered.await {
                Ok((response, body)) => Answer::Status {
                    status: status_of(&response).unwrap_or(0),
                    body: body.as_string().unwrap_or_default(),
                    retry_after: call_method(&property(&response, "headers"), "get", &["Retry-After".into()])
                        .ok()
                        .and_then(|value| value.as_string()),
                },
                Err(thrown) => {
                    let thrown: JsValue = thrown;
                    Answer::Lost(explain(&thrown))
                }
            }
        }
        Upload::Program(action) => {
            let called = async {
                let sync = sync.ok_or(JsValue::UNDEFINED)?;
                let returned = sync.call1(&JsValue::UNDEFINED, &JSON::parse(&action)?)?;
                JsFuture::from(Promise::resolve(&returned)).await
            };
            match called.await {
                // What cannot be written as JSON says nothing of the event.
                Ok(value) => Answer::Done(json_of(&value).unwrap_or_default()),
                Err(thrown) => read_thrown(&thrown),
            }
        }
    }
}

fn read_thrown(thrown: &JsValue) -> Answer {
    let text = |name: &str| property(thrown, name).as_string();
    let unreachable = match text("name").as_deref() {
        Some("TypeError") => text("message").is_some_and(|message| UNREACHABLE.contains(&&*message)),
        Some("NetworkError" | "TimeoutError" | "AbortError") => true,
        _ => false,
    };
    if unreachable || navigator("onLine").as_bool() == Some(false) {
        return Answer::Lost(explain(thrown));
    }
    let response = property(thrown, "response");
    let details = property(thrown, "details");
    Answer::Thrown(Thrown {
        message: explain(thrown),
        code: text("code"),
        status: status_of(thrown).or_else(|| status_of(&response)),
        retryable: property(thrown, "retryable").as_bool(),
        retry_after_ms: whole(&property(thrown, "retryAfter"), 9e15),
        details: json_of(&details).filter(|_| details.is_object()),
    })
}

fn set(object: &JsValue, name: &str, value: &str) -> Result<(), JsValue> {
    Reflect::set(object, &name.into(), &value.into()).map(drop)
}

fn json_of(value: &JsValue) -> Option<String> {
    JSON::stringify(value).ok().and_then(|text| text.as_string())
}

fn status_of(of: &JsValue) -> Option<u16> {
    whole(&property(of, "status"), 999.0).and_then(|status| u16::try_from(status).ok())
}

fn whole(value: &JsValue, most: f64) -> Option<u64> {
    let number = value.as_f64().filter(|number| (0.0..=most).contains(number))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let whole = number as u64;
    Some(whole)
}
