//! The scenarios of `merge.json`, run natively and in browsers.

use baro_realtime::core::json::Fields;
use baro_realtime::core::merge::{Merged, Strategy, merge};
use serde_json::{Value, json};

/// The scenarios, as they stand in the file.
const SCENARIOS: &str = include_str!("merge.json");

/// All of the file.
pub(crate) fn golden() -> Value {
    serde_json::from_str(SCENARIOS).expect("an object")
}

/// What differs from what the file expects, a line for each case.
pub(crate) fn failures() -> Vec<String> {
    let golden = golden();
    let mut failures = Vec::new();
    for scenario in golden["scenarios"].as_array().expect("scenarios") {
        for case in scenario["cases"].as_array().expect("cases") {
            let name = format!("{} {}: {}", scenario["number"], scenario["name"], case["what"]);
            failures.extend(
                check(&golden["event"], case).into_iter().map(|failure| format!("{name}: {failure}")),
            );
        }
    }
    failures
}

fn check(event: &Value, case: &Value) -> Vec<String> {
    let strategy = Strategy::of_word(case["strategy"].as_str().expect("a word")).expect("a strategy");
    let before = case.get("base").map_or_else(|| event.clone(), |changes| with(event, changes));
    let [ours, theirs, expected] = ["ours", "theirs", "merged"].map(|side| with(&before, &case[side]));
    let [base, ours, theirs] = [&before, &ours, &theirs].map(fields);
    let merged = merge(strategy, base.as_ref(), ours.as_ref(), theirs.as_ref());
    let none = json!([]);
    let conflicts = case.get("conflicts").unwrap_or(&none);
    let mut failures = Vec::new();
    let mut compare = |what: &str, got: Value, expected: &Value| {
        if got != *expected {
            failures.push(format!("{what}: {got} instead of {expected}"));
        }
    };
    compare("merged", result(&merged), &expected);
    compare("conflicts", json!(merged.conflicts), conflicts);
    compare("dropped", dropped(&merged), case.get("dropped").unwrap_or(&none));
    if case["commutes"] == true {
        let swapped = merge(strategy, base.as_ref(), theirs.as_ref(), ours.as_ref());
        compare("swapped", result(&swapped), &expected);
        compare("conflicts when swapped", json!(swapped.conflicts), conflicts);
    }
    failures
}

/// The event `before` with these changes; none if they are `null`.
fn with(before: &Value, changes: &Value) -> Value {
    let Some(changes) = changes.as_object() else { return Value::Null };
    let mut event = before.as_object().cloned().unwrap_or_default();
    for (field, value) in changes {
        if value.is_null() {
            event.remove(field);
        } else {
            event.insert(field.clone(), value.clone());
        }
    }
    Value::Object(event)
}

fn fields(value: &Value) -> Option<Fields> {
    (!value.is_null()).then(|| Fields::parse(&value.to_string()).expect("an object"))
}

fn value(raw: &str) -> Value {
    serde_json::from_str(raw).expect("JSON")
}

fn result(merged: &Merged) -> Value {
    merged.event.as_ref().map_or(Value::Null, |event| value(&event.to_text()))
}

fn dropped(merged: &Merged) -> Value {
    let list = merged.dropped.iter().map(|dropped| {
        let side = dropped.side.word();
        json!({"field": dropped.field, "value": value(&dropped.value), "side": side, "reason": dropped.reason})
    });
    list.collect()
}
