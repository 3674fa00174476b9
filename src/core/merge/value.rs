//! When two JSON values are the same.

use super::frame::common_start;
use super::points::read;
use crate::core::json::{Fields, each_item};

/// Most bytes of an escape, `\ud83d`, before its last one.
const ESCAPE_LENGTH: usize = 5;

/// Whether two values are the same whatever their spelling: white space, escapes and the order of keys do not count. The
/// spelling of a number does: a reader may care about `1.0`.
pub(super) fn same(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || same_inside(a, b),
        (a, b) => a == b,
    }
}

fn same_inside(a: &str, b: &str) -> bool {
    match (a.as_bytes().first(), b.as_bytes().first()) {
        // By code points: half a surrogate pair is not the character that a Rust string has in its place.
        (Some(b'"'), Some(b'"')) => !differ_plainly(a, b) && read(a) == read(b),
        (Some(b'['), Some(b'[')) => {
            let (a, b) = (items(a), items(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(Some(a), Some(b)))
        }
        (Some(b'{'), Some(b'{')) => match (Fields::parse(a), Fields::parse(b)) {
            (Ok(a), Ok(b)) => a.len() == b.len() && a.iter().all(|(key, raw)| same(Some(raw), b.get(key))),
            _ => false,
        },
        _ => false,
    }
}

/// Whether the strings differ in a character that neither of them escaped: then no spelling makes them equal.
fn differ_plainly(a: &str, b: &str) -> bool {
    let at = common_start(a, b);
    let plain = |text: &str| {
        let around = text.as_bytes().get(at.saturating_sub(ESCAPE_LENGTH)..=at).unwrap_or(b"\\");
        !around.contains(&b'\\')
    };
    plain(a) && plain(b)
}

/// The raw items of an array; none of anything else.
pub(super) fn items(raw: &str) -> Vec<&str> {
    let mut list = Vec::new();
    match each_item(raw, |item| list.push(item)) {
        Ok(()) => list,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_make_a_change() {
        for (a, b) in [
            (r#""a\u00e9""#, r#""aé""#),
            ("[1, {\"x\":[2]}]", "[1,{\"x\": [2]}]"),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
        ] {
            assert!(same(Some(a), Some(b)), "{a} {b}");
        }
        for (a, b) in [
            ("1", "1.0"),
            (r#""\ud83d""#, "\"\u{fffd}\""),
            ("[1]", "[1,1]"),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            ("\"1\"", "1"),
            ("[]", "{}"),
        ] {
            assert!(!same(Some(a), Some(b)), "{a} {b}");
        }
        assert!(!same(Some("null"), None));
    }
}
