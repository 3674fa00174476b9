//! Which transport is opened when, and which one wins.

use super::*;
use crate::core::transport::POLLING_FIRST_MS;
use Transport::{Polling, WebSocket};

/// The pipes that were opened since the last look, and what carries them.
fn opens(actions: &[Action]) -> Vec<(PipeId, Transport)> {
    let open = |action: &Action| match action {
        Action::Open(pipe, transport) => Some((*pipe, *transport)),
        _ => None,
    };
    actions.iter().filter_map(open).collect()
}

fn closes(actions: &[Action]) -> Vec<PipeId> {
    let close = |action: &Action| match action {
        Action::Close(pipe, ..) => Some(*pipe),
        _ => None,
    };
    actions.iter().filter_map(close).collect()
}

fn take_opens(session: &mut Session) -> Vec<(PipeId, Transport)> {
    opens(&session.take_actions())
}

fn connecting() -> Session {
    let mut session = session(|config| config.reconnect.attempts_max = None);
    session.connect(Timestamp(0));
    session
}

/// Goes to the next timer; returns when that was.
fn tick(session: &mut Session) -> Timestamp {
    let due = session.poll_timeout().unwrap();
    session.handle_timeout(due);
    due
}

/// Lives on polling, because its first WebSocket was refused.
fn polling() -> (Session, PipeId) {
    let mut session = connecting();
    session.handle_closed(Timestamp(50), PipeId(1), 1006, "");
    session.handle_opened(Timestamp(100), PipeId(2));
    session.handle_heard(Timestamp(120));
    session.take_actions();
    (session, PipeId(2))
}

/// Lets time pass until a WebSocket is tried beside `polling`, which answers every ping.
fn until_try(session: &mut Session) -> (Timestamp, PipeId) {
    for _ in 0..100_000 {
        let due = tick(session);
        session.handle_heard(due);
        let actions = session.take_actions();
        if let [(pipe, WebSocket)] = opens(&actions)[..] {
            return (due, pipe);
        }
        assert_eq!(closes(&actions), [], "{actions:?}");
    }
    panic!("no WebSocket is tried");
}

#[test]
fn polling_joins_a_websocket_that_takes_long_and_the_first_that_opens_wins() {
    for winner in [WebSocket, Polling] {
        let mut session = connecting();
        assert_eq!(take_opens(&mut session), [(PipeId(1), WebSocket)]);
        assert_eq!(tick(&mut session), Timestamp(2_500));
        assert_eq!(take_opens(&mut session), [(PipeId(2), Polling)]);
        let (won, lost) = if winner == WebSocket { (PipeId(1), PipeId(2)) } else { (PipeId(2), PipeId(1)) };
        session.handle_opened(Timestamp(2_900), won);
        let actions = session.take_actions();
        assert_eq!(closes(&actions), [lost]);
        assert!(actions.contains(&Action::Greet(won)));
        session.handle_opened(Timestamp(2_901), lost);
        session.handle_closed(Timestamp(2_902), lost, 4403, "");
        assert_eq!(session.take_actions(), []);
        assert_eq!((session.state(), session.transport()), (State::Connected, Some(winner)));
    }
}

#[test]
fn a_websocket_that_is_refused_makes_way_for_polling_at_once() {
    let mut session = connecting();
    session.take_actions();
    session.handle_closed(Timestamp(50), PipeId(1), 1006, "");
    assert_eq!(session.take_actions(), [Action::Open(PipeId(2), Polling)], "in the same attempt");
    session.handle_closed(Timestamp(60), PipeId(2), 1006, "HTTP 404");
    assert_eq!(session.state(), State::Reconnecting);
    assert_eq!(take_opens(&mut session), []);
}

#[test]
fn a_program_that_had_a_websocket_asks_once_an_attempt() {
    let mut session = connecting();
    opened(&mut session, Timestamp(10));
    session.handle_heard(Timestamp(20));
    session.handle_closed(Timestamp(30), PipeId(1), 1006, "");
    for _ in 0..3 {
        session.take_actions();
        let due = tick(&mut session);
        let [(pipe, WebSocket)] = take_opens(&mut session)[..] else { panic!("no WebSocket") };
        session.handle_closed(due.after(5), pipe, 1006, "");
        assert_eq!((session.state(), take_opens(&mut session)), (State::Reconnecting, vec![]));
    }
    let due = tick(&mut session);
    let [(pipe, Polling)] = take_opens(&mut session)[..] else { panic!("three were not enough") };
    session.handle_closed(due.after(5), pipe, 1006, "");
    session.take_actions();
    tick(&mut session);
    assert!(matches!(take_opens(&mut session)[..], [(_, WebSocket)]), "both failed: it was an outage");
}

#[test]
fn three_websockets_that_open_and_deliver_nothing_have_failed() {
    let mut session = connecting();
    for round in 1..=3 {
        let [(pipe, WebSocket)] = take_opens(&mut session)[..] else { panic!("round {round}") };
        let begun = session.poll_timeout().unwrap();
        session.handle_opened(Timestamp(begun.0 - 2_400), pipe);
        // Silence, a question, silence.
        let asked = tick(&mut session);
        assert!(session.take_actions().contains(&Action::Ping));
        assert_eq!(tick(&mut session), asked.after(5_000));
        assert_eq!(closes(&session.take_actions()), [pipe]);
        tick(&mut session);
    }
    assert!(matches!(take_opens(&mut session)[..], [(_, Polling)]));
}

#[test]
fn a_server_that_says_why_it_closes_is_no_failure_of_the_transport() {
    for code in [1012, 4429] {
        let mut session = connecting();
        for _ in 0..5 {
            let [(pipe, WebSocket)] = take_opens(&mut session)[..] else { panic!("{code}") };
            let now = session.poll_timeout().map(|due| Timestamp(due.0 - 2_400)).unwrap();
            session.handle_opened(now, pipe);
            session.handle_closed(now.after(5), pipe, code, "");
            tick(&mut session);
        }
    }
}

#[test]
fn polling_comes_first_for_half_an_hour_and_the_next_program_knows() {
    let (mut session, _) = polling();
    session.set_clock(Now { mono: Timestamp(0), wall_ms: 1_000_000 });
    for _ in 0..2 {
        let (at, pipe) = until_try(&mut session);
        session.handle_closed(at.after(5), pipe, 1006, "");
    }
    let actions = session.take_actions();
    assert!(actions.contains(&Action::Remember(Some(1_000_000 + POLLING_FIRST_MS))), "{actions:?}");

    let mut next = connecting();
    next.set_clock(Now { mono: Timestamp(0), wall_ms: 1_000_000 + 60_000 });
    next.take_actions();
    next.recall(Timestamp(40), 1_000_000 + POLLING_FIRST_MS);
    assert_eq!(take_opens(&mut next), [(PipeId(2), Polling)], "beside the one that is being opened");
    next.handle_opened(Timestamp(80), PipeId(2));
    next.handle_heard(Timestamp(90));
    assert_eq!(closes(&next.take_actions()), [PipeId(1)]);
    next.reconnect(Timestamp(100));
    assert_eq!(take_opens(&mut next), [(PipeId(3), Polling)]);
}

#[test]
fn what_is_recalled_too_late_changes_nothing() {
    let mut session = connecting();
    opened(&mut session, Timestamp(10));
    session.handle_heard(Timestamp(15));
    session.take_actions();
    session.recall(Timestamp(20), u64::MAX);
    assert_eq!(session.take_actions(), []);
    session.reconnect(Timestamp(30));
    assert!(matches!(take_opens(&mut session)[..], [(_, WebSocket)]));
}

#[test]
fn a_websocket_that_answers_beside_polling_takes_over_without_a_loss() {
    let (mut session, old) = polling();
    let (now, new) = until_try(&mut session);
    assert_eq!(now, Timestamp(15_120));
    session.handle_opened(now.after(20), new);
    assert_eq!(session.take_actions(), [Action::Ask(new)]);
    assert!(session.is_current(old), "the one that is being tried is not in use");
    session.handle_heard_aside(now.after(40), new);
    assert!(session.is_moving());
    session.handle_timeout(now.after(40));
    let actions = session.take_actions();
    assert_eq!((closes(&actions), actions.last()), (vec![old], Some(&Action::Moved(new))));
    assert!(!actions.iter().any(|action| matches!(action, Action::Lost(..) | Action::StateChanged(..))));
    assert!(session.is_current(new));
    assert_eq!((session.state(), session.transport()), (State::Connected, Some(WebSocket)));
    session.handle_closed(now.after(50), old, 4403, "late");
    session.handle_closed(now.after(60), new, 1006, "");
    assert_eq!(session.state(), State::Reconnecting);
}

#[test]
fn a_move_waits_for_answers_but_not_for_ever() {
    let (mut session, old) = polling();
    let (now, new) = until_try(&mut session);
    session.handle_opened(now, new);
    session.handle_heard_aside(now, new);
    session.set_busy(true, true);
    session.handle_timeout(now);
    assert!(session.is_current(old));
    let mut moved = now;
    while session.is_current(old) {
        moved = tick(&mut session);
    }
    assert_eq!(moved, now.after(2_000));
}

#[test]
fn a_websocket_that_fails_beside_polling_is_tried_again_ever_later() {
    let (mut session, old) = polling();
    let (mut waits, mut from) = (Vec::new(), Timestamp(120));
    for (opens, refused) in [(false, true), (false, false), (true, false), (true, true)] {
        let (at, pipe) = until_try(&mut session);
        waits.push(at.since(from));
        from = at;
        if opens {
            session.handle_opened(at, pipe);
        }
        if refused {
            session.handle_closed(at, pipe, 1006, "");
        } else {
            // Never opens, or opens and swallows the question.
            while !closes(&session.take_actions()).contains(&pipe) {
                from = tick(&mut session);
                session.handle_heard(from);
            }
        }
        assert!(session.is_current(old));
    }
    assert_eq!(waits.first(), Some(&15_000));
    assert!(waits.is_sorted() && waits.last() >= Some(&POLLING_FIRST_MS), "{waits:?}");
}

#[test]
fn whatever_ends_the_connection_ends_the_one_beside_it() {
    let ends: [fn(&mut Session, Timestamp, PipeId); 5] = [
        |session, _, _| session.disconnect(),
        |session, now, _| session.reconnect(now),
        |session, now, _| session.handle_signal(now, Signal::Suspended),
        |session, now, _| session.abandon(now, "no answer"),
        |session, now, old| session.handle_closed(now, old, 1006, ""),
    ];
    for end in ends {
        let (mut session, old) = polling();
        let (now, new) = until_try(&mut session);
        session.handle_opened(now, new);
        session.take_actions();
        end(&mut session, now.after(5), old);
        assert!(closes(&session.take_actions()).contains(&new));
        session.handle_heard_aside(now.after(6), new);
        session.handle_closed(now.after(6), new, 1006, "");
        assert!(!session.is_current(new));
        assert_eq!(session.take_actions(), []);
    }
}

#[test]
fn neither_a_signal_nor_a_call_opens_a_third_pipe() {
    let mut session = connecting();
    tick(&mut session);
    session.take_actions();
    session.connect(Timestamp(2_600));
    for signal in [Signal::Online, Signal::Visible, Signal::Offline, Signal::Hidden] {
        session.handle_signal(Timestamp(2_600), signal);
    }
    assert_eq!(take_opens(&mut session), []);
    session.disconnect();
    assert_eq!(closes(&session.take_actions()), [PipeId(1), PipeId(2)]);
}

#[test]
fn polling_alone_and_websockets_alone_have_no_rival() {
    for transports in
        [Transports { websocket: true, polling: false }, Transports { websocket: false, polling: true }]
    {
        let only = if transports.polling { Polling } else { WebSocket };
        let mut session = session(|config| {
            config.transports = transports;
            config.reconnect.attempts_max = None;
        });
        session.connect(Timestamp(0));
        let mut now = Timestamp(0);
        for _ in 0..5 {
            let opened = take_opens(&mut session);
            assert!(opened.iter().all(|(_, transport)| *transport == only), "{opened:?}");
            if let [(pipe, _)] = opened[..] {
                session.handle_closed(now.after(5), pipe, 1006, "");
            }
            now = tick(&mut session);
        }
    }
}
