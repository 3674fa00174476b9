//! Whose connection is used, where the tabs of a user share one.

use super::super::phase::Phase;
use super::super::words::{Action, State};
use super::Session;
use crate::core::time::Timestamp;
use crate::core::transport::{Transport, Way};

impl Session {
    /// Tabs share a connection from now on: whose it is is found out before each first attempt.
    pub fn share(&mut self) {
        self.shares = true;
        self.way = Way::Unsettled;
    }

    /// It is known whose connection is used, or not known any more. A connection of the other kind is given up, and one of
    /// the right kind opened in its place at once.
    pub fn set_way(&mut self, now: Timestamp, way: Way) {
        if std::mem::replace(&mut self.way, way) == way {
            return;
        }
        self.renew(now);
    }

    /// The tab by way of which the connection goes is another one now.
    pub fn renew(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Idle | Phase::Asleep | Phase::Failed | Phase::AwaitingToken { .. } => {}
            Phase::Electing { .. } if self.way == Way::Unsettled => {}
            Phase::Electing { .. } => self.open(now),
            Phase::Backoff { .. } => self.attempt_now(now),
            Phase::Opening { .. } | Phase::Greeting { .. } | Phase::Live { .. } => {
                self.close_pipes(1000, "another tab leads");
                self.end_connection(now, 1001, "another tab leads");
                self.attempt_now(now);
            }
        }
    }

    /// The tab by way of which the connection goes can serve it now.
    pub fn handle_way_open(&mut self, now: Timestamp) {
        if self.way == Way::Tab && matches!(self.phase, Phase::Backoff { .. }) {
            self.attempt_now(now);
        }
    }

    /// Whether the connection in use, or the one that is being opened, goes by way of another tab.
    pub fn is_by_tab(&self) -> bool {
        self.phase.links().into_iter().flatten().any(|link| link.transport == Transport::Tab)
    }

    /// Whether a connection of our own is usable.
    pub fn is_own_live(&self) -> bool {
        matches!(self.phase, Phase::Live { link, .. } if link.transport != Transport::Tab)
    }

    /// Whether a connection is being made at this moment.
    pub fn is_trying(&self) -> bool {
        self.state == State::Connecting
    }

    /// What time it is for the server, as far as it told it, ms since 1970.
    pub fn server_wall_ms(&self) -> u64 {
        self.clock.wall_ms()
    }

    /// Nothing is wanted of other tabs, and nothing is done for them, until the next attempt.
    pub(super) fn withdraw(&mut self) {
        if self.shares {
            self.way = Way::Unsettled;
            self.actions.push(Action::Withdraw);
        }
    }
}
