//! When two JSON values are the same.

use crate::core::json::{Fields, as_string, each_item};

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
        (Some(b'"'), Some(b'"')) => as_string(a) == as_string(b),
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
        for (a, b) in
            [("1", "1.0"), ("[1]", "[1,1]"), (r#"{"a":1}"#, r#"{"b":1}"#), ("\"1\"", "1"), ("[]", "{}")]
        {
            assert!(!same(Some(a), Some(b)), "{a} {b}");
        }
        assert!(!same(Some("null"), None));
    }
}
