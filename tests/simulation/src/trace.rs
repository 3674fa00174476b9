//! What happened, as a number and, if somebody wants to read it, as text.

use std::collections::VecDeque;

use crate::network::Packet;

/// Lines that are kept for the report of a failure.
const LINES_MAX: usize = 60;
/// Longest line, characters.
const LINE_MAX: usize = 260;

/// The history of a world.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<VecDeque<String>>,
    print: bool,
}

/// How much of the history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Its hash.
    Hash,
    /// Its last lines too.
    Tail,
    /// All of it, on standard output.
    Print,
}

impl Trace {
    pub(crate) fn new(detail: Detail) -> Self {
        let lines = (detail != Detail::Hash).then(VecDeque::new);
        Self { hash: 0x51ed_270b_9f0c_4b1d, lines, print: detail == Detail::Print }
    }

    /// Takes note of something that happened to `who`.
    pub(crate) fn note(&mut self, now: u64, who: u64, what: &'static str, text: &str) {
        self.mix(now);
        self.mix(who);
        self.mix_bytes(what.as_bytes());
        self.mix_bytes(text.as_bytes());
        self.keep(now, who, what, text);
    }

    /// The same for what travels; it becomes text only if somebody reads it.
    pub(crate) fn note_packet(&mut self, now: u64, who: u64, what: &'static str, packet: &Packet) {
        if let Packet::Binary(bytes) = packet {
            self.mix(now);
            self.mix(who);
            self.mix_bytes(what.as_bytes());
            self.mix_bytes(bytes);
            if self.lines.is_some() {
                self.keep(now, who, what, &packet.text().unwrap_or_default());
            }
        } else if let Some(text) = packet.text() {
            self.note(now, who, what, &text);
        }
    }

    fn keep(&mut self, now: u64, who: u64, what: &'static str, text: &str) {
        if let Some(lines) = &mut self.lines {
            let line = format!("{now:>7} {who:>3} {what} {text}");
            if self.print {
                println!("{line}");
            }
            let line: String = line.chars().take(LINE_MAX).collect();
            if lines.len() >= LINES_MAX {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    }

    /// The number that stands for everything noted.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The last lines.
    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        self.lines.take().map(Vec::from).unwrap_or_default()
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn mix_bytes(&mut self, bytes: &[u8]) {
        self.mix(bytes.len() as u64);
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.mix(<[u8; 8]>::try_from(chunk).map_or(0, u64::from_le_bytes));
        }
        let rest = chunks.remainder().iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
        self.mix(rest);
    }
}
