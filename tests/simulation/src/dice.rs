//! Chance, one stream for each concern, so that another draw in one place leaves the others as they were.

use baro_realtime::core::rng::Rng;

/// A stream of chance.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Rng);

impl Dice {
    /// The stream of `concern` in the world of `seed`.
    pub(crate) fn of(seed: u64, concern: &str) -> Self {
        let hash = concern.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Rng::from_number(seed.rotate_left(17) ^ hash))
    }

    /// Any number.
    pub(crate) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 up to and without `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// A number from `low` up to and with `high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    /// A time around `mean`: mostly below its double, sometimes much longer.
    pub(crate) fn around(&mut self, mean: u64) -> u64 {
        let stretch = if self.0.below(16) == 0 { 6 } else { 1 };
        self.0.below(mean * 2 + 1) * stretch
    }

    /// One of `items`.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = usize::try_from(self.0.below(items.len() as u64)).unwrap_or(0);
        items.get(at)
    }
}
