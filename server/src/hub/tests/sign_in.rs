//! Tokens and rights.

use super::*;

fn with_token(world: &mut World, id: u64, token: &str) {
    let token = Some(claims_of(token, world.now.wall_ms));
    world.feed(Input::Opened { connection: ConnectionId(id), token, binary: true });
}

#[test]
fn the_welcome_comes_before_the_acknowledgement_of_the_token() {
    for together in [true, false] {
        let mut world = World::signed_in();
        world.connect(1);
        let flight = [auth("ana:p"), hello("c", "forged", 0), subscribe("project:p"), create(1, "e1")];
        if together {
            world.say(1, &format!("[{}]", flight.join(",")));
        } else {
            flight.iter().for_each(|message| world.say(1, message));
        }
        world.store_all();
        let messages = world.take(1);
        let types: Vec<String> = messages.iter().map(|message| field(message, "type")).collect();
        assert_eq!(types, ["welcome", "ack", "subscribed", "presence", "ack", "event:created"]);
        assert_eq!(field(&field(&field(&messages[0], "payload"), "user"), "id"), "ana");
        assert_eq!((field(&messages[1], "id"), field(&messages[5], "userId")), ("a".into(), "ana".into()));
    }
}

#[test]
fn without_a_hello_the_token_is_acknowledged_after_a_moment() {
    let mut world = World::signed_in();
    world.connect(1);
    world.say(1, &auth("ana:p"));
    assert!(world.take(1).is_empty());
    world.pass(20);
    assert_eq!(world.take(1), [r#"{"type":"ack","id":"a"}"#]);
    world.connect(2);
    world.say(2, &auth("ben:p"));
    world.say(2, r#"{"type":"ping","id":"p"}"#);
    assert_eq!(world.take_types(2), ["ack", "pong"]);
}

#[test]
fn who_does_not_sign_in_is_closed() {
    let mut world = World::signed_in();
    world.connect(1);
    world.say(1, &subscribe("project:p"));
    world.say(1, &create(1, "e1"));
    assert_eq!(world.take(1).iter().map(|message| code(message)).collect::<Vec<_>>(), ["unauthorized"; 2]);
    assert!(world.jobs.is_empty());
    world.pass(5_000);
    assert_eq!(world.closed.get(&1), Some(&4408));
    world.connect(2);
    world.say(2, &auth("bad"));
    assert_eq!((code(&world.take(2)[0]), world.closed.get(&2)), ("unauthorized".into(), Some(&4401)));
    with_token(&mut world, 3, "bad");
    assert_eq!((code(&world.take(3)[0]), world.closed.get(&3)), ("unauthorized".into(), Some(&4401)));
}

#[test]
fn a_token_ends_its_connection_after_a_grace_unless_it_is_replaced() {
    let mut world = World::signed_in();
    with_token(&mut world, 1, "ana:p:60");
    with_token(&mut world, 2, "ben:p:60");
    world.say(1, r#"{"type":"ping"}"#);
    world.say(2, r#"{"type":"ping"}"#);
    world.take(2);
    world.pass(50_000);
    world.say(1, &auth("ana:p:60"));
    world.pass(34_999);
    assert!(world.closed.is_empty());
    world.pass(2);
    assert_eq!((world.closed.get(&1), world.closed.get(&2)), (None, Some(&4401)));
    assert_eq!(code(&world.take(2)[0]), "token_expired");
    world.pass(50_000);
    assert_eq!(world.closed.get(&1), Some(&4401));
}

#[test]
fn a_worse_token_does_not_replace_a_good_one() {
    let mut world = World::signed_in();
    with_token(&mut world, 1, "ana:p");
    world.say(1, &auth("eve:p"));
    world.say(1, &auth("bad"));
    assert_eq!(world.take(1).iter().map(|message| code(message)).collect::<Vec<_>>(), ["unauthorized"; 2]);
    world.say_stored(1, &subscribe("project:p"));
    assert_eq!((world.take_types(1), world.closed.get(&1)), (vec!["ack".to_owned()], None));
}

#[test]
fn a_narrower_token_ends_subscriptions() {
    let mut world = World::signed_in();
    with_token(&mut world, 1, "ana:p,q");
    world.say(1, &subscribe("project:p"));
    world.say(1, &subscribe("project:q"));
    world.take(1);
    world.say(1, &auth("ana:q"));
    let messages = world.take(1);
    assert_eq!(code(&messages[0]), "forbidden");
    assert_eq!(field(&field(&field(&messages[0], "payload"), "details"), "channel"), "project:p");
    with_token(&mut world, 2, "ben:*");
    world.say_stored(2, &create(1, "e1").replace("\"seq\":1,", ""));
    world.pass(20);
    assert_eq!(world.take_types(1), ["ack"]);
}

#[test]
fn channels_and_events_need_their_project() {
    let mut world = World::signed_in();
    for (id, token) in [(1, "ana:p"), (2, "ben:q"), (3, "cem:*")] {
        with_token(&mut world, id, token);
        world.say_stored(id, &hello(&format!("client-{id}"), "x", 0));
        world.say_stored(id, &subscribe("calendar:c"));
    }
    (1..=3).for_each(|id| drop(world.take(id)));
    world.say_stored(2, &subscribe("project:p"));
    assert_eq!(code(&world.take(2)[0]), "forbidden");
    world.say_stored(2, &create(1, "e1"));
    assert_eq!(code(&world.take(2)[0]), "forbidden");
    (1..=3).for_each(|id| drop(world.take(id)));
    world.say_stored(1, &create(1, "e1").replace("\"title\"", "\"calendarId\":\"c\",\"title\""));
    assert_eq!(world.take_types(3), ["event:created"]);
    assert_eq!(world.take(2), [r#"{"type":"skip","channel":"calendar:c","seq":1}"#]);
    world.say_stored(2, &subscribe("calendar:c"));
    let snapshot = field(&world.take(2)[0], "payload");
    assert_eq!((field(&snapshot, "events"), field(&snapshot, "seq")), ("[]".into(), "1".into()));
    world.take(1);
    world.say_stored(3, r#"{"type":"event:update","id":"m","payload":{"id":"e1","projectId":"q"}}"#);
    assert_eq!(
        (world.take_types(1), world.take_types(2)),
        (vec!["event:deleted".into()], vec!["event:updated".into()])
    );
}
