//! What the hub counts.

use std::collections::BTreeMap;

use crate::fault::Code;
use crate::ledger::Verdict;

/// Sums since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages received, by type.
    pub received: BTreeMap<&'static str, u64>,
    /// Messages sent, by type.
    pub sent: BTreeMap<&'static str, u64>,
    /// Errors told, by code.
    pub errors: BTreeMap<Code, u64>,
    /// Writes, by how they came out.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Connections closed by the server, by code.
    pub closed: BTreeMap<u16, u64>,
    /// Bytes of changes, for each who got them.
    pub fanout_bytes: u64,
    /// Changes sent in binary frames.
    pub binary_events: u64,
    /// Presence messages dropped for coming too fast.
    pub presence_dropped: u64,
    /// Jobs that the storage failed.
    pub storage_failures: u64,
    /// Connections that did not read what they were sent.
    pub overflows: u64,
    /// Connections that were one too many of their user.
    pub users_over: u64,
    /// Messages refused as too many.
    pub rate_limited: u64,
}

/// How much there is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Open connections.
    pub connections: usize,
    /// Those that speak `baro.v1`.
    pub baro_connections: usize,
    /// Channels with a subscriber.
    pub channels: usize,
    /// Users who are present somewhere.
    pub users: usize,
    /// Jobs that the storage has not completed.
    pub jobs: usize,
}

impl Counters {
    pub(super) fn count_received(&mut self, label: &'static str) {
        *self.received.entry(label).or_default() += 1;
    }

    pub(super) fn count_sent(&mut self, label: &'static str, times: u64) {
        if times > 0 {
            *self.sent.entry(label).or_default() += times;
        }
    }

    pub(super) fn count_error(&mut self, code: Code) {
        *self.errors.entry(code).or_default() += 1;
    }

    pub(super) fn count_verdict(&mut self, verdict: Verdict) {
        *self.verdicts.entry(verdict).or_default() += 1;
    }

    pub(super) fn count_closed(&mut self, code: u16) {
        *self.closed.entry(code).or_default() += 1;
    }
}
