//! How long things took, in bounded memory.
//!
//! Log-linear buckets, as in HdrHistogram (Tene): below 16 ms every millisecond has a bucket of its own, above it each
//! doubling has 16. A percentile is told as the middle of its bucket, which is off by at most 1/32 (3.2 %). Nothing
//! grows beyond 384 buckets of four bytes, and taking a value down is one addition.

/// Buckets in a doubling, and values that have one each.
const STEPS: u64 = 16;
/// log2 of [`STEPS`].
const STEP_BITS: u32 = 4;
/// Values are told apart up to here (37 hours), ms.
const VALUE_MAX: u64 = (1 << 27) - 1;

/// Values in milliseconds.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Vec<u32>,
    count: u64,
    max: u64,
}

/// What is told of a histogram. Percentiles are those of the nearest rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many values there are; without any, the rest is 0.
    pub count: u64,
    /// Half of them are at most this.
    pub p50: u64,
    /// 95 of 100 are at most this.
    pub p95: u64,
    /// 99 of 100 are at most this.
    pub p99: u64,
    /// The largest, exactly.
    pub max: u64,
}

impl Histogram {
    /// Takes a value down.
    pub fn record(&mut self, value: u64) {
        let at = bucket_of(value);
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
        self.count += 1;
        self.max = self.max.max(value);
    }

    /// What there is to tell.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { count: self.count, max: self.max, ..Summary::default() };
        let ranks = [50, 95, 99].map(|percent| (self.count * percent).div_ceil(100));
        let (mut below, mut next) = (0, 0);
        let mut told = [0; 3];
        for (at, count) in self.counts.iter().enumerate() {
            below += u64::from(*count);
            while next < ranks.len() && below >= ranks[next] && self.count > 0 {
                told[next] = middle_of(at).min(self.max);
                next += 1;
            }
        }
        [summary.p50, summary.p95, summary.p99] = told;
        summary
    }
}

fn bucket_of(value: u64) -> usize {
    let value = value.min(VALUE_MAX);
    let bucket = match value.checked_ilog2() {
        Some(doubling) if doubling >= STEP_BITS => {
            let shift = doubling - STEP_BITS;
            u64::from(shift) * STEPS + (value >> shift)
        }
        _ => value,
    };
    usize::try_from(bucket).unwrap_or(0)
}

fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    let from = (bucket % STEPS + STEPS) << shift;
    from + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_off_by_a_thirty_second_at_most() {
        for value in (0..200).chain((1..27).flat_map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 7])) {
            let told = middle_of(bucket_of(value));
            assert!(told.abs_diff(value) * 32 <= value, "{value} is told as {told}");
        }
    }

    #[test]
    fn a_hundred_values_have_the_percentiles_of_their_ranks() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.summary(), Summary::default());
        (1..=10).for_each(|value| histogram.record(value));
        assert_eq!(histogram.summary(), Summary { count: 10, p50: 5, p95: 10, p99: 10, max: 10 });
        (0..990).for_each(|_| histogram.record(1_000));
        let summary = histogram.summary();
        assert!(summary.p50.abs_diff(1_000) <= 31 && summary.p50 == summary.p99, "{summary:?}");
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut histogram = Histogram::default();
        for value in [0, u64::MAX, VALUE_MAX, 3, 1 << 40] {
            histogram.record(value);
        }
        assert_eq!((histogram.counts.len(), histogram.max), (384, u64::MAX));
    }
}
