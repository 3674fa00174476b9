//! Long polling against the real program, request by request.

#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
#![allow(clippy::disallowed_methods, reason = "a process takes real time")]

mod harness;

use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use harness::{Response, Server, event, hello};
use serde_json::{Value, json};

type Waiting<'scope> = ScopedJoinHandle<'scope, Response>;

/// A session and the messages that it received.
struct Poll<'a> {
    server: &'a Server,
    secret: String,
    inbox: Vec<Value>,
}

impl<'a> Poll<'a> {
    fn open(server: &'a Server) -> Self {
        let opened = server.http("POST", "/poll/open", &[], "");
        assert_eq!(opened.status, 200, "{}", opened.body);
        let secret = opened.json()["session"].as_str().unwrap().to_owned();
        Self { server, secret, inbox: Vec::new() }
    }

    fn post(&self, what: &str, frame: Option<&str>) -> Response {
        let body = frame.map_or_else(|| self.secret.clone(), |frame| format!("{}\n{frame}", self.secret));
        self.server.http("POST", &format!("/poll/{what}"), &[("Content-Type", "text/plain")], &body)
    }

    fn send(&self, message: &Value) {
        assert_eq!(self.post("send", Some(&message.to_string())).status, 204);
    }

    /// Asks twice at once for what there is: the answer to the one that was ended, and the other, which by then is
    /// certainly held by the server.
    fn wait_twice<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> (Response, Waiting<'scope>) {
        let [one, other] = [(); 2].map(|()| scope.spawn(|| self.post("receive", None)));
        let end = Instant::now() + Duration::from_secs(10);
        while !one.is_finished() && !other.is_finished() {
            assert!(Instant::now() < end, "both wait");
            std::thread::sleep(Duration::from_millis(5));
        }
        let (ended, waiting) = if one.is_finished() { (one, other) } else { (other, one) };
        (ended.join().unwrap(), waiting)
    }

    /// Receives until a message of this type has come, and returns it.
    fn next_of(&mut self, kind: &str) -> Value {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(at) = self.inbox.iter().position(|message| message["type"] == kind) {
                return self.inbox.remove(at);
            }
            assert!(Instant::now() < end, "no {kind}");
            let received = self.post("receive", None);
            assert!(matches!(received.status, 200 | 204), "{} {}", received.status, received.body);
            if received.status == 200 {
                self.inbox.extend(received.json().as_array().expect("an array").iter().cloned());
            }
        }
    }
}

fn over(response: &Response) -> (u16, Value) {
    (response.status, response.json()["code"].clone())
}

#[tokio::test]
async fn a_session_is_a_connection_like_any_other() {
    let server = Server::start(&[]);
    let mut ana = Poll::open(&server);
    let flight = json!([
        hello("client-a", "ana", 0),
        {"type": "subscribe", "id": "s", "payload": {"channel": "project:p"}},
        {"type": "event:create", "id": "w", "seq": 1, "payload": event("a")},
    ]);
    ana.send(&flight);
    assert_eq!(ana.next_of("welcome")["payload"]["user"]["id"], "ana");
    assert_eq!(ana.next_of("subscribed")["payload"]["recovered"], false);
    assert_eq!(ana.next_of("ack")["seq"], 1);
    assert_eq!(ana.next_of("event:created")["payload"]["title"], "a");

    // Both ways between a socket and a session.
    let (mut ben, _) = server.hello("client-b", "ben", 0).await;
    ben.ask(json!({"type": "subscribe", "id": "s", "payload": {"channel": "project:p"}})).await;
    assert_eq!(ana.next_of("user:joined")["payload"]["id"], "ben");
    ben.ask(json!({"type": "event:create", "id": "w", "seq": 1, "payload": event("b")})).await;
    assert_eq!(ana.next_of("event:created")["payload"]["title"], "b");
    ana.send(&json!({"type": "event:create", "id": "w", "seq": 2, "payload": event("c")}));
    while ben.next_of("event:created").await["payload"]["title"] != "c" {}

    assert_eq!(ana.post("close", None).status, 204);
    assert_eq!(ben.next_of("user:left").await["payload"], "ana");
    assert_eq!(over(&ana.post("receive", None)), (410, json!(1000)));
    assert_eq!(over(&ana.post("send", Some("{}"))), (410, json!(1000)));
}

#[tokio::test]
async fn a_plain_session_works_too() {
    let server = Server::start(&[]);
    let mut ana = Poll::open(&server);
    for at in 0..3 {
        ana.send(&json!({"type": "ping", "id": format!("p{at}")}));
    }
    let ids: Vec<_> = (0..3).map(|_| ana.next_of("pong")["id"].clone()).collect();
    assert_eq!(ids, ["p0", "p1", "p2"]);
    ana.send(&json!({"type": "nonsense", "id": "n"}));
    assert_eq!(ana.next_of("error")["payload"]["code"], "unknown_type");
}

#[tokio::test]
async fn a_request_that_waits_is_answered_as_soon_as_there_is_something() {
    let server = Server::start(&["--poll-wait", "30000"]);
    let ana = Poll::open(&server);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ana.post("receive", None));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!waiting.is_finished());
        ana.send(&json!({"type": "ping", "id": "p"}));
        assert_eq!(waiting.join().unwrap().json()[0]["id"], "p");
    });
}

#[tokio::test]
async fn a_later_request_to_receive_ends_the_one_that_waits_and_loses_nothing() {
    let server = Server::start(&["--poll-wait", "30000"]);
    let ana = Poll::open(&server);
    std::thread::scope(|scope| {
        let (ended, waiting) = ana.wait_twice(scope);
        assert_eq!(ended.status, 204);
        assert!(!waiting.is_finished());
        let later = scope.spawn(|| ana.post("receive", None));
        assert_eq!(waiting.join().unwrap().status, 204);
        ana.send(&json!({"type": "ping", "id": "p"}));
        let received = later.join().unwrap();
        assert_eq!((received.status, received.json()[0]["id"].clone()), (200, json!("p")));
    });
}

#[tokio::test]
async fn a_session_that_nobody_receives_from_ends_and_one_that_waits_does_not() {
    let server = Server::start(&["--poll-wait", "1000"]);
    let started = Instant::now();
    let (left, kept) = (Poll::open(&server), Poll::open(&server));
    // Six seconds and a sweep: the wait of a second and five more.
    while over_code(&left).is_none() {
        assert_eq!(kept.post("receive", None).status, 204);
        assert!(started.elapsed() < Duration::from_secs(30));
    }
    assert_eq!(over_code(&left), Some(json!(1001)));
    assert!(started.elapsed() > Duration::from_secs(5));
    let metrics = server.http("GET", "/metrics", &[], "").body;
    assert!(
        metrics.contains("baro_poll_sessions 1\n") && metrics.contains("baro_connections 1\n"),
        "{metrics}"
    );
}

fn over_code(session: &Poll<'_>) -> Option<Value> {
    let sent = session.post("send", Some(r#"{"type":"ping"}"#));
    (sent.status == 410).then(|| sent.json()["code"].clone())
}

#[tokio::test]
async fn unknown_sessions_and_other_requests_are_refused() {
    let server = Server::start(&[]);
    for name in ["", "x", "00000000000000000000000000000000", "+0000000000000000000000000000000", "é"] {
        for what in ["receive", "send", "close"] {
            let answer = server.http("POST", &format!("/poll/{what}"), &[], name);
            assert_eq!(over(&answer), (410, json!(1006)), "{what} {name:?}");
        }
    }
    for (method, path, status) in [
        ("GET", "/poll/open", 405),
        ("PUT", "/poll/send", 405),
        ("POST", "/poll/other", 404),
        ("POST", "/poll", 404),
        ("POST", "/poll/open/more", 404),
    ] {
        assert_eq!(server.http(method, path, &[], "").status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn secrets_are_long_and_never_the_same() {
    let server = Server::start(&[]);
    let secrets: Vec<String> = (0..50).map(|_| Poll::open(&server).secret).collect();
    let different: std::collections::BTreeSet<&String> = secrets.iter().collect();
    assert_eq!(different.len(), 50);
    let hex = |secret: &String| secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(secrets.iter().all(hex));
}

#[tokio::test]
async fn only_pages_that_are_let_in_may_poll_and_may_read_the_answer() {
    let server = Server::start(&["--allow-origin", "https://app.example"]);
    for what in ["open", "receive", "send", "close"] {
        let path = format!("/poll/{what}");
        for foreign in ["https://evil.example", "null", "https://app.example.evil.example"] {
            let refused = server.http("POST", &path, &[("Origin", foreign)], "");
            assert_eq!((refused.status, refused.head.contains("access-control-allow-origin")), (403, false));
        }
        let let_in = server.http("POST", &path, &[("Origin", "https://app.example")], "");
        assert!(let_in.head.contains("access-control-allow-origin: https://app.example"), "{what}");
        assert!(let_in.head.contains("cache-control: no-store") && let_in.head.contains("vary: origin"));
        let asked = server.http("OPTIONS", &path, &[("Origin", "https://app.example")], "");
        assert!(asked.status == 204 && asked.head.contains("access-control-allow-methods: post"));
    }
    let metrics = server.http("GET", "/metrics", &[], "").body;
    assert!(metrics.contains("baro_poll_sessions 1\n"), "{metrics}");
}

#[tokio::test]
async fn frames_over_the_limit_or_no_text_end_the_session() {
    let server = Server::start(&[]);
    let ana = Poll::open(&server);
    let ping = r#"{"type":"ping","id":"p"}"#;
    let padded = format!("{ping}{}", " ".repeat(262_144 - ping.len()));
    assert_eq!(ana.post("send", Some(&padded)).status, 204);
    assert_eq!(ana.post("receive", None).json()[0]["type"], "pong");
    assert_eq!(ana.post("send", Some(&format!("{padded} "))).status, 413);
    assert_eq!(over(&ana.post("receive", None)), (410, json!(1009)));

    let ben = Poll::open(&server);
    let mut bytes = format!(
        "POST /poll/send HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 35\r\n\r\n{}\n",
        ben.secret
    )
    .into_bytes();
    bytes.extend([0xff, 0xfe]);
    assert_eq!(over(&server.raw_http(&bytes)), (410, json!(1007)));
    assert_eq!(over(&ben.post("receive", None)), (410, json!(1007)));
}

#[tokio::test]
async fn what_the_hub_closes_is_told_after_what_it_said() {
    let server = Server::start(&[]);
    let ana = Poll::open(&server);
    ana.send(&json!(vec![0; 25]));
    let said = ana.post("receive", None);
    assert_eq!((said.status, said.json()[0]["payload"]["code"].clone()), (200, json!("bad_request")));
    assert_eq!(over(&ana.post("receive", None)), (410, json!(4400)));
    assert_eq!(over(&ana.post("send", Some("{}"))), (410, json!(4400)));
}

#[tokio::test]
async fn sign_in_works_and_is_asked_for_in_time() {
    let server = Server::start_jwt();
    let mut ana = Poll::open(&server);
    ana.send(
        &json!({"type": "auth", "id": "a", "payload": {"token": harness::token("ana", json!("*"), 60)}}),
    );
    ana.send(&hello("client-a", "forged", 0));
    assert_eq!(ana.next_of("welcome")["payload"]["user"]["id"], "ana");
    let nobody = Poll::open(&server);
    assert_eq!(over(&nobody.post("receive", None)), (410, json!(4408)));
    let eve = Poll::open(&server);
    eve.send(&json!({"type": "auth", "id": "a", "payload": {"token": "x"}}));
    assert_eq!(eve.post("receive", None).json()[0]["payload"]["code"], "unauthorized");
    assert_eq!(over(&eve.post("receive", None)), (410, json!(4401)));
}

#[tokio::test]
async fn a_session_is_told_that_the_server_ends() {
    let mut server = Server::start(&[]);
    let body = {
        let mut ana = Poll::open(&server);
        ana.send(&hello("client-a", "ana", 0));
        ana.next_of("welcome");
        std::thread::scope(|scope| {
            let (_, waiting) = ana.wait_twice(scope);
            server.terminate();
            waiting.join().unwrap().json()
        })
    };
    assert_eq!(body[0]["type"], "drain", "{body}");
    assert!(server.exit().success());
}

#[tokio::test]
async fn a_session_that_does_not_receive_what_it_is_sent_is_closed_and_others_are_served() {
    let server = Server::start(&[]);
    let mut lazy = Poll::open(&server);
    lazy.send(&json!({"type": "subscribe", "id": "s", "payload": {"projectId": "p"}}));
    lazy.next_of("ack");
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let long = "x".repeat(60_000);
    for at in 0..30 {
        let payload = harness::event_with("a", json!({"description": long}));
        let write = json!({"type": "event:create", "id": format!("w{at}"), "payload": payload});
        assert_eq!(ana.ask(write).await["type"], "ack");
    }
    // What was queued before the end is still there to be taken.
    while lazy.post("receive", None).status == 200 {}
    assert_eq!(over(&lazy.post("receive", None)), (410, json!(4429)));
}
