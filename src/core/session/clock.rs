//! What time it is for the server, which is what a token's end is measured against: the wall clock here may be wrong, and
//! may jump.

use crate::core::time::{Now, Timestamp};

/// The server's wall clock, as far as it told it; else ours.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    told: Option<(u64, Timestamp)>,
    now: Now,
}

impl ServerClock {
    /// Time passed here.
    pub(super) fn set(&mut self, now: Now) {
        self.now = now;
    }

    /// The server said what time it is.
    pub(super) fn learn(&mut self, time_ms: u64) {
        self.told = Some((time_ms, self.now.mono));
    }

    /// Our wall clock, for what is kept for a later program here.
    pub(super) fn own_wall_ms(&self) -> u64 {
        self.now.wall_ms
    }

    /// Milliseconds since 1970.
    pub(super) fn wall_ms(&self) -> u64 {
        self.told.map_or(self.now.wall_ms, |(time_ms, at)| time_ms.saturating_add(self.now.mono.since(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_the_server_told_the_time_our_wall_clock_counts_no_more() {
        let mut clock = ServerClock::default();
        let now = |mono, wall_ms| Now { mono: Timestamp(mono), wall_ms };
        clock.set(now(10, 5_000));
        assert_eq!(clock.wall_ms(), 5_000);
        clock.learn(90_000);
        clock.set(now(25, 1));
        assert_eq!(clock.wall_ms(), 90_015);
    }
}
