mod table;
mod transport;

use super::*;
use crate::core::config::Value;
use crate::core::transport::Transports;

/// Expires at 1,700,000,000,000 ms.
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEiLCJleHAiOjE3MDAwMDAwMDB9.c2ln";
const END: u64 = 1_700_000_000_000;

fn session(change: impl FnOnce(&mut Config)) -> Session {
    let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://host/ws".to_owned()))]);
    let mut config = Config::read(&url, None).unwrap();
    change(&mut config);
    Session::new(&config, Rng::from_number(1))
}

fn opened(session: &mut Session, now: Timestamp) -> PipeId {
    let pipe = session.take_actions().into_iter().find_map(|action| match action {
        Action::Open(pipe, _) => Some(pipe),
        _ => None,
    });
    let pipe = pipe.unwrap();
    session.handle_opened(now, pipe);
    pipe
}

#[test]
fn a_late_callback_of_an_earlier_socket_changes_nothing() {
    let mut session = session(|_| {});
    session.connect(Timestamp(0));
    let old = opened(&mut session, Timestamp(10));
    session.reconnect(Timestamp(20));
    let new = opened(&mut session, Timestamp(30));
    session.take_actions();
    session.handle_closed(Timestamp(40), old, 1006, "");
    session.handle_opened(Timestamp(40), old);
    assert_eq!(session.take_actions(), []);
    assert_eq!((session.state(), session.open_pipe()), (State::Connected, Some(new)));
}

#[test]
fn no_signal_undoes_a_disconnect() {
    let mut session = session(|_| {});
    session.connect(Timestamp(0));
    opened(&mut session, Timestamp(10));
    session.disconnect();
    session.take_actions();
    for signal in [Signal::Offline, Signal::Online, Signal::Hidden, Signal::Visible] {
        session.handle_signal(Timestamp(20), signal);
    }
    assert_eq!(
        (session.take_actions(), session.poll_timeout(), session.state()),
        (vec![], None, State::Disconnected)
    );
}

#[test]
fn a_server_that_accepts_and_closes_sees_a_dozen_attempts_in_forty_seconds() {
    for seed in 0..100 {
        let mut session = session(|config| config.reconnect.attempts_max = None);
        session.rng = Rng::from_number(seed);
        session.connect(Timestamp(0));
        let (mut now, mut attempts) = (Timestamp(0), 0);
        while now < Timestamp(40_000) {
            attempts += 1;
            let pipe = opened(&mut session, now);
            now = now.after(25);
            session.handle_closed(now, pipe, 1006, "");
            session.take_actions();
            now = session.poll_timeout().unwrap();
            session.handle_timeout(now);
        }
        assert!(attempts <= 12, "{attempts} with seed {seed}");
    }
}

#[test]
fn later_sockets_get_time_by_what_the_last_one_took() {
    for (took, patience) in [(10, 2_000), (1_200, 3_400), (4_900, 8_000)] {
        let mut session =
            session(|config| config.transports = Transports { websocket: true, polling: false });
        session.connect(Timestamp(0));
        assert_eq!(session.poll_timeout(), Some(Timestamp(5_000)));
        opened(&mut session, Timestamp(took));
        session.reconnect(Timestamp(10_000));
        assert_eq!(session.poll_timeout(), Some(Timestamp(10_000 + patience)));
    }
}

#[test]
fn a_silent_peer_is_asked_and_given_up() {
    let mut session = session(|_| {});
    session.connect(Timestamp(0));
    let pipe = opened(&mut session, Timestamp(0));
    session.take_actions();
    session.handle_timeout(Timestamp(30_000));
    assert_eq!(session.take_actions(), [Action::Ping]);
    session.handle_timeout(Timestamp(35_000));
    let actions = session.take_actions();
    assert!(actions.contains(&Action::Close(pipe, 4000, "no answer")), "{actions:?}");
    assert_eq!(session.state(), State::Reconnecting);
}

#[test]
fn one_that_falls_silent_after_it_wanted_to_close_is_come_back_to_within_its_window_and_the_next_is_not() {
    let mut session = session(|_| {});
    session.connect(Timestamp(0));
    let mut delay_after = |from: u64, window_ms: Option<u64>| {
        opened(&mut session, Timestamp(from));
        if let Some(window_ms) = window_ms {
            session.handle_drain(window_ms);
        }
        session.handle_heard(Timestamp(from + 10_000));
        session.take_actions();
        session.abandon(Timestamp(from + 20_000), "no answer");
        let due = session.poll_timeout().unwrap().0;
        session.take_actions();
        session.handle_timeout(Timestamp(due));
        due - from - 20_000
    };
    assert!(delay_after(0, Some(3)) <= 3);
    assert!(delay_after(100_000, None) > 3, "half of the first delay at least");
}

#[test]
fn a_page_that_slept_through_the_deadline_hears_its_socket_out_first() {
    let mut session = session(|_| {});
    session.connect(Timestamp(0));
    opened(&mut session, Timestamp(0));
    session.handle_timeout(Timestamp(30_000));
    session.take_actions();
    session.handle_timeout(Timestamp(3_600_000));
    assert_eq!(session.take_actions(), [Action::Ping]);
    session.handle_heard(Timestamp(3_600_050));
    session.handle_timeout(Timestamp(3_601_000));
    assert_eq!((session.take_actions(), session.state()), (vec![], State::Connected));
}

#[test]
fn an_expired_token_is_renewed_before_anything_is_opened() {
    let mut session = session(|config| {
        config.token = Some(JWT.to_owned());
        config.can_refresh_token = true;
    });
    session.set_clock(Now { mono: Timestamp(0), wall_ms: END + 1 });
    session.connect(Timestamp(0));
    assert_eq!(
        session.take_actions(),
        [Action::StateChanged(State::Connecting, State::Disconnected), Action::RequestToken]
    );
    session.handle_token(Timestamp(5), Ok("fresh".to_owned()));
    assert_eq!(
        (session.take_actions(), session.token()),
        (vec![Action::Open(PipeId(1), Transport::WebSocket)], Some("fresh"))
    );
}

#[test]
fn a_live_connection_signs_in_anew_without_a_disconnect() {
    let mut session = session(|config| {
        config.token = Some(JWT.to_owned());
        config.can_refresh_token = true;
    });
    session.set_clock(Now { mono: Timestamp(0), wall_ms: END - 100_000 });
    session.connect(Timestamp(0));
    opened(&mut session, Timestamp(0));
    session.handle_accepted(Timestamp(10));
    session.take_actions();
    for at in [30_010, 60_010] {
        session.handle_timeout(Timestamp(at));
        session.take_actions();
        session.handle_heard(Timestamp(at));
    }
    session.handle_timeout(Timestamp(80_010));
    assert_eq!(session.take_actions(), [Action::RequestToken]);
    session.handle_token(Timestamp(80_100), Ok("fresh".to_owned()));
    assert_eq!((session.take_actions(), session.state()), (vec![Action::PresentToken], State::Connected));
}

#[test]
fn a_token_that_comes_after_the_end_is_not_kept() {
    let mut session = session(|config| config.can_refresh_token = true);
    session.connect(Timestamp(0));
    session.disconnect();
    session.handle_token(Timestamp(5), Ok("late".to_owned()));
    assert_eq!(session.token(), None);
}

#[test]
fn a_refused_token_is_renewed_at_once_and_then_with_backoff() {
    let mut session = session(|config| {
        config.token = Some("opaque".to_owned());
        config.can_refresh_token = true;
    });
    session.connect(Timestamp(0));
    let pipe = opened(&mut session, Timestamp(0));
    session.handle_closed(Timestamp(10), pipe, 4401, "");
    assert!(session.take_actions().contains(&Action::RequestToken));
    session.handle_token(Timestamp(20), Ok("also refused".to_owned()));
    let pipe = opened(&mut session, Timestamp(30));
    session.handle_closed(Timestamp(40), pipe, 4401, "");
    assert_eq!(session.state(), State::Reconnecting);
}

#[test]
fn a_token_has_as_long_to_be_answered_as_the_connection_took_to_open() {
    for (opening_ms, patience_ms) in [(5, 300), (300, 300), (900, 900), (4_000, 2_000)] {
        let mut session = session(|config| config.token = Some("opaque".to_owned()));
        session.connect(Timestamp(0));
        let at = Timestamp(opening_ms);
        opened(&mut session, at);
        session.handle_timeout(Timestamp(opening_ms + patience_ms - 1));
        assert_eq!(session.state(), State::Connecting, "{opening_ms}");
        session.handle_timeout(Timestamp(opening_ms + patience_ms));
        assert_eq!(session.state(), State::Connected, "{opening_ms}");
    }
}

#[test]
fn a_hidden_page_gives_its_connection_up_but_never_with_writes_on_the_way() {
    let mut session = session(|config| config.hidden_disconnect_ms = Some(10_000));
    session.connect(Timestamp(0));
    opened(&mut session, Timestamp(0));
    session.handle_signal(Timestamp(0), Signal::Hidden);
    session.set_busy(true, false);
    session.handle_timeout(Timestamp(10_000));
    assert_eq!(session.state(), State::Connected);
    session.set_busy(false, false);
    session.handle_timeout(Timestamp(11_000));
    assert_eq!((session.state(), session.poll_timeout()), (State::Disconnected, None));
    session.take_actions();
    session.handle_signal(Timestamp(20_000), Signal::Online);
    assert_eq!(session.take_actions(), [], "nobody looks");
    session.handle_signal(Timestamp(30_000), Signal::Visible);
    assert!(session.take_actions().contains(&Action::Open(PipeId(2), Transport::WebSocket)));
}

#[test]
fn a_page_that_runs_again_unseen_asks_who_is_there_and_still_gives_the_connection_up() {
    let mut session = session(|config| config.hidden_disconnect_ms = Some(10_000));
    session.connect(Timestamp(0));
    opened(&mut session, Timestamp(0));
    session.handle_signal(Timestamp(0), Signal::Hidden);
    session.take_actions();
    session.handle_signal(Timestamp(9_000), Signal::Resumed);
    assert_eq!(session.take_actions(), [Action::Ping]);
    session.handle_heard(Timestamp(9_100));
    session.handle_timeout(Timestamp(10_000));
    assert_eq!(session.state(), State::Disconnected);
    session.take_actions();
    session.handle_signal(Timestamp(20_000), Signal::Resumed);
    assert_eq!(session.take_actions(), [], "nobody looks");
}

#[test]
fn a_suspended_page_closes_and_comes_back_at_once() {
    let mut session = session(|_| {});
    session.connect(Timestamp(0));
    let pipe = opened(&mut session, Timestamp(0));
    session.handle_signal(Timestamp(5), Signal::Suspended);
    session.handle_closed(Timestamp(6), pipe, 1006, "late");
    assert_eq!(session.state(), State::Disconnected);
    session.take_actions();
    session.handle_signal(Timestamp(9), Signal::Visible);
    assert!(session.take_actions().contains(&Action::Open(PipeId(2), Transport::WebSocket)));
    session.disconnect();
    session.handle_signal(Timestamp(10), Signal::Suspended);
    session.handle_signal(Timestamp(11), Signal::Visible);
    assert_eq!(session.open_pipe(), None);
}

#[test]
fn a_dead_peer_is_given_up_even_if_every_timer_is_late() {
    let mut session = session(|_| {});
    session.connect(Timestamp(0));
    opened(&mut session, Timestamp(0));
    for _ in 0..3 {
        let due = session.poll_timeout().unwrap();
        session.handle_timeout(due.after(60_000));
    }
    assert_eq!(session.state(), State::Reconnecting);
}
