//! Everything that `getMetrics` tells, as one JSON text: one crossing into JavaScript instead of one for each number.

use super::histogram::Summary;
use super::{Metrics, Timings};

/// What is reported, with what the parts know themselves.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The counters, complete.
    pub metrics: Metrics,
    /// The rest.
    pub timings: &'a Timings,
    /// Monotonic clock, ms.
    pub now: u64,
    /// How long the oldest undecided write has waited, ms.
    pub oldest_write_ms: Option<u64>,
}

impl Report<'_> {
    /// The object as JSON text. Its fields are those of `RealtimeMetrics`; what is not known is left out.
    pub fn to_json(&self) -> String {
        let m = &self.metrics;
        let mut out = String::with_capacity(1_280);
        numbers(
            &mut out,
            &[
                ("attempts", m.attempts),
                ("attemptsFailed", m.attempts_failed),
                ("connects", m.connects),
                ("reconnects", m.reconnects),
                ("reconnectsPerHour", self.timings.reconnects_per_hour(self.now)),
                ("framesReceived", m.frames_received),
                ("messagesReceived", m.messages_received),
                ("messagesSent", m.messages_sent),
                ("bytesReceived", m.bytes_received),
                ("bytesSent", m.bytes_sent),
                ("bytesBeforeCompression", m.bytes_before_compression),
                ("bytesAfterCompression", m.bytes_after_compression),
                ("malformed", m.malformed),
                ("writesAcknowledged", m.writes_acknowledged),
                ("writesRefused", m.writes_refused),
                ("writesPending", m.writes_pending),
                ("duplicates", m.duplicates),
                ("gaps", m.gaps),
                ("sequenceGaps", m.sequence_gaps),
                ("recoveries", m.recoveries),
                ("snapshots", m.snapshots),
                ("resyncs", m.resyncs),
                ("timeouts", m.timeouts),
                ("batches", m.batches),
                ("batchesFailed", m.batches_failed),
            ],
        );
        if let Some(ms) = self.oldest_write_ms {
            number(&mut out, "oldestWriteMs", ms);
        }
        let [call, retry, wake, sign_in, transport] = m.attempts_by_cause;
        let causes =
            [("call", call), ("retry", retry), ("wake", wake), ("signIn", sign_in), ("transport", transport)];
        object(&mut out, "attemptsByCause", &causes);
        if let Some((smoothed, variation)) = self.timings.round_trip() {
            object(&mut out, "roundTripMs", &[("smoothed", smoothed), ("variation", variation)]);
        }
        for (name, histogram) in [
            ("connectMs", &self.timings.connect),
            ("reconnectMs", &self.timings.reconnect),
            ("decisionMs", &self.timings.decision),
            ("deliveryMs", &self.timings.delivery),
        ] {
            let Summary { count, p50, p95, p99, max } = histogram.summary();
            let numbers = [("count", count), ("p50", p50), ("p95", p95), ("p99", p99), ("max", max)];
            object(&mut out, name, &numbers);
        }
        out.push('}');
        out
    }
}

fn object(out: &mut String, name: &str, entries: &[(&str, u64)]) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    numbers(out, entries);
    out.push('}');
}

/// An object that is still open.
fn numbers(out: &mut String, entries: &[(&str, u64)]) {
    let from = out.len();
    for (name, value) in entries {
        number(out, name, *value);
    }
    // In the place of the first comma.
    out.replace_range(from..=from, "{");
}

pub(super) fn number(out: &mut String, name: &str, value: u64) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    out.push_str(&value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_json_object_of_numbers() {
        let mut timings = Timings::default();
        timings.connect.record(12);
        let report =
            Report { metrics: Metrics::default(), timings: &timings, now: 5, oldest_write_ms: Some(7) };
        let text = report.to_json();
        assert!(text.starts_with(r#"{"attempts":0,"#), "{text}");
        let connect = r#""connectMs":{"count":1,"p50":12,"p95":12,"p99":12,"max":12}"#;
        assert!(text.contains(connect) && text.contains(r#""oldestWriteMs":7"#), "{text}");
        assert!(!text.contains("roundTripMs"), "what is not known is left out: {text}");
    }
}
