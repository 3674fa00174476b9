//! A text as the code points that are merged.
//!
//! Owns the way from a JSON string to code points and back. Guarantees that a character outside the basic plane is one
//! point, however it was spelled, and that half a surrogate pair, which JSON can spell and Rust's `str` cannot hold, comes
//! out as it went in: nothing is ever split or replaced. Knows nothing of what the texts are for.

use crate::core::json::quote;

/// A code point: a Unicode scalar value, or half a surrogate pair.
pub type Point = u32;

const HIGH: std::ops::Range<Point> = 0xd800..0xdc00;
const LOW: std::ops::Range<Point> = 0xdc00..0xe000;

/// The points of the JSON string `raw`; of anything that is no string, none.
pub fn read(raw: &str) -> Vec<Point> {
    raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(read_inside).unwrap_or_default()
}

/// The points of what stands between the quotes of a JSON string.
pub(super) fn read_inside(inner: &str) -> Vec<Point> {
    let mut points = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            points.push(Point::from(character));
            continue;
        }
        let point = match rest.next() {
            Some('n') => 0x0a,
            Some('r') => 0x0d,
            Some('t') => 0x09,
            Some('b') => 0x08,
            Some('f') => 0x0c,
            Some('u') => {
                rest.by_ref().take(4).fold(0, |code, digit| code << 4 | digit.to_digit(16).unwrap_or(0))
            }
            Some(other) => Point::from(other),
            None => break,
        };
        push(&mut points, point);
    }
    points
}

/// Appends a point; the second half of a pair joins the first.
fn push(points: &mut Vec<Point>, point: Point) {
    match points.last_mut() {
        Some(last) if HIGH.contains(last) && LOW.contains(&point) => {
            *last = 0x1_0000 + ((*last - HIGH.start) << 10) + (point - LOW.start);
        }
        _ => points.push(point),
    }
}

/// The points as a JSON string. Halves of a pair that an edit brought together are one character from here on.
pub fn write(points: &[Point]) -> String {
    ["\"", &write_inside(points), "\""].concat()
}

/// What stands between the quotes of that string.
pub(super) fn write_inside(points: &[Point]) -> String {
    let mut joined = Vec::with_capacity(points.len());
    for point in points {
        push(&mut joined, *point);
    }
    let mut out = String::new();
    let mut plain = String::new();
    for point in joined {
        match char::from_u32(point) {
            Some(character) => plain.push(character),
            None => {
                flush(&mut out, &mut plain);
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    out.push(char::from_digit(point >> shift & 15, 16).unwrap_or('0'));
                }
            }
        }
    }
    flush(&mut out, &mut plain);
    out
}

fn flush(out: &mut String, plain: &mut String) {
    let quoted = quote(plain);
    out.push_str(quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default());
    plain.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_one_point_however_it_is_spelled() {
        assert_eq!(read(r#""\ud83d\ude00""#), read("\"😀\""));
        assert_eq!(read("\"a😀\\n\\\"\\\\\\/\""), [0x61, 0x1_f600, 0x0a, 0x22, 0x5c, 0x2f]);
        assert_eq!(write(&read(r#""\ud83d\ude00 \u0041""#)), "\"😀 A\"");
    }

    #[test]
    fn half_a_pair_survives() {
        for raw in [r#""\ud83d""#, r#""a\ude00b""#, r#""\ude00\ud83d""#, "\"\\ud83d😀\""] {
            assert_eq!(write(&read(raw)), raw);
        }
        assert_eq!(write(&[0xd83d, 0xde00]), "\"😀\"");
    }

    #[test]
    fn what_is_no_string_has_no_points() {
        for raw in ["", "null", "7", "\"", "[\"a\"]"] {
            assert!(read(raw).is_empty(), "{raw}");
        }
    }
}
