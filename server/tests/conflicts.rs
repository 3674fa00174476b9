//! Writes that say what they were made on, against the real program: socket and HTTP, and after a restart.

#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod harness;

use harness::{Server, event_with};
use serde_json::{Value, json};

const ENVELOPED: (&str, &str) = ("Content-Type", "application/vnd.baro.write+json");

fn update(seq: u64, changes: Value, strategy: &str, saw: Value) -> Value {
    let mut payload = json!({"id": "e"});
    for (key, value) in changes.as_object().unwrap() {
        payload[key] = value.clone();
    }
    let on = json!({"strategy": strategy, "saw": saw});
    json!({"type": "event:update", "id": format!("w{seq}"), "seq": seq, "payload": payload, "on": on})
}

#[tokio::test]
async fn two_who_changed_one_event_are_merged_and_told_what_gave_way() {
    let server = Server::start(&[]);
    let event = event_with("Plan", json!({"id": "e", "location": "red"})).to_string();
    server.http("POST", "/api/events", &[], &event);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let (mut ben, _) = server.hello("client-b", "ben", 0).await;
    let (red, blue) = (json!({"location": "red"}), json!({"location": "blue"}));
    assert_eq!(ana.ask(update(1, blue, "merge", red.clone())).await.get("merged"), None);
    let both = ben.ask(update(1, json!({"location": "green", "color": "here"}), "merge", red)).await;
    let stored = &both["payload"];
    assert_eq!((&stored["location"], &stored["color"]), (&json!("blue"), &json!("here")));
    assert_eq!(both["merged"]["conflicts"], json!(["location"]));
    assert_eq!(both["merged"]["dropped"][0]["value"], "green");
    assert_eq!(
        (&both["merged"]["theirs"]["location"], &both["merged"]["theirs"]["version"]),
        (&json!("blue"), &json!(2))
    );
}

#[tokio::test]
async fn what_was_dropped_and_what_was_refused_is_told_again_after_a_restart() {
    let server = Server::start(&[]);
    let event = event_with("Plan", json!({"id": "e", "location": "blue"})).to_string();
    server.http("POST", "/api/events", &[], &event);
    let dropped = update(1, json!({"location": "green"}), "merge", json!({"location": "red"}));
    let refused = update(2, json!({"location": "green"}), "manual", json!({"location": "red"}));
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let before = (ana.ask(dropped.clone()).await, ana.ask(refused.clone()).await);
    assert_eq!(before.1["payload"]["code"], "conflict");
    assert_eq!(before.1["payload"]["details"]["fields"], json!(["location"]));
    assert_eq!(before.1["payload"]["details"]["event"]["location"], "blue");
    let server = server.crash_and_restart();
    let (mut ana, welcome) = server.hello("client-a", "ana", 0).await;
    assert_eq!(welcome["payload"]["lastSeq"], 2);
    assert_eq!((ana.ask(dropped).await, ana.ask(refused).await), before);
}

#[tokio::test]
async fn an_update_brings_back_what_was_deleted_even_before_a_restart() {
    let server = Server::start(&[]);
    let event = event_with("Plan", json!({"id": "e", "own": [1]})).to_string();
    server.http("POST", "/api/events", &[], &event);
    assert_eq!(server.http("DELETE", "/api/events/e", &[], "").status, 204);
    let server = server.crash_and_restart();
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let back = ana.ask(update(1, json!({"title": "New plan"}), "merge", json!({"title": "Plan"}))).await;
    assert_eq!((&back["payload"]["title"], &back["payload"]["own"]), (&json!("New plan"), &json!([1])));
    assert_eq!((&back["payload"]["version"], &back["merged"]["theirs"]), (&json!(3), &Value::Null));
    assert_eq!(server.events("p").len(), 1);
}

#[tokio::test]
async fn what_is_not_understood_of_it_is_refused_with_its_name() {
    let server = Server::start(&[]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    for (seq, on, field) in [
        (1, json!("merge"), "on"),
        (2, json!({"saw": {}}), "on.strategy"),
        (3, json!({"strategy": "best", "saw": {}}), "on.strategy"),
        (4, json!({"strategy": "merge", "saw": []}), "on.saw"),
        (5, json!({"strategy": "merge"}), "on.saw"),
    ] {
        let mut write = update(seq, json!({"title": "x"}), "merge", json!({}));
        write["on"] = on;
        let answer = ana.ask(write).await;
        assert_eq!(answer["payload"]["code"], "bad_request", "{answer}");
        assert_eq!(answer["payload"]["details"]["field"], field);
    }
}

#[tokio::test]
async fn http_takes_and_answers_the_same() {
    let server = Server::start(&[]);
    let event = event_with("Plan", json!({"id": "e", "location": "blue"}));
    let created = server.http("POST", "/api/events", &[ENVELOPED], &json!({"payload": event}).to_string());
    assert_eq!((created.status, &created.json()["payload"]["version"]), (201, &json!(1)));
    let body = |strategy: &str| {
        let on = json!({"strategy": strategy, "saw": {"location": "red"}});
        json!({"payload": {"location": "green", "color": "here"}, "on": on}).to_string()
    };
    let key = ("Idempotency-Key", "client-a:1");
    for _ in 0..2 {
        let refused = server.http("PUT", "/api/events/e", &[ENVELOPED, key], &body("first_write_wins"));
        assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("conflict")));
        assert_eq!(refused.json()["details"]["event"]["location"], "blue");
    }
    let key = ("Idempotency-Key", "client-a:2");
    for _ in 0..2 {
        let merged = server.http("PUT", "/api/events/e", &[ENVELOPED, key], &body("merge"));
        let answer = merged.json();
        assert_eq!((merged.status, &answer["payload"]["color"]), (200, &json!("here")));
        assert_eq!(answer["merged"]["dropped"][0]["value"], "green");
    }
    // A deletion of what its author saw otherwise is not done.
    let on = json!({"on": {"strategy": "merge", "saw": {"title": "Old plan"}}}).to_string();
    let kept = server.http("DELETE", "/api/events/e", &[ENVELOPED], &on);
    assert_eq!((kept.status, &kept.json()["payload"]["title"]), (200, &json!("Plan")));
    let whole = json!({"on": {"strategy": "merge", "saw": kept.json()["payload"]}}).to_string();
    let gone = server.http("DELETE", "/api/events/e", &[ENVELOPED], &whole);
    assert_eq!((gone.status, &gone.json()["payload"]["deleted"]), (200, &json!(true)));
    assert_eq!(server.http("PUT", "/api/events/e", &[ENVELOPED], "{\"payload\":[]}").status, 400);
}
