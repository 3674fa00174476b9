//! Whether the peer lives: silence, a question, a deadline.
//!
//! One lazy deadline, computed from when something was last heard: an arriving frame costs no timer operation.

use crate::core::config::HeartbeatConfig;
use crate::core::time::Timestamp;

/// A deadline that fires this late was held up by a suspended page: what the socket received meanwhile comes first.
const OVERDUE_MS: u64 = 1_000;

/// Shortest time that an answer is given, ms.
const ANSWER_MS_MIN: u64 = 1_000;

/// Silence of another tab before it is asked, ms.
pub const TAB_INTERVAL_MS: u64 = 2_000;
/// How long its answer may take, ms.
pub const TAB_ANSWER_MS: u64 = 1_500;

/// What to do about the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Wait,
    /// Ask whether it is there.
    Ask,
    /// Give it up.
    Dead,
}

/// The liveness of one connection.
#[derive(Debug)]
pub(super) struct Liveness {
    heartbeat: HeartbeatConfig,
    /// What the program wants it to be, where nobody says otherwise.
    configured: HeartbeatConfig,
    /// Whether the server set the heartbeat: it knows how soon it answers then.
    steered: bool,
    /// The round trip, with room for what it varies by.
    round_trip_ms: Option<u64>,
    heard: bool,
    /// How long the very first frame may take before it is asked for, if not as long as any other.
    first_ms: Option<u64>,
    heard_at: Timestamp,
    pong_due: Option<Timestamp>,
    /// Whether only an answer settles the question: frames that come show nothing of whether ours arrive.
    both_ways: bool,
    /// Whether the present question was asked again because its deadline was slept through: once is enough.
    asked_again: bool,
    near: bool,
}

impl Liveness {
    pub(super) fn new(heartbeat: HeartbeatConfig) -> Self {
        Self {
            configured: heartbeat.clone(),
            heartbeat,
            steered: false,
            round_trip_ms: None,
            heard: false,
            first_ms: None,
            heard_at: Timestamp(0),
            pong_due: None,
            both_ways: false,
            asked_again: false,
            near: false,
        }
    }

    /// A connection began; nothing was heard on it. It is asked after `first_ms`, if that is sooner than usual.
    /// `near` if the peer is a tab of this browser, which a tab that froze has to be told from soon.
    pub(super) fn begin(&mut self, now: Timestamp, first_ms: Option<u64>, near: bool) {
        if near {
            self.near = true;
            self.steer(TAB_INTERVAL_MS, TAB_ANSWER_MS);
        } else if std::mem::take(&mut self.near) {
            self.heartbeat = self.configured.clone();
            self.steered = false;
            self.round_trip_ms = None;
        }
        self.heard = false;
        self.first_ms = first_ms;
        self.heard_at = now;
        self.pong_due = None;
        self.both_ways = false;
        self.asked_again = false;
    }

    pub(super) fn hear(&mut self, now: Timestamp) {
        self.heard = true;
        self.heard_at = now;
        if !self.both_ways {
            self.pong_due = None;
            self.asked_again = false;
        }
    }

    /// Something that we sent was answered.
    pub(super) fn hear_answer(&mut self) {
        self.both_ways = false;
        self.pong_due = None;
        self.asked_again = false;
    }

    /// Bytes left: an answer that is expected has its time from now on.
    pub(super) fn progress(&mut self, now: Timestamp) {
        let due = now.after(self.answer_ms());
        self.pong_due = self.pong_due.map(|held| held.max(due));
    }

    /// Whether anything was heard on this connection.
    pub(super) fn has_heard(&self) -> bool {
        self.heard
    }

    /// The server's word on intervals, within reason.
    pub(super) fn steer(&mut self, interval_ms: u64, timeout_ms: u64) {
        self.heartbeat.interval_ms = interval_ms.clamp(1_000, 3_600_000);
        self.heartbeat.timeout_ms = timeout_ms.clamp(500, 60_000);
        self.steered = true;
    }

    /// The smoothed round trip and its mean deviation, as of RFC 6298.
    pub(super) fn set_round_trip(&mut self, smoothed_ms: u64, deviation_ms: u64) {
        self.round_trip_ms = Some((4 * smoothed_ms).max(smoothed_ms + 4 * deviation_ms));
    }

    /// How long an answer may take: four round trips, within what the server set. A plain server has the whole time of
    /// the configuration.
    pub(super) fn answer_ms(&self) -> u64 {
        let most = self.heartbeat.timeout_ms;
        let adapted = self.round_trip_ms.filter(|_| self.steered);
        adapted.map_or(most, |ms| ms.clamp(ANSWER_MS_MIN.min(most), most))
    }

    pub(super) fn poll_timeout(&self) -> Timestamp {
        let usual = self.heartbeat.interval_ms;
        let interval_ms = self.first_ms.filter(|_| !self.heard).map_or(usual, |first| first.min(usual));
        self.pong_due.unwrap_or_else(|| self.heard_at.after(interval_ms))
    }

    /// Expects an answer within so many ms, if none is expected yet; says whether to ask for it. `both_ways` if any frame
    /// is not answer enough.
    pub(super) fn ask(&mut self, now: Timestamp, within_ms: u64, both_ways: bool) -> bool {
        self.both_ways |= both_ways;
        let asks = self.pong_due.is_none();
        self.pong_due.get_or_insert(now.after(within_ms));
        asks
    }

    pub(super) fn check(&mut self, now: Timestamp) -> Verdict {
        match self.pong_due {
            _ if self.poll_timeout() > now => Verdict::Wait,
            None => {
                self.pong_due = Some(now.after(self.answer_ms()));
                Verdict::Ask
            }
            Some(_) if mutant!(no_half_open_detection) => {
                self.pong_due = Some(now.after(self.answer_ms()));
                Verdict::Ask
            }
            Some(due) if now.since(due) >= OVERDUE_MS && !self.asked_again => {
                // The page slept through the deadline: one more turn for what the socket holds.
                self.asked_again = true;
                self.pong_due = Some(now.after(OVERDUE_MS));
                Verdict::Ask
            }
            Some(_) => Verdict::Dead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn liveness() -> Liveness {
        Liveness::new(HeartbeatConfig { interval_ms: 30_000, timeout_ms: 5_000, message: "ping".to_owned() })
    }

    #[test]
    fn the_answer_has_four_round_trips_within_what_the_server_set() {
        let mut liveness = liveness();
        liveness.set_round_trip(20, 5);
        assert_eq!(liveness.answer_ms(), 5_000, "a plain server has the configured time");
        liveness.steer(6_000, 3_000);
        assert_eq!(liveness.answer_ms(), 1_000);
        liveness.set_round_trip(300, 50);
        assert_eq!(liveness.answer_ms(), 1_200);
        liveness.set_round_trip(400, 500);
        assert_eq!(liveness.answer_ms(), 2_400);
        liveness.set_round_trip(4_000, 0);
        assert_eq!(liveness.answer_ms(), 3_000);
        liveness.steer(6_000, 500);
        assert_eq!(liveness.answer_ms(), 500);
    }

    #[test]
    fn an_answer_is_expected_from_when_the_question_can_have_left() {
        let mut liveness = liveness();
        liveness.begin(Timestamp(0), None, false);
        assert!(liveness.ask(Timestamp(0), 2_000, false));
        liveness.progress(Timestamp(1_500));
        assert_eq!(liveness.check(Timestamp(2_000)), Verdict::Wait);
        assert_eq!(liveness.check(Timestamp(6_500)), Verdict::Dead);
    }
}
