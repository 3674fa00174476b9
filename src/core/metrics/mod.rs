//! What happened, in numbers.
//!
//! Owns the counters. Guarantees nothing but that they count. Knows nothing of what they mean.

use serde::Serialize;

/// Counters since the calendar was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Sockets opened or tried.
    pub attempts: u64,
    /// Connections that became usable.
    pub connects: u64,
    /// Frames received.
    pub frames_received: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Bytes of text received.
    pub bytes_received: u64,
    /// Bytes of text sent.
    pub bytes_sent: u64,
    /// Frames and messages that were none.
    pub malformed: u64,
    /// Writes that the server did.
    pub writes_acknowledged: u64,
    /// Writes that were given up.
    pub writes_refused: u64,
    /// Writes that are not decided.
    pub writes_pending: u64,
    /// Changes that came again.
    pub duplicates: u64,
    /// Times that a change was missing.
    pub gaps: u64,
    /// Times that the server missed a write.
    pub sequence_gaps: u64,
    /// Channels resumed where they had been left.
    pub recoveries: u64,
    /// Channels taken whole.
    pub snapshots: u64,
}
