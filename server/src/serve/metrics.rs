//! The numbers for Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::packing::Traffic;
use crate::hub::{Counters, Gauges};
use crate::ledger::Verdict;

/// Upper ends of the buckets, in microseconds.
const BUCKETS_US: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000,
];

/// A histogram of durations.
#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BUCKETS_US.len()],
    count: u64,
    sum_us: u64,
}

impl Histogram {
    fn observe(&mut self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.count += 1;
        self.sum_us = self.sum_us.saturating_add(us);
        if let Some(bucket) =
            BUCKETS_US.iter().position(|end| us <= *end).and_then(|at| self.buckets.get_mut(at))
        {
            *bucket += 1;
        }
    }

    fn render(&self, text: &mut String, name: &str, help: &str) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        let mut sum = 0;
        for (end_us, count) in BUCKETS_US.iter().zip(self.buckets) {
            sum += count;
            let _ = writeln!(text, "{name}_bucket{{le=\"{}\"}} {sum}", seconds(*end_us));
        }
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "{name}_sum {}\n{name}_count {}", seconds(self.sum_us), self.count);
    }
}

fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

/// How long writes take.
#[derive(Debug, Default)]
pub(super) struct Latency {
    commit: Histogram,
    fan_out: Histogram,
}

impl Latency {
    /// Notes a write that was asked for, was on disk and was handed to the sockets at these instants.
    pub(super) fn observe(&mut self, asked: Instant, committed: Instant, sent: Instant) {
        self.commit.observe(committed.saturating_duration_since(asked));
        self.fan_out.observe(sent.saturating_duration_since(asked));
    }
}

/// All numbers as Prometheus reads them.
pub(super) fn render(counters: &Counters, gauges: Gauges, latency: &Latency) -> String {
    let mut text = String::new();
    let number = |value: usize| value as u64;
    for (name, help, value) in [
        ("baro_connections", "Open connections.", number(gauges.connections)),
        ("baro_connections_baro_v1", "Open connections that speak baro.v1.", number(gauges.baro_connections)),
        ("baro_channels", "Channels that somebody listens to.", number(gauges.channels)),
        ("baro_presence_users", "Users who are present in some channel.", number(gauges.users)),
        ("baro_storage_jobs", "Jobs that the storage has not completed.", number(gauges.jobs)),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    for (name, help, value) in [
        ("baro_fanout_bytes_total", "Bytes of changes, for each who got them.", counters.fanout_bytes),
        ("baro_binary_events_total", "Changes sent in binary frames.", counters.binary_events),
        ("baro_presence_dropped_total", "Presence messages dropped as too many.", counters.presence_dropped),
        ("baro_storage_failures_total", "Jobs that the storage failed.", counters.storage_failures),
        (
            "baro_user_connections_refused_total",
            "Connections one too many of their user.",
            counters.users_over,
        ),
        ("baro_rate_limited_total", "Messages refused as too many.", counters.rate_limited),
        ("baro_queue_overflows_total", "Connections closed for not reading.", counters.overflows),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
    }
    let received = counters.received.iter().map(|(label, count)| ((*label).to_owned(), *count));
    family(&mut text, "baro_messages_received_total", "Messages received.", "type", received);
    let sent = counters.sent.iter().map(|(label, count)| ((*label).to_owned(), *count));
    family(&mut text, "baro_messages_sent_total", "Messages sent.", "type", sent);
    let errors = counters.errors.iter().map(|(code, count)| (code.name().to_owned(), *count));
    family(&mut text, "baro_errors_total", "Errors told.", "code", errors);
    let verdicts =
        counters.verdicts.iter().map(|(verdict, count)| (verdict_name(*verdict).to_owned(), *count));
    family(&mut text, "baro_writes_total", "Writes, by how they came out.", "outcome", verdicts);
    let closed = counters.closed.iter().map(|(code, count)| (code.to_string(), *count));
    family(&mut text, "baro_closed_total", "Connections that the server closed.", "code", closed);
    latency.commit.render(&mut text, "baro_write_commit_seconds", "From a write's arrival to the disk.");
    latency.fan_out.render(&mut text, "baro_write_fanout_seconds", "From a write's arrival to the sockets.");
    text
}

/// Adds what is counted before the hub: who was turned away, and sessions of long polling.
pub(super) fn render_doors(text: &mut String, refused: [u64; 3], sessions: usize) {
    let what = ["connection", "handshake", "request"].map(str::to_owned);
    family(
        text,
        "baro_refused_total",
        "What an address asked for too often.",
        "what",
        what.into_iter().zip(refused),
    );
    let name = "baro_poll_sessions";
    let _ = writeln!(
        text,
        "# HELP {name} Open sessions of long polling.\n# TYPE {name} gauge\n{name} {sessions}"
    );
}

/// Adds what goes over all sockets together.
pub(super) fn render_traffic(text: &mut String, traffic: &Traffic) {
    let name = "baro_queued_bytes";
    let queued = traffic.queued.load(Ordering::Relaxed);
    let _ =
        writeln!(text, "# HELP {name} Bytes that wait to be written.\n# TYPE {name} gauge\n{name} {queued}");
    for (name, help, value) in [
        ("baro_deflated_frames_total", "Frames sent compressed.", &traffic.deflated_frames),
        ("baro_deflated_from_bytes_total", "What they were.", &traffic.deflated_from_bytes),
        ("baro_deflated_to_bytes_total", "What was sent in their place.", &traffic.deflated_to_bytes),
        ("baro_inflated_frames_total", "Frames that arrived compressed.", &traffic.inflated_frames),
    ] {
        let value = value.load(Ordering::Relaxed);
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Stored => "stored",
        Verdict::Refused => "refused",
        Verdict::Duplicate => "duplicate",
        Verdict::Gap => "gap",
    }
}

fn family(
    text: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (String, u64)>,
) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
    for (value, count) in values {
        let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {count}");
    }
}
