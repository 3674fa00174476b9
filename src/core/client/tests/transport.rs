//! Polling in place of a WebSocket, and back.

use super::*;
use crate::core::config::TokenPlacement;
use crate::core::offline::{POLLING_KEY, Table, encode_polling};
use crate::core::transport::{POLLING_FIRST_MS, Transport};

/// The pipes that were opened, with what carries them and where they lead.
fn opened(bench: &Bench) -> Vec<(PipeId, Transport, String, Vec<String>)> {
    let open = |effect: &Effect| match effect {
        Effect::OpenPipe { pipe, transport, url, protocols } => {
            Some((*pipe, *transport, url.clone(), protocols.clone()))
        }
        _ => None,
    };
    bench.effects.iter().filter_map(open).collect()
}

/// Connected over polling, as its WebSocket was refused.
fn polling(change: impl FnOnce(&mut Config)) -> Bench {
    let mut bench = Bench::with(change);
    bench.call(Call::Connect);
    bench.lose(1006);
    bench.open();
    bench.hear(WELCOME);
    bench
}

/// Waits until a WebSocket is tried, with a server that answers pings meanwhile.
fn until_try(bench: &mut Bench, polling: PipeId) {
    while bench.pipe == polling {
        bench.wait(1_000);
        if bench.pipe == polling {
            bench.hear(r#"{"type":"pong","payload":{"time":1}}"#);
        }
    }
}

#[test]
fn the_secret_is_in_no_address_of_polling_and_in_its_first_message() {
    for placement in [TokenPlacement::Message, TokenPlacement::Query, TokenPlacement::Subprotocol] {
        let mut bench = polling(|config| {
            config.token = Some("secret".to_owned());
            config.placement = placement;
            config.protocols = vec!["chat".to_owned()];
        });
        let [(_, Transport::WebSocket, ..), (_, Transport::Polling, url, protocols)] = &opened(&bench)[..]
        else {
            panic!("{:?}", opened(&bench))
        };
        assert_eq!((url.as_str(), protocols.len()), ("http://host/poll", 0));
        let (auth, hello) = (bench.sent[0].clone(), bench.sent[1].clone());
        assert!(auth.contains(r#""type":"auth""#) && auth.contains("secret"), "{auth}");
        assert!(hello.contains(r#""type":"hello""#) && !hello.contains("accept"), "{hello}");
        assert_eq!(bench.client.state().name(), "connected");
        bench.call(Call::Disconnect);
        assert!(matches!(bench.effects.last(), Some(Effect::ClosePipe(PipeId(2), 1000, _))));
    }
}

#[test]
fn the_way_back_to_a_websocket_loses_and_doubles_nothing() {
    let mut bench = polling(|_| {});
    bench.subscribe("p", 7, "");
    bench.call(Call::Connect);
    let old = bench.pipe;
    until_try(&mut bench, old);
    let new = bench.pipe;
    bench.events.clear();
    bench.sent.clear();
    bench.open();
    assert_eq!(bench.sent_types(), ["ping"], "nothing but a question");
    // Until the answer, everything goes the old way.
    let (id, _, confirmed) = bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.sent_types(), ["event:create"]);
    bench.hear(r#"{"type":"pong","payload":{"time":1}}"#);
    bench.wait(500);
    assert!(
        !bench.effects.contains(&Effect::ClosePipe(old, 1000, "moved to a WebSocket")),
        "an answer is due"
    );
    bench.give(Input::Pipe(old, PipeEvent::Text(&ack(1, &id, 1, "Stand-up"))));
    bench.give(Input::Pipe(old, PipeEvent::Text(&change(8, &id, 1, "Stand-up"))));
    bench.wait(200);
    assert_eq!(bench.effects.last(), Some(&Effect::ClosePipe(old, 1000, "moved to a WebSocket")));
    assert_eq!(bench.frames_of(new), ["ping", "hello+subscribe"]);
    let subscribe = bench.sent.last().cloned().unwrap();
    assert!(subscribe.contains(r#""epoch":"e","seq":8"#), "{subscribe}");
    assert!(bench.outcome(confirmed).is_some());
    let told = |event: &Event| {
        matches!(
            event,
            Event::StateChanged(..) | Event::Connected | Event::Disconnected(..) | Event::Error(_)
        )
    };
    assert!(!bench.events.iter().any(told), "{:?}", bench.events);
    bench.sent.clear();
    bench.give(Input::Pipe(old, PipeEvent::Text(&change(9, &id, 2, "late"))));
    bench.hear(WELCOME);
    bench.hear(&change(9, &id, 2, "Daily"));
    assert_eq!(bench.title(&id).as_deref(), Some("Daily"));
    assert_eq!(bench.client.metrics().duplicates, 0);
}

#[test]
fn what_is_written_while_the_connection_moves_is_sent_once_on_the_websocket() {
    let mut bench = polling(|_| {});
    let old = bench.pipe;
    until_try(&mut bench, old);
    bench.open();
    let new = bench.pipe;
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(r#"{"type":"pong","payload":{"time":1}}"#);
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    bench.give(Input::Pipe(old, PipeEvent::Text(&ack(1, &id, 1, "Stand-up"))));
    bench.wait(50);
    assert_eq!(bench.frames_of(new), ["ping", "hello+event:create"]);
    let writes = bench.framed.iter().filter(|(_, types)| types.contains("event:create")).count();
    assert_eq!((writes, bench.client.pending().count()), (2, 1));
}

#[test]
fn a_write_without_an_answer_goes_along_to_the_websocket() {
    let mut bench = polling(|_| {});
    let old = bench.pipe;
    until_try(&mut bench, old);
    bench.open();
    let (id, _, confirmed) = bench.write(Call::Create(EVENT.to_owned()));
    bench.sent.clear();
    bench.hear(r#"{"type":"pong","payload":{"time":1}}"#);
    bench.wait(2_500);
    assert_eq!(bench.sent_types().last().map(String::as_str), Some("event:create"));
    bench.hear(WELCOME);
    bench.hear(&ack(1, &id, 1, "Stand-up"));
    assert!(matches!(bench.outcome(confirmed), Some(Outcome::Value(_))));
}

#[test]
fn what_is_said_while_the_connection_moves_is_said_before() {
    let mut bench = polling(|_| {});
    let old = bench.pipe;
    until_try(&mut bench, old);
    bench.open();
    let new = bench.pipe;
    bench.input(Input::Pipe(new, PipeEvent::Text(r#"{"type":"pong","payload":{"time":1}}"#))).unwrap();
    let typing = r#"{"elementId":"t","isTyping":true}"#.to_owned();
    bench.input(Input::Call(Call::Presence("user:typing", typing))).unwrap();
    bench.settle();
    assert_eq!(bench.frames_of(old).last().map(String::as_str), Some("user:typing"));
    assert_eq!(bench.frames_of(new), ["ping", "hello"]);
}

#[test]
fn the_next_program_begins_with_what_worked() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.call(Call::Connect);
    bench.lose(1006);
    bench.open();
    bench.hear(WELCOME);
    for _ in 0..2 {
        let old = opened(&bench)
            .iter()
            .rev()
            .find(|(_, transport, ..)| *transport == Transport::Polling)
            .unwrap()
            .0;
        bench.pipe = old;
        until_try(&mut bench, old);
        bench.lose(1006);
        bench.pipe = old;
    }
    let until_ms = bench.now().wall_ms + POLLING_FIRST_MS;
    let row = Row { table: Table::Meta, key: POLLING_KEY.to_owned(), value: encode_polling(until_ms) };
    let (_, ops) = bench.commits.last().unwrap();
    assert_eq!(ops, &[StorageOp::Put(row.clone())]);

    let mut next = Bench::durable();
    next.ms = bench.ms;
    next.store(StorageEvent::Loaded(vec![row]));
    next.call(Call::Connect);
    assert_eq!(opened(&next)[0].1, Transport::Polling);
    next.open();
    next.hear(WELCOME);
    let old = next.pipe;
    until_try(&mut next, old);
    assert!(next.ms >= bench.ms + POLLING_FIRST_MS, "not before the half hour is over");
    next.open();
    next.hear(r#"{"type":"pong","payload":{"time":1}}"#);
    next.hear(WELCOME);
    let (_, ops) = next.commits.last().unwrap();
    assert_eq!(ops, &[StorageOp::Delete(Table::Meta, POLLING_KEY.to_owned())]);
}
