//! The scanner against `serde_json`, and objects against a map.

use baro_realtime::core::json::{
    Fields, as_string, as_u53, each_field, each_item, is_finite_number, quote, validate,
};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::texts::{almost_json, json, object, string};

/// Whether `serde_json` takes `text`, whatever it means: numbers may be huge, surrogates alone.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn map(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_is_json_is_accepted(text in json()) {
        prop_assert_eq!(validate(&text), Ok(()));
        prop_assert!(is_json(&text));
    }

    #[test]
    fn nobody_else_is_more_or_less_strict(text in almost_json()) {
        prop_assert_eq!(validate(&text).is_ok(), is_json(&text), "{}", text);
    }

    #[test]
    fn pieces_are_those_of_the_whole(text in almost_json()) {
        let (mut items, mut fields) = (0_usize, 0_usize);
        let mut whole = true;
        let list = each_item(&text, |item| {
            items += 1;
            whole &= validate(item).is_ok();
        });
        let object = each_field(&text, |_, value| {
            fields += 1;
            whole &= validate(value).is_ok();
        });
        prop_assert!(whole);
        let parsed = serde_json::from_str::<Value>(&text);
        if let Ok(Value::Array(list)) = &parsed {
            prop_assert_eq!(items, list.len());
        }
        prop_assert_eq!(list.is_ok(), is_json(&text) && text.trim_start().starts_with('['));
        prop_assert_eq!(object.is_ok(), is_json(&text) && text.trim_start().starts_with('{'));
    }

    #[test]
    fn strings_come_back(text in any::<String>()) {
        let quoted = quote(&text);
        prop_assert_eq!(as_string(&quoted), Some(text.as_str().into()));
        prop_assert_eq!(serde_json::from_str::<String>(&quoted).ok(), Some(text.clone()));
        let other = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(as_string(&other), Some(text.as_str().into()));
    }

    #[test]
    fn escapes_mean_the_same(raw in string()) {
        if let Ok(text) = serde_json::from_str::<String>(&raw) {
            prop_assert_eq!(as_string(&raw), Some(text.as_str().into()));
        }
    }

    #[test]
    fn numbers_are_exact_or_none(raw in "-?[0-9]{1,20}(\\.[0-9])?(e[0-9])?") {
        let exact = raw.parse::<u64>().ok().filter(|number| *number < 1 << 53 && raw.len() <= 16);
        prop_assert_eq!(as_u53(&raw), exact);
        prop_assert_eq!(is_finite_number(&raw), raw.parse::<f64>().is_ok_and(f64::is_finite));
    }

    #[test]
    fn an_object_keeps_its_order_its_spelling_and_the_last_of_each_key(text in object()) {
        let fields = Fields::parse(&text).unwrap();
        let again = Fields::parse(&fields.to_text()).unwrap();
        prop_assert_eq!(&again, &fields);
        if let Some(map) = map(&text) {
            prop_assert_eq!(fields.len(), map.len());
            for ((key, raw), (other, value)) in fields.iter().zip(&map) {
                prop_assert_eq!(key, other);
                prop_assert_eq!(&serde_json::from_str::<Value>(raw).unwrap(), value);
            }
        }
    }

    #[test]
    fn merging_is_inserting_in_order(base in object(), changes in object()) {
        let mut merged = Fields::parse(&base).unwrap();
        merged.merge(&Fields::parse(&changes).unwrap());
        if let (Some(mut expected), Some(changes)) = (map(&base), map(&changes)) {
            expected.extend(changes);
            let merged: Vec<(String, Value)> = merged
                .iter()
                .map(|(key, raw)| (key.to_owned(), serde_json::from_str(raw).unwrap()))
                .collect();
            prop_assert_eq!(merged, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
