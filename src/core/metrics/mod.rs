//! What happened: in numbers, and the last steps one by one.
//!
//! Owns the counters, the histograms and the trace. Guarantees bounded memory, nothing allocated for a message once a
//! buffer has grown, and that nothing of what is kept comes out of a payload: a step is a word of this program and
//! numbers. Knows nothing of what they mean.

mod histogram;
mod report;
mod timings;
mod trace;

pub use histogram::{Histogram, Summary};
pub use report::Report;
pub use timings::{Question, Timings};
pub use trace::{Entry, STEPS_MAX, Step, Trace, hash_of};

/// Why a connection was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The program asked for it.
    Call,
    /// The wait after a failure was over.
    Retry,
    /// The page or the network woke up.
    Wake,
    /// There is a new token, or the old one was refused.
    SignIn,
    /// Another transport than the one that is being tried or in use.
    Transport,
}

impl Cause {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Retry => "retry",
            Self::Wake => "wake",
            Self::SignIn => "sign-in",
            Self::Transport => "transport",
        }
    }
}

/// Counters since the calendar was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Attempts to connect. Another transport of the same attempt is none.
    pub attempts: u64,
    /// Those among them that did not become usable.
    pub attempts_failed: u64,
    /// Attempts by [`Cause`].
    pub attempts_by_cause: [u64; 5],
    /// Connections that became usable.
    pub connects: u64,
    /// Those among them that took the place of one that was lost.
    pub reconnects: u64,
    /// Frames received.
    pub frames_received: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Bytes of frames received.
    pub bytes_received: u64,
    /// Bytes of frames sent.
    pub bytes_sent: u64,
    /// Bytes of compressed frames before they were compressed.
    pub bytes_before_compression: u64,
    /// And after.
    pub bytes_after_compression: u64,
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
    /// Those among them that had been read before: the server could not tell what was missed.
    pub resyncs: u64,
    /// Channels whose content was not the server's although nothing seemed to be missing; they were taken whole.
    pub divergences: u64,
    /// Messages whose acknowledgement did not come in time.
    pub timeouts: u64,
    /// Batches that storage was given.
    pub batches: u64,
    /// Those among them that it did not take.
    pub batches_failed: u64,
}

impl Metrics {
    /// A connection is tried.
    pub fn attempted(&mut self, cause: Cause) {
        self.attempts += u64::from(cause != Cause::Transport);
        if let Some(count) = self.attempts_by_cause.get_mut(cause as usize) {
            *count += 1;
        }
    }

    /// A frame was sent or received compressed.
    pub fn compressed(&mut self, before: usize, after: usize) {
        self.bytes_before_compression += before as u64;
        self.bytes_after_compression += after as u64;
    }
}
