//! Recorded traces, gone through again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use std::fs;
use std::path::Path;

use baro_simulation::options::Options;
use baro_simulation::replay::{read_config, replay};
use baro_simulation::run::replay_of;
use serde_json::{Value, json};

#[test]
fn programs_of_hostile_worlds_take_the_same_steps_again() {
    let (mut steps, mut failed) = (0, Vec::new());
    for seed in 0..16 {
        let options = Options::of(seed);
        let options = Options { storm_ms: options.storm_ms.min(8_000), ..options };
        let (taken, faults) = replay_of(&options);
        steps += taken;
        failed.extend(faults);
    }
    println!("{steps} steps");
    assert!(failed.is_empty(), "{} of them\n{}", failed.len(), failed.join("\n"));
    assert!(steps > 1_000, "{steps} steps are too few to say anything");
}

/// What `tests/e2e/record-trace.mjs` recorded in Chromium, against a server that was killed in the middle.
fn recorded() -> (Value, Vec<Value>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces/killed-server.json");
    let recorded: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    (recorded["config"].clone(), recorded["trace"].as_array().unwrap().clone())
}

#[test]
fn a_trace_that_was_recorded_in_a_browser_is_gone_through_again() {
    let (config, trace) = recorded();
    let states: Vec<&str> = trace.iter().filter_map(|step| step["state"].as_str()).collect();
    assert!(
        states.windows(2).any(|pair| pair == ["connected", "reconnecting"]),
        "the server died: {states:?}"
    );
    assert!(trace.iter().any(|step| step["kind"] == "subscribed" && step["recovered"] == 1), "and came back");
    replay(read_config(&config).unwrap(), &trace).unwrap();
}

#[test]
fn a_trace_that_was_changed_is_found_out() {
    let (config, trace) = recorded();
    // Steps that an input leads to; when a timer fires is the browser's affair.
    let places = ["state", "retry", "acknowledged"].map(|kind| {
        let last = trace.iter().rposition(|step| step["kind"] == kind);
        last.unwrap_or_else(|| panic!("there is no {kind} to change"))
    });
    for place in places {
        let mut changed = trace.clone();
        changed[place]["at"] = json!(changed[place]["at"].as_u64().unwrap() + 1);
        assert!(replay(read_config(&config).unwrap(), &changed).is_err(), "{}", trace[place]);
    }
    let mut other = trace.clone();
    other[places[0]]["state"] = json!("error");
    assert!(replay(read_config(&config).unwrap(), &other).is_err(), "another state");
    assert!(replay(read_config(&config).unwrap(), &trace[1..]).is_err(), "the beginning is needed");
}
