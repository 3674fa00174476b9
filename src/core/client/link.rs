//! What the session wants, and what a connection's end means for the rest.

use super::{Client, Dialect};
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::PipeId;
use crate::core::io::{Effect, Event, Outcome};
use crate::core::metrics::Question;
use crate::core::session::{Action, State};
use crate::core::time::{Now, Timestamp};

/// An undecided write this old, or four round trips, asks whether the link lives.
const ACK_PROBE_MS: u64 = 1_000;
/// How long that question may take: with [`ACK_PROBE_MS`], four seconds to notice a link that swallows everything.
const ACK_PROBE_WITHIN_MS: u64 = 3_000;
/// How long after one question the next one is asked, while the same write stays undecided.
const ACK_PROBE_AGAIN_MS: u64 = 4_000;

impl Client {
    pub(super) fn on_token(&mut self, now: Now, result: Result<String, String>) {
        if let Err(reason) = &result {
            self.error(Fault::new(FaultCode::TokenUnavailable, format!("refreshToken failed: {reason}")));
        }
        if result.as_ref().is_ok_and(|token| !self.may_use(token)) {
            return self.on_stranger(now);
        }
        let new = result.is_ok();
        self.session.handle_token(now.mono, result);
        self.on_token_for_uploads(now, new);
    }

    /// Does what the session wants.
    pub(super) fn run_session(&mut self, now: Now) {
        loop {
            let actions = self.session.take_actions();
            if actions.is_empty() {
                return;
            }
            self.soon(now);
            // What one of them leads to, such as an answer about who leads, comes behind all of them.
            for action in actions {
                self.run_action(now, action);
            }
        }
    }

    fn run_action(&mut self, now: Now, action: Action) {
        match action {
            Action::Open(pipe, transport) => self.open_pipe(now, pipe, transport),
            Action::Close(pipe, code, reason) => self.close_pipe(pipe, code, reason),
            Action::Elect => self.elect(now),
            Action::Withdraw => self.withdraw(),
            Action::RequestToken => self.effect(Effect::RequestToken),
            Action::PresentToken => self.present_token(now),
            Action::Greet(_) => self.greet(now),
            Action::Ask(pipe) => self.ask(now, pipe),
            Action::Moved(_) => {
                self.on_connection_ended();
                if !mutant!(moved_in_silence) {
                    self.greet(now);
                }
            }
            Action::Remember(until_ms) => self.remember_transport(until_ms),
            Action::Ping => self.ping(now),
            Action::StateChanged(state, previous) => self.on_state(now, state, previous),
            Action::Established => {
                self.metrics.connects += 1;
                self.tell(Event::Connected);
                for ticket in std::mem::take(&mut self.connecting) {
                    self.settle(ticket, Outcome::Done);
                }
            }
            Action::Lost(code, reason) => self.tell(Event::Disconnected(code, reason)),
            Action::Retrying(attempt, delay_ms) => self.tell(Event::Reconnecting(attempt, delay_ms)),
            Action::Exhausted => {
                self.tell(Event::AttemptsExhausted);
                let text = format!("no connection after {} attempts", self.session.attempt());
                self.refuse_connecting(&Fault::terminal(FaultCode::MaxAttempts, text));
            }
            Action::Failed(fault) => {
                self.error(fault.clone());
                self.refuse_connecting(&fault);
            }
        }
    }

    /// Closes a pipe, whatever carries it.
    pub(super) fn close_pipe(&mut self, pipe: PipeId, code: u16, reason: &'static str) {
        if !self.close_tab(pipe) {
            self.effect(Effect::ClosePipe(pipe, code, reason));
        }
    }

    pub(super) fn on_state(&mut self, now: Now, state: State, previous: State) {
        self.note_state(now, state, previous);
        if self.session.open_pipe().is_none() {
            self.on_connection_ended();
        }
        self.tell(Event::StateChanged(state, previous));
    }

    pub(super) fn on_connection_ended(&mut self) {
        self.dialect = Dialect::Unknown;
        self.hello_due = None;
        self.lanes.clear();
        self.forget_agreement();
        self.batch_due = None;
        self.saturated = false;
        self.cursor.clear();
        self.channels.connection_ended();
        self.outbox.connection_began();
        self.probed = None;
        self.end_relay("the tab that leads lost its connection");
        self.kept_offline = false;
    }

    pub(super) fn refuse_connecting(&mut self, fault: &Fault) {
        for ticket in std::mem::take(&mut self.connecting) {
            self.settle(ticket, Outcome::Refused(fault.clone()));
        }
    }

    /// The server answered. How long it took decides how long it is given from now on.
    pub(super) fn on_answer(&mut self, now: Now, question: Question, server_ms: Option<u64>) {
        self.timings.answered(now.mono.0, question, server_ms);
        if let Some((smoothed, deviation)) = self.timings.round_trip() {
            self.session.set_round_trip(smoothed, deviation);
        }
    }

    /// When the oldest undecided write makes the link suspicious. A server that answers `ping` is asked again as long as it
    /// does not decide: the link may break after it answered the last time.
    pub(super) fn probe_at(&self) -> Option<Timestamp> {
        let oldest = self.outbox.oldest_sent().filter(|_| !mutant!(no_ack_probe))?;
        let patience = self.timings.round_trip().map_or(0, |(smoothed, _)| 4 * smoothed);
        match &self.probed {
            Some((id, at)) if *id == oldest.id => {
                (self.dialect == Dialect::Baro).then(|| at.after(ACK_PROBE_AGAIN_MS))
            }
            _ => oldest.sent_at.map(|at| at.after(patience.clamp(ACK_PROBE_MS, ACK_PROBE_WITHIN_MS))),
        }
    }

    /// Asks whether what we send arrives. Frames that come are no answer to that, except from a server that may not know
    /// how to answer.
    pub(super) fn probe_link(&mut self, now: Now) {
        self.probed = self.outbox.oldest_sent().map(|write| (write.id.clone(), now.mono));
        self.session.probe(now.mono, ACK_PROBE_WITHIN_MS, self.dialect == Dialect::Baro);
    }
}
