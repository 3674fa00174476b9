//! Peers that hold, flood or break, and those beside them, who must not notice.

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
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::{Client, Server, event, event_with};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

fn open(server: &Server, first: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    stream.write_all(first).unwrap();
    stream
}

/// Waits for the server to end a connection, whatever it says before.
fn wait_for_end(stream: &mut TcpStream) {
    let mut rest = [0; 4096];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return,
            Ok(_) => {}
            Err(fault) if fault.kind() == std::io::ErrorKind::ConnectionReset => return,
            Err(fault) => panic!("not ended: {fault}"),
        }
    }
}

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::test]
async fn connections_that_are_only_held_end_and_nobody_waits_for_them() {
    let server = Server::start(&[]);
    let kinds: [&[u8]; 5] = [
        b"",
        b"GET",
        b"GET /ws HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /poll/send HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
        b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    ];
    let mut held: Vec<TcpStream> = (0..300).map(|at| open(&server, kinds[at % kinds.len()])).collect();
    // One that was answered and is kept open without a further request.
    held.push(open(&server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let dribbler = {
        let mut stream = held[2].try_clone().unwrap();
        std::thread::spawn(move || {
            // A byte now and then does not count as a request.
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(300));
            }
        })
    };
    for seq in 1..=50 {
        let write =
            json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": event("a")});
        assert_eq!(ana.ask(write).await["type"], "ack");
    }
    held.iter_mut().for_each(wait_for_end);
    dribbler.join().unwrap();
    assert_eq!(server.metric("baro_connections"), 1);
}

#[tokio::test]
async fn a_peer_that_never_reads_an_answer_is_cut_off() {
    let server = Server::start(&["--write-timeout", "1000"]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let long = "x".repeat(60_000);
    for seq in 1..=150 {
        let payload = event_with("a", json!({"description": long}));
        let write = json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": payload});
        assert_eq!(ana.ask(write).await["type"], "ack");
    }
    // 9 MB: more than the buffers of both ends hold. What comes first shows that the answer began.
    let mut lazy = open(&server, b"GET /api/events?projectId=p HTTP/1.1\r\nHost: x\r\n\r\n");
    lazy.read_exact(&mut [0; 12]).unwrap();
    let mut idle = Client::open(&format!("ws://{}/ws", server.address), &[]).await.unwrap();
    idle.send(harness::hello("client-i", "ida", 0)).await;
    idle.send(json!({"type": "subscribe", "id": "s", "payload": {"channel": "project:p"}})).await;
    let started = Instant::now();
    while server.metric("baro_connections") > 1 || server.metric("baro_queued_bytes") > 0 {
        assert!(started.elapsed() < Duration::from_secs(30), "still held");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut got = 0;
    let mut rest = vec![0; 65_536];
    while let Ok(count @ 1..) = lazy.read(&mut rest) {
        got += count;
    }
    assert!(got < 9_000_000, "all of it arrived: {got}");
}

/// A frame of a client, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => bytes.push(0x80 | length as u8),
        Ok(length) => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// The code of the close frame with which an answer ends.
fn close_code(stream: &mut TcpStream) -> u16 {
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    let is_close = |bytes: &[u8]| bytes[0] == 0x88 && (2..126).contains(&bytes[1]);
    let at = answer.windows(4).rposition(is_close);
    let at = at.unwrap_or_else(|| panic!("no close frame in {answer:?}, {end:?}"));
    u16::from_be_bytes([answer[at + 2], answer[at + 3]])
}

#[tokio::test]
async fn fragments_count_together_and_take_no_more_memory_than_their_bytes() {
    let server = Server::start(&[]);
    let upgraded = || {
        let mut stream = open(&server, UPGRADE.as_bytes());
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream
    };
    let before = server.resident_kib();
    let mut held: Vec<TcpStream> = (0..10).map(|_| upgraded()).collect();
    let small: Vec<u8> = (0..100_000).flat_map(|_| frame(0x00, b" ")).collect();
    for stream in &mut held {
        stream.write_all(&frame(0x01, b" ")).unwrap();
        stream.write_all(&small).unwrap();
    }
    // The server has read all of it when it answers what came last on each connection.
    for stream in &mut held {
        stream.write_all(&frame(0x89, b"p")).unwrap();
        let mut pong = [0; 3];
        stream.read_exact(&mut pong).unwrap();
        assert_eq!(pong, [0x8a, 1, b'p']);
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 10 * 1024, "{grown} KiB for 10 messages of 100 KB");
    let stream = &mut held[0];
    let most = vec![b' '; 65_536];
    for _ in 0..3 {
        // It may be closed before all of it is written.
        let _sent = stream.write_all(&frame(0x00, &most));
    }
    assert_eq!(close_code(stream), 1009);

    // Nothing is waited for of a frame that says that it is going to be too long.
    let mut huge = upgraded();
    huge.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]).unwrap();
    assert_eq!(close_code(&mut huge), 1009);
    for broken in [
        &[0x81_u8, 0x01, b'x'][..],
        &frame(0xc1, b"{}"),
        &frame(0x00, b"{}"),
        &frame(0x83, b"{}"),
        &frame(0x89, &[b'p'; 126]),
    ] {
        let mut stream = upgraded();
        stream.write_all(broken).unwrap();
        assert_eq!(close_code(&mut stream), 1002, "{broken:?}");
    }
}

#[tokio::test]
async fn a_flood_ends_itself_and_others_are_served_meanwhile() {
    let server = Server::start(&[]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let (mut eve, _) = server.hello("client-e", "eve", 0).await;
    let flood = tokio::spawn(async move {
        let pings = format!("[{}]", vec![r#"{"type":"ping"}"#; 1_000].join(","));
        for _ in 0..40 {
            eve.try_send(Message::text(pings.clone())).await;
        }
        eve.close_code().await
    });
    for seq in 1..=100 {
        let write =
            json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": event("a")});
        assert_eq!(ana.ask(write).await["type"], "ack");
    }
    assert_eq!(flood.await.unwrap(), 4429);
    assert!(server.metric("baro_rate_limited_total") > 5_000);
    assert_eq!(server.events("p").len(), 100);
}

#[tokio::test]
async fn large_frames_that_pour_in_are_answered_and_others_are_served() {
    let server = Server::start(&[]);
    let (mut ana, _) = server.hello("client-a", "ana", 0).await;
    let mut floods = Vec::new();
    for at in 0..6 {
        let mut eve = server.connect().await;
        floods.push(tokio::spawn(async move {
            // Valid, large, and answered by nothing but a pong.
            let ping = format!(r#"{{"type":"ping","id":"{at}","payload":"{}"}}"#, "x".repeat(260_000));
            for _ in 0..40 {
                eve.try_send(Message::text(ping.clone())).await;
            }
            for _ in 0..40 {
                assert_eq!(eve.next().await["type"], "pong");
            }
        }));
    }
    for seq in 1..=20 {
        let write =
            json!({"type": "event:create", "id": format!("w{seq}"), "seq": seq, "payload": event("a")});
        assert_eq!(ana.ask(write).await["type"], "ack");
    }
    for flood in floods {
        flood.await.unwrap();
    }
}

#[tokio::test]
async fn an_address_that_opens_too_many_connections_is_turned_away_until_it_closes_some() {
    let server = Server::start(&["--connections-per-ip", "5"]);
    let mut held: Vec<TcpStream> = (0..5).map(|_| open(&server, b"")).collect();
    let mut refused = TcpStream::connect(server.address).unwrap();
    let mut answer = String::new();
    let _end = refused.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("Retry-After"), "{answer}");
    held.truncate(1);
    let started = Instant::now();
    // The server has to notice first that they are closed.
    while server.http("GET", "/healthz", &[], "").status != 200 {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert!(server.metric("baro_refused_total{what=\"connection\"}") > 0);
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_to_wait() {
    let server = Server::start(&["--handshakes-per-ip", "2", "--requests-per-ip", "2"]);
    let statuses = |method: &str, path: &str| -> Vec<u16> {
        (0..40).map(|_| server.http(method, path, &[], "").status).collect()
    };
    for (method, path, fine) in
        [("POST", "/poll/open", 200), ("GET", "/api/events", 200), ("GET", "/ws", 426)]
    {
        let answers = statuses(method, path);
        if path != "/ws" {
            assert_eq!(answers.first(), Some(&fine), "{path}");
        }
        assert!(answers.iter().all(|status| [fine, 429].contains(status)), "{path} {answers:?}");
        assert!(answers.contains(&429), "{path}");
    }
    let refused = server.http("GET", "/api/events", &[], "").json();
    assert_eq!((&refused["code"], &refused["retryable"]), (&json!("rate_limited"), &json!(true)));
    // What is no request of this kind is not counted.
    assert_eq!(server.http("GET", "/healthz", &[], "").status, 200);
}

#[tokio::test]
async fn a_user_who_opens_too_many_connections_keeps_those_that_he_has() {
    let server = Server::start(&["--connections-per-user", "2"]);
    let (mut first, _) = server.hello("client-1", "ana", 0).await;
    let (mut second, _) = server.hello("client-2", "ana", 0).await;
    let mut third = server.connect().await;
    third.send(harness::hello("client-3", "ana", 0)).await;
    assert_eq!(third.close_code().await, 4429);
    for held in [&mut first, &mut second] {
        assert_eq!(held.ask(json!({"type": "ping", "id": "p"})).await["type"], "pong");
    }
    server.hello("client-4", "ben", 0).await;
    assert_eq!(server.metric("baro_user_connections_refused_total"), 1);
}
