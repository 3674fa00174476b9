//! REST, files, health and numbers.

#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod harness;

use harness::{Server, event, event_with};
use serde_json::json;

#[tokio::test]
async fn channels_hear_of_what_is_changed_over_http() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    ana.ask(json!({"type": "subscribe", "id": "s", "payload": {"projectId": "p"}})).await;
    let created = server.http("POST", "/api/events", &[("X-User-Id", "ben")], &event("a").to_string());
    assert_eq!(created.status, 201);
    let stored = created.json();
    let seen = ana.next_of("event:created").await;
    assert_eq!((&seen["payload"], &seen["userId"], &stored["version"]), (&stored, &json!("ben"), &json!(1)));
    let path = format!("/api/events/{}", stored["id"].as_str().unwrap());
    let updated = server.http("PUT", &path, &[], r#"{"title":"b","extra":1.50}"#);
    assert_eq!((updated.status, &updated.json()["title"]), (200, &json!("b")));
    assert!(updated.body.contains("\"extra\":1.50"), "numbers stay as they are written");
    assert_eq!(ana.next_of("event:updated").await["payload"]["title"], "b");
    assert_eq!(server.http("DELETE", &path, &[], "").status, 204);
    assert_eq!(ana.next_of("event:deleted").await["payload"]["version"], 3);
    for (method, path, body, status) in [
        ("DELETE", path.as_str(), "", 404),
        ("PUT", path.as_str(), "{}", 404),
        ("PUT", path.as_str(), "[]", 400),
        ("POST", "/api/events", "{", 400),
        ("POST", "/api/events", "{\"title\":1}", 400),
        ("PATCH", "/api/events", "", 405),
        ("GET", "/api/events?from=soon", "", 400),
        ("GET", "/api/nothing", "", 404),
        ("GET", "/nothing", "", 404),
    ] {
        let answer = server.http(method, path, &[], body);
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.json()["code"].is_string());
    }
    let large = event_with("a", json!({"description": "x".repeat(70_000)})).to_string();
    assert_eq!(server.http("POST", "/api/events", &[], &large).status, 413);
    let larger = event_with("a", json!({"description": "x".repeat(300_000)})).to_string();
    assert_eq!(server.http("POST", "/api/events", &[], &larger).status, 413);
}

#[tokio::test]
async fn lists_are_cut_to_what_is_asked() {
    let server = Server::start(&[]);
    for (id, start, project) in [("a", "2026-03-01", "p"), ("b", "2026-04-01", "p"), ("c", "2026-03-01", "q")]
    {
        let dates = json!({"id": id, "startDate": start, "endDate": start, "projectId": project});
        server.http("POST", "/api/events", &[], &event_with(id, dates).to_string());
    }
    let ids = |query: &str| {
        let list = server.http("GET", &format!("/api/events{query}"), &[], "").json();
        let ids = list.as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned());
        ids.collect::<String>()
    };
    assert_eq!(ids(""), "abc");
    assert_eq!(ids("?projectId=p"), "ab");
    assert_eq!(ids("?projectId=p&from=2026-03-15&to=2026-05-01"), "b");
    assert_eq!(ids("?to=2026-03-15T00%3A00%3A00Z"), "ac");
    assert_eq!(ids("?projectId=none"), "");
}

#[tokio::test]
async fn an_idempotency_key_makes_a_request_once() {
    let server = Server::start(&[]);
    let key = |seq: &str| format!("client-r:{seq}");
    let post = |seq: &str| {
        server.http("POST", "/api/events", &[("Idempotency-Key", &key(seq))], &event("a").to_string())
    };
    let first = post("1");
    assert_eq!((first.status, post("1").json()), (201, first.json()));
    assert_eq!((post("3").status, post("3").json()["details"]["expected"].clone()), (409, json!(2)));
    for bad in ["0", "-1", "x", ""] {
        assert_eq!(post(bad).status, 400, "{bad}");
    }
    assert_eq!(server.events("p").len(), 1);
}

#[tokio::test]
async fn a_page_is_served_with_its_types_and_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    std::fs::create_dir_all(site.join("assets")).unwrap();
    for (name, text) in [
        ("index.html", "<!doctype html>index"),
        ("assets/app.js", "1"),
        ("assets/app.css", "a{}"),
        ("assets/app.wasm", "\0asm"),
        ("assets/icon.svg", "<svg/>"),
    ] {
        std::fs::write(site.join(name), text).unwrap();
    }
    std::fs::write(dir.path().join("outside.txt"), "secret").unwrap();
    let server = Server::start(&["--serve", site.to_str().unwrap()]);
    for (path, kind) in [
        ("/", "text/html"),
        ("/month/2026-03", "text/html"),
        ("/assets/app.js", "javascript"),
        ("/assets/app.css", "text/css"),
        ("/assets/app.wasm", "application/wasm"),
        ("/assets/icon.svg", "image/svg+xml"),
    ] {
        let answer = server.http("GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.head.contains(kind), "{path}: {}", answer.head);
        assert!(
            answer.head.contains(
                "content-security-policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
            )
        );
    }
    for path in [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/assets/../../outside.txt",
        "//outside.txt",
    ] {
        assert!(!server.http("GET", path, &[], "").body.contains("secret"), "{path}");
    }
    assert_eq!(server.http("GET", "/api/nothing", &[], "").status, 404);
    assert_eq!(server.http("GET", "/healthz", &[], "").json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn the_numbers_add_up() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    ana.ask(json!({"type": "subscribe", "id": "s", "payload": {"projectId": "p"}})).await;
    for id in ["1", "2", "3"] {
        ana.ask(json!({"type": "event:create", "id": id, "payload": event(id)})).await;
    }
    ana.ask(json!({"type": "event:delete", "id": "4", "payload": "none"})).await;
    let text = server.http("GET", "/metrics", &[], "").body;
    for line in [
        "baro_connections 1",
        "baro_presence_users 1",
        "baro_writes_total{outcome=\"stored\"} 3",
        "baro_writes_total{outcome=\"refused\"} 1",
        "baro_errors_total{code=\"not_found\"} 1",
        "baro_messages_received_total{type=\"event:create\"} 3",
        "baro_messages_sent_total{type=\"event\"} 3",
        "baro_write_fanout_seconds_count 4",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
}

#[tokio::test]
async fn faulty_flags_are_told_and_end_with_2() {
    let run = |flags: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_baro-realtime-server"))
            .args(flags)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap(), output.stdout.len())
    };
    let (code, text, out) = run(&["--listen", "nowhere"]);
    assert_eq!((code, out), (Some(2), 0));
    assert!(text.contains("--listen") && text.contains("nowhere") && text.contains("127.0.0.1:0"), "{text}");
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "short\n").unwrap();
    let (code, text, _) = run(&["--auth", "jwt", "--jwt-secret-file", secret.to_str().unwrap()]);
    assert!(code == Some(2) && text.contains("--jwt-secret-file") && !text.contains("short"), "{text}");
    let (code, text, _) = run(&["--listen", "127.0.0.1:0", "--database", "sqlite:/no/such/folder/data"]);
    assert!(code == Some(2) && text.contains("--database"), "{text}");
    assert_eq!(run(&["--version"]).0, Some(0));
}
