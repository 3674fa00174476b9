use super::*;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn number(value: f64) -> Value {
    Value::Number(value, value.to_string())
}

fn object(fields: &[(&str, Value)]) -> Value {
    Value::Object(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn with(name: &str, value: Value) -> Result<Config, Fault> {
    Config::read(&object(&[("url", text("ws://host/ws")), (name, value)]), None)
}

#[test]
fn the_documented_defaults() {
    let config = Config::read(&object(&[("url", text("wss://host/ws"))]), None).unwrap();
    assert_eq!(config.reconnect.attempts_max, Some(10));
    assert_eq!((config.reconnect.delay_ms, config.reconnect.delay_ms_max), (1_000, 30_000));
    assert_eq!((config.heartbeat.interval_ms, config.heartbeat.timeout_ms), (30_000, 5_000));
    assert_eq!((config.ack_timeout_ms, config.cursor_interval_ms), (5_000, 50));
    assert_eq!(config.offline.map(|offline| offline.database_name).as_deref(), Some("baro-calendar-offline"));
    assert_eq!(
        (config.hidden_disconnect_ms, config.negotiate, config.window_events),
        (Some(300_000), true, true)
    );
}

#[test]
fn every_option_that_is_wrong_is_named_with_what_came() {
    let nan = number(f64::NAN);
    for (name, value, field, got) in [
        ("negotiate", text("yes"), "config.negotiate", "'yes'"),
        ("projectId", number(5.0), "config.projectId", "5"),
        ("reconnect", object(&[("delay", number(-1.0))]), "config.reconnect.delay", "-1"),
        ("reconnect", object(&[("factor", nan.clone())]), "config.reconnect.factor", "NaN"),
        ("heartbeat", object(&[("interval", text("fast"))]), "config.heartbeat.interval", "'fast'"),
        ("heartbeat", Value::Bool(true), "config.heartbeat", "true"),
        ("auth", object(&[("refreshToken", text("x"))]), "config.auth.refreshToken", "'x'"),
        ("auth", object(&[("token", number(1.0))]), "config.auth.token", "something else"),
        ("ack", object(&[("timeout", number(0.5))]), "config.ack.timeout", "0.5"),
        ("cursor", object(&[("interval", nan)]), "config.cursor.interval", "NaN"),
        ("offline", Value::Bool(true), "config.offline", "true"),
        ("offline", object(&[("sync", text("pigeon"))]), "config.offline.sync", "'pigeon'"),
        ("conflict", object(&[("strategy", text("coin"))]), "config.conflict.strategy", "'coin'"),
        ("transports", Value::List(vec![]), "config.transports", "an array"),
        ("tabs", text("many"), "config.tabs", "'many'"),
        ("user", object(&[("name", text("Ana"))]), "config.user.id", "nothing"),
        ("protocols", text("chat"), "config.protocols", "'chat'"),
        ("reconect", object(&[]), "config.reconect", "an object"),
    ] {
        let fault = with(name, value).unwrap_err();
        assert_eq!(fault.code.as_str(), "invalid_config");
        assert!(fault.message.starts_with(&format!("{field}: expected ")), "{}", fault.message);
        assert!(fault.message.ends_with(&format!(", got {got}")), "{}", fault.message);
    }
}

#[test]
fn a_url_is_absolute_or_a_path_on_the_page() {
    let read = |url: &str, base| Config::read(&object(&[("url", text(url))]), base).map(|config| config.url);
    assert_eq!(read("/ws", Some("https://app.example")).as_deref(), Ok("wss://app.example/ws"));
    assert_eq!(read("http://127.0.0.1:80/poll", None).as_deref(), Ok("http://127.0.0.1:80/poll"));
    for url in ["", "ftp://host", "ws://", "//host/ws", "host:80", "ws://ho st", "ws://host/#a", "/ws"] {
        assert!(read(url, None).is_err(), "{url}");
    }
}

#[test]
fn transports_are_those_named_as_far_as_the_address_leads_to_them() {
    let read = |url: &str, named: &[&str]| {
        let list = Value::List(named.iter().map(|name| text(name)).collect());
        let list = if named.is_empty() { Value::Absent } else { list };
        let transports =
            Config::read(&object(&[("url", text(url)), ("transports", list)]), None).unwrap().transports;
        (transports.websocket, transports.polling)
    };
    for (url, named, websocket, polling) in [
        ("ws://host/ws", &[][..], true, true),
        ("wss://host/ws", &["polling", "websocket"], true, true),
        ("WSS://host/ws", &["websocket"], true, false),
        ("ws://host/ws", &["polling"], false, true),
        ("https://host/poll", &[], false, true),
        ("https://host/poll", &["websocket", "polling"], false, true),
        ("https://host/ws", &["websocket"], true, false),
    ] {
        assert_eq!(read(url, named), (websocket, polling), "{url} {named:?}");
    }
}

#[test]
fn infinity_is_accepted_where_it_means_something() {
    let infinity = number(f64::INFINITY);
    let config = with("reconnect", object(&[("maxAttempts", infinity.clone())])).unwrap();
    assert_eq!(config.reconnect.attempts_max, None);
    let config = with("visibility", object(&[("disconnectAfter", infinity.clone())])).unwrap();
    assert_eq!(config.hidden_disconnect_ms, None);
    assert!(with("ack", object(&[("timeout", infinity)])).is_err());
}

#[test]
fn a_token_never_stands_in_a_fault() {
    for misplaced in [
        with("auth", text("secret")),
        with("token", text("secret")),
        with("auth", object(&[("tokn", text("secret"))])),
        with("url", text("ftp://host/ws?token=secret")),
    ] {
        let fault = misplaced.unwrap_err();
        assert!(!fault.message.contains("secret") && !fault.details.unwrap_or_default().contains("secret"));
    }
    let fault = with("auth", object(&[("token", Value::List(vec![text("secret")]))])).unwrap_err();
    assert!(!format!("{fault:?}").contains("secret"));
}

#[test]
fn what_this_version_lacks_is_refused_instead_of_ignored() {
    let fault = with("dialect", text("socket.io")).unwrap_err();
    assert_eq!(fault.code.as_str(), "unsupported");
    assert!(fault.message.starts_with("config.dialect"), "{}", fault.message);
}

#[test]
fn writes_take_the_way_that_the_program_names() {
    let rest = |url: &str| object(&[("rest", text(url))]);
    let route = |sync: Value| {
        with("offline", object(&[("sync", sync)])).map(|config| config.offline.map(|offline| offline.route))
    };
    assert_eq!(route(text("socket")), Ok(Some(Route::Socket)));
    assert_eq!(route(Value::Function), Ok(Some(Route::Program)));
    for url in ["/api/events", "https://host/api/events/", "http://127.0.0.1:9/e"] {
        assert_eq!(route(rest(url)), Ok(Some(Route::Rest(url.to_owned()))));
    }
    for url in ["", "api/events", "//host/e", "ws://host", "https://", "/a b", "/e?x=1"] {
        let fault = route(rest(url)).unwrap_err();
        assert_eq!(fault.code.as_str(), "invalid_config", "{url}");
        assert!(fault.message.starts_with("config.offline.sync"), "{}", fault.message);
    }
    assert!(route(object(&[("rest", text("/e")), ("other", text("/e"))])).is_err());
}
