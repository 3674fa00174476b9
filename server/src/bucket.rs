//! A token bucket: how often something may happen.

use baro_realtime::core::time::Timestamp;

/// Fills up with time, is emptied by use.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// In thousandths, so that a slow rate fills up evenly.
    level: u64,
    at: Timestamp,
}

impl Bucket {
    /// A full one.
    pub(crate) fn full(now: Timestamp, burst: u64) -> Self {
        Self { level: burst * 1_000, at: now }
    }

    /// Takes one out; `false` if it is empty.
    pub(crate) fn take(&mut self, now: Timestamp, per_second: u64, burst: u64) -> bool {
        let filled = now.since(self.at).saturating_mul(per_second);
        self.level = self.level.saturating_add(filled).min(burst * 1_000);
        self.at = now;
        match self.level.checked_sub(1_000) {
            Some(rest) => {
                self.level = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let mut bucket = Bucket::full(Timestamp(0), 5);
        let mut taken = |ms| (0..100).filter(|_| bucket.take(Timestamp(ms), 10, 5)).count();
        assert_eq!((taken(0), taken(50), taken(100), taken(1_000), taken(100_000)), (5, 0, 1, 5, 5));
    }
}
