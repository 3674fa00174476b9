//! Mutations of a corpus, the same for the same seed.

use baro_realtime::core::rng::Rng;

/// Pieces that mean something to one target or another.
const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "null",
    "true",
    "false",
    "-",
    "0",
    "1e400",
    "9007199254740991",
    "9007199254740992",
    "-0",
    "1.0",
    "\"type\":",
    "\"payload\":",
    "\"id\":",
    "\"seq\":",
    "\"channel\":",
    "\"projectId\":\"p\"",
    "\"projectId\":\"q\"",
    "\"project:p\"",
    "\"project:q\"",
    "\"calendar:c\"",
    "\"calendarId\":\"c\"",
    "\"version\":",
    "\"events\":[]",
    "\"client\":",
    "\"expected\":1",
    "__proto__",
    "constructor",
    "2026-02-29",
    "T24:00",
    "+14:00",
    "\n",
    "\r",
    "\t",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "ÿ",
    "𝄞",
    "..",
    "=",
    "&",
    "%00",
    "+",
    "eyJ",
    "\u{1}",
];

/// Draws inputs from a corpus by changing its entries.
#[derive(Debug)]
pub struct Mutator {
    rng: Rng,
    corpus: Vec<Vec<u8>>,
}

impl Mutator {
    /// A mutator of `corpus` with that seed.
    pub fn new(seed: u64, corpus: Vec<Vec<u8>>) -> Self {
        Self { rng: Rng::from_number(seed), corpus }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(bound as u64)).unwrap_or(0)
    }

    fn entry(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        self.corpus.get(at).cloned().unwrap_or_default()
    }

    /// The next input.
    pub fn draw(&mut self) -> Vec<u8> {
        let mut bytes = self.entry();
        for _ in 0..=self.below(6) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let (from, to) = {
            let other = self.below(bytes.len() + 1);
            (at.min(other), at.max(other))
        };
        match self.below(10) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap_or(0),
            2 => drop(bytes.drain(from..to.min(from + 16))),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[from..to].to_vec();
                let place = self.below(bytes.len() + 1);
                bytes.splice(place..place, piece);
            }
            5 => {
                // The end of another entry behind the beginning of this one.
                let other = self.entry();
                let place = self.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[place..]);
            }
            6 | 7 => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(at..at, word.bytes());
            }
            8 => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(from..to.min(from + word.len()), word.bytes());
            }
            _ => self.move_line(bytes),
        }
        bytes.truncate(16 * 1024);
    }

    /// Takes a line of this entry or another to another place.
    fn move_line(&mut self, bytes: &mut Vec<u8>) {
        let source = if self.below(2) == 0 { bytes.clone() } else { self.entry() };
        let lines: Vec<&[u8]> = source.split_inclusive(|byte| *byte == b'\n').collect();
        let Some(line) = lines.get(self.below(lines.len())) else { return };
        let starts: Vec<usize> = std::iter::once(0)
            .chain(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1))
            .collect();
        let place = starts[self.below(starts.len())];
        bytes.splice(place..place, line.iter().copied());
    }
}
