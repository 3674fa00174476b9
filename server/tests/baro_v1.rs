//! `baro.v1` against the real program: greeting, exactly-once writes, resumption, crashes, the regular end.

#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod harness;

use harness::{Server, event, event_with, hello};
use serde_json::{Value, json};

fn create(seq: u64, title: &str) -> Value {
    let payload = event_with(title, json!({"id": format!("event-{title}")}));
    json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": payload})
}

fn subscribe(position: Value) -> Value {
    let mut payload = json!({"channel": "project:p"});
    for (key, value) in position.as_object().unwrap() {
        payload[key] = value.clone();
    }
    json!({"type": "subscribe", "id": "s", "payload": payload})
}

#[tokio::test]
async fn a_hello_is_welcomed_as_the_protocol_says() {
    let server = Server::start(&["--heartbeat-interval", "7000"]);
    let (mut ana, welcome) = server.hello("client-a", "ana", 0).await;
    let payload = &welcome["payload"];
    assert_eq!((&payload["version"], &payload["lastSeq"]), (&json!("baro.v1"), &json!(0)));
    assert_eq!(payload["user"]["id"], "ana");
    assert_eq!(payload["heartbeat"], json!({"interval": 7000, "timeout": 3000}));
    assert_eq!(
        payload["limits"],
        json!({"frame": 262_144, "event": 65_536, "subscriptions": 100, "window": 32})
    );
    assert!(payload["time"].as_u64().unwrap() > 1_700_000_000_000);
    ana.send(json!({"type": "ping", "id": "p"})).await;
    assert_eq!(ana.next_of("pong").await["payload"]["heads"], json!({}));
    ana.send(json!([subscribe(json!({})), create(1, "e1")])).await;
    let told = ana.next_of("ack").await;
    ana.send(json!({"type": "ping"})).await;
    let pong = ana.next_of("pong").await;
    let id = told["payload"]["id"].as_str().unwrap();
    let digest = format!("{:016x}", baro_realtime::core::model::digest_of(id, 1));
    let digests = pong["payload"]["digests"].as_object().unwrap();
    assert_eq!(digests.values().collect::<Vec<_>>(), [&json!(digest)]);
}

#[tokio::test]
async fn one_flight_is_live_after_one_round_trip() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    let mut flight = vec![hello("client-a", "ana", 0), subscribe(json!({}))];
    flight.extend((1..=20).map(|seq| create(seq, &seq.to_string())));
    ana.send(Value::Array(flight)).await;
    assert_eq!(ana.next().await["type"], "welcome");
    let subscribed = ana.next().await;
    assert_eq!((&subscribed["type"], &subscribed["payload"]["events"]), (&json!("subscribed"), &json!([])));
    assert_eq!(ana.next().await["type"], "presence");
    for seq in 1..=20 {
        let ack = ana.next_of("ack").await;
        assert_eq!((&ack["seq"], &ack["payload"]["version"]), (&json!(seq), &json!(1)));
    }
    assert_eq!(server.events("p").len(), 20);
}

#[tokio::test]
async fn a_write_is_done_once_however_often_it_comes() {
    let server = Server::start(&[]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let first = ana.ask(create(1, "a")).await;
    let gap = ana.ask(create(3, "c")).await;
    assert_eq!(
        (&gap["payload"]["code"], &gap["payload"]["details"]["expected"], &gap["payload"]["retryable"]),
        (&json!("sequence_gap"), &json!(2), &json!(true))
    );
    let refused =
        ana.ask(json!({"type": "event:update", "id": "w2", "seq": 2, "payload": {"id": "none"}})).await;
    assert_eq!(refused["payload"]["code"], "not_found");
    assert_eq!(ana.ask(create(3, "c")).await["type"], "ack");

    let (mut again, welcome) = server.hello("client-a", "ana", 0).await;
    assert_eq!(welcome["payload"]["lastSeq"], 3);
    assert_eq!(again.ask(create(1, "a")).await, first);
    let repeated =
        again.ask(json!({"type": "event:update", "id": "w2", "seq": 2, "payload": {"id": "none"}})).await;
    assert_eq!(repeated, refused);
    assert_eq!(server.events("p").len(), 2);

    let (mut eve, welcome) = server.hello("client-e", "eve", 0).await;
    assert_eq!(welcome["payload"]["lastSeq"], 0);
    let mut stolen = create(4, "x");
    stolen["client"] = json!("client-a");
    let answer = eve.ask(stolen).await;
    assert_eq!(
        (&answer["payload"]["code"], &answer["client"]),
        (&json!("client_mismatch"), &json!("client-a"))
    );
}

#[tokio::test]
async fn a_client_comes_back_to_what_it_missed() {
    let server = Server::start(&[]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let (mut ben, _) = server.hello("client-b", "ben", 0).await;
    ben.send(subscribe(json!({}))).await;
    let subscribed = ben.next_of("subscribed").await;
    let epoch = subscribed["payload"]["epoch"].clone();
    ana.ask(create(1, "a")).await;
    assert_eq!(ben.next_of("event:created").await["seq"], 1);
    drop(ben);
    for seq in 2..=4 {
        ana.ask(create(seq, &seq.to_string())).await;
    }
    let (mut ben, _) = server.hello("client-b", "ben", 0).await;
    ben.send(subscribe(json!({"epoch": epoch, "seq": 1}))).await;
    let subscribed = ben.next_of("subscribed").await;
    assert_eq!(
        (&subscribed["payload"]["recovered"], &subscribed["payload"]["seq"]),
        (&json!(true), &json!(4))
    );
    for seq in 2..=4 {
        let change = ben.next().await;
        assert_eq!((&change["type"], &change["seq"]), (&json!("event:created"), &json!(seq)));
    }
    for position in [json!({"epoch": "lost", "seq": 1}), json!({"epoch": epoch, "seq": 99})] {
        ben.send(subscribe(position)).await;
        let subscribed = ben.next_of("subscribed").await;
        assert_eq!(subscribed["payload"]["recovered"], false);
        assert_eq!(subscribed["payload"]["events"].as_array().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn a_large_channel_comes_in_parts_and_no_reader_is_taken_for_a_slow_one() {
    let server = Server::start(&[]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let long = "x".repeat(30_000);
    for batch in 0..5 {
        let from = batch * 20;
        let writes: Vec<Value> = (from + 1..=from + 20)
            .map(|seq| {
                let payload = event_with("t", json!({"id": format!("e{seq}"), "description": long}));
                json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": payload})
            })
            .collect();
        for part in writes.chunks(5) {
            ana.send(Value::Array(part.to_vec())).await;
        }
        for _ in 0..20 {
            assert_eq!(ana.next_of("ack").await["payload"]["version"], 1);
        }
    }
    let (mut ben, _) = server.hello("client-b", "ben", 0).await;
    ben.send(subscribe(json!({}))).await;
    let mut part = ben.next_of("subscribed").await;
    let mut events = part["payload"]["events"].as_array().unwrap().len();
    let mut parts = 1;
    while part["payload"]["more"] == true {
        part = ben.next_of("snapshot").await;
        events += part["payload"]["events"].as_array().unwrap().len();
        parts += 1;
    }
    assert!(events == 100 && parts > 10, "{events} events in {parts} parts");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let mut server = Server::start(&[]);
    let mut seq = 0;
    let mut acknowledged = Vec::new();
    let mut epochs = Vec::new();
    for round in 0..3 {
        let (mut ana, welcome) = server.hello("client-a", "ana", acknowledged.len() as u64).await;
        let last = welcome["payload"]["lastSeq"].as_u64().unwrap();
        assert!(last >= acknowledged.len() as u64, "acknowledged writes are lost");
        ana.send(subscribe(json!({}))).await;
        epochs.push(ana.next_of("subscribed").await["payload"]["epoch"].clone());
        // Whatever had no answer is sent again, as a client does.
        let unanswered: Vec<u64> = (acknowledged.len() as u64 + 1..=seq).collect();
        for old in unanswered {
            ana.send(create(old, &old.to_string())).await;
        }
        for _ in 0..200 {
            seq += 1;
            ana.send(create(seq, &seq.to_string())).await;
        }
        for _ in 0..100 + round * 17 {
            let ack = ana.next_of("ack").await;
            acknowledged.push(ack["payload"]["id"].as_str().unwrap().to_owned());
            assert_eq!(ack["seq"], acknowledged.len());
        }
        server = server.crash_and_restart();
        let stored: Vec<String> =
            server.events("p").iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
        assert!(acknowledged.iter().all(|id| stored.contains(id)), "acknowledged writes are lost");
        assert!(server.events("p").iter().all(|event| event["version"] == 1), "a write was done twice");
    }
    assert!(epochs.windows(2).all(|pair| pair[0] == pair[1]), "the history goes on");
}

#[tokio::test]
async fn a_regular_end_tells_when_to_come_back() {
    let mut server = Server::start(&[]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let mut plain = server.connect().await;
    ana.ask(create(1, "a")).await;
    plain.settled().await;
    server.terminate();
    assert_eq!(ana.next_of("drain").await["payload"], json!({"windowMs": 5000}));
    assert_eq!(plain.next_of("drain").await["payload"], json!({"windowMs": 5000}));
    assert_eq!((ana.close_code().await, plain.close_code().await), (1001, 1001));
    drop((ana, plain));
    assert!(server.exit().success());
}

#[tokio::test]
async fn a_second_server_on_the_same_file_sees_the_same_data() {
    let server = Server::start(&[]);
    let mut ana = server.connect().await;
    ana.ask(json!({"type": "event:create", "id": "1", "payload": event("a")})).await;
    let server = server.crash_and_restart();
    assert_eq!(server.events("p")[0]["title"], "a");
}
