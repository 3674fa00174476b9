//! The state machine: what the program and its surroundings want. What pipes report stands in `pipes`, how a connection
//! ends in `ending`.

mod ending;
mod pipes;
mod sharing;

use super::backoff::Backoff;
use super::clock::ServerClock;
use super::liveness::{Liveness, Verdict};
use super::phase::Phase;
use super::token::{REQUEST_MS, TokenKeeper};
use super::words::{Action, Signal, State};
use crate::core::config::{Config, ReconnectConfig};
use crate::core::id::PipeId;
use crate::core::rng::Rng;
use crate::core::time::{Now, Timestamp, soonest};
use crate::core::transport::{Choice, Transport, Way};

/// Deadline of a probe after waking up.
const PROBE_MS: u64 = 2_000;
/// How often a hidden page looks whether its writes are decided.
const BUSY_MS: u64 = 1_000;

/// The connection. See the module for its guarantees.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    state: State,
    reconnect: ReconnectConfig,
    liveness: Liveness,
    backoff: Backoff,
    choice: Choice,
    way: Way,
    /// Whether tabs share a connection.
    shares: bool,
    /// Until when polling comes first, as the program's storage has it.
    remembered: Option<Timestamp>,
    rng: Rng,
    last_pipe: u64,
    token: TokenKeeper,
    clock: ServerClock,
    connect_ms: Option<u64>,
    hidden_ms_max: Option<u64>,
    hidden_due: Option<Timestamp>,
    busy: bool,
    under_way: bool,
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
            choice: Choice::new(config.transports),
            way: Way::Own,
            shares: false,
            remembered: None,
            rng,
            last_pipe: 0,
            token: TokenKeeper::new(config.token.clone(), config.can_refresh_token),
            clock: ServerClock::default(),
            connect_ms: None,
            hidden_ms_max: config.hidden_disconnect_ms,
            hidden_due: None,
            busy: false,
            under_way: false,
            spread_ms: None,
            actions: Vec::new(),
        }
    }

    /// Tells what time it is here.
    pub fn set_clock(&mut self, now: Now) {
        self.clock.set(now);
    }

    /// The server said what time it is.
    pub fn handle_server_time(&mut self, time_ms: u64) {
        self.clock.learn(time_ms);
    }

    /// The public state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The token to present, if there is one.
    pub fn token(&self) -> Option<&str> {
        self.token.token()
    }

    /// The pipe on which messages may be sent.
    pub fn open_pipe(&self) -> Option<PipeId> {
        self.phase.link().map(|link| link.pipe)
    }

    /// What carries it.
    pub fn transport(&self) -> Option<Transport> {
        self.phase.link().map(|link| link.transport)
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
            Phase::AwaitingToken { deadline }
            | Phase::Electing { deadline }
            | Phase::Greeting { deadline, .. } => Some(*deadline),
            Phase::Opening { race } => Some(race.poll_timeout()),
            Phase::Backoff { until } => Some(*until),
            Phase::Live { upgrade, .. } => {
                let steps = soonest(self.token.poll_timeout(), self.hidden_due);
                soonest(Some(self.liveness.poll_timeout()), soonest(steps, upgrade.poll_timeout()))
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
            | Phase::Electing { .. }
            | Phase::Opening { .. }
            | Phase::Greeting { .. }
            | Phase::Live { .. } => {}
        }
    }

    /// The program wants none, until it says otherwise.
    pub fn disconnect(&mut self) {
        let was_live = matches!(self.phase, Phase::Live { .. });
        self.close_pipes(1000, "client disconnect");
        self.phase = Phase::Idle;
        if was_live {
            self.actions.push(Action::Lost(1000, "client disconnect".to_owned()));
        }
        self.withdraw();
        self.enter(State::Disconnected);
    }

    /// The program wants a fresh connection.
    pub fn reconnect(&mut self, now: Timestamp) {
        let was_live = matches!(self.phase, Phase::Live { .. });
        if !mutant!(old_socket_kept) {
            self.close_pipes(1000, "reconnect");
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
            (Phase::Live { link, .. }, Ok(token)) => {
                let is_own = link.transport != Transport::Tab;
                self.token.accept(token);
                if is_own {
                    self.token.watch(now, self.clock.wall_ms());
                    self.actions.push(Action::PresentToken);
                }
            }
            (Phase::Live { .. }, Err(_)) => self.token.ask_again(now),
            (
                Phase::Electing { .. }
                | Phase::Opening { .. }
                | Phase::Greeting { .. }
                | Phase::Backoff { .. },
                Ok(token),
            ) => {
                self.token.accept(token);
            }
            (
                Phase::Electing { .. }
                | Phase::Opening { .. }
                | Phase::Greeting { .. }
                | Phase::Backoff { .. },
                Err(_),
            ) => {}
        }
    }

    /// The token was refused where no socket is involved. Returns whether another can be had.
    pub fn refresh_token(&mut self) -> bool {
        let can = self.token.can_refresh();
        if can && !matches!(self.phase, Phase::AwaitingToken { .. }) {
            self.actions.push(Action::RequestToken);
        }
        can
    }

    /// Something around us changed. What browsers say of the network is a hint: it may start a probe or shorten a wait.
    pub fn handle_signal(&mut self, now: Timestamp, signal: Signal) {
        match signal {
            Signal::Hidden => self.hidden_due = self.hidden_ms_max.map(|ms| now.after(ms)),
            Signal::Visible => self.hidden_due = None,
            Signal::Online | Signal::Offline | Signal::Frozen | Signal::Resumed | Signal::Suspended => {}
        }
        match (signal, &self.phase) {
            (Signal::Online | Signal::Visible | Signal::Resumed, Phase::Backoff { .. })
            | (Signal::Visible, Phase::Asleep) => {
                self.attempt_now(now);
            }
            (Signal::Online | Signal::Offline | Signal::Visible | Signal::Resumed, Phase::Live { .. }) => {
                self.probe(now, PROBE_MS, false);
            }
            (Signal::Suspended, _) => self.sleep(now, "page suspended"),
            _ => {}
        }
    }

    /// Whether writes wait for the server's word: a hidden page keeps its connection that long. And whether anything that
    /// was sent does: a connection keeps its pipe that long.
    pub fn set_busy(&mut self, busy: bool, under_way: bool) {
        self.busy = busy;
        self.under_way = under_way;
    }

    /// Asks the server whether it is there, with a deadline; an earlier one stays. `both_ways` if only an answer will do,
    /// since what is in doubt is whether ours arrive.
    pub fn probe(&mut self, now: Timestamp, within_ms: u64, both_ways: bool) {
        if matches!(self.phase, Phase::Live { .. }) && self.liveness.ask(now, within_ms, both_ways) {
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
            Phase::Electing { .. } => self.set_way(now, Way::Own),
            Phase::Opening { .. } => self.race_on(now),
            Phase::Greeting { .. } => self.establish(now),
            Phase::Live { .. } => {
                if self.token.take_due(now) {
                    self.actions.push(Action::RequestToken);
                }
                self.upgrade_on(now);
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
        if self.token.must_refresh(self.clock.wall_ms()) {
            self.phase = Phase::AwaitingToken { deadline: now.after(REQUEST_MS) };
            self.actions.push(Action::RequestToken);
        } else {
            self.open(now);
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
