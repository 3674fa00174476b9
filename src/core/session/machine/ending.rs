//! How a connection ends, and what comes after: backoff, a new token, sleep, or nothing.

use super::super::close::{CloseVerdict, judge_close};
use super::super::phase::Phase;
use super::super::words::{Action, State};
use super::Session;
use crate::core::fault::{Fault, FaultCode};
use crate::core::time::Timestamp;
use crate::core::transport::Way;

/// Window over which clients come back when the server names none.
const SPREAD_MS: u64 = 5_000;
/// Longest window that a server may name.
const SPREAD_MS_MAX: u64 = 60_000;

impl Session {
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
            self.close_pipes(1000, "sign-in refused");
            self.end_connection(now, 4401, "sign-in refused");
            self.on_sign_in_refused(now);
        }
    }

    /// The token must not be used here: no connection is made with it.
    pub fn refuse_token(&mut self, now: Timestamp, fault: Fault) {
        self.close_pipes(1000, "another user");
        self.end_connection(now, 1000, "another user");
        self.fail(fault);
    }

    /// The conversation cannot go on; a new one may, with backoff.
    pub fn abandon(&mut self, now: Timestamp, reason: &'static str) {
        if self.open_pipe().is_some() {
            self.on_silent_end(now, 1006);
            self.close_pipes(4000, reason);
            self.end_connection(now, 1006, reason);
            // One that is about to close may fall silent before it does.
            let spread_ms = self.spread_ms.take();
            if self.way == Way::Tab {
                // What there is to wait for is whether the other tab answers.
                self.attempt_now(now);
            } else {
                self.retry(now, spread_ms);
            }
        }
    }

    /// The connection, or the last hope of one, is gone.
    pub(super) fn on_lost(&mut self, now: Timestamp, code: u16, reason: &str) {
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

    /// Gives the connection up until somebody looks again.
    pub(super) fn sleep(&mut self, now: Timestamp, reason: &'static str) {
        if !matches!(self.phase, Phase::Idle | Phase::Asleep | Phase::Failed) {
            self.close_pipes(1000, reason);
            self.end_connection(now, 1000, reason);
            self.hidden_due = None;
            self.phase = Phase::Asleep;
            self.withdraw();
            self.enter(State::Disconnected);
        }
    }

    /// Takes note that the connection is over; what comes next is the caller's to decide.
    pub(super) fn end_connection(&mut self, now: Timestamp, code: u16, reason: &str) {
        if let Phase::Live { link, .. } = self.phase {
            self.backoff.connection_ended(link.since, now, self.liveness.has_heard());
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

    pub(super) fn retry(&mut self, now: Timestamp, spread_ms: Option<u64>) {
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
                self.withdraw();
                self.enter(State::Error);
                self.actions.push(Action::Exhausted);
            }
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.phase = Phase::Failed;
        self.withdraw();
        self.enter(State::Error);
        self.actions.push(Action::Failed(fault));
    }

    /// Closes every pipe there is.
    pub(super) fn close_pipes(&mut self, code: u16, reason: &'static str) {
        for link in self.phase.links().into_iter().flatten() {
            self.actions.push(Action::Close(link.pipe, code, reason));
        }
    }
}
