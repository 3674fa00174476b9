//! Opening, losing, coming back, signing in.

use super::*;
use crate::core::session::State;

#[test]
fn the_opening_flight_waits_for_nothing_and_is_one_frame_to_a_known_server() {
    let mut bench = Bench::new();
    bench.call(Call::Subscribe("project:p".to_owned()));
    bench.call(Call::Create(EVENT.to_owned()));
    bench.call(Call::Connect);
    assert_eq!(bench.sent_types(), Vec::<String>::new());
    bench.open();
    assert_eq!(
        (bench.sent_types(), bench.frames),
        (["hello", "subscribe", "event:create"].map(str::to_owned).into(), 3)
    );
    bench.hear(WELCOME);
    bench.lose(1006);
    bench.wait(2_000);
    bench.open();
    assert_eq!((bench.sent_types().len(), bench.frames), (3, 4));
}

#[test]
fn a_message_other_than_the_welcome_or_a_second_of_silence_means_a_plain_server() {
    for silent in [true, false] {
        let mut bench = Bench::new();
        bench.call(Call::Connect);
        bench.open();
        let ticket = bench.ticket(Call::Subscribe("project:p".to_owned()));
        assert_eq!(bench.outcome(ticket), None);
        if silent {
            bench.wait(1_000);
        } else {
            bench.hear(r#"{"type":"user:joined","payload":{"id":"bo"}}"#);
        }
        assert_eq!(bench.outcome(ticket), Some(&Outcome::Done), "{silent}");
    }
}

#[test]
fn connect_resolves_when_the_connection_is_usable_and_disconnect_is_final() {
    let mut bench = Bench::new();
    let ticket = bench.ticket(Call::Connect);
    let again = bench.ticket(Call::Connect);
    bench.open();
    assert_eq!((bench.outcome(ticket), bench.outcome(again)), (Some(&Outcome::Done), Some(&Outcome::Done)));
    bench.call(Call::Disconnect);
    assert!(bench.effects.contains(&Effect::ClosePipe(bench.pipe, 1000, "client disconnect")));
    bench.wait(600_000);
    assert_eq!((bench.client.state(), bench.pipe), (State::Disconnected, PipeId(1)));
}

#[test]
fn a_lost_connection_comes_back_and_a_forbidden_one_does_not() {
    let mut bench = Bench::new();
    bench.connect();
    bench.lose(1006);
    assert_eq!(bench.client.state(), State::Reconnecting);
    bench.wait(1_000);
    assert_eq!((bench.client.state(), bench.pipe), (State::Connecting, PipeId(2)));
    bench.open();
    bench.lose(4403);
    bench.wait(600_000);
    assert_eq!((bench.client.state(), bench.pipe), (State::Error, PipeId(2)));
}

#[test]
fn late_frames_of_an_old_socket_change_nothing() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 0, "");
    let old = bench.pipe;
    bench.call(Call::Reconnect);
    bench.give(Input::Pipe(old, PipeEvent::Text(&change(1, "e1", 1, "late"))));
    bench.give(Input::Pipe(old, PipeEvent::Closed { code: 4403, reason: "" }));
    assert_eq!((bench.title("e1"), bench.client.state()), (None, State::Connecting));
}

#[test]
fn a_silent_server_is_asked_and_then_given_up() {
    let mut bench = Bench::new();
    bench.connect();
    bench.wait(30_000);
    assert_eq!(bench.sent_types(), ["ping"]);
    bench.hear(r#"{"type":"pong","payload":{"time":1}}"#);
    bench.wait(30_000);
    assert_eq!(bench.sent_types(), ["ping"]);
    bench.wait(5_000);
    assert_eq!(bench.client.state(), State::Reconnecting);
}

#[test]
fn an_unanswered_write_asks_whether_the_link_lives() {
    let mut bench = Bench::new();
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    bench.wait(1_000);
    assert_eq!(bench.sent_types(), ["event:create", "ping"]);
    bench.wait(3_000);
    assert_eq!(bench.client.state(), State::Reconnecting);
}

#[test]
fn a_link_that_swallows_what_is_sent_is_given_up_although_frames_arrive() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 0, "");
    bench.write(Call::Create(EVENT.to_owned()));
    for seq in 1..=5 {
        bench.hear(&change(seq, "other", seq, "theirs"));
        bench.wait(800);
    }
    assert_eq!(bench.client.state(), State::Reconnecting);
}

#[test]
fn a_server_that_is_slow_to_decide_is_asked_again_and_kept() {
    let mut bench = Bench::new();
    bench.connect();
    bench.write(Call::Create(EVENT.to_owned()));
    bench.wait(2_000);
    for _ in 0..4 {
        bench.hear(r#"{"type":"pong","payload":{"time":1}}"#);
        bench.wait(4_000);
    }
    assert_eq!(bench.client.state(), State::Connected);
    let pings = bench.sent_types().into_iter().filter(|kind| kind == "ping").count();
    assert_eq!(pings, 5);
    bench.wait(2_500);
    assert_eq!(bench.client.state(), State::Reconnecting);
}

#[test]
fn a_refused_token_is_replaced_once_at_once() {
    let mut bench = Bench::with(|config| {
        config.token = Some("old".to_owned());
        config.can_refresh_token = true;
    });
    bench.call(Call::Connect);
    bench.open();
    assert_eq!(bench.sent_types().first().map(String::as_str), Some("auth"));
    bench.hear(r#"{"type":"error","payload":{"code":"token_expired","message":"over","retryable":false}}"#);
    assert!(bench.effects.contains(&Effect::RequestToken));
    bench.give(Input::Token(Ok("new".to_owned())));
    assert_eq!(bench.pipe, PipeId(2));
    bench.open();
    let auth = bench.sent.first().cloned().unwrap();
    assert!(auth.contains("\"token\":\"new\""), "{auth}");
    bench.hear(WELCOME);
    assert_eq!(bench.client.state(), State::Connected);
}

#[test]
fn a_refused_token_without_another_is_an_error() {
    let mut bench = Bench::with(|config| config.token = Some("old".to_owned()));
    let ticket = bench.ticket(Call::Connect);
    bench.open();
    bench.lose(4401);
    assert_eq!((bench.client.state(), bench.refusal(ticket)), (State::Error, Some("unauthorized")));
}

#[test]
fn a_network_that_is_back_shortens_the_wait() {
    let mut bench = Bench::new();
    bench.connect();
    bench.lose(1006);
    bench.signal(Signal::Online);
    assert_eq!((bench.client.state(), bench.pipe), (State::Connecting, PipeId(2)));
}

#[test]
fn every_ticket_settles_when_the_calendar_is_destroyed() {
    let mut bench = Bench::new();
    let mut tickets =
        vec![bench.ticket(Call::Connect), bench.ticket(Call::Subscribe("project:p".to_owned()))];
    let (_, persisted, confirmed) = bench.write(Call::Create(EVENT.to_owned()));
    tickets.extend([bench.ticket(Call::Flush), confirmed]);
    for ack in [None, Some(None)] {
        let send = Call::Send { kind: "note".to_owned(), payload: "1".to_owned(), ack };
        tickets.push(bench.ticket(send));
    }
    bench.call(Call::Destroy);
    assert!(tickets.iter().all(|ticket| bench.refusal(*ticket) == Some("destroyed")), "{:?}", bench.settled);
    assert_eq!(bench.refusal(persisted), Some("not_stored"));
    assert_eq!(
        bench.input(Input::Call(Call::Connect)).map_err(|fault| fault.code),
        Err(FaultCode::Destroyed)
    );
    assert_eq!(bench.client.poll_timeout(), None);
}

#[test]
fn an_end_for_good_says_whether_it_may_be_resumed() {
    for (code, expected) in [
        (1009, Some(true)),
        (4400, Some(false)),
        (4403, Some(false)),
        (4500, Some(false)),
        (4401, Some(true)),
    ] {
        let mut bench = Bench::new();
        bench.connect();
        bench.input(Input::Pipe(bench.pipe, PipeEvent::Closed { code, reason: "" })).unwrap();
        let told: Vec<_> = bench
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Error(fault) => Some(fault.resumable),
                _ => None,
            })
            .collect();
        assert_eq!((told, bench.client.state()), (vec![expected], State::Error), "{code}");
        bench.input(Input::Call(Call::Connect)).unwrap();
        assert_eq!(bench.client.state(), State::Connecting, "only the program goes on");
    }
}

#[test]
fn a_frame_full_of_what_is_no_message_is_counted_whole_and_told_once() {
    let mut bench = Bench::new();
    bench.connect();
    for frame in ["[1,2,3]", r#"[{"type":"event:created","payload":1},{"type":"user:joined"},{}]"#] {
        bench.events.clear();
        bench.hear(frame);
        let told = bench.events.iter().filter(|event| matches!(event, Event::Error(_))).count();
        assert_eq!(told, 1, "{frame}");
    }
    assert_eq!(bench.client.metrics().malformed, 6);
}

#[test]
fn large_frames_are_compressed_once_the_server_takes_them() {
    let mut bench = Bench::new();
    bench.call(Call::Connect);
    bench.open();
    assert!(bench.sent.iter().any(|message| message.contains(r#""accept":["binary","deflate-raw"]"#)));
    let large = EVENT.replace("Stand-up", &"long ".repeat(300));
    bench.hear(&WELCOME.replace(r#""lastSeq":0"#, r#""lastSeq":0,"accepted":["binary","deflate-raw"]"#));
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.deflated, 0);
    bench.hear(&ack(1, "x", 1, "one"));
    bench.write(Call::Create(large.clone()));
    assert_eq!(bench.deflated, 1);
    // One that does not inflate ends it: what was in it comes again, uncompressed.
    let pipe = bench.pipe;
    bench.give(Input::Pipe(pipe, PipeEvent::Binary(&[2, 0, 0])));
    bench.wait(1_500);
    bench.sent.clear();
    bench.open();
    assert_ne!(bench.pipe, pipe);
    assert!(bench.sent.iter().any(|message| message.contains(r#""accept":["binary"]"#)), "{:?}", bench.sent);
    bench.hear(WELCOME);
    assert_eq!(bench.deflated, 1);
}

#[test]
fn nothing_is_compressed_on_a_socket_that_does_so_itself() {
    let mut bench = Bench::new();
    bench.call(Call::Connect);
    let pipe = bench.pipe;
    bench.give(Input::Pipe(pipe, PipeEvent::Compressing));
    bench.open();
    assert!(bench.sent.iter().any(|message| message.contains(r#""accept":["binary"]"#)), "{:?}", bench.sent);
}
