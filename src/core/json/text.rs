//! Single values: decoding raw text and writing strings.

use std::borrow::Cow;

/// Largest integer that a JavaScript number holds exactly.
const U53_MAX: u64 = (1 << 53) - 1;

/// The string that the raw text `raw` stands for, `None` if it is no string.
pub fn as_string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    Some(unescape(inner))
}

/// The key that stands between quotes as `written`, escapes decoded.
pub fn key_text(written: &str) -> Cow<'_, str> {
    unescape(written)
}

/// The integer from 0 to 2⁵³ − 1 that `raw` stands for; anything else, fractions and negatives included, is `None`.
pub fn as_u53(raw: &str) -> Option<u64> {
    if raw.len() > 16 || raw.is_empty() || !raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    raw.parse().ok().filter(|&number| number <= U53_MAX)
}

/// Whether `raw` is a number that a JavaScript number can hold: at most 308 decimal digits before the point.
pub fn is_finite_number(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let whole = mantissa.split('.').next().unwrap_or_default().len();
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    // Of an exponent that is no number of its own, only the sign matters.
    let exponent: i64 = exponent.parse().unwrap_or(if exponent.starts_with('-') { -400 } else { 400 });
    i64::try_from(whole).is_ok_and(|whole| whole + exponent <= 308)
}

/// The truth value that `raw` stands for.
pub fn as_bool(raw: &str) -> Option<bool> {
    match raw {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether `raw` is `null`.
pub fn is_null(raw: &str) -> bool {
    raw == "null"
}

/// `text` as a JSON string, with quotes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

/// Appends `text` as a JSON string, with quotes.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(from..at).unwrap_or_default());
        from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                out.push_str("\\u00");
                for digit in [byte >> 4, byte & 15] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

/// Decodes the escapes of a string's inside that the scanner accepted. Half a surrogate pair becomes U+FFFD.
pub(super) fn unescape(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let first = hex4(&mut rest);
                let low = (0xd800..0xdc00).contains(&first).then(|| {
                    let mut ahead = rest.clone();
                    let escaped = ahead.next() == Some('\\') && ahead.next() == Some('u');
                    let unit = if escaped { hex4(&mut ahead) } else { 0 };
                    (0xdc00..0xe000).contains(&unit).then(|| {
                        rest = ahead;
                        unit
                    })
                });
                let code = match low.flatten() {
                    Some(low) => 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00),
                    None => first,
                };
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    Cow::Owned(out)
}

fn hex4(rest: &mut std::str::Chars<'_>) -> u32 {
    rest.by_ref().take(4).fold(0, |code, digit| code << 4 | digit.to_digit(16).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_survive_a_round_trip() {
        for text in ["", "plain", "quote \" slash \\ / line\n\r\t\u{1}\u{1f}", "é 한국어 😀", "\u{2028}"]
        {
            assert_eq!(as_string(&quote(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn surrogate_pairs_are_joined_and_halves_replaced() {
        assert_eq!(as_string(r#""\ud83d\ude00""#).as_deref(), Some("😀"));
        assert_eq!(as_string(r#""a\ud83d""#).as_deref(), Some("a\u{fffd}"));
        assert_eq!(as_string(r#""\ud83d\u0041""#).as_deref(), Some("\u{fffd}A"));
    }

    #[test]
    fn only_exact_integers_are_u53() {
        assert_eq!(as_u53("9007199254740991"), Some(U53_MAX));
        for raw in ["9007199254740992", "-1", "1.0", "1e3", "", "NaN", "\"1\"", "99999999999999999999"] {
            assert_eq!(as_u53(raw), None, "{raw}");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for raw in ["1e400", "1e99999999999999999999", "inf", "NaN", "\"1\"", "null", "", "-"] {
            assert!(!is_finite_number(raw), "{raw}");
        }
        for raw in ["-2.5", "0", "1e300", "123456789.5E-400", "1e+2"] {
            assert!(is_finite_number(raw), "{raw}");
        }
    }
}
