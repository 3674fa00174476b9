//! The scanner against `serde_json`.

use baro_realtime::core::json::{
    DEPTH_MAX, FIELDS_MAX, Fields, as_string, as_u53, each_field, each_item, is_finite_number, quote,
    validate,
};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::depth;

/// Accepts what RFC 8259 accepts up to the greatest depth, and reads it as it is meant.
pub(crate) fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (valid, known) = (validate(text).is_ok(), serde_json::from_str::<IgnoredAny>(text).is_ok());
    assert_eq!(valid, known && depth(text) <= DEPTH_MAX);

    let begins = |with: char| text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(with);
    let mut whole = true;
    let mut count = 0_usize;
    let list = each_item(text, |item| {
        count += 1;
        whole &= validate(item).is_ok();
    });
    assert_eq!(list.is_ok(), valid && begins('['));
    if let (Ok(()), Ok(list)) = (list, serde_json::from_str::<Vec<IgnoredAny>>(text)) {
        assert_eq!(count, list.len());
    }
    let object = each_field(text, |_, value| whole &= validate(value).is_ok());
    assert_eq!(object.is_ok(), valid && begins('{'));
    assert!(whole, "a piece is no JSON");

    fields(text);
    scalar(text, valid);
    assert_eq!(as_string(&quote(text)).as_deref(), Some(text));
    assert_eq!(serde_json::from_str::<String>(&quote(text)).ok().as_deref(), Some(text));
}

fn fields(text: &str) {
    let Ok(fields) = Fields::parse(text) else { return };
    assert!(fields.len() <= FIELDS_MAX);
    let written = fields.to_text();
    assert_eq!(Fields::parse(&written).as_ref(), Ok(&fields));
    // Not those with numbers or escapes that only a scanner which reads nothing can take.
    let Ok(map) = serde_json::from_str::<Map<String, Value>>(text) else { return };
    assert_eq!(fields.len(), map.len());
    for ((key, raw), (other, value)) in fields.iter().zip(&map) {
        assert_eq!(key, other);
        assert_eq!(serde_json::from_str::<Value>(raw).as_ref().ok(), Some(value));
    }
}

fn scalar(text: &str, valid: bool) {
    let raw = text.trim_matches([' ', '\t', '\n', '\r']);
    if let Ok(string) = serde_json::from_str::<String>(raw) {
        assert_eq!(as_string(raw).as_deref(), Some(string.as_str()));
    }
    if let Some(number) = as_u53(raw) {
        assert!(number < 1 << 53 && raw.parse() == Ok(number), "{raw} is not {number}");
    }
    if valid && raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        let finite = raw.parse::<f64>().is_ok_and(f64::is_finite);
        assert!(finite || !is_finite_number(raw), "{raw}");
        // Of those around the largest it refuses some.
        let plain = raw.len() <= 300 && !raw.contains(['e', 'E']);
        assert!(!plain || is_finite_number(raw), "{raw}");
    }
}
