//! What this user tells of himself, and who hears it.

use super::*;

const EDITS: &str = r#"{"eventId":"e1"}"#;
const SUBSCRIBED: &str =
    r#"{"type":"subscribed","payload":{"channel":"project:p","epoch":"a","seq":0,"events":[]}}"#;

fn tell(bench: &mut Bench, kind: &'static str, payload: &str) {
    bench.call(Call::Presence(kind, payload.to_owned()));
}

#[test]
fn what_holds_is_told_to_whoever_comes_to_share_a_channel_and_what_is_over_is_not() {
    let mut bench = Bench::new();
    // Nobody hears this one, and it holds.
    tell(&mut bench, "user:editing", EDITS);
    bench.connect();
    bench.call(Call::Subscribe("project:p".to_owned()));
    assert_eq!(bench.sent_types(), ["subscribe"]);
    bench.hear(SUBSCRIBED);
    assert_eq!(bench.sent_types(), ["user:editing"]);
    tell(&mut bench, "user:selection", r#"{"elementId":"title","selection":{"from":1}}"#);
    tell(&mut bench, "user:typing", r#"{"elementId":"title","isTyping":true}"#);
    bench.lose(1006);
    bench.wait(2_000);
    bench.open();
    bench.hear(WELCOME);
    bench.sent_types();
    bench.hear(SUBSCRIBED);
    assert_eq!(bench.sent_types(), ["user:editing", "user:selection"]);
    tell(&mut bench, "user:editing", r#"{"eventId":null}"#);
    tell(&mut bench, "user:selection", r#"{"elementId":"title","selection":null}"#);
    bench.sent_types();
    bench.hear(SUBSCRIBED);
    assert_eq!(bench.sent_types(), Vec::<String>::new());
}

#[test]
fn who_is_away_stays_away_when_his_page_connects_anew() {
    let mut bench = Bench::new();
    bench.connect();
    bench.call(Call::Subscribe("project:p".to_owned()));
    bench.hear(SUBSCRIBED);
    bench.give(Input::Signal(Signal::Hidden));
    bench.lose(1006);
    bench.wait(2_000);
    bench.open();
    bench.hear(WELCOME);
    bench.sent.clear();
    bench.hear(SUBSCRIBED);
    assert!(bench.sent.iter().any(|message| message.contains(r#""status":"away""#)), "{:?}", bench.sent);
}

#[test]
fn a_plain_server_tells_nobody_who_comes_what_others_told_before() {
    let mut bench = Bench::with(|config| config.negotiate = false);
    bench.call(Call::Connect);
    bench.open();
    tell(&mut bench, "user:editing", EDITS);
    bench.sent_types();
    bench.hear(r#"{"type":"user:joined","payload":{"id":"bo"}}"#);
    assert_eq!(bench.sent_types(), ["user:editing"]);
    bench.hear(r#"{"type":"user:joined","payload":{"id":"bo"}}"#);
    assert_eq!(bench.sent_types(), Vec::<String>::new(), "he is here already");
}

#[test]
fn who_is_first_heard_of_by_his_cursor_is_here_and_after_that_only_points() {
    let mut bench = Bench::new();
    bench.connect();
    let changes = |bench: &mut Bench| {
        let told = std::mem::take(&mut bench.events);
        told.iter().filter(|event| matches!(event, Event::PresenceChanged)).count()
    };
    changes(&mut bench);
    bench.hear(r#"{"type":"user:cursor","payload":{"userId":"bo","x":1,"y":2}}"#);
    assert_eq!(changes(&mut bench), 1);
    bench.hear(r#"{"type":"user:cursor","payload":{"userId":"bo","x":2,"y":2}}"#);
    assert_eq!(changes(&mut bench), 0);
}
