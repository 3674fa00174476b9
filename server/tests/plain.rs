//! The plain wire, as any client of the original stories speaks it.

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
async fn a_plain_client_creates_updates_and_deletes() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    let ack = ana.ask(json!({"type": "subscribe", "id": "s", "payload": {"projectId": "p"}})).await;
    assert_eq!(ack, json!({"type": "ack", "id": "s"}));

    let created = ana
        .ask(json!({"type": "event:create", "id": "1", "payload": event_with("a", json!({"x-own": {"k": [1.50]}}))}))
        .await;
    assert_eq!(created["type"], "ack", "{created}");
    let stored = &created["payload"];
    assert_eq!((&stored["version"], &stored["x-own"]), (&json!(1), &json!({"k": [1.5]})));
    let id = stored["id"].as_str().unwrap().to_owned();
    let echo = ana.next_of("event:created").await;
    assert_eq!((&echo["payload"], &echo["channel"], &echo["seq"]), (stored, &json!("project:p"), &json!(1)));

    let changed = json!({"id": id, "title": "b", "version": 77, "updatedAt": "never", "location": null});
    let updated = ana.ask(json!({"type": "event:update", "id": "2", "payload": changed})).await;
    let stored = &updated["payload"];
    assert_eq!(
        (&stored["title"], &stored["version"], &stored["location"]),
        (&json!("b"), &json!(2), &json!(null))
    );
    assert_eq!(ana.next_of("event:updated").await["payload"], *stored);

    let deleted = ana.ask(json!({"type": "event:delete", "id": "3", "payload": id})).await;
    assert_eq!(deleted["payload"], json!({"id": id, "version": 3, "deleted": true}));
    assert_eq!(ana.next_of("event:deleted").await["payload"], json!({"id": id, "version": 3}));
    assert!(server.events("p").is_empty());
}

#[tokio::test]
async fn two_clients_see_each_others_changes() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    let mut ben = server.connect().await;
    ana.ask(json!({"type": "subscribe", "id": "s", "userId": "ana", "payload": {"channel": "project:p"}}))
        .await;
    ben.ask(json!({"type": "subscribe", "id": "s", "userId": "ben", "payload": {"projectId": "p"}})).await;
    assert_eq!(ana.next_of("user:joined").await["payload"]["id"], "ben");
    assert_eq!(ben.next_of("user:joined").await["payload"]["id"], "ana");
    let ack =
        ana.ask(json!({"type": "event:create", "id": "1", "userId": "forged", "payload": event("a")})).await;
    let seen = ben.next_of("event:created").await;
    assert_eq!((&seen["payload"], &seen["userId"]), (&ack["payload"], &json!("ana")));

    ben.ask(json!({"type": "unsubscribe", "id": "u", "payload": {"projectId": "p"}})).await;
    ana.ask(json!({"type": "event:create", "id": "2", "payload": event("b")})).await;
    assert!(ben.settled().await.iter().all(|message| message["type"] != "event:created"));
}

#[tokio::test]
async fn refusals_say_why() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    for (payload, code, field) in [
        (json!({"startDate": "2026-03-01", "endDate": "2026-03-01"}), "invalid_event", json!("title")),
        (event_with("a", json!({"endDate": "2026-02-01"})), "invalid_event", json!("endDate")),
        (event_with("a", json!({"startDate": "soon"})), "invalid_event", json!("startDate")),
        (event_with("a", json!({"id": 7})), "invalid_event", json!("id")),
        (event_with("a", json!({"attendees": "ana"})), "invalid_event", json!("attendees")),
        (json!([1]), "bad_request", json!("payload")),
        (event_with(&"x".repeat(70_000), json!({})), "too_large", json!(null)),
    ] {
        let answer = ana.ask(json!({"type": "event:create", "id": "1", "payload": payload})).await;
        assert_eq!(
            (&answer["type"], &answer["payload"]["code"]),
            (&json!("error"), &json!(code)),
            "{payload}"
        );
        assert_eq!(answer["payload"]["details"]["field"], field);
        assert_eq!(answer["payload"]["retryable"], false);
    }
    for (kind, payload, code) in [
        ("event:update", json!({"id": "none", "title": "x"}), "not_found"),
        ("event:update", json!({"title": "x"}), "bad_request"),
        ("event:delete", json!("none"), "not_found"),
        ("event:delete", json!(null), "bad_request"),
        ("subscribe", json!({}), "bad_request"),
        ("subscribe", json!({"channel": "x".repeat(300)}), "bad_request"),
        ("user:cursor", json!({"x": "1", "y": 2}), "bad_request"),
        ("nonsense", json!({}), "unknown_type"),
    ] {
        let answer = ana.ask(json!({"type": kind, "id": "1", "payload": payload})).await;
        assert_eq!(answer["payload"]["code"], code, "{kind} {payload}");
    }
    let first = event_with("a", json!({"id": "e1"}));
    ana.ask(json!({"type": "event:create", "id": "2", "payload": first})).await;
    let again = ana.ask(json!({"type": "event:create", "id": "3", "payload": first})).await;
    assert_eq!(again["payload"]["code"], "already_exists");
}

#[tokio::test]
async fn an_event_that_moves_leaves_its_old_channels() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    for channel in ["project:p", "project:q", "calendar:c"] {
        ana.ask(json!({"type": "subscribe", "id": "s", "payload": {"channel": channel}})).await;
    }
    let payload = event_with("a", json!({"id": "e1", "calendarId": "c"}));
    ana.ask(json!({"type": "event:create", "id": "1", "payload": payload})).await;
    let channels: Vec<_> = ana.settled().await.iter().map(|message| message["channel"].clone()).collect();
    assert_eq!(channels, [json!("project:p"), json!("calendar:c")]);
    let moved = json!({"id": "e1", "projectId": "q", "calendarId": null});
    ana.send(json!({"type": "event:update", "id": "2", "payload": moved})).await;
    ana.answer("2").await;
    let told: Vec<_> = ana
        .settled()
        .await
        .iter()
        .map(|message| {
            (message["type"].clone(), message["channel"].clone(), message["payload"]["movedTo"].clone())
        })
        .collect();
    let expected = [
        ("event:created", "project:q", json!(null)),
        ("event:deleted", "project:p", json!("project:q")),
        ("event:deleted", "calendar:c", json!("project:q")),
    ];
    let expected = expected.map(|(kind, channel, to)| (json!(kind), json!(channel), to));
    assert_eq!(told, expected);
}
