//! The state machine.

use super::backoff::Backoff;
use super::close::{CloseVerdict, judge_close};
use super::liveness::{Liveness, Verdict};
use super::phase::Phase;
use super::token::{REQUEST_MS, TokenKeeper};
use super::words::{Action, Signal, State};
use crate::core::config::{Config, ReconnectConfig};
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::PipeId;
use crate::core::rng::Rng;
use crate::core::time::{Timestamp, soonest};

/// Time from opening the first socket to its `open`, and the limits of what later ones are given.
const CONNECT_MS: u64 = 5_000;
const CONNECT_MS_MIN: u64 = 2_000;
const CONNECT_MS_MAX: u64 = 8_000;
/// How long a token may stay unanswered before the server is taken for one that does not answer.
const GREETING_MS: u64 = 300;
/// Deadline of a probe after waking up.
const PROBE_MS: u64 = 2_000;
/// How often a hidden page looks whether its writes are decided.
const BUSY_MS: u64 = 1_000;
/// Window over which clients come back when the server names none.
const SPREAD_MS: u64 = 5_000;
/// Longest window that a server may name.
const SPREAD_MS_MAX: u64 = 60_000;

/// The connection. See the module for its guarantees.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    state: State,
    reconnect: ReconnectConfig,
    liveness: Liveness,
    backoff: Backoff,
    rng: Rng,
    last_pipe: u64,
    token: TokenKeeper,
    wall_ms: u64,
    connect_ms: Option<u64>,
    hidden_ms_max: Option<u64>,
    hidden_due: Option<Timestamp>,
    busy: bool,
    spread_ms: Option<u64>,
    actions: Vec<Action>,
}

impl Session {
    /// A session that has not been asked to connect.
    pub fn new(config: &Config, rng: Rng) -> Self {
        Self {
            phase: Phase::Idle,
            state: State::Disconnected,
            reconnect: config.reconnect.clone(),
            liveness: Liveness::new(config.heartbeat.clone()),
            backoff: Backoff::default(),
            rng,
            last_pipe: 0,
            token: TokenKeeper::new(config.token.clone(), config.can_refresh_token),
            wall_ms: 0,
            connect_ms: None,
            hidden_ms_max: config.hidden_disconnect_ms,
            hidden_due: None,
            busy: false,
            spread_ms: None,
            actions: Vec::new(),
        }
    }

    /// Tells the wall clock, which a token's end is measured against.
    pub fn set_wall(&mut self, wall_ms: u64) {
        self.wall_ms = wall_ms;
    }

    /// The public state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The token to present, if there is one.
    pub fn token(&self) -> Option<&str> {
        self.token.token()
    }

    /// The socket on which messages may be sent.
    pub fn open_pipe(&self) -> Option<PipeId> {
        self.phase.pipe().filter(|_| !matches!(self.phase, Phase::Opening { .. }))
    }

    /// Attempts since the last stable connection.
    pub fn attempt(&self) -> u64 {
        self.backoff.attempt()
    }

    /// What is to be done.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// When [`Session::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Idle | Phase::Asleep | Phase::Failed => None,
            Phase::AwaitingToken { deadline } | Phase::Opening { deadline, .. } => Some(*deadline),
            Phase::Backoff { until } => Some(*until),
            Phase::Greeting { deadline, .. } => Some(*deadline),
            Phase::Live { .. } => {
                let steps = soonest(self.token.poll_timeout(), self.hidden_due);
                soonest(Some(self.liveness.poll_timeout()), steps)
            }
        }
    }

    /// The program wants a connection.
    pub fn connect(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Idle | Phase::Asleep | Phase::Failed => {
                self.backoff.reset();
                self.token.clear_refusal();
                self.attempt_now(now);
            }
            Phase::Backoff { .. } => self.attempt_now(now),
            Phase::AwaitingToken { .. }
            | Phase::Opening { .. }
            | Phase::Greeting { .. }
            | Phase::Live { .. } => {}
        }
    }

    /// The program wants none, until it says otherwise.
    pub fn disconnect(&mut self) {
        let was_live = matches!(self.phase, Phase::Live { .. });
        self.close_pipe(1000, "client disconnect");
        self.phase = Phase::Idle;
        if was_live {
            self.actions.push(Action::Lost(1000, "client disconnect".to_owned()));
        }
        self.enter(State::Disconnected);
    }

    /// The program wants a fresh connection.
    pub fn reconnect(&mut self, now: Timestamp) {
        let was_live = matches!(self.phase, Phase::Live { .. });
        if !mutant!(old_socket_kept) {
            self.close_pipe(1000, "reconnect");
        }
        if was_live {
            self.actions.push(Action::Lost(1000, "reconnect".to_owned()));
        }
        self.backoff.reset();
        self.token.clear_refusal();
        self.attempt_now(now);
    }

    /// The program made a token, or could not.
    pub fn handle_token(&mut self, now: Timestamp, result: Result<String, String>) {
        match (&self.phase, result) {
            // One that comes after the program signed out is not kept.
            (Phase::Idle | Phase::Asleep | Phase::Failed, _) => {}
            (Phase::AwaitingToken { .. }, Ok(token)) => {
                self.token.accept(token);
                self.open(now);
            }
            (Phase::AwaitingToken { .. }, Err(_)) => self.retry(now, None),
            (Phase::Live { .. }, Ok(token)) => {
                self.token.accept(token);
                self.token.watch(now, self.wall_ms);
                self.actions.push(Action::PresentToken);
            }
            (Phase::Live { .. }, Err(_)) => self.token.ask_again(now),
            (Phase::Opening { .. } | Phase::Greeting { .. } | Phase::Backoff { .. }, Ok(token)) => {
                self.token.accept(token);
            }
            (Phase::Opening { .. } | Phase::Greeting { .. } | Phase::Backoff { .. }, Err(_)) => {}
        }
    }

    /// A socket opened.
    pub fn handle_opened(&mut self, now: Timestamp, pipe: PipeId) {
        let Phase::Opening { pipe: current, since, .. } = self.phase else { return };
        if current != pipe {
            return;
        }
        self.connect_ms = Some(now.since(since));
        self.liveness.begin(now);
        if mutant!(backoff_reset_on_open) {
            self.backoff.reset();
        }
        self.phase = Phase::Greeting { pipe, since: now, deadline: now.after(GREETING_MS) };
        self.actions.push(Action::Greet(pipe));
        // Without a token there is nothing that could be refused.
        if self.token.token().is_none() {
            self.establish(now);
        }
    }

    /// Whether `pipe` is the one in use; a frame of another is not for us.
    pub fn is_current(&self, pipe: PipeId) -> bool {
        self.open_pipe() == Some(pipe)
    }

    /// A frame arrived.
    pub fn handle_heard(&mut self, now: Timestamp) {
        self.liveness.hear(now);
    }

    /// The server took us in: it answered with something else than a refusal.
    pub fn handle_accepted(&mut self, now: Timestamp) {
        self.token.clear_refusal();
        self.establish(now);
    }

    /// The server steers the heartbeat.
    pub fn steer_heartbeat(&mut self, interval_ms: u64, timeout_ms: u64) {
        self.liveness.steer(interval_ms, timeout_ms);
    }

    /// The server is about to close and wants its clients back over a window.
    pub fn handle_drain(&mut self, window_ms: u64) {
        self.spread_ms = Some(window_ms.min(SPREAD_MS_MAX)).filter(|_| !mutant!(drain_ignored));
    }

    /// The server refused the token.
    pub fn handle_sign_in_refused(&mut self, now: Timestamp) {
        if self.open_pipe().is_some() {
            self.end_connection(now, 4401, "sign-in refused");
            self.close_pipe(1000, "sign-in refused");
            self.on_sign_in_refused(now);
        }
    }

    /// The conversation cannot go on; a new one may, with backoff.
    pub fn abandon(&mut self, now: Timestamp, reason: &'static str) {
        if self.open_pipe().is_some() {
            self.close_pipe(4000, reason);
            self.end_connection(now, 1006, reason);
            self.retry(now, None);
        }
    }

    /// A socket closed.
    pub fn handle_closed(&mut self, now: Timestamp, pipe: PipeId, code: u16, reason: &str) {
        if self.phase.pipe() != Some(pipe) && !mutant!(old_socket_heard) {
            return;
        }
        self.end_connection(now, code, reason);
        match judge_close(code) {
            CloseVerdict::Retry => self.retry(now, self.spread_ms),
            CloseVerdict::Spread => self.retry(now, Some(self.spread_ms.unwrap_or(SPREAD_MS))),
            CloseVerdict::SignIn => self.on_sign_in_refused(now),
            CloseVerdict::Terminal(cause) => {
                let told = if reason.is_empty() { "without a reason" } else { reason };
                self.fail(Fault::terminal(
                    cause,
                    format!("the server closed the connection with {code}: {told}"),
                ));
            }
        }
        self.spread_ms = None;
    }

    /// Something around us changed. What browsers say of the network is a hint: it may start a probe or shorten a wait.
    pub fn handle_signal(&mut self, now: Timestamp, signal: Signal) {
        match signal {
            Signal::Hidden => self.hidden_due = self.hidden_ms_max.map(|ms| now.after(ms)),
            Signal::Visible => self.hidden_due = None,
            Signal::Online | Signal::Offline | Signal::Suspended => {}
        }
        match (signal, &self.phase) {
            (Signal::Online | Signal::Visible, Phase::Backoff { .. }) | (Signal::Visible, Phase::Asleep) => {
                self.attempt_now(now);
            }
            (Signal::Online | Signal::Offline | Signal::Visible, Phase::Live { .. }) => {
                self.probe(now, PROBE_MS);
            }
            (Signal::Suspended, _) => self.sleep(now, "page suspended"),
            _ => {}
        }
    }

    /// Whether writes wait for the server's word: a hidden page keeps its connection that long.
    pub fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    /// Gives the connection up until somebody looks again.
    fn sleep(&mut self, now: Timestamp, reason: &'static str) {
        if !matches!(self.phase, Phase::Idle | Phase::Asleep | Phase::Failed) {
            self.close_pipe(1000, reason);
            self.end_connection(now, 1000, reason);
            self.hidden_due = None;
            self.phase = Phase::Asleep;
            self.enter(State::Disconnected);
        }
    }

    /// Asks the server whether it is there, with a deadline; an earlier one stays.
    pub fn probe(&mut self, now: Timestamp, within_ms: u64) {
        if matches!(self.phase, Phase::Live { .. }) && self.liveness.ask(now, within_ms) {
            self.actions.push(Action::Ping);
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        match self.phase {
            Phase::Idle | Phase::Asleep | Phase::Failed => {}
            Phase::Backoff { .. } => self.attempt_now(now),
            Phase::AwaitingToken { .. } => self.retry(now, None),
            Phase::Opening { .. } => {
                self.close_pipe(1000, "connect timeout");
                self.end_connection(now, 1006, "connect timeout");
                self.retry(now, None);
            }
            Phase::Greeting { .. } => self.establish(now),
            Phase::Live { .. } => {
                if self.token.take_due(now) {
                    self.actions.push(Action::RequestToken);
                }
                match self.hidden_due.filter(|due| *due <= now) {
                    Some(_) if self.busy => self.hidden_due = Some(now.after(BUSY_MS)),
                    Some(_) => self.sleep(now, "page hidden"),
                    None => self.check_liveness(now),
                }
            }
        }
    }

    fn check_liveness(&mut self, now: Timestamp) {
        match self.liveness.check(now) {
            Verdict::Wait => {}
            Verdict::Ask => self.actions.push(Action::Ping),
            Verdict::Dead => self.abandon(now, "no answer"),
        }
    }

    fn attempt_now(&mut self, now: Timestamp) {
        self.enter(State::Connecting);
        if self.token.must_refresh(self.wall_ms) {
            self.phase = Phase::AwaitingToken { deadline: now.after(REQUEST_MS) };
            self.actions.push(Action::RequestToken);
        } else {
            self.open(now);
        }
    }

    fn open(&mut self, now: Timestamp) {
        self.last_pipe += 1;
        let pipe = PipeId(self.last_pipe);
        // Twice the time that it took last, and a second: a slow network is given time, a dead one is not.
        let patience =
            self.connect_ms.map_or(CONNECT_MS, |ms| (2 * ms + 1_000).clamp(CONNECT_MS_MIN, CONNECT_MS_MAX));
        self.phase = Phase::Opening { pipe, since: now, deadline: now.after(patience) };
        self.actions.push(Action::Open(pipe));
    }

    fn establish(&mut self, now: Timestamp) {
        if let Phase::Greeting { pipe, since, .. } = self.phase {
            self.phase = Phase::Live { pipe, since };
            self.token.watch(now, self.wall_ms);
            self.enter(State::Connected);
            self.actions.push(Action::Established);
        }
    }

    /// Takes note that the connection is over; what comes next is the caller's to decide.
    fn end_connection(&mut self, now: Timestamp, code: u16, reason: &str) {
        if let Phase::Live { since, .. } = self.phase {
            self.backoff.connection_ended(since, now, self.liveness.has_heard());
            self.actions.push(Action::Lost(code, reason.to_owned()));
        }
    }

    fn on_sign_in_refused(&mut self, now: Timestamp) {
        let again = self.token.refuse();
        if !self.token.can_refresh() {
            self.fail(Fault::terminal(
                FaultCode::Unauthorized,
                "the server refused the token, and no refreshToken is configured",
            ));
        } else if again {
            self.retry(now, None);
        } else {
            self.attempt_now(now);
        }
    }

    fn retry(&mut self, now: Timestamp, spread_ms: Option<u64>) {
        let delay = match spread_ms {
            Some(window) if self.backoff.attempt() == 0 => {
                self.backoff.spread(&self.reconnect, window, &mut self.rng)
            }
            _ => self.backoff.next_delay(&self.reconnect, &mut self.rng),
        };
        match delay {
            Some(delay) => {
                let delay = if mutant!(no_backoff) { 0 } else { delay };
                self.phase = Phase::Backoff { until: now.after(delay) };
                self.enter(State::Reconnecting);
                self.actions.push(Action::Retrying(self.backoff.attempt(), delay));
            }
            None => {
                self.phase = Phase::Failed;
                self.enter(State::Error);
                self.actions.push(Action::Exhausted);
            }
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.phase = Phase::Failed;
        self.enter(State::Error);
        self.actions.push(Action::Failed(fault));
    }

    fn close_pipe(&mut self, code: u16, reason: &'static str) {
        if let Some(pipe) = self.phase.pipe() {
            self.actions.push(Action::Close(pipe, code, reason));
        }
    }

    fn enter(&mut self, state: State) {
        let previous = std::mem::replace(&mut self.state, state);
        if previous != state {
            self.actions.push(Action::StateChanged(state, previous));
        }
    }
}

#[cfg(test)]
mod tests;
