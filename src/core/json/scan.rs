//! The validating scanner.

use std::borrow::Cow;
use std::fmt;

use super::text::unescape;

/// Deepest nesting that is accepted; deeper input is refused instead of using up the stack.
pub const DEPTH_MAX: usize = 64;

/// Why a text is not the JSON that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Offset in bytes of the first byte that does not fit.
    pub at: usize,
    /// What would have been accepted there.
    pub expected: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for JsonError {}

/// Checks that `text` is one JSON value and nothing else.
///
/// # Errors
/// The first place that is not JSON, or is nested deeper than [`DEPTH_MAX`].
pub fn validate(text: &str) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.skip()?;
    scanner.end()
}

/// Calls `visit` with each key (decoded) and value (raw text) of the object `text`, validating all of it.
///
/// # Errors
/// When `text` is not exactly one JSON object; `visit` may have been called for fields before the fault.
pub fn each_field<'a>(text: &'a str, mut visit: impl FnMut(Cow<'a, str>, &'a str)) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.fields(|scanner, key| {
        let value = scanner.skip()?;
        visit(unescape(key), value);
        Ok(())
    })?;
    scanner.end()
}

/// Calls `visit` with the raw text of each item of the array `text`, validating all of it.
///
/// # Errors
/// When `text` is not exactly one JSON array; `visit` may have been called for items before the fault.
pub fn each_item<'a>(text: &'a str, mut visit: impl FnMut(&'a str)) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.items(|scanner| {
        visit(scanner.skip()?);
        Ok(())
    })?;
    scanner.end()
}

/// Reads a text from front to back, once. What it has passed is valid.
#[derive(Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// A scanner before the first byte of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0 }
    }

    /// Calls `visit` with each key (as written, between its quotes) of the object that comes next; `visit` has to read
    /// the value.
    ///
    /// # Errors
    /// When no object comes next, or `visit` fails.
    pub fn fields(
        &mut self,
        mut visit: impl FnMut(&mut Self, &'a str) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.enter(b'{', "an object")?;
        if !self.eat(b'}') {
            loop {
                self.whitespace();
                let key = self.string()?;
                self.whitespace();
                self.open(b':', "':'")?;
                visit(self, key)?;
                self.whitespace();
                if !self.eat(b',') {
                    self.open(b'}', "',' or '}'")?;
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Calls `visit` for each item of the array that comes next; it has to read the item.
    ///
    /// # Errors
    /// When no array comes next, or `visit` fails.
    pub fn items(
        &mut self,
        mut visit: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.enter(b'[', "an array")?;
        if !self.eat(b']') {
            loop {
                visit(self)?;
                self.whitespace();
                if !self.eat(b',') {
                    self.open(b']', "',' or ']'")?;
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Skips one value and returns its raw text without surrounding white space.
    ///
    /// # Errors
    /// The first place that is not JSON.
    pub fn skip(&mut self) -> Result<&'a str, JsonError> {
        match self.peek() {
            Some(b'"') => {
                let from = self.at;
                self.string()?;
                Ok(self.since(from))
            }
            Some(b'{') => {
                let from = self.at;
                self.fields(|scanner, _| scanner.skip().map(drop))?;
                Ok(self.since(from))
            }
            Some(b'[') => {
                let from = self.at;
                self.items(|scanner| scanner.skip().map(drop))?;
                Ok(self.since(from))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.error("a value"),
        }
    }

    /// The first byte of the value that comes next.
    pub fn peek(&mut self) -> Option<u8> {
        self.whitespace();
        self.byte()
    }

    /// How far it has read, in bytes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What it has read from byte `from` on.
    pub fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// Where something does.
    pub fn end(&mut self) -> Result<(), JsonError> {
        self.whitespace();
        if self.at == self.bytes.len() { Ok(()) } else { self.error("the end") }
    }

    fn error<T>(&self, expected: &'static str) -> Result<T, JsonError> {
        Err(JsonError { at: self.at, expected })
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn whitespace(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.byte() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn open(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.eat(byte) { Ok(()) } else { self.error(expected) }
    }

    fn enter(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        self.whitespace();
        if self.depth >= DEPTH_MAX {
            return self.error("less nesting");
        }
        self.open(byte, expected)?;
        self.depth += 1;
        self.whitespace();
        Ok(())
    }

    /// Skips a string and returns what stands between its quotes, escapes and all.
    fn string(&mut self) -> Result<&'a str, JsonError> {
        self.open(b'"', "a string")?;
        let from = self.at;
        loop {
            self.at += plain_length(self.bytes.get(self.at..).unwrap_or_default());
            match self.byte() {
                Some(b'"') => {
                    let inner = self.since(from);
                    self.at += 1;
                    return Ok(inner);
                }
                Some(b'\\') => self.escape()?,
                _ => return self.error("a character of a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.byte() {
                        Some(b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.at += 1,
                        _ => return self.error("a hexadecimal digit"),
                    }
                }
            }
            _ => return self.error("an escape"),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.byte(), Some(b'0'..=b'9')) {
            return self.error("a digit");
        }
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let from = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(self.since(from))
    }

    fn word(&mut self, word: &'static str) -> Result<&'a str, JsonError> {
        let from = self.at;
        if self.bytes.get(from..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(self.since(from));
        }
        self.error("a value")
    }
}

/// How many of the first bytes are neither a quote, a backslash nor a control character, eight at a time: the marks of a
/// word's zero bytes are those of Mycroft ("Determine if a word has a zero byte", 1987), exact up to the first.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut length = 0;
    // As arrays: of a slice, a build for size reads one byte after the other.
    for chunk in bytes.as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let marks = zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | control;
        if marks != 0 {
            return length + (marks.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let rest = bytes.get(length..).unwrap_or_default();
    length + rest.iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_the_rfc_accepts() {
        for text in ["0", "-0.5e+10", "\"\\u00e9\\n\"", " [ ] ", "{\"a\":[1,{\"b\":null}]}", "true"] {
            assert_eq!(validate(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_what_the_rfc_refuses() {
        for text in [
            "",
            "01",
            "1.",
            ".5",
            "+1",
            "NaN",
            "'a'",
            "{a:1}",
            "[1,]",
            "{\"a\":1,}",
            "\"\n\"",
            "\"\\x\"",
            "\"\\ud80\"",
            "1 2",
            "tru",
            "[1",
            "{\"a\"}",
            "\u{feff}1",
            "-",
        ] {
            assert!(validate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(validate(&nested(DEPTH_MAX)), Ok(()));
        assert!(validate(&nested(DEPTH_MAX + 1)).is_err());
        assert!(validate(&nested(200_000)).is_err());
    }

    #[test]
    fn plain_text_ends_where_it_does_at_every_offset() {
        for special in ['"', '\\', '\n', '\u{1f}', '\0'] {
            for at in 0..40 {
                let text = format!("{}{special}{}", "é".repeat(at / 2) + &"x".repeat(at % 2), "y".repeat(20));
                assert_eq!(plain_length(text.as_bytes()), at, "{text:?}");
            }
        }
        assert_eq!(plain_length("한국어 😀 \u{7f} text".as_bytes()), 21);
    }

    #[test]
    fn fields_are_visited_in_order_with_decoded_keys() {
        let mut seen = Vec::new();
        let visited = each_field(r#" {"a" : [1, 2] , "\u0062":"x\"y"} "#, |key, value| {
            seen.push((key.into_owned(), value.to_owned()));
        });
        assert_eq!(visited, Ok(()));
        assert_eq!(seen, [("a".to_owned(), "[1, 2]".to_owned()), ("b".to_owned(), r#""x\"y""#.to_owned())]);
    }
}
