//! Ten thousand clients lose one server at once: when do they come back?
//!
//! Owns sessions of the real core, with the options that programs get, and a server that is a point in time: until then it
//! refuses at once, from then on it takes everybody at once. There is no network: real ones spread more, never less.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use baro_realtime::core::config::{Config, Value};
use baro_realtime::core::rng::Rng;
use baro_realtime::core::session::{Action, Session};
use baro_realtime::core::time::{Now, Timestamp};

/// How the server went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It said over which time it wants its clients back, then closed.
    Drained(u64),
    /// It closed with a code that says so.
    Closed(u16),
    /// Its connections broke.
    Lost,
}

/// When they came back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Return {
    /// The largest part of all clients that came within one tenth of a second, in a hundred.
    pub peak_percent: f64,
    /// Half of them were back so many ms after the server was.
    pub p50_ms: u64,
    /// 99 of a hundred were.
    pub p99_ms: u64,
    /// Those that never came.
    pub missing: u64,
}

/// The instant of the end, ms: long after everybody was connected.
const END_MS: u64 = 60_000;
/// How long to wait for the last, ms.
const WAIT_MS: u64 = 180_000;

/// Lets `clients` lose their server, which takes none for `outage_ms`.
pub fn storm(clients: u64, end: End, outage_ms: u64) -> Return {
    let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://server/ws".to_owned()))]);
    #[expect(clippy::expect_used, reason = "the one option that is required is there")]
    let config = Config::read(&url, None).expect("a configuration");
    let mut sessions: Vec<Session> = (0..clients)
        .map(|number| connected(Session::new(&config, Rng::from_number(number)), Timestamp(0)))
        .collect();
    let (lost_at, up_at) = (Timestamp(END_MS), Timestamp(END_MS + outage_ms));
    let mut due = BinaryHeap::new();
    for (number, session) in sessions.iter_mut().enumerate() {
        session.handle_heard(lost_at);
        let Some(pipe) = session.open_pipe() else { continue };
        match end {
            End::Drained(window_ms) => {
                session.handle_drain(window_ms);
                session.handle_closed(lost_at, pipe, 1001, "going away");
            }
            End::Closed(code) => session.handle_closed(lost_at, pipe, code, ""),
            End::Lost => session.handle_closed(lost_at, pipe, 1006, ""),
        }
        session.take_actions();
        due.extend(session.poll_timeout().map(|at| Reverse((at, number))));
    }
    let mut back = Vec::new();
    while let Some(Reverse((at, number))) = due.pop().filter(|Reverse((at, _))| at.0 < END_MS + WAIT_MS) {
        let Some(session) = sessions.get_mut(number) else { continue };
        if session.poll_timeout() != Some(at) {
            due.extend(session.poll_timeout().map(|at| Reverse((at, number))));
            continue;
        }
        session.set_clock(Now { mono: at, wall_ms: at.0 });
        session.handle_timeout(at);
        if try_to_open(session, at, at >= up_at) {
            back.push(at.since(up_at));
        } else {
            due.extend(session.poll_timeout().map(|at| Reverse((at, number))));
        }
    }
    back.sort_unstable();
    summary(&back, clients)
}

fn connected(mut session: Session, at: Timestamp) -> Session {
    session.connect(at);
    try_to_open(&mut session, at, true);
    session
}

/// The server's answer to each pipe that a session opens. Returns whether the session is connected then.
fn try_to_open(session: &mut Session, at: Timestamp, up: bool) -> bool {
    loop {
        let opened = session.take_actions().into_iter().find_map(|action| match action {
            Action::Open(pipe, _) => Some(pipe),
            Action::Close(..)
            | Action::RequestToken
            | Action::Elect
            | Action::Withdraw
            | Action::PresentToken
            | Action::Greet(_)
            | Action::Ask(_)
            | Action::Moved(_)
            | Action::Remember(_)
            | Action::Ping
            | Action::StateChanged(..)
            | Action::Established
            | Action::Lost(..)
            | Action::Retrying(..)
            | Action::Exhausted
            | Action::Failed(_) => None,
        });
        let Some(pipe) = opened else { return false };
        if up {
            session.handle_opened(at, pipe);
            session.handle_heard(at);
            session.handle_accepted(at);
            return true;
        }
        session.handle_closed(at, pipe, 1006, "");
    }
}

fn summary(back: &[u64], clients: u64) -> Return {
    let mut most = 0;
    let mut from = 0;
    for (to, at) in back.iter().enumerate() {
        while back.get(from).is_some_and(|first| first + 100 <= *at) {
            from += 1;
        }
        most = most.max(to + 1 - from);
    }
    #[expect(clippy::cast_precision_loss, reason = "ten thousand is a small number")]
    let peak_percent = most as f64 * 100.0 / clients.max(1) as f64;
    let part =
        |of_hundred: usize| back.get((back.len() * of_hundred / 100).min(back.len().saturating_sub(1)));
    Return {
        peak_percent,
        p50_ms: part(50).copied().unwrap_or(0),
        p99_ms: part(99).copied().unwrap_or(0),
        missing: clients.saturating_sub(back.len() as u64),
    }
}
