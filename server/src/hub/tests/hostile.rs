//! Clients that are broken, or mean it.

use baro_realtime::core::rng::Rng;

use super::*;

#[test]
fn too_many_faults_end_a_connection() {
    let mut world = World::open();
    world.connect(1);
    for text in ["", "{", "nonsense", "[1,2]", "{\"type\":[]}", "\u{feff}{}", "[]", "null", "\"x\"", "[[]]"] {
        world.say(1, text);
    }
    assert_eq!(world.closed.get(&1), None);
    (0..20).for_each(|_| {
        world.feed(Input::ReceivedBinary { connection: ConnectionId(1), content: Unpacked::Unknown });
    });
    assert_eq!(world.closed.get(&1), Some(&4400));
    assert!(world.take(1).iter().all(|message| code(message) == "bad_request"));
}

#[test]
fn unknown_types_are_no_fault() {
    let mut world = World::open();
    world.connect(1);
    (0..100).for_each(|_| world.say(1, r#"{"type":"lineup:moved","id":"x","payload":1}"#));
    assert_eq!(world.closed.get(&1), None);
    assert_eq!(code(&world.take(1)[99]), "unknown_type");
}

#[test]
fn depth_and_size_are_bounded() {
    let mut world = World::open();
    world.connect(1);
    let deep = format!(r#"{{"type":"ping","payload":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    world.say(1, &deep);
    assert_eq!(code(&world.take(1)[0]), "bad_request");
    world.say(1, &"x".repeat(300_000));
    assert_eq!(world.closed.get(&1), Some(&1009));
}

#[test]
fn subscriptions_are_bounded_and_leave_nothing() {
    let mut world = World::open();
    world.connect(1);
    world.say_stored(1, &hello("c", "ana", 0));
    world.take(1);
    for at in 0..101 {
        world.say(1, &subscribe(&format!("lineup:{at}")));
    }
    world.store_all();
    let refused = world.take(1).into_iter().find(|message| field(message, "type") == "error").unwrap();
    assert_eq!(field(&field(&field(&refused, "payload"), "details"), "limit"), "subscriptions");
    assert_eq!(world.hub.gauges().channels, 100);
    world.hang_up(1);
    world.pass(100_000);
    let gauges = world.hub.gauges();
    assert_eq!((gauges.connections, gauges.channels, gauges.users, gauges.jobs), (0, 0, 0, 0));
    assert_eq!(world.hub.poll_timeout(), None);
}

#[test]
fn a_flood_is_slowed_and_presence_is_dropped() {
    let mut world = World::open();
    world.join(1, "ana");
    world.join(2, "ben");
    (1..=2).for_each(|id| drop(world.take(id)));
    (0..3_000).for_each(|_| world.say(1, r#"{"type":"ping","id":"p"}"#));
    let answers = world.take_types(1);
    assert!((1_900..=2_000).contains(&answers.iter().filter(|kind| *kind == "pong").count()));
    (0..3_000)
        .for_each(|_| world.say(1, r#"{"type":"user:typing","payload":{"elementId":"t","isTyping":true}}"#));
    assert_eq!((world.take(2).len(), world.take(1).len()), (100, 0));
    // Writes are bounded by how many are not answered, so an orderly queue of any length passes.
    for seq in 1..=600 {
        world.say(1, &create(seq, &format!("e{seq}")));
    }
    assert_eq!((world.jobs.len(), code(&world.take(1)[0])), (512, "rate_limited".into()));
    world.store_all();
    world.take(1);
    for seq in 513..=3_000 {
        world.say_stored(1, &create(seq, &format!("e{seq}")));
    }
    assert!(world.take(1).iter().all(|message| field(message, "type") != "error"));
}

#[test]
fn silence_ends_a_connection() {
    let mut world = World::open();
    for id in [1, 2] {
        world.connect(id);
        world.say(id, r#"{"type":"ping"}"#);
    }
    world.pass(60_000);
    world.say(2, r#"{"type":"ping"}"#);
    world.pass(30_001);
    assert_eq!((world.closed.get(&1), world.closed.get(&2)), (Some(&1001), None));
    world.feed(Input::Overflowed { connection: ConnectionId(2) });
    assert_eq!(world.closed.get(&2), Some(&4429));
}

#[test]
fn who_never_says_anything_is_closed_before_who_is_only_silent() {
    let mut world = World::open();
    for id in [1, 2, 3] {
        world.connect(id);
    }
    world.say(2, r#"{"type":"ping"}"#);
    world.feed(Input::Heard { connection: ConnectionId(3) });
    world.pass(45_000);
    assert_eq!(world.closed.iter().collect::<Vec<_>>(), [(&1, &4408)]);
}

#[test]
fn a_user_has_so_many_connections_and_gets_them_back() {
    let mut world = World::open();
    for id in 1..=100 {
        world.join(id, "ana");
    }
    world.connect(101);
    world.say_stored(101, &hello("client-101", "ana", 0));
    assert_eq!((world.take_types(101).len(), world.closed.get(&101)), (0, Some(&4429)));
    world.join(102, "ben");
    world.hang_up(7);
    world.connect(103);
    world.say_stored(103, &hello("client-103", "ana", 0));
    assert_eq!((world.take_types(103), world.closed.get(&103)), (vec!["welcome".to_owned()], None));
}

#[test]
fn more_connections_do_not_give_a_user_more_messages() {
    let mut world = World::open();
    for id in 1..=4 {
        world.join(id, "ana");
    }
    world.join(9, "ben");
    let mut refused = 0;
    for id in 1..=4 {
        for _ in 0..1_500 {
            world.say(id, r#"{"type":"ping"}"#);
        }
        refused += world.take_types(id).iter().filter(|kind| *kind == "error").count();
    }
    // 6,000 come at once, each connection within its own 2,000; 4,000 pass but for those of joining.
    assert!((2_000..2_020).contains(&refused), "{refused}");
    assert_eq!(world.hub.counters().rate_limited, refused as u64);
    world.say(9, r#"{"type":"ping"}"#);
    assert_eq!(world.take_types(9), ["pong"]);
}

#[test]
fn no_input_makes_it_panic() {
    let seeds = [
        hello("c", "ana", 3),
        auth("ana:p"),
        subscribe("project:p"),
        create(1, "e1"),
        cursor(3),
        r#"{"type":"event:update","id":"u","seq":2,"client":"c","payload":{"id":"e1","projectId":"q"}}"#
            .to_owned(),
        r#"{"type":"user:selection","payload":{"elementId":"e","selection":null}}"#.to_owned(),
        r#"[{"type":"event:delete","payload":"e1"},{"type":"user:editing","payload":null}]"#.to_owned(),
    ];
    for mode in [Mode::Open, Mode::SignedIn] {
        let mut world = World::new(mode, Limits { faults: 50, ..Limits::default() });
        let mut rng = Rng::from_number(7);
        for round in 0..4_000_u64 {
            let id = 1 + rng.next_u64() % 5;
            world.connect(round + 10);
            world.hang_up(round + 10);
            if round % 7 == 0 || world.closed.remove(&id).is_some() {
                world.hang_up(id);
                world.connect(id);
            }
            let pick = |number: u64, length: usize| usize::try_from(number).unwrap_or(0) % length.max(1);
            let mut bytes = seeds[pick(rng.next_u64() >> 8, seeds.len())].clone().into_bytes();
            for _ in 0..rng.next_u64() % 4 {
                let at = pick(rng.next_u64() >> 8, bytes.len());
                match rng.next_u64() % 4 {
                    0 => bytes[at] = b"{}[]\",:0-\\n"[pick(rng.next_u64() >> 8, 11)],
                    1 => drop(bytes.remove(at)),
                    2 => bytes.truncate(at),
                    _ => bytes.insert(at, b"\"9e{[,\x00\xc3"[pick(rng.next_u64() >> 8, 8)]),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            world.say(id, &String::from_utf8_lossy(&bytes));
            if rng.next_u64().is_multiple_of(3) {
                world.store_one();
            }
            world.pass(rng.next_u64() % 200);
        }
        world.store_all();
        assert_eq!(world.hub.gauges().jobs, 0);
    }
}
