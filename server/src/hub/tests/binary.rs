//! Frames beyond plain text.

use super::*;

/// A greeted connection that reads what `accept` lists, subscribed to `project:p`.
fn join(world: &mut World, id: u64, user: &str, accept: &str) -> String {
    world.connect(id);
    let hello = hello(&format!("client-{id}"), user, 0);
    let hello = hello.replace("\"versions\"", &format!("\"accept\":{accept},\"versions\""));
    world.say_stored(id, &hello);
    let welcome = world.take(id).remove(0);
    world.say_stored(id, &subscribe("project:p"));
    world.take(id);
    field(&field(&welcome, "payload"), "accepted")
}

fn is_binary(frames: &[Frame]) -> Vec<bool> {
    frames.iter().map(|frame| matches!(frame, Frame::Binary(_))).collect()
}

#[test]
fn the_welcome_repeats_what_is_going_to_be_used() {
    let mut world = World::open();
    assert_eq!(
        join(&mut world, 1, "ana", r#"["binary","zstd","deflate-raw"]"#),
        r#"["binary","deflate-raw"]"#
    );
    assert_eq!(join(&mut world, 2, "ana", r#"["deflate-raw"]"#), r#"["deflate-raw"]"#);
    assert_eq!(join(&mut world, 3, "ana", "[]"), "[]");
    assert_eq!(join(&mut world, 4, "ana", "null"), "");
    world.feed(Input::Opened { connection: ConnectionId(5), token: None, binary: false });
    let hello = hello("client-5", "ana", 0).replace("\"versions\"", r#""accept":["binary"],"versions""#);
    world.say_stored(5, &hello);
    assert_eq!(field(&field(&world.take(5)[0], "payload"), "accepted"), "[]");
}

#[test]
fn a_change_is_encoded_once_and_says_the_same_in_both_forms() {
    let mut world = World::open();
    for (id, accept) in [(1, "[]"), (2, r#"["binary"]"#), (3, r#"["binary"]"#), (4, "[]")] {
        join(&mut world, id, &format!("user-{id}"), accept);
    }
    (1..=4).for_each(|id| drop(world.take(id)));
    world.say_stored(1, &create(1, "e1"));
    assert_eq!(is_binary(&world.frames[&2]), [true]);
    assert!(is_shared(&world.frames[&2][0], &world.frames[&3][0]), "encoded once");
    assert_eq!(is_binary(&world.frames[&4]), [false]);
    let (text, binary) = (world.take(4).remove(0), world.take(2).remove(0));
    for key in ["type", "channel", "seq", "timestamp", "userId", "version", "payload"] {
        assert_eq!(field(&text, key), field(&binary, key), "{key}");
        assert!(!field(&text, key).is_empty(), "{key}");
    }
    assert_eq!(world.hub.counters().binary_events, 2);
}

#[test]
fn what_has_no_other_form_travels_beside_it_in_order() {
    let mut world = World::open();
    join(&mut world, 1, "ana", r#"["binary"]"#);
    world.hub.handle(
        world.now,
        Input::Received { connection: ConnectionId(1), text: r#"{"type":"ping","id":"p"}"#.to_owned() },
    );
    world.say_stored(1, &create(1, "e1"));
    world.say_stored(1, r#"{"type":"event:delete","seq":2,"payload":"e1"}"#);
    assert_eq!(world.take_types(1), ["pong", "ack", "event:created", "ack", "event:deleted"]);
    // Only text waits: it goes as text.
    world.say(1, r#"{"type":"ping"}"#);
    assert_eq!(is_binary(&world.frames[&1]), [false]);
}

#[test]
fn who_may_not_see_a_change_is_not_sent_it_as_bytes_either() {
    let mut world = World::signed_in();
    for (id, token) in [(1, "ana:p,q"), (2, "ben:p")] {
        let token = claims_of(token, world.now.wall_ms);
        world.feed(Input::Opened { connection: ConnectionId(id), token: Some(token), binary: true });
        let hello = hello(&format!("client-{id}"), "x", 0);
        world.say_stored(id, &hello.replace("\"versions\"", r#""accept":["binary"],"versions""#));
        world.say_stored(id, &subscribe("calendar:c"));
        world.take(id);
    }
    world.take(1);
    let hidden = r#"{"type":"event:create","seq":1,"payload":{"id":"e1","title":"secret","startDate":"2026-03-01","endDate":"2026-03-01","projectId":"q","calendarId":"c"}}"#;
    world.say_stored(1, hidden);
    assert_eq!(is_binary(&world.frames[&2]), [false]);
    assert_eq!(world.take_types(2), ["skip"]);
    assert_eq!(world.take_types(1), ["ack", "event:created"]);
    // It moves to where he may see it: to him it is new, and to both the whole of it.
    let moved = r#"{"type":"event:update","seq":2,"payload":{"id":"e1","projectId":"p"}}"#;
    world.say_stored(1, moved);
    assert_eq!(is_binary(&world.frames[&2]), [true]);
    assert!(field(&world.take(2)[0], "payload").contains("secret"));
}

#[test]
fn only_what_was_asked_for_may_be_compressed_and_only_if_that_was_agreed_on() {
    let mut world = World::open();
    join(&mut world, 1, "ana", r#"["deflate-raw"]"#);
    join(&mut world, 2, "ben", "[]");
    for id in [1, 2] {
        world.say_stored(id, &subscribe("project:p"));
    }
    assert_eq!((world.deflate[&1], world.deflate[&2]), (true, false));
    world.say_stored(2, &create(1, "e1"));
    assert_eq!((world.deflate[&1], world.deflate[&2]), (false, false));
}

#[test]
fn compressed_frames_count_like_others_where_they_were_agreed_on() {
    let mut world = World::open();
    join(&mut world, 1, "ana", r#"["deflate-raw"]"#);
    join(&mut world, 2, "ben", r#"["binary"]"#);
    world.take(1);
    let unpacked = |world: &mut World, id: u64, content: Unpacked| {
        world.feed(Input::ReceivedBinary { connection: ConnectionId(id), content });
    };
    let ping = || Unpacked::Text(r#"[{"type":"ping"},{"type":"ping"}]"#.to_owned());
    unpacked(&mut world, 1, ping());
    assert_eq!(world.take_types(1), ["pong", "pong"]);
    unpacked(&mut world, 2, ping());
    assert_eq!(code(&world.take(2)[0]), "bad_request");
    unpacked(&mut world, 2, Unpacked::TooLarge);
    unpacked(&mut world, 2, Unpacked::Broken);
    assert_eq!(world.closed.get(&2), None);
    unpacked(&mut world, 1, Unpacked::Unknown);
    assert_eq!((code(&world.take(1)[0]), world.closed.get(&1)), ("bad_request".into(), None));
    for (id, content, code) in [(3, Unpacked::TooLarge, 1009), (4, Unpacked::Broken, 4400)] {
        join(&mut world, id, "ana", r#"["deflate-raw"]"#);
        unpacked(&mut world, id, content);
        assert_eq!(world.closed.get(&id), Some(&code));
    }
}
