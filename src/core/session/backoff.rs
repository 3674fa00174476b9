//! How long to wait before the next attempt.

use crate::core::config::ReconnectConfig;
use crate::core::rng::Rng;
use crate::core::time::Timestamp;

/// A connection counts as stable after this long, given that a frame arrived: PartySocket's `minUptime`, which lets a
/// server that accepts and closes at once see a handful of attempts instead of hundreds.
const STABLE_AFTER_MS: u64 = 5_000;

/// Attempts in a row.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    attempt: u64,
}

impl Backoff {
    /// Attempts since the last stable connection.
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// Forgets the attempts if the connection that ended was a stable one.
    pub fn connection_ended(&mut self, since: Timestamp, now: Timestamp, heard: bool) {
        if heard && now.since(since) >= STABLE_AFTER_MS {
            self.attempt = 0;
        }
    }

    /// Forgets the attempts.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The delay before the next attempt, `min(maxDelay, delay · factor^n)` with jitter over the upper half, or `None`
    /// if the attempts are used up.
    pub fn next_delay(&mut self, config: &ReconnectConfig, rng: &mut Rng) -> Option<u64> {
        let attempt = self.count(config)?;
        let exponent = i32::try_from(attempt - 1).unwrap_or(i32::MAX);
        #[expect(clippy::cast_precision_loss, reason = "delays are far below 2^53 ms")]
        let grown = config.delay_ms as f64 * config.factor.powi(exponent);
        #[expect(clippy::cast_precision_loss, reason = "delays are far below 2^53 ms")]
        let most = config.delay_ms_max as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and delay_ms_max"
        )]
        let delay = grown.min(most) as u64;
        Some(if config.jitter { delay - rng.below(delay / 2 + 1) } else { delay })
    }

    /// A delay spread evenly over `window_ms`, for a server that all clients lose at once.
    pub fn spread(&mut self, config: &ReconnectConfig, window_ms: u64, rng: &mut Rng) -> Option<u64> {
        self.count(config)?;
        Some(rng.below(window_ms + 1))
    }

    fn count(&mut self, config: &ReconnectConfig) -> Option<u64> {
        if config.attempts_max.is_some_and(|most| self.attempt >= most) {
            return None;
        }
        self.attempt += 1;
        Some(self.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(attempts_max: Option<u64>) -> ReconnectConfig {
        ReconnectConfig { attempts_max, delay_ms: 1_000, delay_ms_max: 30_000, factor: 1.5, jitter: true }
    }

    #[test]
    fn delays_grow_and_stay_in_their_upper_half() {
        let (mut rng, config) = (Rng::from_number(3), config(None));
        for _ in 0..200 {
            let mut backoff = Backoff::default();
            for n in 0..40_i32 {
                let full = (1_000.0 * 1.5_f64.powi(n)).min(30_000.0);
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let delay = backoff.next_delay(&config, &mut rng).unwrap() as f64;
                assert!(delay <= full && delay >= full / 2.0 - 1.0, "{n}: {delay} of {full}");
            }
        }
    }

    #[test]
    fn attempts_end_and_only_a_stable_connection_brings_them_back() {
        let (mut rng, config) = (Rng::from_number(3), config(Some(2)));
        let mut backoff = Backoff::default();
        assert!(backoff.next_delay(&config, &mut rng).is_some());
        assert!(backoff.spread(&config, 5_000, &mut rng).is_some_and(|delay| delay <= 5_000));
        assert_eq!(backoff.next_delay(&config, &mut rng), None);
        backoff.connection_ended(Timestamp(0), Timestamp(4_999), true);
        assert_eq!(backoff.next_delay(&config, &mut rng), None);
        backoff.connection_ended(Timestamp(0), Timestamp(60_000), false);
        assert_eq!(backoff.next_delay(&config, &mut rng), None);
        backoff.connection_ended(Timestamp(0), Timestamp(5_000), true);
        assert!(backoff.next_delay(&config, &mut rng).is_some());
    }
}
