//! Which transport comes first, by what was seen of them.
//!
//! A WebSocket that does not open, or opens and never delivers, has failed; after three in a row polling comes first, for
//! half an hour. An outage fails both, so a failure of polling takes that back, and while polling works a WebSocket is
//! tried beside it: soon if there is no telling whether WebSockets are blocked for good, else when the half hour is over.

use super::{Transport, Transports};
use crate::core::time::Timestamp;

/// WebSockets in a row that have to fail before polling comes first.
const FAILURES_MAX: u32 = 3;
/// How long polling comes first then, ms.
pub const POLLING_FIRST_MS: u64 = 30 * 60_000;
/// How long polling is used before a WebSocket is tried beside it; doubled with every try that fails, ms.
const UPGRADE_MS: u64 = 15_000;

/// What is known of the transports.
#[derive(Debug, Clone)]
pub struct Choice {
    allowed: Transports,
    /// WebSockets in a row that failed.
    failures: u32,
    /// A WebSocket of this program delivered, and none was tried in vain beside a connection that works.
    proven: bool,
    polling_until: Option<Timestamp>,
    upgrade_ms: u64,
}

impl Choice {
    /// Nothing is known yet.
    pub fn new(allowed: Transports) -> Self {
        Self { allowed, failures: 0, proven: false, polling_until: None, upgrade_ms: UPGRADE_MS }
    }

    /// What to begin with.
    pub fn first(&self, now: Timestamp) -> Transport {
        let polling = self.polling_until.map_or(self.failures >= FAILURES_MAX, |until| until > now);
        if !self.allowed.websocket || (self.allowed.polling && polling) {
            Transport::Polling
        } else {
            Transport::WebSocket
        }
    }

    /// What to open beside `first` if that takes long.
    pub fn rival(&self, first: Transport) -> Option<Transport> {
        match first {
            Transport::WebSocket => self.allowed.polling.then_some(Transport::Polling),
            Transport::Polling => self.allowed.websocket.then_some(Transport::WebSocket),
            Transport::Tab => None,
        }
    }

    /// Whether WebSockets are known to work here: what fails then is the server or the network as a whole, and asking in
    /// two ways would only double the load of its coming back.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// When to try a WebSocket beside polling that works now, if ever.
    pub fn upgrade_at(&self, now: Timestamp) -> Option<Timestamp> {
        let soon = now.after(self.upgrade_ms);
        let due = self.polling_until.filter(|_| !self.proven).map_or(soon, |until| until.max(soon));
        self.allowed.websocket.then_some(due)
    }

    /// Until when polling comes first: what another program may know.
    pub fn polling_until(&self) -> Option<Timestamp> {
        self.polling_until
    }

    /// An earlier program knew that polling should come first for so long.
    pub fn recall(&mut self, now: Timestamp, polling_first_ms: u64) {
        if !self.proven && self.allowed.polling {
            self.polling_until = Some(now.after(polling_first_ms.min(POLLING_FIRST_MS)));
        }
    }

    /// A WebSocket did not open, or ended without having delivered a frame.
    pub fn websocket_failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        // Its second chance after the half hour.
        self.polling_until = self.polling_until.filter(|until| *until > now);
    }

    /// A WebSocket failed beside polling that works.
    pub fn upgrade_failed(&mut self, now: Timestamp) {
        self.websocket_failed(now);
        self.proven = false;
        self.upgrade_ms = (self.upgrade_ms * 2).min(POLLING_FIRST_MS);
        if self.failures >= FAILURES_MAX {
            self.polling_until = Some(now.after(POLLING_FIRST_MS));
        }
    }

    /// A WebSocket delivered its first frame.
    pub fn websocket_delivered(&mut self) {
        *self = Self { proven: true, ..Self::new(self.allowed) };
    }

    /// Polling did not open either.
    pub fn polling_failed(&mut self) {
        self.failures = 0;
        self.polling_until = None;
    }

    /// Polling delivered its first frame.
    pub fn polling_delivered(&mut self, now: Timestamp) {
        if self.failures >= FAILURES_MAX && self.allowed.polling {
            self.polling_until.get_or_insert(now.after(POLLING_FIRST_MS));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Transport::{Polling, WebSocket};

    const BOTH: Transports = Transports { websocket: true, polling: true };

    fn after_failures(failures: u32) -> Choice {
        let mut choice = Choice::new(BOTH);
        (0..failures).for_each(|_| choice.websocket_failed(Timestamp(0)));
        choice
    }

    #[test]
    fn three_failures_in_a_row_put_polling_first_for_half_an_hour() {
        assert_eq!(after_failures(2).first(Timestamp(0)), WebSocket);
        let mut choice = after_failures(3);
        assert_eq!((choice.first(Timestamp(0)), choice.rival(Polling)), (Polling, Some(WebSocket)));
        choice.polling_delivered(Timestamp(1_000));
        assert_eq!(choice.polling_until(), Some(Timestamp(1_000 + POLLING_FIRST_MS)));
        assert_eq!(choice.upgrade_at(Timestamp(1_000)), Some(Timestamp(1_000 + POLLING_FIRST_MS)));
    }

    #[test]
    fn an_outage_says_nothing_of_websockets() {
        let mut choice = after_failures(3);
        choice.polling_failed();
        assert_eq!(choice.first(Timestamp(0)), WebSocket);
        let mut choice = Choice::new(BOTH);
        choice.websocket_delivered();
        (0..3).for_each(|_| choice.websocket_failed(Timestamp(0)));
        choice.polling_delivered(Timestamp(0));
        assert_eq!(choice.upgrade_at(Timestamp(0)), Some(Timestamp(UPGRADE_MS)), "it worked before");
        choice.upgrade_failed(Timestamp(UPGRADE_MS));
        assert_eq!(
            choice.upgrade_at(Timestamp(UPGRADE_MS)),
            Some(Timestamp(UPGRADE_MS + POLLING_FIRST_MS)),
            "and does not now"
        );
    }

    #[test]
    fn tries_beside_polling_grow_apart_and_the_third_settles_it() {
        let (mut choice, mut now) = (after_failures(1), Timestamp(0));
        for wait in [UPGRADE_MS, 2 * UPGRADE_MS, POLLING_FIRST_MS, POLLING_FIRST_MS] {
            choice.polling_delivered(now);
            assert_eq!(choice.upgrade_at(now), Some(now.after(wait)));
            now = now.after(wait);
            choice.upgrade_failed(now);
        }
        choice.websocket_delivered();
        assert_eq!((choice.first(now), choice.polling_until()), (WebSocket, None));
    }

    #[test]
    fn after_the_half_hour_a_websocket_comes_first_again_and_one_failure_ends_that() {
        let mut choice = after_failures(3);
        choice.polling_delivered(Timestamp(0));
        choice.polling_delivered(Timestamp(5_000));
        let over = Timestamp(POLLING_FIRST_MS);
        assert_eq!(choice.first(over), WebSocket, "another polling connection has not made it longer");
        choice.websocket_failed(over);
        assert_eq!(choice.first(over), Polling);
        choice.polling_delivered(over);
        assert_eq!(choice.polling_until(), Some(over.after(POLLING_FIRST_MS)));
    }

    #[test]
    fn what_an_earlier_program_knew_counts_until_a_websocket_delivers() {
        let mut choice = Choice::new(BOTH);
        choice.recall(Timestamp(0), u64::MAX);
        assert_eq!(choice.first(Timestamp(POLLING_FIRST_MS - 1)), Polling);
        assert_eq!(choice.first(Timestamp(POLLING_FIRST_MS)), WebSocket, "no clock makes it last longer");
        choice.websocket_delivered();
        choice.recall(Timestamp(0), 5_000);
        assert_eq!(choice.first(Timestamp(0)), WebSocket);
    }

    #[test]
    fn one_transport_alone_has_no_rival() {
        let mut choice = Choice::new(Transports { websocket: false, polling: true });
        assert_eq!((choice.first(Timestamp(0)), choice.rival(Polling)), (Polling, None));
        choice.polling_delivered(Timestamp(0));
        assert_eq!((choice.upgrade_at(Timestamp(0)), choice.polling_until()), (None, None));
        let mut choice = Choice::new(Transports { websocket: true, polling: false });
        (0..5).for_each(|_| choice.websocket_failed(Timestamp(0)));
        choice.recall(Timestamp(0), 5_000);
        assert_eq!((choice.first(Timestamp(0)), choice.rival(WebSocket)), (WebSocket, None));
    }
}
