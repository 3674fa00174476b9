//! What the diagnostics tell against what is written of it: neither may know more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, Value as Given};
use baro_realtime::core::io::{Call, Input, PipeEvent};
use baro_realtime::core::metrics::Step;
use baro_realtime::core::time::{Now, Timestamp};
use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn now(ms: u64) -> Now {
    Now { mono: Timestamp(ms), wall_ms: 1_700_000_000_000 + ms }
}

/// A client that was connected to a server of `baro.v1` and has a write under way.
fn busy_client() -> Client {
    let url = Given::Object(vec![("url".to_owned(), Given::Text("ws://host/ws".to_owned()))]);
    let config = Config { offline: None, ..Config::read(&url, None).unwrap() };
    let mut client = Client::new(config, [1, 2, 3, 4], now(0));
    let pipe = baro_realtime::core::id::PipeId(1);
    let event = r#"{"title":"x","startDate":"2026-01-01","endDate":"2026-01-02"}"#;
    let welcome = r#"{"type":"welcome","payload":{"version":"baro.v1","time":1700000000100}}"#;
    for (ms, input) in [
        (1, Input::Call(Call::Connect)),
        (50, Input::Pipe(pipe, PipeEvent::Opened)),
        (51, Input::Tick),
        (90, Input::Pipe(pipe, PipeEvent::Text(welcome))),
        (95, Input::Call(Call::Create(event.to_owned()))),
        (96, Input::Tick),
    ] {
        client.handle(now(ms), input).unwrap();
        while client.poll_output().is_some() {}
    }
    client
}

#[test]
fn every_number_is_declared_and_every_declared_number_is_told() {
    let report: Value = serde_json::from_str(&busy_client().report(now(100))).unwrap();
    let mut told: BTreeSet<String> = report.as_object().unwrap().keys().cloned().collect();
    // Counted where the listeners are.
    told.insert("listenerErrors".to_owned());
    let types = read("src/web/types.d.ts");
    let body = types.split("interface RealtimeMetrics {").nth(1).unwrap().split("\n}").next().unwrap();
    let lines =
        body.lines().filter(|line| line.starts_with("  ") && !line.trim_start().starts_with(['/', '*']));
    let declared: BTreeSet<String> = lines
        .filter_map(|line| Some(line.trim().split_once(':')?.0.trim_end_matches('?').to_owned()))
        .collect();
    assert_eq!(told, declared);
    assert_eq!((&report["connectMs"]["max"], &report["oldestWriteMs"]), (&Value::from(49), &Value::from(5)));
    assert_eq!(report["roundTripMs"]["smoothed"], 39);
}

#[test]
fn every_step_is_documented() {
    let rows = read("docs/DIAGNOSTICS.md");
    for step in Step::ALL {
        let name = step.names().next().unwrap();
        let row = rows.lines().find(|line| {
            line.strip_prefix('|')
                .and_then(|line| line.split('|').next())
                .is_some_and(|cell| cell.contains(&format!("`{name}`")))
        });
        assert!(row.is_some(), "{name} stands in no table");
    }
}

#[test]
fn what_is_told_is_bounded_however_much_happened() {
    let mut client = busy_client();
    let pipe = baro_realtime::core::id::PipeId(1);
    for ms in 100..40_000 {
        let change = r#"{"type":"event:created","payload":{"id":"e"},"timestamp":1}"#;
        client.handle(now(ms), Input::Pipe(pipe, PipeEvent::Text(change))).unwrap();
        while client.poll_output().is_some() {}
    }
    assert!(client.report(now(40_000)).len() < 2_048, "a report is of bounded size");
    let steps: Vec<Value> = serde_json::from_str(&client.trace()).unwrap();
    assert!(steps.len() <= 256 && steps.last().unwrap()["n"].as_u64().unwrap() > 3);
}
