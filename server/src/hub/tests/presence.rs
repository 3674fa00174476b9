//! Who is there.

use super::*;

#[test]
fn who_comes_is_told_who_is_there_and_the_others_that_he_came() {
    let mut world = World::open();
    world.join(1, "ana");
    world.connect(2);
    world.say_stored(2, &hello("c", "ben", 0));
    world.say_stored(2, &subscribe("project:p"));
    let told = world.take(2);
    let presence = field(&told[2], "payload");
    assert!(field(&presence, "users").contains(r#""id":"ana""#) && !presence.contains("ben"));
    let joined = world.take(1);
    assert_eq!((joined.len(), field(&joined[0], "type")), (1, "user:joined".into()));
    assert_eq!(field(&field(&joined[0], "payload"), "status"), "active");
    world.connect(3);
    world.say(3, r#"{"type":"subscribe","id":"s","userId":"cem","payload":{"projectId":"p"}}"#);
    assert_eq!(world.take_types(3), ["ack", "user:joined", "user:joined"]);
}

#[test]
fn who_leaves_a_channel_sees_nobody_there_any_more() {
    let mut world = World::open();
    world.join(1, "ana");
    world.join(2, "ben");
    world.say_stored(1, &subscribe("calendar:c"));
    world.join(3, "cem");
    world.say_stored(3, &subscribe("calendar:c"));
    world.take(1);
    world.say(1, r#"{"type":"unsubscribe","payload":{"projectId":"p"}}"#);
    let told = world.take(1);
    let left: Vec<&String> = told.iter().filter(|message| message.contains("user:left")).collect();
    assert_eq!(left, [r#"{"type":"user:left","payload":"ben"}"#], "cem is in the calendar too: {told:?}");
}

#[test]
fn a_short_absence_is_not_told() {
    let mut world = World::open();
    world.join(1, "ana");
    world.join(2, "ben");
    world.take(1);
    world.hang_up(2);
    world.pass(2_900);
    world.join(3, "ben");
    world.pass(10_000);
    assert!(world.take(1).is_empty());
    world.hang_up(3);
    world.pass(2_900);
    assert!(world.take(1).is_empty());
    world.pass(200);
    assert_eq!(world.take(1), [r#"{"type":"user:left","payload":"ben"}"#]);
}

#[test]
fn a_user_leaves_with_his_last_connection() {
    let mut world = World::open();
    world.join(1, "ana");
    world.join(2, "ben");
    world.join(3, "ben");
    assert_eq!(world.take_types(1), ["user:joined"]);
    world.hang_up(2);
    world.pass(5_000);
    assert!(world.take(1).is_empty());
    world.hang_up(3);
    world.pass(5_000);
    assert_eq!(world.take_types(1), ["user:left"]);
    world.hang_up(1);
    world.pass(5_000);
    assert_eq!((world.hub.gauges().users, world.hub.gauges().channels), (0, 0));
}

#[test]
fn who_shares_another_channel_is_not_told_of_leaving_one() {
    let mut world = World::open();
    world.join(1, "ana");
    world.join(2, "ben");
    for id in [1, 2] {
        world.say_stored(id, &subscribe("calendar:c"));
    }
    world.take(1);
    world.say(2, r#"{"type":"unsubscribe","id":"u","payload":{"channel":"calendar:c"}}"#);
    world.pass(5_000);
    assert!(world.take(1).is_empty());
    world.say(2, r#"{"type":"unsubscribe","id":"u","payload":{"projectId":"p"}}"#);
    world.pass(5_000);
    assert_eq!(world.take_types(1), ["user:left"]);
}

#[test]
fn cursors_of_a_tick_are_one_message_and_never_come_back() {
    let mut world = World::open();
    world.join(1, "ana");
    world.join(2, "ben");
    world.join(3, "cem");
    world.join_plain(9, "plain");
    (1..=9).for_each(|id| drop(world.take(id)));
    world.say(1, &cursor(1));
    world.pass(0);
    assert_eq!(world.take_types(3), ["cursors"], "the first after a pause goes out at once");
    world.take(2);
    world.take(9);
    for x in 2..20 {
        world.say(1, &cursor(x));
        world.say(2, &cursor(100 + x));
    }
    assert!(world.take(3).is_empty());
    world.pass(50);
    let got = world.take(3);
    assert_eq!(got.len(), 1);
    let list = field(&field(&got[0], "payload"), "cursors");
    let mut cursors = Vec::new();
    each_item(&list, |cursor| cursors.push((field(cursor, "userId"), field(cursor, "x")))).unwrap();
    assert_eq!(cursors, [("ana".to_owned(), "19".to_owned()), ("ben".to_owned(), "119".to_owned())]);
    let own = world.take(1);
    assert!(own.len() == 1 && !own[0].contains("\"ana\"") && own[0].contains("\"ben\""));
    assert_eq!(world.take_types(9), ["user:cursor", "user:cursor"]);
    world.pass(1_000);
    assert!(world.take(3).is_empty());
}

#[test]
fn two_shared_channels_do_not_double_a_cursor() {
    let mut world = World::open();
    for (id, user) in [(1, "ana"), (2, "ben")] {
        world.join(id, user);
        world.say_stored(id, &subscribe("calendar:c"));
    }
    world.take(2);
    world.say(1, &cursor(1));
    world.pass(50);
    assert_eq!(world.take_types(2), ["cursors"]);
    world.say(1, r#"{"type":"user:typing","payload":{"elementId":"t","isTyping":true}}"#);
    assert_eq!(world.take_types(2), ["user:typing"]);
}

#[test]
fn what_a_user_does_is_told_and_remembered() {
    let mut world = World::open();
    world.join(1, "ana");
    world.join(2, "ben");
    (1..=2).for_each(|id| drop(world.take(id)));
    for message in [
        r#"{"type":"user:selection","payload":{"elementId":"e","selection":{"from":1}}}"#,
        r#"{"type":"user:typing","payload":{"elementId":"t","isTyping":true}}"#,
        r#"{"type":"user:editing","payload":{"eventId":"e1"}}"#,
        r#"{"type":"user:status","payload":{"status":"away"}}"#,
    ] {
        world.say(1, message);
    }
    let expected = [
        r#"{"type":"element:selected","payload":{"userId":"ana","elementId":"e","selection":{"from":1}}}"#,
        r#"{"type":"user:typing","payload":{"userId":"ana","elementId":"t","isTyping":true}}"#,
        r#"{"type":"user:editing","payload":{"userId":"ana","eventId":"e1"}}"#,
        r#"{"type":"user:status","payload":{"userId":"ana","status":"away"}}"#,
    ];
    assert_eq!(world.take(2), expected);
    assert!(world.take(1).is_empty());
    world.connect(3);
    world.say_stored(3, &hello("c", "cem", 0));
    world.say_stored(3, &subscribe("project:p"));
    let presence = world.take(3).pop().unwrap();
    for part in [
        r#""status":"away""#,
        r#""selection":{"elementId":"e","selection":{"from":1}}"#,
        r#""typing":{"elementId":"t"}"#,
        r#""editing":{"eventId":"e1"}"#,
    ] {
        assert!(presence.contains(part), "{part} in {presence}");
    }
    world.say(1, r#"{"type":"user:editing","payload":null}"#);
    assert_eq!(field(&field(&world.take(2).pop().unwrap(), "payload"), "eventId"), "null");
}

#[test]
fn what_was_done_by_a_connection_that_is_gone_is_over_unless_another_one_goes_on_with_it() {
    let mut world = World::open();
    let edits = r#"{"type":"user:editing","payload":{"eventId":"e1"}}"#;
    let types = r#"{"type":"user:typing","payload":{"elementId":"t","isTyping":true}}"#;
    world.join(1, "ana");
    world.join(2, "ben");
    world.join(3, "ana");
    world.say(1, edits);
    world.say(1, types);
    world.take(2);
    world.hang_up(1);
    world.pass(2_900);
    world.join(4, "ana");
    world.say(4, edits);
    world.take(2);
    world.pass(200);
    let over = r#"{"type":"user:typing","payload":{"userId":"ana","elementId":"t","isTyping":false}}"#;
    assert_eq!(world.take(2), [over], "she edits on");
    world.hang_up(4);
    world.pass(3_000);
    assert_eq!(world.take(2), [r#"{"type":"user:editing","payload":{"userId":"ana","eventId":null}}"#]);
    world.hang_up(3);
    world.pass(3_000);
    assert_eq!(world.take_types(2), ["user:left"]);
}

#[test]
fn somebody_is_away_as_long_as_none_of_his_pages_is_in_sight() {
    let mut world = World::open();
    let status = |world: &mut World, id, status: &str| {
        world.say(id, &format!(r#"{{"type":"user:status","payload":{{"status":"{status}"}}}}"#));
    };
    let told = |world: &mut World| -> Vec<String> {
        world.take(2).iter().map(|message| field(&field(message, "payload"), "status")).collect()
    };
    world.join(1, "ana");
    world.join(2, "ben");
    world.join(3, "ana");
    world.take(2);
    status(&mut world, 1, "away");
    assert_eq!(told(&mut world), Vec::<String>::new(), "the other page is in sight");
    status(&mut world, 3, "away");
    assert_eq!(told(&mut world), ["away"]);
    world.join(4, "ana");
    assert_eq!(told(&mut world), ["active"]);
    world.hang_up(4);
    assert_eq!(told(&mut world), ["away"]);
    status(&mut world, 1, "active");
    assert_eq!(told(&mut world), ["active"]);
}

#[test]
fn a_crowd_is_not_announced_until_it_acts() {
    let mut world = World::new(Mode::Open, Limits { announced: 2, ..Limits::default() });
    for id in 1..=4 {
        world.join(id, &format!("user-{id}"));
    }
    let joined = world.take_types(1);
    assert_eq!(joined, ["user:joined"]);
    world.say(4, &cursor(1));
    world.pass(50);
    assert_eq!(world.take_types(1), ["user:joined", "cursors"]);
    world.hang_up(3);
    world.hang_up(4);
    world.pass(5_000);
    assert_eq!(world.take_types(1), ["user:left"]);
}

#[test]
fn a_guest_who_says_his_name_is_somebody_else() {
    let mut world = World::open();
    world.join(1, "ana");
    world.connect(2);
    world.say(2, r#"{"type":"subscribe","id":"s","payload":{"projectId":"p"}}"#);
    assert!(world.take(1)[0].contains("guest-c2"));
    world.say(2, r#"{"type":"ping","userId":"ben"}"#);
    assert!(world.take(1)[0].contains("\"ben\""));
    world.pass(5_000);
    assert_eq!(world.take(1), [r#"{"type":"user:left","payload":"guest-c2"}"#]);
    world.say(2, r#"{"type":"ping","userId":"eve"}"#);
    assert!(world.take(1).is_empty(), "a name once told stays");
}
