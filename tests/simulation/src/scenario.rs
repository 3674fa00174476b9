//! Promises that are numbers, measured on virtual time.

use std::fmt::Write as _;

use baro_realtime::core::io::Call;
use baro_realtime::core::json::Fields;
use baro_realtime_server::limits::Limits;

use crate::pair::Pair;
use crate::storm::{End, Return, storm};

/// Most of all clients that may come within a tenth of a second after a restart, in a hundred.
pub const PEAK_PERCENT_MAX: f64 = 3.0;
/// Clients of a storm.
pub const CLIENTS: u64 = 10_000;

/// A number and what it has to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The promise.
    pub promise: &'static str,
    /// What was seen.
    pub seen: String,
    /// What it may be at most.
    pub most: String,
    /// Whether it is.
    pub holds: bool,
}

fn figure(promise: &'static str, seen: Option<u64>, most: u64, unit: &str) -> Figure {
    Figure {
        promise,
        seen: seen.map_or_else(|| "never".to_owned(), |seen| format!("{seen}{unit}")),
        most: format!("{most}{unit}"),
        holds: seen.is_some_and(|seen| seen <= most),
    }
}

fn event(number: u64) -> Call {
    Call::Create(format!(
        "{{\"id\":\"e{number}\",\"title\":\"Rota\",\"startDate\":\"2026-03-01T10:00:00Z\",\
         \"endDate\":\"2026-03-01T11:00:00Z\",\"projectId\":\"p0\"}}"
    ))
}

fn is_settled(pair: &Pair) -> bool {
    pair.client.is_connected() && pair.client.pending().next().is_none()
}

fn is_live(pair: &Pair, channels: u64) -> bool {
    is_settled(pair)
        && (0..channels).all(|number| pair.client.position(&format!("project:p{number}")).is_some())
}

fn connected(one_way_ms: u64, channels: u64) -> Pair {
    let mut pair = Pair::new(one_way_ms);
    pair.call(Call::Connect);
    for number in 0..channels {
        pair.call(Call::Subscribe(format!("project:p{number}")));
    }
    pair.run(60_000, |pair| is_live(pair, channels));
    pair
}

/// D3.
pub fn a_thousand_writes() -> Figure {
    let mut pair = connected(50, 1);
    for number in 0..1_000 {
        pair.call(event(number));
    }
    let took = pair.run(60_000, is_settled);
    figure("D3: 1,000 writes over a round trip of 100 ms are decided after", took, 4_000, " ms")
}

/// C8: what it takes from the opening of the socket, and in how many frames.
pub fn a_resumption() -> [Figure; 2] {
    let mut pair = connected(50, 50);
    pair.lose();
    for number in 0..20 {
        pair.call(event(number));
    }
    let frames = pair.frames;
    pair.run(60_000, |pair| pair.frames > frames);
    // The socket has just opened.
    let took = pair.run(60_000, |pair| is_live(pair, 50));
    [
        figure("C8: 50 channels and 20 writes are live after the socket opened", took, 100, " ms"),
        figure("C8: towards a known server all of it leaves in", Some(pair.frames - frames), 1, " frame"),
    ]
}

/// C2.
pub fn a_server_that_closes_at_once() -> Figure {
    let mut pair = Pair::new(1);
    pair.closes_after_ms = Some(25);
    pair.call(Call::Connect);
    pair.run(40_000, |_| false);
    figure(
        "C2: a server that accepts and closes after 25 ms sees in 40 s",
        Some(pair.opened),
        12,
        " connects",
    )
}

/// C5: how long a link that swallows everything is believed in by who has just written.
pub fn a_link_that_swallows() -> Figure {
    let mut pair = connected(20, 1);
    pair.run(2_000, |_| false);
    pair.swallows = true;
    pair.call(event(1));
    let took = pair.run(60_000, |pair| !pair.client.is_connected());
    figure("C5: a write on a link that swallows it starts reconnecting after", took, 4_000, " ms")
}

/// D2: recoveries one after the other, with nothing missed, 10 ms after the last one.
pub fn recoveries() -> [Figure; 2] {
    let mut pair = connected(2, 3);
    let snapshots = pair.client.metrics().snapshots;
    let mut recovered = 0;
    for _ in 0..5 {
        pair.run(10, |_| false);
        pair.lose();
        pair.call(Call::Reconnect);
        if pair.run(5_000, |pair| is_live(pair, 3)).is_some() {
            pair.run(100, |_| false);
            recovered += 1;
        }
    }
    let metrics = pair.client.metrics();
    [
        figure("D2: of 5 reconnects in a row, with nothing missed, fail", Some(5 - recovered), 0, ""),
        figure(
            "D2: whole contents taken again meanwhile",
            Some(metrics.snapshots - snapshots + (15 - metrics.recoveries.min(15))),
            0,
            "",
        ),
    ]
}

/// L13: how long a change that the server kept to itself stays unknown.
pub fn a_change_that_nobody_told() -> Figure {
    let mut pair = connected(20, 1);
    pair.run(1_000, |_| false);
    pair.hide_a_write(Fields::parse(&hidden()).unwrap_or_default());
    let took = pair.run(60_000, |pair| pair.client.store().shown("hidden").is_some());
    let heartbeat = Limits::default().heartbeat_interval_ms + 100;
    figure("L13: a change that the server never told is there after", took, heartbeat, " ms")
}

fn hidden() -> String {
    let Call::Create(text) = event(0) else { return String::new() };
    text.replace("e0", "hidden")
}

/// All of them but the storms.
pub fn all() -> Vec<Figure> {
    let mut all = vec![a_thousand_writes()];
    all.extend(a_resumption());
    all.push(a_server_that_closes_at_once());
    all.push(a_link_that_swallows());
    all.extend(recoveries());
    all.push(a_change_that_nobody_told());
    all
}

/// The storms: how the server went, and how long it takes nobody, ms.
pub const STORMS: [(&str, End, u64); 5] = [
    ("restart with drain, 5 s", End::Drained(5_000), 0),
    ("restart with 1012", End::Closed(1_012), 0),
    ("broken, back at once", End::Lost, 0),
    ("outage of 5 s", End::Lost, 5_000),
    ("outage of 30 s", End::Lost, 30_000),
];

/// Everything as the tables of a document, and whether all of it holds.
pub fn report() -> (String, bool) {
    let mut text = "| promise | seen | at most |\n| --- | --- | --- |".to_owned();
    let mut holds = true;
    for figure in all() {
        holds &= figure.holds;
        let _written = write!(text, "\n| {} | {} | {} |", figure.promise, figure.seen, figure.most);
    }
    text.push_str(
        "\n\n| 10,000 clients, the server is | peak in 100 ms | p50 | p99 |\n| --- | --- | --- | --- |",
    );
    for (name, end, outage_ms) in STORMS {
        let Return { peak_percent, p50_ms, p99_ms, missing } = storm(CLIENTS, end, outage_ms);
        holds &= missing == 0 && (end == End::Lost || peak_percent <= PEAK_PERCENT_MAX);
        let _written = write!(text, "\n| {name} | {peak_percent:.1} % | {p50_ms} ms | {p99_ms} ms |");
    }
    (text, holds)
}
