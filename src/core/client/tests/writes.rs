//! Writes: shown, sent, acknowledged, refused, retried.

use super::*;

#[test]
fn a_write_is_shown_at_once_and_confirmed_with_what_the_server_stored() {
    let mut bench = Bench::new();
    bench.connect();
    let (id, _, confirmed) = bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.title(&id).as_deref(), Some("Stand-up"));
    bench.hear(&ack(1, &id, 1, "Stand-up (room 2)"));
    assert_eq!(bench.title(&id).as_deref(), Some("Stand-up (room 2)"));
    assert!(matches!(bench.outcome(confirmed), Some(Outcome::Value(text)) if text.contains("room 2")));
    assert_eq!(bench.client.pending().count(), 0);
}

#[test]
fn a_refused_write_is_rolled_back_and_kept_for_the_user() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    let (_, _, confirmed) = bench.write(Call::Update("e1".to_owned(), r#"{"title":"mine"}"#.to_owned()));
    assert_eq!(bench.title("e1").as_deref(), Some("mine"));
    bench.hear(&refuse(1, "forbidden", false));
    assert_eq!((bench.title("e1").as_deref(), bench.refusal(confirmed)), (Some("old"), Some("forbidden")));
    let key = bench.client.failed().next().map(|(key, _)| key.clone()).unwrap();
    bench.sent.clear();
    bench.call(Call::RetryFailed(key));
    assert_eq!(bench.sent_types(), ["event:update"]);
    assert_eq!((bench.title("e1").as_deref(), bench.client.failed().count()), (Some("mine"), 0));
}

#[test]
fn unanswered_writes_are_sent_again_in_order_on_the_next_connection() {
    let mut bench = Bench::new();
    bench.connect();
    let (first, ..) = bench.write(Call::Create(EVENT.to_owned()));
    bench.write(Call::Create(EVENT.to_owned()));
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&ack(1, &first, 1, "one"));
    bench.lose(1006);
    bench.wait(1_000);
    bench.sent.clear();
    bench.open();
    let seqs: Vec<String> = bench.sent.iter().map(|message| field(message, "seq")).collect();
    assert_eq!(seqs, ["", "2", "3"]);
    assert!(bench.sent[0].contains("\"acked\":1"), "{}", bench.sent[0]);
}

#[test]
fn a_refusal_that_may_pass_is_tried_again_later_and_given_up_in_the_end() {
    let mut bench = Bench::new();
    bench.connect();
    let (_, _, confirmed) = bench.write(Call::Create(EVENT.to_owned()));
    for wait in [1_000, 2_000, 4_000] {
        bench.sent.clear();
        bench.hear(&refuse(1, "unavailable", true));
        assert!(!bench.sent.iter().any(|message| message.contains("event:create")), "{wait}");
        bench.wait(wait);
        assert!(bench.sent.iter().any(|message| message.contains("event:create")), "{wait}");
    }
    bench.sent.clear();
    bench.hear(&refuse(1, "unavailable", true));
    assert_eq!(bench.refusal(confirmed), Some("unavailable"));
    assert_eq!(bench.sent_types(), ["skip"]);
    bench.hear(r#"{"type":"ack","seq":1,"payload":null}"#);
    assert_eq!(bench.client.metrics().writes_pending, 0);
}

#[test]
fn the_wait_that_a_server_asks_for_is_kept_whatever_its_length() {
    let mut bench = Bench::new();
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    bench.sent.clear();
    let later = r#"{"code":"rate_limited","message":"","retryable":true,"retryAfter":90000}"#;
    bench.hear(&format!(r#"{{"type":"error","seq":1,"payload":{later}}}"#));
    bench.client.keep_steps(1_000);
    for _ in 0..89 {
        bench.wait(1_000);
        bench.hear(r#"{"type":"pong"}"#);
    }
    assert!(!bench.sent.iter().any(|message| message.contains("event:create")));
    bench.wait(3_000);
    assert!(bench.sent.iter().any(|message| message.contains("event:create")));
}

#[test]
fn after_a_gap_sending_goes_on_from_what_the_server_misses() {
    let mut bench = Bench::new();
    bench.connect();
    for _ in 0..3 {
        bench.write(Call::Create(EVENT.to_owned()));
    }
    bench.sent.clear();
    let gap = r#"{"code":"sequence_gap","message":"","retryable":true,"details":{"expected":2}}"#;
    bench.hear(&format!(r#"{{"type":"error","seq":3,"payload":{gap}}}"#));
    let seqs: Vec<String> = bench.sent.iter().map(|message| field(message, "seq")).collect();
    assert_eq!(seqs, ["2", "3"]);
}

#[test]
fn a_gap_that_nobody_can_fill_is_told_on_a_new_connection_and_not_at_once_again() {
    let mut bench = Bench::new();
    bench.connect();
    let (first, ..) = bench.write(Call::Create(EVENT.to_owned()));
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&ack(1, &first, 1, "one"));
    let gap = r#"{"code":"sequence_gap","message":"","retryable":true,"details":{"expected":1}}"#;
    let gap = format!(r#"{{"type":"error","seq":2,"payload":{gap}}}"#);
    bench.hear(&format!("[{gap},{gap}]"));
    assert_eq!(bench.pipe, PipeId(1));
    bench.wait(1_500);
    assert_eq!(bench.pipe, PipeId(2));
}

#[test]
fn no_more_than_the_window_is_under_way() {
    let mut bench = Bench::new();
    bench.connect();
    for _ in 0..40 {
        bench.write(Call::Create(EVENT.to_owned()));
    }
    bench.wait(100);
    assert_eq!(bench.sent_types().len(), 32);
    bench.hear(&ack(1, "x", 1, "one"));
    assert_eq!(bench.sent_types(), ["event:create"]);
}

#[test]
fn flush_waits_for_the_last_decision() {
    let mut bench = Bench::new();
    bench.connect();
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    let ticket = bench.ticket(Call::Flush);
    assert_eq!(bench.outcome(ticket), None);
    bench.hear(&ack(1, &id, 1, "done"));
    assert_eq!(bench.outcome(ticket), Some(&Outcome::Done));
    let nothing_to_do = bench.ticket(Call::Flush);
    assert_eq!(bench.outcome(nothing_to_do), Some(&Outcome::Done));
}

#[test]
fn a_plain_server_confirms_by_its_echo() {
    let mut bench = Bench::new();
    bench.call(Call::Connect);
    bench.open();
    bench.wait(1_000);
    let (id, _, confirmed) = bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&format!(r#"{{"type":"EVENT_CREATED","payload":{}}}"#, event(&id, 1, "echo")));
    assert!(matches!(bench.outcome(confirmed), Some(Outcome::Value(_))));
    assert_eq!(bench.client.pending().count(), 0);
}

#[test]
fn calls_that_cannot_be_done_change_nothing() {
    let mut bench = Bench::new();
    let cases = [
        (Call::Create("[]".to_owned()), "invalid_argument"),
        (Call::Create(r#"{"title":"x"}"#.to_owned()), "invalid_argument"),
        (Call::Update("none".to_owned(), r#"{"title":"x"}"#.to_owned()), "not_found"),
        (Call::Delete("none".to_owned()), "not_found"),
        (Call::Cursor(r#"{"x":1}"#.to_owned()), "invalid_argument"),
        (Call::Subscribe(String::new()), "invalid_argument"),
        (Call::RetryFailed("none".to_owned()), "not_found"),
    ];
    for (call, code) in cases {
        let fault = bench.input(Input::Call(call.clone())).unwrap_err();
        assert_eq!((fault.code.as_str(), bench.client.metrics().writes_pending), (code, 0), "{call:?}");
    }
}

#[test]
fn small_writes_wait_for_each_other_while_an_earlier_one_is_unanswered() {
    let mut bench = Bench::new();
    bench.connect();
    bench.hear(r#"{"type":"pong"}"#);
    bench.frames = 0;
    let (first, ..) = bench.write(Call::Create(EVENT.to_owned()));
    for _ in 0..4 {
        bench.write(Call::Create(EVENT.to_owned()));
    }
    assert_eq!(bench.sent_types(), ["event:create"]);
    bench.wait(99);
    assert_eq!(bench.frames, 1);
    bench.wait(1);
    assert_eq!((bench.frames, bench.sent_types().len()), (2, 4));
    // An answer ends the waiting as well, and so does the number.
    bench.write(Call::Create(EVENT.to_owned()));
    bench.hear(&ack(1, &first, 1, "one"));
    for seq in 2..=5 {
        bench.hear(&ack(seq, "x", 1, "more"));
    }
    assert_eq!((bench.frames, bench.sent_types().len()), (3, 1));
    for _ in 0..10 {
        bench.write(Call::Create(EVENT.to_owned()));
    }
    assert_eq!((bench.frames, bench.sent_types().len()), (4, 10));
}

#[test]
fn a_link_that_is_behind_gets_control_messages_only_and_is_kept_as_long_as_it_drains() {
    let mut bench = Bench::new();
    bench.connect();
    bench.hear(r#"{"type":"user:joined","payload":{"id":"ben","name":"Ben"}}"#);
    let pipe = bench.pipe;
    let buffered = |bench: &mut Bench, bytes: u64| bench.give(Input::Pipe(pipe, PipeEvent::Buffered(bytes)));
    buffered(&mut bench, 100_000);
    bench.write(Call::Create(EVENT.to_owned()));
    bench.call(Call::Cursor(r#"{"x":1,"y":1}"#.to_owned()));
    bench.call(Call::Cursor(r#"{"x":2,"y":2}"#.to_owned()));
    bench.call(Call::Subscribe("project:q".to_owned()));
    assert_eq!(bench.sent_types(), ["subscribe"]);
    for second in 1..=30 {
        bench.wait(1_000);
        buffered(&mut bench, 100_000 - second);
    }
    assert_eq!((bench.pipe, bench.client.metrics().connects), (pipe, 1));
    bench.sent.clear();
    buffered(&mut bench, 60_000);
    let cursors: Vec<&String> = bench.sent.iter().filter(|message| message.contains("user:cursor")).collect();
    assert!(matches!(cursors.as_slice(), [only] if only.contains(r#""x":2"#)), "{cursors:?}");
    assert!(bench.sent.iter().any(|message| message.contains("event:create")), "{:?}", bench.sent);
    bench.sent.clear();
    for _ in 0..12 {
        bench.wait(1_000);
        buffered(&mut bench, 60_000);
    }
    assert_ne!(bench.pipe, pipe);
}

#[test]
fn bytes_that_the_socket_holds_are_looked_at_from_time_to_time_and_told_once() {
    let mut bench = Bench::new();
    bench.connect();
    let pipe = bench.pipe;
    let steps = |bench: &Bench| bench.client.trace().matches(r#""kind":"buffered""#).count();
    for _ in 0..20 {
        bench.give(Input::Pipe(pipe, PipeEvent::Buffered(500)));
        let due = bench.client.poll_timeout().expect("a heartbeat");
        assert!(due > bench.now().mono, "nothing is to be done but to wait");
    }
    assert_eq!(steps(&bench), 1);
    bench.give(Input::Pipe(pipe, PipeEvent::Buffered(0)));
    assert_eq!(steps(&bench), 2);
}

#[test]
fn without_a_hello_each_write_names_its_stream() {
    let mut bench = Bench::with(|config| config.negotiate = false);
    bench.call(Call::Connect);
    bench.open();
    bench.sent.clear();
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(field(&bench.sent[0], "client"), bench.own().to_string());
    let mut bench = Bench::new();
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(field(&bench.sent[0], "client"), "", "the connection has named it");
}
