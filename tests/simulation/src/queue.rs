//! What happens when: by time, and at the same time in the order of asking.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use baro_realtime_server::hub::{ConnectionId, Token};

use crate::network::End;

/// Something that comes due. Those of a device or server carry the number of its life: what was meant for an earlier one
/// means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A connection has something for one of its ends.
    Arrival(ConnectionId, End),
    /// A program's timer.
    Timer(usize, u64),
    /// A device's storage has a transaction to finish.
    Transaction(usize),
    /// A program hears of its storage.
    Stored(usize, u64),
    /// A program gets a token.
    Token(usize, u64),
    /// A program's user does something.
    Work(usize, u64),
    /// A device starts its program again.
    Start(usize),
    /// A device has its network back.
    Online(usize),
    /// A frozen program goes on.
    Thaw(usize),
    /// The server's storage has a job to do.
    Job(u64),
    /// The server hears of its storage.
    Completion(u64),
    /// The server hears of a token.
    Verified(u64, ConnectionId, Token),
    /// The server's timer.
    ServerTimer(u64),
    /// The server sends what it gathered.
    Flush(u64),
    /// The server is back.
    ServerUp,
    /// The server's storage works again.
    ServerDiskMended,
    /// A server that said good-bye ends.
    Drained,
    /// The server ends a connection that it took.
    Hangup(ConnectionId, u16),
    /// Something breaks.
    Fault,
    /// Nothing breaks any more.
    Heal,
    /// Is all well?
    Check,
    /// The programs end.
    Close,
    /// The world ends.
    End,
}

#[derive(Debug)]
struct Entry {
    due: Reverse<(u64, u64)>,
    happening: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

/// The future.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    asked: u64,
}

impl Queue {
    /// Has something happen at `at`.
    pub(crate) fn push(&mut self, at: u64, happening: Happening) {
        self.asked += 1;
        self.heap.push(Entry { due: Reverse((at, self.asked)), happening });
    }

    /// What comes next, and when.
    pub(crate) fn pop(&mut self) -> Option<(u64, Happening)> {
        self.heap.pop().map(|entry| (entry.due.0.0, entry.happening))
    }
}
