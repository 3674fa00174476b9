use super::*;
use crate::core::wire::Envelope;

const T: Timestamp = Timestamp(0);

fn relay() -> Relay {
    let mut relay = Relay::default();
    assert_eq!(relay.open("f1", 4, false), []);
    assert_eq!(relay.open("f2", 9, true), []);
    relay
}

fn route(relay: &mut Relay, text: &str) -> Route {
    relay.route(T, &Envelope::parse(text).unwrap())
}

fn to(tab: &str) -> Route {
    Route::Tab(Arc::from(tab))
}

#[test]
fn writes_are_sent_under_the_name_of_their_stream_and_answered_to_their_tab() {
    let mut relay = relay();
    let frame = r#"[{"type":"event:delete","payload":{"id":"e"},"id":"f1:3","seq":3},{"type":"skip","seq":8,"client":"old"}]"#;
    assert_eq!(
        relay.take(Timestamp(7), "f1", frame, false),
        [
            Errand::Send(
                r#"{"type":"event:delete","payload":{"id":"e"},"id":"f1:3","seq":3,"client":"f1"}"#
                    .to_owned()
            ),
            Errand::Send(r#"{"type":"skip","seq":8,"client":"old"}"#.to_owned()),
        ]
    );
    assert_eq!(relay.waits_since(), Some(Timestamp(7)));
    assert_eq!(route(&mut relay, r#"{"type":"ack","id":"f1:3","seq":3,"client":"f1"}"#), to("f1"));
    assert_eq!(route(&mut relay, r#"{"type":"ack","id":"f1:3","payload":{}}"#), to("f1"));
    assert_eq!(route(&mut relay, r#"{"type":"ack","payload":{"messageId":"f2/5"}}"#), to("f2"));
    assert_eq!(route(&mut relay, r#"{"type":"ack","id":"me:1","seq":1}"#), Route::Own);
    assert_eq!(route(&mut relay, r#"{"type":"error","payload":{"code":"x"}}"#), Route::All);
}

#[test]
fn streams_that_a_tab_took_over_are_its_own() {
    let mut relay = relay();
    let hello =
        r#"{"type":"hello","payload":{"client":"f1","acked":2,"streams":[{"client":"old","acked":5}]}}"#;
    let named = vec![("f1".to_owned(), 2), ("old".to_owned(), 5)];
    assert_eq!(relay.take(T, "f1", hello, false), [Errand::Greet(named)]);
    assert_eq!(
        route(&mut relay, r#"{"type":"error","seq":6,"client":"old","id":"old:6","payload":{}}"#),
        to("f1")
    );
}

#[test]
fn a_stream_that_a_tab_reads_from_its_database_after_its_hello_is_its_own_as_well() {
    let mut relay = relay();
    let hello = r#"{"type":"hello","payload":{"client":"f1","acked":0}}"#;
    assert_eq!(relay.take(T, "f1", hello, false), [Errand::Greet(vec![("f1".to_owned(), 0)])]);
    let write = r#"{"type":"event:delete","payload":{"id":"e"},"id":"old:1","seq":1,"client":"old"}"#;
    let ack = r#"{"type":"ack","id":"old:1","seq":1,"client":"old"}"#;
    assert_eq!(relay.take(T, "f1", write, false), [Errand::Send(write.to_owned())]);
    assert_eq!(route(&mut relay, ack), to("f1"));
    assert_eq!(relay.waits_since(), None);
    // And it is the next one's when that tab has ended, whether that is known yet or not.
    assert_eq!(relay.take(T, "f2", write, false), [Errand::Send(write.to_owned())]);
    assert_eq!(route(&mut relay, ack), to("f2"));
    assert_eq!(route(&mut relay, r#"{"type":"ack","id":"f1/3"}"#), to("f1"));
}

#[test]
fn a_channel_is_asked_for_by_one_tab_at_a_time() {
    let mut relay = relay();
    let subscribe = |id: &str| {
        format!(r#"{{"type":"subscribe","payload":{{"projectId":"p","epoch":"x","seq":4}},"id":"{id}"}}"#)
    };
    for tab in ["f1", "f2"] {
        assert_eq!(relay.take(T, tab, &subscribe(&format!("{tab}/1")), false), [Errand::Subscribe]);
    }
    assert_eq!(relay.next_request(|channel| channel == "project:p"), None, "the leader itself waits");
    assert_eq!(relay.next_request(|_| false), Some(subscribe("f1/1")));
    assert!(relay.asks("project:p"));
    assert_eq!(relay.next_request(|_| false), None);
    let answer = r#"{"type":"subscribed","id":"f1/1","payload":{"channel":"project:p","epoch":"x","seq":6,"recovered":true}}"#;
    assert_eq!(route(&mut relay, answer), to("f1"));
    let change = |seq| {
        format!(r#"{{"type":"event:updated","channel":"project:p","seq":{seq},"payload":{{"id":"e"}}}}"#)
    };
    assert_eq!(route(&mut relay, &change(5)), to("f1"));
    assert_eq!(route(&mut relay, &change(6)), to("f1"));
    assert_eq!(route(&mut relay, &change(7)), Route::All);
    assert_eq!(relay.next_request(|_| false), Some(subscribe("f2/1")));
    let refusal = r#"{"type":"error","id":"f2/1","payload":{"code":"forbidden"}}"#;
    assert_eq!(route(&mut relay, refusal), to("f2"));
    assert!(!relay.asks("project:p"));
}

#[test]
fn a_content_in_parts_goes_to_who_asked_for_it() {
    let mut relay = relay();
    let subscribe = r#"{"type":"subscribe","payload":{"channel":"calendar:c"},"id":"f2/1"}"#;
    relay.take(T, "f2", subscribe, false);
    assert!(relay.next_request(|_| false).is_some());
    let part = |more| {
        format!(r#"{{"type":"snapshot","payload":{{"channel":"calendar:c","events":[],"more":{more}}}}}"#)
    };
    assert_eq!(route(&mut relay, &part(true)), Route::Own, "nobody else was answered yet");
    let answer = r#"{"type":"subscribed","id":"f2/1","payload":{"channel":"calendar:c","epoch":"x","seq":6,"events":[],"more":true}}"#;
    assert_eq!(route(&mut relay, answer), to("f2"));
    assert_eq!(route(&mut relay, &part(true)), to("f2"));
    assert_eq!(route(&mut relay, &part(false)), to("f2"));
    assert_eq!(route(&mut relay, &part(false)), Route::Own);
}

#[test]
fn who_is_gone_leaves_its_channels_and_types_no_more() {
    let mut relay = relay();
    let subscribe = |tab: &str, project: &str| {
        format!(r#"{{"type":"subscribe","payload":{{"projectId":"{project}"}},"id":"{tab}/1"}}"#)
    };
    for (tab, project) in [("f1", "p"), ("f1", "q"), ("f2", "p")] {
        relay.take(T, tab, &subscribe(tab, project), false);
    }
    let typing = r#"{"type":"user:typing","payload":{"elementId":"t","isTyping":true}}"#;
    assert_eq!(
        relay.take(T, "f1", typing, false),
        [Errand::Presence("user:typing t".to_owned(), typing.to_owned())]
    );
    relay.say("f1", "{}".to_owned());
    let stops = r#"{"type":"user:typing","payload":{"elementId":"t","isTyping":false}}"#;
    assert_eq!(
        relay.close("f1"),
        [
            Errand::Presence("user:typing t".to_owned(), stops.to_owned()),
            Errand::Leave("project:q".to_owned())
        ]
    );
    assert!(!relay.has_frames() && relay.wants("project:p") && !relay.wants("project:q"));
    assert_eq!(relay.close("f1"), []);
    assert_eq!(
        relay.close("f2"),
        [Errand::Status, Errand::Leave("project:p".to_owned())],
        "who is left decides whether anybody looks"
    );
}

#[test]
fn frames_keep_the_order_in_which_each_tab_is_told() {
    let mut relay = relay();
    for (tab, text) in [("f1", "{1}"), ("f1", "{2}"), ("", "{3}"), ("f2", "{4}")] {
        relay.say(tab, text.to_owned());
    }
    let mut frames = relay.take_frames();
    let counts: Vec<Count> = frames.iter().map(|(_, _, number, _)| Count::of(*number)).collect();
    let (one, all) = (Count::default().next(false), Count::default().next(true));
    assert_eq!(counts, [one, all, one.next(true)]);
    let frames: Vec<(String, u64, String)> =
        frames.drain(..).map(|(tab, pipe, _, frame)| (tab.to_string(), pipe, frame)).collect();
    let expected = [("f1", 4, "[{1},{2}]"), ("", 0, "{3}"), ("f2", 9, "{4}")];
    assert_eq!(frames, expected.map(|(tab, pipe, frame)| (tab.to_owned(), pipe, frame.to_owned())));
    assert!(relay.count_in("f1", one.number()));
    assert!(!relay.count_in("f1", one.next(false).next(false).number()), "one between is lost");
    relay.clear();
    relay.say("", "{5}".to_owned());
    assert!(!relay.has_frames(), "nobody listens");
}

#[test]
fn what_is_the_leaders_business_is_not_sent_on() {
    let mut relay = relay();
    for (kind, errand) in [
        ("auth", None),
        ("ack", None),
        ("ping", Some(Errand::Question(None))),
        ("user:status", Some(Errand::Status)),
    ] {
        let message = format!(r#"{{"type":"{kind}","payload":{{}}}}"#);
        assert_eq!(relay.take(T, "f2", &message, false), errand.into_iter().collect::<Vec<_>>());
    }
    assert!(!relay.are_all_away());
    for broken in ["", "{", "[", "5", r#"{"payload":1}"#] {
        assert_eq!(relay.take(T, "f1", broken, false), []);
    }
}
