//! Channels: content, changes, gaps, resumption, refusals.

use super::*;
use crate::core::model::digest_of;

#[test]
fn what_was_missed_follows_and_is_applied_once() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 4, &event("e1", 1, "four"));
    bench.lose(1006);
    bench.wait(1_000);
    bench.open();
    assert!(bench.sent.iter().any(|message| message.contains(r#""epoch":"e","seq":4"#)), "{:?}", bench.sent);
    bench.hear(WELCOME);
    bench.hear(
        r#"{"type":"subscribed","payload":{"channel":"project:p","epoch":"e","seq":6,"recovered":true}}"#,
    );
    bench.hear(&change(5, "e1", 2, "five"));
    bench.hear(&change(6, "e1", 3, "six"));
    bench.hear(&change(6, "e1", 3, "six again"));
    assert_eq!(bench.title("e1").as_deref(), Some("six"));
    assert_eq!((bench.client.metrics().duplicates, bench.client.metrics().recoveries), (1, 1));
}

#[test]
fn another_history_replaces_what_is_known_of_the_lost_one_and_is_told() {
    let content = |epoch: &str, project: &str, seq: u64, events: &str| {
        subscribed(project, seq, events).replace(r#""epoch":"e""#, &format!(r#""epoch":"{epoch}""#))
    };
    let mut bench = Bench::new();
    bench.connect();
    for project in ["left", "p"] {
        bench.call(Call::Subscribe(format!("project:{project}")));
        bench.hear(&content("old", project, 9, &event(&format!("{project}-event"), 9, "of then")));
    }
    bench.call(Call::Unsubscribe("project:left".to_owned()));
    bench.lose(1006);
    bench.wait(1_000);
    bench.open();
    bench.hear(WELCOME);
    bench.hear(&content("new", "p", 2, ""));
    let told = |event: &&Event| matches!(event, Event::Error(fault) if fault.code == FaultCode::HistoryLost);
    assert_eq!(bench.events.iter().filter(told).count(), 1);
    assert_eq!((bench.title("p-event"), bench.title("left-event")), (None, None));
    bench.hear(&change(3, "p-event", 2, "of now"));
    assert_eq!(bench.title("p-event").as_deref(), Some("of now"), "an older version counts again");
}

#[test]
fn a_gap_is_asked_for_and_nothing_is_applied_over_it() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "one"));
    bench.hear(&change(3, "e1", 3, "three"));
    assert_eq!(
        (bench.title("e1").as_deref(), bench.sent_types()),
        (Some("one"), vec!["subscribe".to_owned()])
    );
    bench.hear(
        r#"{"type":"subscribed","payload":{"channel":"project:p","epoch":"e","seq":3,"recovered":true}}"#,
    );
    bench.hear(&change(2, "e1", 2, "two"));
    assert_eq!(bench.title("e1").as_deref(), Some("three"));
    assert_eq!(bench.client.position("project:p").map(|position| position.seq), Some(3));
}

#[test]
fn a_head_in_the_pong_shows_that_the_last_change_was_lost() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, "");
    bench.hear(r#"{"type":"pong","payload":{"time":1,"heads":{"project:p":1}}}"#);
    assert_eq!(bench.sent_types(), Vec::<String>::new());
    bench.hear(r#"{"type":"pong","payload":{"time":1,"heads":{"project:p":2}}}"#);
    assert_eq!(bench.sent_types(), ["subscribe"]);
}

#[test]
fn another_digest_at_the_same_position_brings_the_whole_content_once() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "one"));
    let (_, _, confirmed) = bench.write(Call::Update("e1".to_owned(), r#"{"title":"mine"}"#.to_owned()));
    bench.sent.clear();
    let pong = |head: u64, digest: u64| {
        let payload =
            format!(r#"{{"heads":{{"project:p":{head}}},"digests":{{"project:p":"{digest:016x}"}}}}"#);
        format!(r#"{{"type":"pong","payload":{payload}}}"#)
    };
    bench.hear(&pong(1, digest_of("e1", 1)));
    bench.hear(&pong(2, digest_of("e1", 2)));
    assert_eq!(bench.sent_types(), ["subscribe"], "what is missing is asked for, and is no other content");
    bench.hear(&subscribed("p", 2, "").replace(r#""recovered":false,"events":[]"#, r#""recovered":true"#));
    bench.hear(&change(2, "e2", 1, "two"));
    let theirs = digest_of("e1", 1) ^ digest_of("e2", 1) ^ digest_of("e3", 5);
    bench.hear(&pong(2, theirs));
    assert!(!bench.sent[0].contains("epoch"), "{:?}", bench.sent);
    assert_eq!(bench.sent_types(), ["subscribe"]);
    let content = [event("e1", 1, "one"), event("e2", 1, "two"), event("e3", 5, "lost")].join(",");
    bench.hear(&subscribed("p", 2, &content));
    assert_eq!((bench.title("e3").as_deref(), bench.title("e1").as_deref()), (Some("lost"), Some("mine")));
    assert_eq!((bench.client.metrics().divergences, bench.outcome(confirmed)), (1, None));
    bench.hear(&pong(2, 7));
    assert_eq!(bench.sent_types(), ["subscribe"]);
    bench.hear(&subscribed("p", 2, &content));
    bench.hear(&pong(2, 7));
    assert_eq!(bench.sent_types(), Vec::<String>::new(), "a claim that the content does not bear out");
}

#[test]
fn half_of_a_content_is_no_content() {
    let mut bench = Bench::new();
    bench.connect();
    bench.call(Call::Subscribe("project:p".to_owned()));
    let first = subscribed("p", 9, &event("e1", 1, "half")).replace("]}}", r#"],"more":true}}"#);
    bench.hear(&first);
    assert_eq!((bench.title("e1"), bench.client.position("project:p")), (None, None));
    bench.lose(1006);
    bench.wait(1_000);
    bench.sent.clear();
    bench.open();
    assert!(bench.sent.iter().all(|message| !message.contains("\"seq\":9")), "{:?}", bench.sent);
}

#[test]
fn a_channel_that_cannot_be_read_just_now_is_asked_for_again() {
    let mut bench = Bench::new();
    bench.connect();
    let ticket = bench.ticket(Call::Subscribe("project:p".to_owned()));
    let id = field(&bench.sent[0], "id");
    bench.sent.clear();
    let fault = r#"{"code":"unavailable","message":"","retryable":true,"retryAfter":700}"#;
    bench.hear(&format!(r#"{{"type":"error","id":"{id}","payload":{fault}}}"#));
    bench.wait(699);
    assert_eq!(bench.sent_types(), Vec::<String>::new());
    assert_eq!(bench.outcome(ticket), None);
    bench.wait(1);
    assert_eq!(bench.sent_types(), ["subscribe"]);
    bench.hear(&subscribed("p", 0, ""));
    assert_eq!(bench.outcome(ticket), Some(&Outcome::Done));
}

#[test]
fn a_forbidden_channel_is_not_asked_for_again() {
    let mut bench = Bench::new();
    bench.connect();
    let ticket = bench.ticket(Call::Subscribe("project:p".to_owned()));
    let id = field(&bench.sent[0], "id");
    bench.hear(&format!(
        r#"{{"type":"error","id":"{id}","payload":{{"code":"forbidden","retryable":false}}}}"#
    ));
    assert_eq!(bench.refusal(ticket), Some("forbidden"));
    bench.lose(1006);
    bench.wait(1_000);
    bench.sent.clear();
    bench.open();
    assert_eq!(bench.sent_types(), ["hello"]);
}

#[test]
fn another_history_replaces_what_was_known() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 7, &format!("{},{}", event("e1", 5, "gone"), event("e2", 5, "older now")));
    bench.lose(1006);
    bench.wait(1_000);
    bench.open();
    bench.hear(WELCOME);
    bench.hear(&subscribed("p", 2, &event("e2", 1, "restored")).replace(r#""epoch":"e""#, r#""epoch":"f""#));
    assert_eq!((bench.title("e1"), bench.title("e2").as_deref()), (None, Some("restored")));
    bench.hear(&change(3, "e1", 1, "made again"));
    assert_eq!(bench.title("e1").as_deref(), Some("made again"));
}

#[test]
fn nobody_who_unsubscribes_waits() {
    let mut bench = Bench::new();
    bench.connect();
    let ticket = bench.ticket(Call::Subscribe("project:p".to_owned()));
    bench.call(Call::Unsubscribe("project:p".to_owned()));
    assert_eq!(bench.refusal(ticket), Some("unsubscribed"));
    bench.wait(249);
    assert_eq!(bench.sent_types(), ["subscribe"]);
    bench.wait(1);
    assert_eq!(bench.sent_types(), ["unsubscribe"]);
}

#[test]
fn who_leaves_and_comes_back_at_once_asks_for_nothing_anew() {
    let mut bench = Bench::new();
    bench.connect();
    bench.hear(WELCOME);
    bench.subscribe("p", 0, &event("e1", 1, "one"));
    bench.sent.clear();
    bench.call(Call::Unsubscribe("project:p".to_owned()));
    bench.wait(200);
    bench.hear(&change(1, "e1", 2, "two"));
    let ticket = bench.ticket(Call::Subscribe("project:p".to_owned()));
    assert_eq!(bench.outcome(ticket), Some(&Outcome::Done));
    bench.wait(1_000);
    assert_eq!((bench.sent_types(), bench.title("e1").as_deref()), (vec![], Some("two")));
    // Over the end of a connection nothing is kept for nobody.
    bench.call(Call::Unsubscribe("project:p".to_owned()));
    bench.lose(1006);
    bench.wait(1_500);
    bench.open();
    assert!(!bench.sent_types().contains(&"subscribe".to_owned()));
}

#[test]
fn what_a_channel_says_after_it_was_left_is_not_heard() {
    let mut bench = Bench::new();
    bench.connect();
    bench.hear(WELCOME);
    bench.subscribe("p", 0, "[]");
    bench.call(Call::Unsubscribe("project:p".to_owned()));
    bench.wait(250);
    bench.hear(r#"{"type":"event:created","channel":"project:p","seq":1,"payload":{"id":"e","version":1}}"#);
    assert!(bench.client.store().shown("e").is_none());
}

#[test]
fn a_binary_change_counts_like_its_text_also_when_it_was_held_behind_a_gap() {
    use crate::core::model::EventDoc;
    use crate::core::wire::{Announcement, binary_frame, encode_change, encode_json};
    let binary = |seq: u64, title: &str| {
        let doc = EventDoc::parse(&event("e1", seq, title)).unwrap();
        let announcement =
            Announcement { created: false, channel: "project:p", seq, timestamp: 5, author: None };
        encode_change(&announcement, &doc).unwrap()
    };
    let mut bench = Bench::new();
    bench.connect();
    bench.call(Call::Watch { messages: true, changes: false });
    bench.subscribe("p", 1, &event("e1", 1, "one"));
    let pipe = bench.pipe;
    let frame = |messages: &[Vec<u8>]| binary_frame(messages.iter().map(Vec::as_slice));
    bench.give(Input::Pipe(pipe, PipeEvent::Binary(&frame(&[binary(2, "two"), binary(4, "four")]))));
    assert_eq!(bench.title("e1").as_deref(), Some("two"));
    let found = encode_json(
        r#"{"type":"subscribed","payload":{"channel":"project:p","epoch":"e","seq":4,"recovered":true}}"#,
    );
    bench
        .give(Input::Pipe(pipe, PipeEvent::Binary(&frame(&[found, binary(3, "three"), binary(3, "again")]))));
    assert_eq!(bench.title("e1").as_deref(), Some("four"));
    let told = bench.events.iter().filter(|event| matches!(event, Event::Message(_))).count();
    assert_eq!((told, bench.client.metrics().duplicates), (3, 1));
    bench.give(Input::Pipe(pipe, PipeEvent::Binary(&[7, 1, 2])));
    assert_eq!(bench.client.metrics().malformed, 1);
}

#[test]
fn a_channel_that_is_catching_up_is_left_when_it_has() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, "[]");
    bench.lose(1006);
    bench.wait(1_500);
    bench.open();
    bench.hear(WELCOME);
    bench.hear(
        r#"{"type":"subscribed","payload":{"channel":"project:p","epoch":"e","seq":3,"recovered":true}}"#,
    );
    bench.hear(&change(2, "e1", 1, "made"));
    bench.sent.clear();
    bench.call(Call::Unsubscribe("project:p".to_owned()));
    bench.wait(1_000);
    assert_eq!((bench.sent_types(), bench.title("e1").as_deref()), (vec![], Some("made")));
    bench.hear(r#"{"type":"event:deleted","channel":"project:p","seq":3,"payload":{"id":"e1","version":2}}"#);
    assert_eq!((bench.sent_types(), bench.title("e1")), (vec!["unsubscribe".to_owned()], None));
}

#[test]
fn a_loss_of_history_is_told_once_however_many_channels_tell_of_it() {
    let content = |project: &str, epoch: &str, events: &str| {
        subscribed(project, 5, events).replace(r#""epoch":"e""#, &format!(r#""epoch":"{epoch}""#))
    };
    let lost = |bench: &Bench| {
        let told =
            |event: &&Event| matches!(event, Event::Error(fault) if fault.code == FaultCode::HistoryLost);
        bench.events.iter().filter(told).count()
    };
    let mut bench = Bench::new();
    bench.connect();
    bench.hear(WELCOME);
    bench.subscribe("p", 1, &event("e1", 30, "old"));
    bench.subscribe("q", 1, "");
    bench.call(Call::Unsubscribe("project:p".to_owned()));
    bench.wait(250);
    // The channel that is still read notices.
    bench.hear(&content("q", "f", ""));
    assert_eq!(lost(&bench), 1);
    // The one that was left tells what is known.
    bench.call(Call::Subscribe("project:p".to_owned()));
    bench.wait(1);
    bench.hear(&content("p", "f", &event("e1", 26, "restored")));
    assert_eq!((lost(&bench), bench.title("e1").as_deref()), (1, Some("restored")));
}

#[test]
fn a_loss_of_history_that_only_a_left_channel_can_tell_of_is_noticed() {
    let mut bench = Bench::new();
    bench.connect();
    bench.hear(WELCOME);
    bench.subscribe("p", 1, &event("e1", 30, "old"));
    bench.call(Call::Unsubscribe("project:p".to_owned()));
    bench.wait(250);
    bench.call(Call::Subscribe("project:q".to_owned()));
    bench.wait(1);
    bench.hear(&subscribed("q", 1, "").replace(r#""epoch":"e""#, r#""epoch":"f""#));
    bench.call(Call::Subscribe("project:p".to_owned()));
    bench.wait(1);
    bench.hear(&subscribed("p", 1, "").replace(r#""epoch":"e""#, r#""epoch":"f""#));
    bench.hear(&change(2, "e1", 27, "made again").replace("epoch", "f"));
    assert_eq!(bench.title("e1").as_deref(), Some("made again"));
}
