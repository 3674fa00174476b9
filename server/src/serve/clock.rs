//! The two clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use baro_realtime::core::time::{Now, Timestamp};

/// Reads both clocks, the monotonic one from its own start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: instant() }
    }

    pub(super) fn now(&self) -> Now {
        Now { mono: Timestamp(millis(self.start.elapsed())), wall_ms: wall_ms() }
    }

    /// When `at` is, for a timer.
    pub(super) fn instant(&self, at: Timestamp) -> Instant {
        self.start + Duration::from_millis(at.0)
    }
}

/// The monotonic clock, for durations.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
pub(super) fn instant() -> Instant {
    Instant::now()
}

/// The wall clock, ms since 1970.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
pub(super) fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
