//! How long things took and how often the connection was lost.
//!
//! Everything is measured on the monotonic clock. The one thing that needs the server's clock, how long a change takes
//! from its decision to here, gets it from the server's answers: an answer that took the time `r` shows the server's
//! clock to within `r / 2` (Cristian, "Probabilistic clock synchronization", 1989). Neither side's wall clock has to be
//! right, and ours may be set while we look.

use super::histogram::Histogram;

/// What the reconnects of the last hour are counted in, ms.
const SLOT_MS: u64 = 300_000;
/// As many make an hour.
const SLOTS: u64 = 12;

/// What the server is asked and answers at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// `hello`, answered by `welcome`.
    Hello,
    /// A ping.
    Ping,
}

/// Smoothed round trip as in RFC 6298, in eighths and quarters of a millisecond.
#[derive(Debug, Clone, Copy)]
struct RoundTrip {
    smoothed_8: u64,
    variation_4: u64,
}

/// The server's clock as seen from ours.
#[derive(Debug, Clone, Copy)]
struct ServerClock {
    /// What is added to our monotonic clock.
    ahead_ms: i64,
    /// The round trip of the answer that showed it.
    round_trip_ms: u64,
    /// The server's time when the connection began: changes from before it were not on their way to us.
    since_ms: i64,
}

/// All of it. Times are in ms on the monotonic clock.
#[derive(Debug, Default)]
pub struct Timings {
    /// From wanting a first connection until it was usable.
    pub connect: Histogram,
    /// From losing a connection until the next was usable.
    pub reconnect: Histogram,
    /// From sending a write until the server's word.
    pub decision: Histogram,
    /// From the server's decision on somebody's change until it was here.
    pub delivery: Histogram,
    round_trip: Option<RoundTrip>,
    asked: [Option<u64>; 2],
    server: Option<ServerClock>,
    wanted: Option<(u64, bool)>,
    reconnects: [u32; SLOTS as usize],
    slot: u64,
}

impl Timings {
    /// A connection is wanted from now on; `again` if there was one until now. An earlier wish stands.
    pub fn wanted(&mut self, now: u64, again: bool) {
        self.wanted.get_or_insert((now, again));
    }

    /// None is wanted any more.
    pub fn unwanted(&mut self) {
        self.wanted = None;
    }

    /// A connection is usable. Returns whether it takes the place of one that was lost.
    pub fn usable(&mut self, now: u64) -> bool {
        let Some((since, again)) = self.wanted.take() else { return false };
        let took = now.saturating_sub(since);
        if again {
            self.reconnect.record(took);
            self.turn_to(now / SLOT_MS);
            if let Some(count) = self.reconnects.get_mut((self.slot % SLOTS) as usize) {
                *count += 1;
            }
        } else {
            self.connect.record(took);
        }
        again
    }

    fn turn_to(&mut self, slot: u64) {
        let passed = slot.saturating_sub(self.slot).min(SLOTS);
        for ago in 0..passed {
            if let Some(count) = self.reconnects.get_mut((slot.saturating_sub(ago) % SLOTS) as usize) {
                *count = 0;
            }
        }
        self.slot = self.slot.max(slot);
    }

    /// Connections of the last hour that took the place of a lost one; of 55 minutes at least.
    pub fn reconnects_per_hour(&self, now: u64) -> u64 {
        let slot = now / SLOT_MS;
        let of_hour = |at: u64| at + SLOTS > slot && at + SLOTS > self.slot && at <= self.slot;
        let slots = (self.slot.saturating_sub(SLOTS - 1)..=self.slot).filter(|at| of_hour(*at));
        slots.filter_map(|at| self.reconnects.get((at % SLOTS) as usize)).map(|count| u64::from(*count)).sum()
    }

    /// The server is asked. If it is asked again before it answered, its answer counts for the first time.
    pub fn asked(&mut self, now: u64, question: Question) {
        if let Some(asked) = self.asked.get_mut(question as usize) {
            asked.get_or_insert(now);
        }
    }

    /// It answered, perhaps with its wall clock.
    pub fn answered(&mut self, now: u64, question: Question, server_ms: Option<u64>) {
        let Some(asked) = self.asked.get_mut(question as usize).and_then(Option::take) else { return };
        let took = now.saturating_sub(asked);
        self.round_trip = Some(match self.round_trip {
            None => RoundTrip { smoothed_8: took * 8, variation_4: took * 2 },
            Some(RoundTrip { smoothed_8, variation_4 }) => {
                let off = (smoothed_8 / 8).abs_diff(took);
                RoundTrip {
                    smoothed_8: smoothed_8 - smoothed_8 / 8 + took,
                    variation_4: variation_4 - variation_4 / 4 + off,
                }
            }
        });
        let better = self.server.is_none_or(|server| took < server.round_trip_ms);
        if let Some(server_ms) = server_ms.filter(|_| better) {
            let then = signed(server_ms) + signed(took / 2);
            let since_ms = self.server.map_or(signed(server_ms), |server| server.since_ms);
            self.server = Some(ServerClock { ahead_ms: then - signed(now), round_trip_ms: took, since_ms });
        }
    }

    /// A change arrived that the server decided at `decided_ms` on its wall clock. One from before this connection was
    /// not on its way, but waited for us: it says nothing.
    pub fn delivered(&mut self, now: u64, decided_ms: u64) {
        if let Some(server) = self.server.filter(|server| signed(decided_ms) >= server.since_ms) {
            let took = signed(now) + server.ahead_ms - signed(decided_ms);
            self.delivery.record(u64::try_from(took).unwrap_or(0));
        }
    }

    /// The connection is over: what was asked is not answered, and the next server may have another clock.
    pub fn connection_ended(&mut self) {
        self.asked = [None; 2];
        self.server = None;
    }

    /// The smoothed round trip and its mean deviation, once there is one.
    pub fn round_trip(&self) -> Option<(u64, u64)> {
        self.round_trip.map(|trip| (trip.smoothed_8 / 8, trip.variation_4 / 4))
    }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_connections_and_reconnects_are_told_apart() {
        let mut timings = Timings::default();
        timings.wanted(1_000, false);
        timings.wanted(1_200, true);
        assert!(!timings.usable(1_300));
        timings.wanted(2_000, true);
        assert!(timings.usable(2_700));
        timings.wanted(5_000, true);
        timings.unwanted();
        assert!(!timings.usable(9_000));
        assert_eq!((timings.connect.summary().max, timings.reconnect.summary().max), (300, 700));
        assert_eq!(timings.reconnect.summary().count, 1);
    }

    #[test]
    fn reconnects_leave_the_count_after_an_hour() {
        let mut timings = Timings::default();
        for minute in [0, 1, 30, 58] {
            timings.wanted(minute * 60_000, true);
            timings.usable(minute * 60_000);
        }
        let at = |minute: u64| timings.reconnects_per_hour(minute * 60_000);
        assert_eq!((at(58), at(61), at(91), at(119), at(500)), (4, 2, 1, 0, 0));
        timings.wanted(600 * 60_000, true);
        timings.usable(600 * 60_000);
        assert_eq!(timings.reconnects_per_hour(600 * 60_000), 1);
    }

    #[test]
    fn the_round_trip_is_smoothed() {
        let mut timings = Timings::default();
        assert_eq!(timings.round_trip(), None);
        timings.asked(0, Question::Hello);
        timings.asked(10, Question::Hello);
        timings.answered(80, Question::Hello, None);
        assert_eq!(timings.round_trip(), Some((80, 40)));
        timings.asked(100, Question::Ping);
        timings.answered(260, Question::Ping, None);
        assert_eq!(timings.round_trip(), Some((90, 50)));
        timings.answered(900, Question::Ping, None);
        assert_eq!(timings.round_trip(), Some((90, 50)), "an answer to nothing tells nothing");
    }

    #[test]
    fn delivery_is_measured_on_the_clock_of_the_server() {
        let mut timings = Timings::default();
        timings.delivered(5, 1_000_000);
        assert_eq!(timings.delivery.summary().count, 0, "its clock is not known yet");
        timings.asked(1_000, Question::Hello);
        // Sent at 1_050, when the server's clock showed 7_000_000.
        timings.answered(1_100, Question::Hello, Some(7_000_000));
        timings.delivered(2_100, 7_001_000);
        assert_eq!(timings.delivery.summary().max, 50);
        timings.delivered(2_200, 6_999_999);
        assert_eq!(timings.delivery.summary().count, 1, "what waited for us was not on its way");
        timings.asked(3_000, Question::Ping);
        timings.answered(3_010, Question::Ping, Some(7_001_955));
        timings.delivered(4_000, 7_002_900);
        assert_eq!(timings.delivery.summary().count, 2);
        timings.connection_ended();
        timings.delivered(5_000, 7_003_900);
        assert_eq!(timings.delivery.summary().count, 2);
    }
}
