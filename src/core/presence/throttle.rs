//! Leading and trailing edge: the first value at once, then the newest one an interval.

use crate::core::time::Timestamp;

/// A throttle that forgets all but the newest value.
#[derive(Debug)]
pub struct Throttle<T> {
    interval_ms: u64,
    waiting: Option<T>,
    next: Timestamp,
}

impl<T> Throttle<T> {
    /// A throttle that lets one value through in `interval_ms`.
    pub fn new(interval_ms: u64) -> Self {
        Self { interval_ms, waiting: None, next: Timestamp(0) }
    }

    /// Takes a value; a waiting one is replaced.
    pub fn push(&mut self, value: T) {
        self.waiting = Some(value);
    }

    /// Forgets the waiting value.
    pub fn clear(&mut self) {
        self.waiting = None;
    }

    /// When [`Throttle::take`] will yield something.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.waiting.is_some().then_some(self.next)
    }

    /// The waiting value, if its time has come.
    pub fn take(&mut self, now: Timestamp) -> Option<T> {
        if now < self.next {
            return None;
        }
        let value = self.waiting.take()?;
        self.next = now.after(self.interval_ms);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_position_arrive_and_nothing_is_faster_than_the_interval() {
        let mut throttle = Throttle::new(50);
        let mut sent = Vec::new();
        for ms in 0..=203 {
            throttle.push(ms);
            sent.extend(throttle.take(Timestamp(ms)).map(|value| (ms, value)));
        }
        let rest = throttle.poll_timeout().unwrap();
        sent.extend(throttle.take(rest).map(|value| (rest.0, value)));
        assert_eq!(sent, [(0, 0), (50, 50), (100, 100), (150, 150), (200, 200), (250, 203)]);
        assert_eq!(throttle.poll_timeout(), None);
    }
}
