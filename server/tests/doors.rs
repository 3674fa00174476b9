//! The doors: tokens, origins, limits, broken clients.

#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![allow(clippy::disallowed_methods, reason = "a process takes real time")]

mod harness;

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use harness::{Client, SECRET, Server, event, event_with, hello, token};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

fn auth(token: &str) -> Value {
    json!({"type": "auth", "id": "auth", "payload": {"token": token}})
}

#[tokio::test]
async fn a_token_opens_its_projects_and_no_others() {
    let server = Server::start_jwt();
    let mut ana = server.connect().await;
    assert_eq!(ana.ask(auth(&token("ana", json!(["p"]), 60))).await["type"], "ack");
    ana.send(hello("client-a", "forged", 0)).await;
    assert_eq!(ana.next_of("welcome").await["payload"]["user"]["name"], "ANA");
    let write = |id: &str, project: &str| json!({"type": "event:create", "id": id, "payload": event_with("a", json!({"projectId": project}))});
    assert_eq!(ana.ask(write("1", "p")).await["type"], "ack");
    assert_eq!(ana.ask(write("2", "q")).await["payload"]["code"], "forbidden");
    let foreign = ana.ask(json!({"type": "subscribe", "id": "3", "payload": {"projectId": "q"}})).await;
    assert_eq!(foreign["payload"]["code"], "forbidden");
    let listed = |project: &str, token: &str| {
        let path = format!("/api/events?projectId={project}");
        server.http("GET", &path, &[("Authorization", &format!("Bearer {token}"))], "").status
    };
    let good = token("ana", json!(["p"]), 60);
    assert_eq!((listed("p", &good), listed("q", &good), listed("p", "x")), (200, 403, 401));
    assert_eq!(server.http("POST", "/api/events", &[], &event("a").to_string()).status, 401);
}

#[tokio::test]
async fn tokens_that_do_not_count_close_the_connection() {
    let server = Server::start_jwt();
    let claims = json!({"sub": "ana", "exp": 9_999_999_999_u64, "projects": "*"});
    let signed = |algorithm, secret: &str| {
        encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    };
    for (bad, code) in [
        (token("ana", json!("*"), -60), "token_expired"),
        (signed(Algorithm::HS256, "another secret, long enough"), "unauthorized"),
        (signed(Algorithm::HS512, SECRET), "unauthorized"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEiLCJleHAiOjk5OTk5OTk5OTl9.".to_owned(), "unauthorized"),
        ("x".repeat(20_000), "unauthorized"),
    ] {
        let mut ana = server.connect().await;
        let answer = ana.ask(auth(&bad)).await;
        assert_eq!((&answer["payload"]["code"], ana.close_code().await), (&json!(code), 4401));
    }
    let started = Instant::now();
    let mut nobody = server.connect().await;
    let answer = nobody.ask(json!({"type": "event:create", "id": "1", "payload": event("a")})).await;
    assert_eq!(answer["payload"]["code"], "unauthorized");
    assert_eq!(nobody.close_code().await, 4408);
    // No sooner than it may; that it comes at all is waited for above.
    assert!(started.elapsed() >= Duration::from_secs(4));
}

#[tokio::test]
async fn a_token_may_come_in_the_address_or_as_a_subprotocol() {
    let server = Server::start_jwt();
    let good = token("ana", json!("*"), 60);
    let base = format!("ws://{}/ws", server.address);
    let protocol = format!("baro.token.{good}");
    let mut ana = Client::open(&base, &[("sec-websocket-protocol", &protocol)]).await.unwrap();
    assert_eq!(
        ana.ask(json!({"type": "event:create", "id": "1", "payload": event("a")})).await["type"],
        "ack"
    );
    let mut ana = Client::open(&format!("{base}?token={good}"), &[]).await.unwrap();
    assert_eq!(
        ana.ask(json!({"type": "event:create", "id": "1", "payload": event("a")})).await["type"],
        "ack"
    );
    let mut eve = Client::open(&format!("{base}?token=x"), &[]).await.unwrap();
    assert_eq!(eve.next().await["payload"]["code"], "unauthorized");
    assert_eq!(eve.close_code().await, 4401);
}

#[tokio::test]
async fn only_listed_pages_get_in() {
    let listed =
        Server::start(&["--allow-origin", "https://app.example", "--allow-origin", "http://localhost:5173"]);
    let own = Server::start(&[]);
    let open = async |server: &Server, origin: &str| match Client::open(
        &format!("ws://{}/ws", server.address),
        &[("origin", origin)],
    )
    .await
    {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(fault) => panic!("{fault}"),
    };
    for (origin, status) in [
        ("https://app.example", 101),
        ("http://localhost:5173", 101),
        ("null", 403),
        ("https://app.example.evil", 403),
        ("http://app.example", 403),
        ("https://app.example:8443", 403),
    ] {
        assert_eq!(open(&listed, origin).await, status, "{origin}");
    }
    let same = format!("http://{}", own.address);
    assert_eq!((open(&own, &same).await, open(&own, "http://127.0.0.1:1").await), (101, 403));
    let preflight = listed.http("OPTIONS", "/api/events", &[("Origin", "https://app.example")], "");
    assert_eq!(preflight.status, 204);
    assert!(preflight.head.contains("access-control-allow-origin: https://app.example"));
    let foreign =
        listed.http("POST", "/api/events", &[("Origin", "https://evil.example")], &event("a").to_string());
    assert_eq!((foreign.status, listed.events("p").len()), (403, 0));
    assert_eq!(foreign.json()["code"], "forbidden");
}

#[tokio::test]
async fn a_frame_over_the_limit_is_told_with_its_code() {
    let server = Server::start(&[]);
    for size in [262_145, 300_000, 3_000_000] {
        let mut ana = server.connect().await;
        ana.try_send(Message::text("x".repeat(size))).await;
        assert_eq!(ana.close_code().await, 1009, "{size}");
    }
    let mut ana = server.connect().await;
    let ping = r#"{"type":"ping","id":"p"}"#;
    ana.send_text(format!("{ping}{}", " ".repeat(262_144 - ping.len()))).await;
    assert_eq!(ana.next().await["type"], "pong");
}

#[tokio::test]
async fn garbage_is_refused_and_then_closed() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    for text in ["", "garbage", "{\"type\":", "[1,2,3]", "\u{0}", "{\"type\":\"hello\",\"payload\":7}"] {
        ana.send_text(text.to_owned()).await;
        assert_eq!(ana.next_of("error").await["payload"]["code"], "bad_request", "{text:?}");
    }
    for _ in 0..20 {
        ana.try_send(Message::binary(vec![0, 159, 146, 150])).await;
    }
    assert_eq!(ana.close_code().await, 4400);
}

#[tokio::test]
async fn requests_that_dribble_or_are_no_requests_end() {
    let server = Server::start(&[]);
    let mut slow = std::net::TcpStream::connect(server.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    slow.write_all(b"GET /ws HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    for bad in
        ["\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}", "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"]
    {
        let status = server.raw_http(bad.as_bytes()).status;
        assert!(status == 0 || (400..500).contains(&status), "{bad:?}: {status}");
    }
    let many: String = (0..2_000).map(|at| format!("X-{at}: 1\r\n")).collect();
    let flood = server.raw_http(format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes());
    assert!(flood.status == 431 || flood.status == 400 || flood.status == 0, "{}", flood.status);
    let started = Instant::now();
    // Whether it is answered or cut: it ends.
    let _end = slow.read_to_end(&mut Vec::new());
    assert!(started.elapsed() < Duration::from_secs(9));
    assert_eq!(server.http("GET", "/healthz", &[], "").status, 200);
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_others_do_not_wait() {
    let server = Server::start(&[]);
    let mut lazy = server.connect().await;
    lazy.ask(json!({"type": "subscribe", "id": "s", "payload": {"projectId": "p"}})).await;
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    ana.ask(json!({"type": "event:create", "id": "0", "payload": event_with("a", json!({"id": "e"}))})).await;
    let long = "x".repeat(60_000);
    for at in 0..400 {
        let write = json!({"type": "event:update", "id": format!("w{at}"), "payload": {"id": "e", "description": long}});
        assert_eq!(ana.ask(write).await["type"], "ack");
    }
    let overflows = server.http("GET", "/metrics", &[], "").body;
    assert!(overflows.contains("baro_queue_overflows_total 1\n"), "{overflows}");
}
