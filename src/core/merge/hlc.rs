//! Stamps that order writes without a server.
//!
//! Owns the hybrid logical clock: wall time where clocks agree, a counter where they do not. Guarantees that what a program
//! stamps after it saw another stamp comes after that one, whatever its clock says, so that a slow clock locks nobody out;
//! and that a stamp too far in the future does not carry the clock of whoever sees it along. Stamps compare as their texts
//! do. The time is handed in. Knows no events.

/// How far in the future of its receiver's clock a stamp may be.
pub const DRIFT_MAX_MS: u64 = 5 * 60_000;

const TIME_DIGITS: usize = 9;
const COUNTER_DIGITS: usize = 3;
const NODE_DIGITS: usize = 8;
const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// When a write was made and by which program: nine digits of milliseconds since 1970, three of a counter, both to the
/// base of 32, and the program's name. The empty stamp is before all others.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(String);

impl Stamp {
    /// The stamp that `text` is.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| DIGITS.contains(&byte));
        let whole = text.is_empty()
            || (TIME_DIGITS + COUNTER_DIGITS..=TIME_DIGITS + COUNTER_DIGITS + NODE_DIGITS)
                .contains(&text.len());
        (digits && whole).then(|| Self(text.to_owned()))
    }

    /// A stamp of `ms` and `counter` by `node`. A counter that is used up goes on in the next millisecond.
    fn new(ms: u64, counter: u64, node: &str) -> Self {
        const COUNTER_END: u64 = 1 << (5 * COUNTER_DIGITS);
        let ms = ms.saturating_add(counter / COUNTER_END).min((1 << (5 * TIME_DIGITS)) - 1);
        let mut text = String::with_capacity(TIME_DIGITS + COUNTER_DIGITS + node.len());
        push_digits(&mut text, ms, TIME_DIGITS);
        push_digits(&mut text, counter % COUNTER_END, COUNTER_DIGITS);
        text.push_str(node);
        Self(text)
    }

    /// The text, which a JSON string holds as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the empty stamp, of what nobody stamped.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// Its wall time, ms since 1970.
    pub fn ms(&self) -> u64 {
        number(self.0.get(..TIME_DIGITS))
    }

    fn counter(&self) -> u64 {
        number(self.0.get(TIME_DIGITS..TIME_DIGITS + COUNTER_DIGITS))
    }

    /// The program that made it; empty for the end of a time that is over.
    pub fn node(&self) -> &str {
        self.0.get(TIME_DIGITS + COUNTER_DIGITS..).unwrap_or_default()
    }

    /// The next stamp after this one, by `node`.
    #[must_use]
    pub fn next_by(&self, node: &str) -> Self {
        Self::new(self.ms(), self.counter() + 1, node)
    }

    /// The same at an earlier time.
    #[must_use]
    pub fn at(&self, ms: u64) -> Self {
        Self::new(ms, self.counter(), self.node())
    }

    /// The end of the millisecond before `ms`: no stamp of then or later is at or before it.
    pub fn end_before(ms: u64) -> Self {
        Self::new(ms, 0, "")
    }
}

fn push_digits(text: &mut String, number: u64, count: usize) {
    for place in (0..count).rev() {
        let digit = usize::try_from(number >> (5 * place) & 31).unwrap_or(0);
        text.push(DIGITS.get(digit).map_or('0', |byte| char::from(*byte)));
    }
}

fn number(digits: Option<&str>) -> u64 {
    digits
        .unwrap_or_default()
        .chars()
        .fold(0, |sum, digit| sum << 5 | u64::from(digit.to_digit(32).unwrap_or(0)))
}

/// The clock of one running program.
#[derive(Debug, Clone)]
pub struct Hlc {
    last: Stamp,
    node: String,
}

impl Hlc {
    /// The clock of the program with the client id `client`, of which stamps carry 40 bits: enough to tell those apart
    /// that change one event.
    pub fn new(client: &str) -> Self {
        // FNV-1a.
        let hash = client.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut node = String::with_capacity(NODE_DIGITS);
        push_digits(&mut node, hash ^ hash >> 40, NODE_DIGITS);
        Self { last: Stamp::default(), node }
    }

    /// Another's stamp was seen. One that is more than [`DRIFT_MAX_MS`] ahead says more about its clock than about time.
    pub fn observe(&mut self, seen: &Stamp, now_ms: u64) {
        if seen.ms() <= now_ms.saturating_add(DRIFT_MAX_MS) && *seen > self.last {
            self.last = seen.clone();
        }
    }

    /// A new stamp, after all that this clock gave and after `seen`.
    pub fn tick(&mut self, now_ms: u64, seen: &Stamp) -> Stamp {
        self.observe(seen, now_ms);
        let fresh = Stamp::new(now_ms, 0, &self.node);
        self.last = if fresh > self.last { fresh } else { self.last.next_by(&self.node) };
        if self.last > *seen { self.last.clone() } else { seen.next_by(&self.node) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_790_000_000_000;
    const DAY: u64 = 24 * 3_600_000;

    #[test]
    fn stamps_grow_whatever_the_clock_does() {
        let mut clock = Hlc::new("a");
        let mut last = Stamp::default();
        for now in [NOW, NOW, NOW + DAY, NOW, NOW - DAY, NOW + DAY, 0, u64::MAX] {
            let stamp = clock.tick(now, &Stamp::default());
            assert!(stamp > last, "{stamp:?} after {last:?}");
            assert_eq!(Stamp::parse(stamp.as_str()).as_ref(), Some(&stamp));
            last = stamp;
        }
    }

    #[test]
    fn a_stamp_comes_after_what_was_seen_however_far_ahead_that_is() {
        let ahead = Hlc::new("ahead").tick(NOW + DAY, &Stamp::default());
        let mut clock = Hlc::new("right");
        let answer = clock.tick(NOW, &ahead);
        assert!(answer > ahead);
        assert_eq!(answer.ms(), NOW + DAY);
        assert_eq!(
            clock.tick(NOW + 1, &Stamp::default()).ms(),
            NOW + 1,
            "the clock itself is not carried along"
        );
    }

    #[test]
    fn a_counter_that_is_used_up_goes_on_in_the_next_millisecond() {
        let mut clock = Hlc::new("a");
        let stamps: Vec<Stamp> = (0..70_000).map(|_| clock.tick(NOW, &Stamp::default())).collect();
        assert!(stamps.is_sorted_by(|a, b| a < b));
        assert_eq!(stamps.last().map(Stamp::ms), Some(NOW + 2));
    }

    #[test]
    fn only_stamps_are_read_as_stamps() {
        let stamp = Hlc::new("a").tick(NOW, &Stamp::default());
        assert_eq!((stamp.ms(), stamp.node().len(), stamp.as_str().len()), (NOW, 8, 20));
        for text in
            ["0", "00000000000", "00000000000000000000000000000", "zzzzzzzzzzzzz", "00000000000A", "é"]
        {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
        assert_eq!(Stamp::parse(""), Some(Stamp::default()));
    }
}
