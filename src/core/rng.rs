//! Randomness as a value: a generator seeded once from outside.

use uuid::Builder;

/// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2019). Not for secrets.
#[derive(Debug, Clone)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// A generator that yields the same numbers for the same seed.
    pub fn new(seed: [u64; 4]) -> Self {
        let state = if seed == [0; 4] { [0x9e37_79b9_7f4a_7c15, 1, 2, 3] } else { seed };
        Self { state }
    }

    /// A generator from one number, spread over the state by SplitMix64.
    pub fn from_number(seed: u64) -> Self {
        let mut x = seed;
        let mut next = || {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self::new([next(), next(), next(), next()])
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number from 0 up to and without `bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A UUID of version 7 (RFC 9562) for the wall clock `wall_ms`.
    pub fn uuid_v7(&mut self, wall_ms: u64) -> String {
        let (a, b) = (self.next_u64().to_le_bytes(), self.next_u64().to_le_bytes());
        let random = [a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], b[0], b[1]];
        Builder::from_unix_timestamp_millis(wall_ms, &random).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_numbers() {
        let (mut a, mut b) = (Rng::from_number(7), Rng::from_number(7));
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
        assert_ne!(Rng::from_number(7).next_u64(), Rng::from_number(8).next_u64());
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut rng = Rng::from_number(1);
        let mut seen = [0; 5];
        (0..1_000).for_each(|_| seen[usize::try_from(rng.below(5)).unwrap_or(9)] += 1);
        assert!(seen.iter().all(|&count| count > 150), "{seen:?}");
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn uuids_are_of_version_7_and_sort_by_time() {
        let mut rng = Rng::from_number(1);
        let (early, late) = (rng.uuid_v7(1_000), rng.uuid_v7(2_000));
        assert_eq!(early.as_bytes().get(14), Some(&b'7'));
        assert!(early < late);
    }
}
