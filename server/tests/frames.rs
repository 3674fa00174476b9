//! Binary and compressed frames against the real program.

#![cfg(feature = "serve")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod harness;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use harness::{Client, Seen, Server, event_with, hello};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

async fn accepting(server: &Server, user: &str, accept: Value) -> (Client, Value) {
    let mut client = server.connect().await;
    let mut hello = hello(&format!("client-{user}"), user, 0);
    hello["payload"]["accept"] = accept;
    client.send(hello).await;
    let welcome = client.next().await;
    (client, welcome["payload"]["accepted"].clone())
}

fn subscribe() -> Value {
    json!({"type": "subscribe", "id": "s", "payload": {"channel": "project:p"}})
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(vec![2], Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn changes_arrive_as_bytes_where_that_was_agreed_on_and_say_the_same() {
    let server = Server::start(&[]);
    let (mut ana, accepted) = accepting(&server, "ana", json!(["binary", "deflate-raw", "other"])).await;
    assert_eq!(accepted, json!(["binary", "deflate-raw"]));
    let (mut ben, accepted) = accepting(&server, "ben", json!(null)).await;
    assert_eq!(accepted, json!(null));
    ana.ask(subscribe()).await;
    ben.ask(subscribe()).await;
    let payload = event_with("ü", json!({"id": "e", "calendarId": "c"}));
    ben.ask(json!({"type": "event:create", "id": "w", "seq": 1, "payload": payload})).await;
    let (bytes, text) = (ana.next_of("event:created").await, ben.next_of("event:created").await);
    for key in ["type", "channel", "seq", "timestamp", "userId", "version", "payload"] {
        assert_eq!(bytes[key], text[key], "{key}");
        assert_ne!(bytes[key], json!(null), "{key}");
    }
    assert!(matches!(ana.frames.last(), Some(Seen::Binary(_))), "{:?}", ana.frames);
    assert!(ben.frames.iter().all(|frame| matches!(frame, Seen::Text(_))));
    ben.ask(json!({"type": "event:update", "id": "w", "seq": 2, "payload": {"id": "e", "title": "b"}})).await;
    assert_eq!(ana.next_of("event:updated").await["payload"]["title"], "b");
    ben.ask(json!({"type": "event:delete", "id": "w", "seq": 3, "payload": "e"})).await;
    assert_eq!(ana.next_of("event:deleted").await["payload"]["id"], "e");
}

#[tokio::test]
async fn content_and_resumption_are_compressed_and_changes_are_not() {
    let server = Server::start(&[]);
    let (mut ben, _) = server.hello("client-b", "ben", 0).await;
    for seq in 1..=500 {
        let payload = event_with(&format!("meeting {seq}"), json!({"id": format!("e{seq}")}));
        ben.send(json!({"type": "event:create", "id": "w", "seq": seq, "payload": payload})).await;
    }
    while ben.next_of("ack").await["seq"] != 500 {}
    let (mut ana, _) = accepting(&server, "ana", json!(["deflate-raw"])).await;
    let before = ana.frames.len();
    let content = ana.ask(subscribe()).await["payload"].clone();
    let mut events = content["events"].as_array().unwrap().clone();
    let mut more = content["more"] == true;
    while more {
        let part = ana.next_of("snapshot").await["payload"].clone();
        events.extend(part["events"].as_array().unwrap().iter().cloned());
        more = part["more"] == true;
    }
    assert_eq!(events.len(), 500);
    let deflated = |frame: &Seen| if let Seen::Deflated(size) = frame { *size } else { 0 };
    let size: usize = ana.frames[before..].iter().map(deflated).sum();
    assert!(size > 0 && size * 5 < json!(events).to_string().len(), "{size} {:?}", ana.frames);

    let mut position = subscribe();
    position["payload"]["epoch"] = content["epoch"].clone();
    position["payload"]["seq"] = json!(400);
    let before = ana.frames.len();
    assert_eq!(ana.ask(position).await["payload"]["recovered"], true);
    while ana.next().await["seq"] != 500 {}
    assert!(ana.frames[before..].iter().any(|frame| matches!(frame, Seen::Deflated(_))));

    let payload = event_with(&"x".repeat(5_000), json!({"id": "long"}));
    ben.ask(json!({"type": "event:create", "id": "w", "seq": 501, "payload": payload})).await;
    ana.next_of("event:created").await;
    assert!(matches!(ana.frames.last(), Some(Seen::Text(_))));
    assert!(server.metric("baro_deflated_frames_total") > 1);
    let saved =
        server.metric("baro_deflated_from_bytes_total") / server.metric("baro_deflated_to_bytes_total");
    assert!(saved >= 5, "{saved}");
    // What arrived may still be counted for a moment by the task that wrote it, but not for long.
    for _ in 0..1_000 {
        if server.metric("baro_queued_bytes") == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{} bytes wait", server.metric("baro_queued_bytes"));
}

#[tokio::test]
async fn a_client_may_compress_what_it_sends() {
    let server = Server::start(&[]);
    let (mut ana, _) = accepting(&server, "ana", json!(["deflate-raw"])).await;
    let writes: Vec<Value> = (1..=30)
        .map(|seq| {
            let payload = event_with("a", json!({"id": format!("e{seq}")}));
            json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": payload})
        })
        .collect();
    let frame = deflated(json!(writes).to_string().as_bytes());
    ana.try_send(Message::binary(frame)).await;
    assert_eq!(ana.answer("w30").await["type"], "ack");
    assert_eq!(server.events("p").len(), 30);
}

#[tokio::test]
async fn bombs_and_broken_streams_end_the_connection_that_sent_them() {
    let server = Server::start(&[]);
    let bomb = deflated(&vec![b' '; 32 * 1024 * 1024]);
    assert!(bomb.len() < 40_000);
    for (frame, code) in [
        (bomb.clone(), 1009),
        (deflated(" ".repeat(262_145).as_bytes()), 1009),
        (vec![2, 0xff, 0xff], 4400),
        (deflated(b"{}")[..3].to_vec(), 4400),
        (deflated(&[0xff, 0xfe]), 4400),
    ] {
        let (mut eve, _) = accepting(&server, "eve", json!(["deflate-raw"])).await;
        eve.try_send(Message::binary(frame)).await;
        assert_eq!(eve.close_code().await, code);
    }
    // Who did not agree on it is told so, and what came is not even looked at as a message.
    let (mut eve, _) = server.hello("client-e", "eve", 0).await;
    for frame in [bomb, deflated(br#"{"type":"ping","id":"p"}"#), vec![1, 2, 0, b'5'], vec![]] {
        eve.try_send(Message::binary(frame)).await;
        assert_eq!(eve.next().await["payload"]["code"], "bad_request");
    }
}

#[tokio::test]
async fn the_server_negotiates_no_compression_of_the_transport() {
    let server = Server::start(&[]);
    let request = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    let head = server.upgrade_head(request);
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
}
