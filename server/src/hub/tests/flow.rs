//! Greeting, subscribing, writing, fan-out.

use super::*;

#[test]
fn one_flight_is_answered_in_order_and_in_one_frame() {
    let mut world = World::open();
    world.connect(1);
    let flight = [hello("c", "ana", 0), subscribe("project:p"), create(1, "e1"), create(2, "e2")].join(",");
    world.say(1, &format!("[{flight}]"));
    assert!(world.take(1).is_empty(), "nothing before the storage has spoken");
    while let Some((ticket, job)) = world.jobs.pop_front() {
        world.jobs.push_front((ticket, job));
        world.store_one();
    }
    let types = world.take_types(1);
    let expected = ["welcome", "subscribed", "presence", "ack", "event:created", "ack", "event:created"];
    assert_eq!(types, expected);
}

#[test]
fn what_is_handled_before_a_drain_travels_in_one_frame_shared_by_all() {
    let mut world = World::open();
    (1..=3).for_each(|id| world.join(id, &format!("user-{id}")));
    world.join_plain(9, "plain");
    (1..=3).for_each(|id| drop(world.take(id)));
    let mut changes = Vec::new();
    for seq in 1..=3 {
        world.hub.handle(
            world.now,
            Input::Received { connection: ConnectionId(1), text: create(seq, &format!("e{seq}")) },
        );
    }
    while let Some(output) = world.hub.poll_output() {
        if let Output::Store { ticket, job: Job::Write(write) } = output {
            let stamp = Stamp { wall_ms: 0, event_id: String::new() };
            let result = decide(&mut world.tables, &Rules::default(), &write, &stamp);
            changes.push(Input::Decided { ticket: Some(ticket), result });
        }
    }
    for change in changes {
        world.hub.handle(world.now, change);
    }
    world.drain();
    assert_eq!(world.frames[&1].len(), 1);
    assert!(is_shared(&world.frames[&2][0], &world.frames[&3][0]), "joined once");
    assert_eq!(world.take_types(2), ["event:created"; 3]);
    assert_eq!(world.frames[&9].len(), 3, "a plain client gets one message a frame");
    assert!(world.frames[&9].iter().all(|frame| matches!(frame, Frame::Text(text) if text.starts_with('{'))));
}

#[test]
fn a_subscriber_gets_every_change_once_whatever_the_order() {
    for before in 0..4 {
        let mut world = World::open();
        world.join(1, "ana");
        world.connect(2);
        world.say_stored(2, &hello("c", "ben", 0));
        world.take(2);
        for seq in 1..=before {
            world.say(1, &create(seq, &format!("e{seq}")));
        }
        world.say(2, &subscribe("project:p"));
        for seq in before + 1..=4 {
            world.say(1, &create(seq, &format!("e{seq}")));
        }
        world.store_all();
        let messages = world.take(2);
        let snapshot = field(&messages[0], "payload");
        assert_eq!(
            (field(&messages[0], "type"), field(&snapshot, "seq")),
            ("subscribed".into(), before.to_string())
        );
        let mut ids = 0;
        each_item(&field(&snapshot, "events"), |_| ids += 1).unwrap();
        assert_eq!(ids, before);
        let seqs: Vec<String> = messages[2..].iter().map(|message| field(message, "seq")).collect();
        assert_eq!(seqs, (before + 1..=4).map(|seq| seq.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn a_position_is_answered_with_what_was_missed() {
    let mut world = World::open();
    world.join(1, "ana");
    (1..=5).for_each(|seq| world.say_stored(1, &create(seq, &format!("e{seq}"))));
    world.take(1);
    world.say_stored(
        1,
        r#"{"type":"subscribe","id":"g","payload":{"channel":"project:p","epoch":"epoch-1","seq":3}}"#,
    );
    let messages = world.take(1);
    assert_eq!(field(&field(&messages[0], "payload"), "recovered"), "true");
    assert_eq!(messages[1..].iter().map(|message| field(message, "seq")).collect::<Vec<_>>(), ["4", "5"]);
    world.say_stored(
        1,
        r#"{"type":"subscribe","id":"g","payload":{"channel":"project:p","epoch":"lost","seq":3}}"#,
    );
    assert_eq!(field(&field(&world.take(1)[0], "payload"), "recovered"), "false");
    world.say(1, r#"{"type":"ping","id":"p"}"#);
    let pong = world.take(1);
    assert_eq!(field(&field(&pong[0], "payload"), "heads"), r#"{"project:p":5}"#);
}

#[test]
fn a_large_snapshot_comes_in_parts() {
    let mut world = World::new(Mode::Open, Limits { chunk_bytes: 300, joined_bytes: 0, ..Limits::default() });
    world.connect(1);
    world.say_stored(1, &hello("c", "ana", 0));
    (1..=9).for_each(|seq| world.say_stored(1, &create(seq, &format!("e{seq}"))));
    world.take(1);
    world.connect(2);
    world.say_stored(2, &hello("d", "ben", 0));
    world.take(2);
    for id in [1, 2] {
        world.say_stored(id, &subscribe("project:p"));
    }
    assert!(is_shared(&world.frames[&1][1], &world.frames[&2][1]), "encoded once");
    let messages = world.take(1);
    let is_part = |message: &&String| ["subscribed", "snapshot"].contains(&&*field(message, "type"));
    let parts: Vec<&String> = messages.iter().filter(is_part).collect();
    let more: Vec<String> = parts.iter().map(|part| field(&field(part, "payload"), "more")).collect();
    assert!(
        parts.len() > 2
            && more.iter().rev().skip(1).all(|more| more == "true")
            && more.last().unwrap() == "false"
    );
    assert_eq!((field(parts[0], "type"), field(parts[1], "type")), ("subscribed".into(), "snapshot".into()));
    let mut events = 0;
    for part in parts {
        each_item(&field(&field(part, "payload"), "events"), |_| events += 1).unwrap();
    }
    assert_eq!(events, 9);
}

#[test]
fn large_parts_are_shared_beside_what_each_gets_for_himself() {
    let mut world = World::open();
    for id in [1, 2] {
        world.connect(id);
        world.say_stored(id, &hello(&format!("c{id}"), "ana", 0));
    }
    let long = "x".repeat(3_000);
    (1..=60).for_each(|seq| {
        world.say_stored(
            1,
            &create(seq, &format!("e{seq}")).replace("\"title\":\"", &format!("\"title\":\"{long}")),
        );
    });
    for id in [1, 2] {
        world.take(id);
        // Its own answers, before and after, do not make the parts its own.
        let flight = format!(r#"[{{"type":"ping"}},{},{{"type":"ping"}}]"#, subscribe("project:p"));
        world.say_stored(id, &flight);
    }
    let shared = |frame: &&Frame| world.frames[&2].iter().any(|other| is_shared(frame, other));
    assert!(world.frames[&1].iter().filter(shared).count() >= 5, "{}", world.frames[&1].len());
    let types = world.take_types(1);
    assert!(types.iter().filter(|kind| *kind == "snapshot").count() >= 5, "{types:?}");
}

#[test]
fn contents_of_several_channels_are_each_encoded_once() {
    let mut world = World::new(Mode::Open, Limits { chunk_bytes: 300, joined_bytes: 0, ..Limits::default() });
    for id in [1, 2] {
        world.connect(id);
        world.say_stored(id, &hello(&format!("c{id}"), "ana", 0));
    }
    for seq in 1..=9 {
        let project = if seq % 2 == 0 { "p" } else { "q" };
        let write = create(seq, &format!("e{seq}")).replace("\"p\"", &format!("\"{project}\""));
        world.say_stored(1, &write);
    }
    for id in [1, 2] {
        world.take(id);
        world.say_stored(id, &subscribe("project:p"));
        world.say_stored(id, &subscribe("project:q"));
    }
    let shared = |frame: &&Frame| world.frames[&2].iter().any(|other| is_shared(frame, other));
    let parts = world.frames[&1].iter().filter(shared).count();
    let types = world.take_types(1);
    assert_eq!(parts, types.iter().filter(|kind| *kind == "snapshot").count(), "{types:?}");
    assert_eq!(parts, 3, "{types:?}");
}

#[test]
fn an_unsubscribe_overtakes_a_load() {
    let mut world = World::open();
    world.connect(1);
    world.say_stored(1, &hello("c", "ana", 0));
    world.take(1);
    world.say(1, &subscribe("project:p"));
    world.say(1, r#"{"type":"unsubscribe","id":"u","payload":{"channel":"project:p"}}"#);
    world.store_all();
    world.say_stored(1, &create(1, "e1"));
    assert_eq!(world.take_types(1), ["ack", "ack"]);
}

#[test]
fn a_storage_that_fails_is_told_as_retryable() {
    let mut world = World::open();
    world.join(1, "ana");
    world.tables.set_failing(true);
    world.say_stored(1, &create(1, "e1"));
    let refused = world.take(1);
    assert_eq!((code(&refused[0]), field(&refused[0], "seq")), ("unavailable".into(), "1".into()));
    assert_eq!(field(&field(&refused[0], "payload"), "retryable"), "true");
    world.tables.set_failing(false);
    world.say_stored(1, &create(1, "e1"));
    assert_eq!(world.take_types(1), ["ack", "event:created"]);
}

#[test]
fn a_faulty_write_is_decided_so_that_the_next_one_passes() {
    let mut world = World::open();
    world.join(1, "ana");
    world.say_stored(1, r#"{"type":"event:update","id":"w1","seq":1,"payload":[7]}"#);
    world.say_stored(1, &create(2, "e2"));
    world.say_stored(1, r#"{"type":"event:update","id":"again","seq":1,"payload":[7]}"#);
    let messages = world.take(1);
    assert_eq!((code(&messages[0]), field(&messages[1], "type")), ("bad_request".into(), "ack".into()));
    assert_eq!((code(&messages[3]), field(&messages[3], "id")), ("bad_request".into(), "again".into()));
    world.say_stored(1, &create(9, "e9"));
    let gap = world.take(1);
    assert_eq!(field(&field(&field(&gap[0], "payload"), "details"), "expected"), "3");
}

#[test]
fn a_stream_of_another_user_is_refused_at_the_greeting() {
    let mut world = World::open();
    world.join(1, "ana");
    world.say_stored(1, &create(1, "e1"));
    world.connect(2);
    world.say_stored(2, &hello("client-1", "eve", 5));
    let answers = world.take(2);
    assert_eq!((code(&answers[0]), field(&answers[0], "id")), ("client_mismatch".into(), "h".into()));
    world.say_stored(2, &hello("client-2", "eve", 5));
    assert_eq!(field(&field(&world.take(2)[0], "payload"), "lastSeq"), "5");
}

#[test]
fn a_guest_goes_on_with_his_stream_on_the_next_connection() {
    let mut world = World::open();
    let guest = r#"{"type":"hello","id":"h","payload":{"versions":["baro.v1"],"client":"0000-abcdefgh"}}"#;
    for (id, seq) in [(1, 1), (2, 2)] {
        world.connect(id);
        world.say_stored(id, guest);
        world.say_stored(id, &create(seq, &format!("e{seq}")));
        let messages = world.take(id);
        assert_eq!(field(&field(&field(&messages[0], "payload"), "user"), "id"), "guest-abcdefgh");
        assert_eq!(field(&messages[1], "type"), "ack");
    }
}

#[test]
fn a_drain_answers_what_is_under_way_and_ends_everything() {
    let mut world = World::open();
    world.join(1, "ana");
    world.say(1, &create(1, "e1"));
    world.feed(Input::Drain { window_ms: 5_000 });
    assert_eq!(world.take(1), [r#"{"type":"drain","payload":{"windowMs":5000}}"#]);
    world.pass(300);
    assert!(world.closed.is_empty(), "the write is not decided yet");
    world.store_all();
    world.pass(300);
    assert_eq!(world.take_types(1), ["ack", "event:created"]);
    assert_eq!(world.closed.get(&1), Some(&1001));
    assert!(world.hub.is_drained());
    world.connect(2);
    assert_eq!(world.closed.get(&2), Some(&1001));
}

#[test]
fn streams_left_behind_go_on_and_writes_can_be_given_up() {
    let mut world = World::open();
    world.connect(1);
    let streams = r#""streams":[{"client":"old","acked":7}],"client""#;
    world.say_stored(1, &hello("c", "ana", 0).replace("\"client\"", streams));
    let of_old = |seq| create(seq, &format!("e{seq}")).replace("\"seq\"", "\"client\":\"old\",\"seq\"");
    world.say_stored(1, &of_old(8));
    world.say_stored(1, r#"{"type":"skip","id":"k","seq":1}"#);
    world.say_stored(1, &create(2, "e2"));
    let messages = world.take(1);
    let types: Vec<String> = messages.iter().map(|message| field(message, "type")).collect();
    assert_eq!(types, ["welcome", "ack", "ack", "ack"]);
    assert_eq!((field(&messages[1], "client"), field(&messages[2], "seq")), ("old".into(), "1".into()));
    world.say_stored(1, r#"{"type":"skip","id":"k"}"#);
    assert_eq!(code(&world.take(1)[0]), "bad_request");
    for bad in ["7", "[7]", r#"[{"acked":1}]"#, r#"[{"client":"x","acked":-1}]"#] {
        world.say_stored(
            1,
            &hello("c", "ana", 0).replace("\"client\"", &format!("\"streams\":{bad},\"client\"")),
        );
        assert_eq!(code(&world.take(1)[0]), "bad_request", "{bad}");
    }
    assert_eq!(world.hub.gauges().jobs, 0);
}
