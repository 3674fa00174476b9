//! Everything that `getMetrics` tells, as one JSON text: one crossing into JavaScript instead of one for each number.

use super::histogram::Summary;
use super::{Metrics, Timings};

/// Names apart from values, and each list as one text: pairs of both would be three times the code.
const COUNTERS: &str = "attempts,attemptsFailed,connects,reconnects,reconnectsPerHour,framesReceived,messagesReceived,\
    messagesSent,bytesReceived,bytesSent,bytesBeforeCompression,bytesAfterCompression,malformed,\
    writesAcknowledged,writesRefused,writesPending,duplicates,gaps,sequenceGaps,recoveries,snapshots,\
    resyncs,divergences,timeouts,batches,batchesFailed";
const CAUSES: &str = "call,retry,wake,signIn,transport";
const SUMMARY: &str = "count,p50,p95,p99,max";

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
            COUNTERS,
            &[
                m.attempts,
                m.attempts_failed,
                m.connects,
                m.reconnects,
                self.timings.reconnects_per_hour(self.now),
                m.frames_received,
                m.messages_received,
                m.messages_sent,
                m.bytes_received,
                m.bytes_sent,
                m.bytes_before_compression,
                m.bytes_after_compression,
                m.malformed,
                m.writes_acknowledged,
                m.writes_refused,
                m.writes_pending,
                m.duplicates,
                m.gaps,
                m.sequence_gaps,
                m.recoveries,
                m.snapshots,
                m.resyncs,
                m.divergences,
                m.timeouts,
                m.batches,
                m.batches_failed,
            ],
        );
        if let Some(ms) = self.oldest_write_ms {
            number(&mut out, "oldestWriteMs", ms);
        }
        object(&mut out, "attemptsByCause", CAUSES, &m.attempts_by_cause);
        if let Some((smoothed, variation)) = self.timings.round_trip() {
            object(&mut out, "roundTripMs", "smoothed,variation", &[smoothed, variation]);
        }
        for (name, histogram) in [
            ("connectMs", &self.timings.connect),
            ("reconnectMs", &self.timings.reconnect),
            ("decisionMs", &self.timings.decision),
            ("deliveryMs", &self.timings.delivery),
        ] {
            let Summary { count, p50, p95, p99, max } = histogram.summary();
            object(&mut out, name, SUMMARY, &[count, p50, p95, p99, max]);
        }
        out.push('}');
        out
    }
}

fn object(out: &mut String, name: &str, names: &str, values: &[u64]) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    numbers(out, names, values);
    out.push('}');
}

/// An object that is still open.
fn numbers(out: &mut String, names: &str, values: &[u64]) {
    for (at, (name, value)) in names.split(',').zip(values).enumerate() {
        out.push_str(if at == 0 { "{\"" } else { ",\"" });
        out.push_str(name);
        out.push_str("\":");
        push_digits(out, *value);
    }
}

/// A number without a text of its own: a report has sixty.
fn push_digits(out: &mut String, mut value: u64) {
    let (mut digits, mut at) = ([b'0'; 20], 20);
    loop {
        at -= 1;
        digits[at] += (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

pub(super) fn number(out: &mut String, name: &str, value: u64) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    push_digits(out, value);
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
