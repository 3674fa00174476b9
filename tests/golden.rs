//! What comes of two changes, scenario by scenario: `golden/merge.json`, which other implementations can read too.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed assumption fails the test")]

#[path = "golden/check.rs"]
mod check;

use std::fs;
use std::path::Path;

use serde_json::Value;

#[test]
fn every_scenario_comes_out_as_it_stands_there() {
    let failures = check::failures();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_test_that_holds_the_rest_of_a_scenario_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = String::new();
    for folder in ["src", "tests", "server"] {
        sources(&root.join(folder), &mut texts);
    }
    let golden = check::golden();
    let scenarios = golden["scenarios"].as_array().unwrap();
    let numbers: Vec<_> = scenarios.iter().filter_map(|scenario| scenario["number"].as_u64()).collect();
    assert_eq!(numbers, (1..=25).collect::<Vec<_>>());
    let names = scenarios.iter().filter_map(|scenario| scenario["held_by"].as_array()).flatten();
    for name in names.filter_map(Value::as_str) {
        let found = texts.contains(&format!("fn {name}(")) || texts.contains(&format!("it('{name}'"));
        assert!(found, "no test is called {name}");
    }
}

fn sources(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "mjs") {
            texts.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
