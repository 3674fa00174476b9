//! Configurations, written as JSON.

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, TokenPlacement, Value};
use baro_realtime::core::io::{Call, Effect, Input, Output};
use baro_realtime::core::time::{Now, Timestamp};

/// Options are read or refused by name, never with a token in the words; what is read opens a socket where it says.
pub(crate) fn config(data: &[u8]) {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    // Where it belongs, and where somebody may put it.
    let token =
        ["/auth/token", "/auth", "/token"].into_iter().find_map(|place| json.pointer(place)?.as_str());
    // One that stands elsewhere too is told as what stands there; a shorter one can stand anywhere by chance.
    let once = |token: &&str| token.len() >= 24 && json.to_string().matches(token).count() == 1;
    let token = token.filter(once).unwrap_or_default().to_owned();
    match Config::read(&value(json), Some("https://page.example")) {
        Ok(config) => opens(config, &token),
        Err(fault) => {
            assert!(["invalid_config", "unsupported"].contains(&fault.code.as_str()), "{fault:?}");
            assert!(fault.message.starts_with("config"), "{}", fault.message);
            // Shorter ones can stand in a message by chance.
            let told = fault.message + fault.details.as_deref().unwrap_or_default();
            assert!(token.len() < 24 || !told.contains(&token), "a token is told");
            assert!(!fault.retryable);
        }
    }
}

fn opens(config: Config, token: &str) {
    assert!(config.reconnect.delay_ms <= config.reconnect.delay_ms_max && config.reconnect.factor >= 1.0);
    let in_url = config.placement == TokenPlacement::Query;
    let now = Now { mono: Timestamp(0), wall_ms: 1_700_000_000_000 };
    let mut client = Client::new(config, [1, 2, 3, 4], now);
    client.handle(now, Input::Call(Call::Connect)).expect("a client that was just made connects");
    while let Some(output) = client.poll_output() {
        if let Output::Effect(Effect::OpenPipe { url, .. }) = output {
            let schemes = ["ws://", "wss://", "http://", "https://"];
            assert!(schemes.iter().any(|scheme| url.starts_with(scheme)), "{url}");
            assert!(in_url || token.is_empty() || !url.contains(token), "a token stands in the address");
        }
    }
}

/// As the class reads it, without what JSON cannot hold: a function stands as `"=>"`.
fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Absent,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => {
            Value::Number(number.as_f64().unwrap_or(f64::NAN), number.to_string())
        }
        serde_json::Value::String(text) if text == "=>" => Value::Function,
        serde_json::Value::String(text) if text == "Infinity" => Value::Number(f64::INFINITY, text),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(list) => Value::List(list.into_iter().map(value).collect()),
        serde_json::Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, field)| (key, value(field))).collect())
        }
    }
}
