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
    scanner.value(0)?;
    scanner.end()
}

/// Calls `visit` with each key (decoded) and value (raw text) of the object `text`, validating all of it.
///
/// # Errors
/// When `text` is not exactly one JSON object; `visit` may have been called for fields before the fault.
pub fn each_field<'a>(text: &'a str, mut visit: impl FnMut(Cow<'a, str>, &'a str)) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.whitespace();
    scanner.open(b'{', "an object")?;
    scanner.whitespace();
    if !scanner.eat(b'}') {
        loop {
            scanner.whitespace();
            let key = scanner.string()?;
            scanner.whitespace();
            scanner.open(b':', "':'")?;
            let value = scanner.value(1)?;
            visit(unescape(key), value);
            scanner.whitespace();
            if scanner.eat(b',') {
                continue;
            }
            scanner.open(b'}', "',' or '}'")?;
            break;
        }
    }
    scanner.end()
}

/// Calls `visit` with the raw text of each item of the array `text`, validating all of it.
///
/// # Errors
/// When `text` is not exactly one JSON array; `visit` may have been called for items before the fault.
pub fn each_item<'a>(text: &'a str, mut visit: impl FnMut(&'a str)) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.whitespace();
    scanner.open(b'[', "an array")?;
    scanner.whitespace();
    if !scanner.eat(b']') {
        loop {
            let item = scanner.value(1)?;
            visit(item);
            scanner.whitespace();
            if scanner.eat(b',') {
                continue;
            }
            scanner.open(b']', "',' or ']'")?;
            break;
        }
    }
    scanner.end()
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    fn error<T>(&self, expected: &'static str) -> Result<T, JsonError> {
        Err(JsonError { at: self.at, expected })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn open(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.eat(byte) { Ok(()) } else { self.error(expected) }
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.whitespace();
        if self.at == self.bytes.len() { Ok(()) } else { self.error("the end") }
    }

    /// Skips one value and returns its raw text without surrounding white space.
    fn value(&mut self, depth: usize) -> Result<&'a str, JsonError> {
        self.whitespace();
        let from = self.at;
        match self.peek() {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => return self.error("a value"),
        }
        Ok(self.text.get(from..self.at).unwrap_or_default())
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth >= DEPTH_MAX {
            return self.error("less nesting");
        }
        self.at += 1;
        self.whitespace();
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.whitespace();
            self.string()?;
            self.whitespace();
            self.open(b':', "':'")?;
            self.value(depth + 1)?;
            self.whitespace();
            if !self.eat(b',') {
                return self.open(b'}', "',' or '}'");
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth >= DEPTH_MAX {
            return self.error("less nesting");
        }
        self.at += 1;
        self.whitespace();
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.whitespace();
            if !self.eat(b',') {
                return self.open(b']', "',' or ']'");
            }
        }
    }

    /// Skips a string and returns what stands between its quotes, escapes and all.
    fn string(&mut self) -> Result<&'a str, JsonError> {
        self.open(b'"', "a string")?;
        let from = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let inner = self.text.get(from..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(inner);
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                match self.peek() {
                                    Some(b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.at += 1,
                                    _ => return self.error("a hexadecimal digit"),
                                }
                            }
                        }
                        _ => return self.error("an escape"),
                    }
                }
                Some(0x20..) => self.at += 1,
                _ => return self.error("a character of a string"),
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.error("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
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
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(());
        }
        self.error("a value")
    }
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
    fn fields_are_visited_in_order_with_decoded_keys() {
        let mut seen = Vec::new();
        let visited = each_field(r#" {"a" : [1, 2] , "\u0062":"x\"y"} "#, |key, value| {
            seen.push((key.into_owned(), value.to_owned()));
        });
        assert_eq!(visited, Ok(()));
        assert_eq!(seen, [("a".to_owned(), "[1, 2]".to_owned()), ("b".to_owned(), r#""x\"y""#.to_owned())]);
    }
}
