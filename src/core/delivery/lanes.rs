//! What waits to be put on the wire: by importance, and less of it while the link does not keep up.
//!
//! Owns the order of messages that are ready, and what is known of the socket's own buffer. Guarantees: control messages
//! are never behind more than [`BUFFERED_BYTES_LOW`] and one burst of writes; what is only worth its newest state is
//! kept in that state; everything is bounded. Knows nothing of what a message means.

use std::collections::VecDeque;

use crate::core::time::Timestamp;

/// A socket that holds more than this is behind: only control messages and acknowledgements are added to it. Half of
/// what keeps a link of 1 MB/s busy for 100 ms.
const BUFFERED_BYTES_LOW: u64 = 64 << 10;
/// How often a socket that is behind is looked at, ms: browsers do not tell when it has drained.
const LOOK_MS: u64 = 50;
/// The same for one that merely holds something.
const LOOK_IDLE_MS: u64 = 1_000;
/// A socket whose buffer does not get smaller for so long is dead, however open it says it is. A link that is slow but
/// drains is not.
const STALLED_MS: u64 = 10_000;
/// Most writes put on the wire before the socket is looked at again.
const BURST_BYTES_MAX: usize = 256 << 10;
/// Most presence messages that wait.
const PRESENCE_MAX: usize = 64;

/// How important a message is, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Sign-in, subscriptions, liveness.
    Control,
    /// Acknowledgements of what we received.
    Ack,
    /// Writes, and the program's own messages.
    Write,
}

/// The messages of one connection that are ready.
#[derive(Debug, Default)]
pub struct Lanes {
    control: Vec<String>,
    acks: Vec<String>,
    writes: Vec<String>,
    /// With what the newer replaces the older by.
    presence: VecDeque<(String, String)>,
    cursor: Option<String>,
    buffered_bytes: u64,
    /// When the buffer was last smaller than ever since it began to fill.
    drained_at: Timestamp,
    looked_at: Timestamp,
}

impl Lanes {
    /// Adds a message behind those of its lane.
    pub fn push(&mut self, lane: Lane, message: String) {
        match lane {
            Lane::Control => self.control.push(message),
            Lane::Ack => self.acks.push(message),
            Lane::Write => self.writes.push(message),
        }
    }

    /// Adds a presence message, in the place of a waiting one about the same.
    pub fn push_presence(&mut self, about: String, message: String) {
        self.presence.retain(|(held, _)| *held != about);
        if self.presence.len() >= PRESENCE_MAX {
            self.presence.pop_front();
        }
        self.presence.push_back((about, message));
    }

    /// Sets the cursor's newest position.
    pub fn set_cursor(&mut self, message: String) {
        self.cursor = Some(message);
    }

    /// What is to be sent now, in order.
    pub fn take(&mut self) -> Vec<String> {
        let mut messages = std::mem::take(&mut self.control);
        messages.append(&mut self.acks);
        messages.append(&mut self.writes);
        if self.is_free() {
            messages.extend(self.presence.drain(..).map(|(_, message)| message));
            messages.extend(self.cursor.take());
        }
        messages
    }

    /// Whether writes may be added.
    pub fn has_room(&self) -> bool {
        self.is_free() && self.writes.iter().map(String::len).sum::<usize>() < BURST_BYTES_MAX
    }

    /// Whether there would be room but for what is about to be sent.
    pub fn is_burst_over(&self) -> bool {
        self.is_free() && !self.has_room()
    }

    /// Whether the link keeps up.
    fn is_free(&self) -> bool {
        self.buffered_bytes <= BUFFERED_BYTES_LOW
    }

    /// The socket's buffer holds so much. Returns whether it got smaller.
    pub fn report(&mut self, now: Timestamp, buffered_bytes: u64) -> bool {
        let smaller = buffered_bytes < self.buffered_bytes;
        if smaller || self.buffered_bytes == 0 {
            self.drained_at = now;
        }
        if self.buffered_bytes == 0 {
            self.looked_at = now;
        }
        self.buffered_bytes = buffered_bytes;
        smaller
    }

    /// Whether that would tell anything new.
    pub fn is_news(&self, now: Timestamp, buffered_bytes: u64) -> bool {
        buffered_bytes != self.buffered_bytes || self.is_stalled(now)
    }

    /// The time has come to look again; what there was to report was reported.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.looked_at = now;
    }

    /// Whether the buffer has not got smaller for too long.
    pub fn is_stalled(&self, now: Timestamp) -> bool {
        self.buffered_bytes > 0 && now.since(self.drained_at) >= STALLED_MS
    }

    /// When the buffer should be looked at again.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let distance = if self.is_free() { LOOK_IDLE_MS } else { LOOK_MS };
        (self.buffered_bytes > 0).then(|| self.looked_at.after(distance))
    }

    /// The connection is over, and all of this with it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Lanes {
        let mut lanes = Lanes::default();
        lanes.set_cursor("cursor 1".to_owned());
        lanes.push_presence("typing a".to_owned(), "typing".to_owned());
        lanes.push(Lane::Write, "write".to_owned());
        lanes.push(Lane::Ack, "ack".to_owned());
        lanes.push(Lane::Control, "auth".to_owned());
        lanes.push(Lane::Control, "hello".to_owned());
        lanes.push_presence("typing a".to_owned(), "stopped".to_owned());
        lanes.set_cursor("cursor 2".to_owned());
        lanes
    }

    #[test]
    fn the_important_goes_first_and_of_presence_only_the_newest() {
        assert_eq!(filled().take(), ["auth", "hello", "ack", "write", "stopped", "cursor 2"]);
    }

    #[test]
    fn a_socket_that_is_behind_keeps_presence_back_until_it_has_drained() {
        let mut lanes = filled();
        lanes.report(Timestamp(0), BUFFERED_BYTES_LOW + 1);
        lanes.handle_timeout(Timestamp(0));
        assert_eq!((lanes.take().len(), lanes.is_free()), (4, false));
        assert_eq!(lanes.poll_timeout(), Some(Timestamp(LOOK_MS)));
        assert!(lanes.report(Timestamp(50), 10));
        assert_eq!(lanes.take(), ["stopped", "cursor 2"]);
    }

    #[test]
    fn slow_is_not_dead_and_standing_still_is() {
        let mut lanes = Lanes::default();
        for second in 0..60 {
            lanes.report(Timestamp(second * 1_000), 100_000 - second);
            assert!(!lanes.is_stalled(Timestamp(second * 1_000 + 999)));
        }
        lanes.report(Timestamp(65_000), 100_000);
        assert!(!lanes.is_stalled(Timestamp(68_999)));
        assert!(lanes.is_stalled(Timestamp(69_000)));
        lanes.report(Timestamp(70_000), 0);
        assert!(!lanes.is_stalled(Timestamp(200_000)));
        lanes.report(Timestamp(200_000), 5);
        assert!(!lanes.is_stalled(Timestamp(200_001)));
    }
}
