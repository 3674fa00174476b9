//! Recorded traces, gone through again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use std::fs;
use std::path::Path;

use baro_realtime::core::io::{Call, Reply};
use baro_realtime::core::merge::Strategy;
use baro_simulation::options::Options;
use baro_simulation::party::Party;
use baro_simulation::replay::{read_config, replay};
use baro_simulation::run::replay_of;
use serde_json::{Value, json};

#[test]
fn programs_of_hostile_worlds_take_the_same_steps_again() {
    let (mut steps, mut failed) = (0, Vec::new());
    for seed in 0..16 {
        let options = Options::of(seed);
        // What conflicts leave in a trace is gone through by the tests below.
        let strategies = vec![Strategy::LastWriteWins];
        let options = Options { storm_ms: options.storm_ms.min(8_000), strategies, ..options };
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

/// Two who edit the same events while away, one of them deciding what waits for him: the trace of each.
fn quarrel(strategy: Strategy) -> Vec<Vec<Value>> {
    let mut party = Party::new(&[(strategy, 0), (strategy, 0)]);
    for guest in 0..2 {
        party.guests[guest].client.keep_steps(10_000);
        party.call(guest, Call::Connect);
        party.call(guest, Call::Subscribe("project:p".to_owned()));
    }
    let dates = r#""startDate":"2026-03-02","endDate":"2026-03-03","projectId":"p","location":"here""#;
    for id in ["a", "b", "c"] {
        party.call(0, Call::Create(format!(r#"{{"id":"{id}","title":"{id}",{dates}}}"#)));
        party.pass(100);
    }
    let place = |party: &mut Party, guest, id: &str, location: &str| {
        party.call(guest, Call::Update(id.to_owned(), format!(r#"{{"location":"{location}"}}"#)));
    };
    party.pass(1_000);
    (0..2).for_each(|guest| party.lose(guest));
    for id in ["a", "b"] {
        place(&mut party, 0, id, "there");
        place(&mut party, 1, id, "elsewhere");
    }
    party.call(0, Call::Delete("c".to_owned()));
    place(&mut party, 1, "c", "elsewhere");
    party.pass(60_000);
    // What the one goes on doing reaches the other, who goes on with what waits for him.
    place(&mut party, 0, "a", "yonder");
    party.pass(1_000);
    place(&mut party, 1, "a", "elsewhere still");
    party.lose(0);
    place(&mut party, 0, "b", "yonder");
    party.pass(60_000);
    for guest in 0..2 {
        let waiting: Vec<_> = party.guests[guest].client.conflicts().cloned().collect();
        for (nth, conflict) in waiting.iter().enumerate() {
            let version = if nth == 0 { &conflict.remote } else { &conflict.local };
            let resolved = version.as_ref().map_or("null".to_owned(), |version| version.to_text());
            let reply = party.call(guest, Call::ResolveConflict(conflict.id.clone(), resolved));
            assert!(matches!(reply, Some(Reply::Write { .. })), "{reply:?}");
            party.pass(1_000);
        }
        assert_eq!(party.guests[guest].client.conflicts().count(), 0);
    }
    party.pass(10_000);
    let trace = |guest: usize| serde_json::from_str(&party.guests[guest].client.trace()).unwrap();
    (0..2).map(trace).collect()
}

#[test]
fn conflicts_are_gone_through_again() {
    let mut kinds = Vec::new();
    for strategy in Strategy::ALL {
        let options = json!({ "url": "ws://server/ws", "conflict": { "strategy": strategy.word() } });
        for (guest, trace) in quarrel(strategy).into_iter().enumerate() {
            let mut config = read_config(&options).unwrap();
            config.offline = None;
            config.transports.polling = false;
            kinds.extend(trace.iter().filter_map(|step| step["kind"].as_str().map(str::to_owned)));
            replay(config, &trace).unwrap_or_else(|what| panic!("{strategy:?}, guest {guest}: {what}"));
        }
    }
    for kind in ["folded", "contested"] {
        assert!(kinds.iter().any(|step| step == kind), "no step of the kind {kind}");
    }
}
