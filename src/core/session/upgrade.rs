//! Back from polling to a WebSocket: one that is tried beside the connection in use, which stays what it is until the
//! other has answered.

use super::phase::Link;
use crate::core::id::PipeId;
use crate::core::time::Timestamp;

/// How long a WebSocket may take to answer after it opened.
const ANSWER_MS: u64 = 5_000;
/// How often it is looked whether answers are outstanding, and for how long a move waits for them: less than what a
/// server gives a connection to sign in.
const LOOK_MS: u64 = 20;
const BUSY_MS: u64 = 2_000;

/// Where the try stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// There is nothing to try.
    Idle,
    /// The next try begins then.
    Due(Timestamp),
    /// A WebSocket is being opened.
    Opening { link: Link, deadline: Timestamp },
    /// It was asked something.
    Asked { link: Link, deadline: Timestamp },
    /// It answered; the connection moves as soon as nothing is outstanding on the other.
    Ready { link: Link, look: Timestamp, latest: Timestamp },
}

impl Upgrade {
    /// The WebSocket, if there is one.
    pub(super) fn link(&self) -> Option<Link> {
        match self {
            Self::Opening { link, .. } | Self::Asked { link, .. } | Self::Ready { link, .. } => Some(*link),
            Self::Idle | Self::Due(_) => None,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        match self {
            Self::Idle => None,
            Self::Due(at)
            | Self::Opening { deadline: at, .. }
            | Self::Asked { deadline: at, .. }
            | Self::Ready { look: at, .. } => Some(*at),
        }
    }

    /// The WebSocket opened. Returns whether it is to be asked.
    pub(super) fn handle_opened(&mut self, now: Timestamp, pipe: PipeId) -> bool {
        match *self {
            Self::Opening { link, .. } if link.pipe == pipe => {
                *self = Self::Asked { link, deadline: now.after(ANSWER_MS) };
                true
            }
            Self::Idle | Self::Due(_) | Self::Opening { .. } | Self::Asked { .. } | Self::Ready { .. } => {
                false
            }
        }
    }

    /// A frame arrived on a pipe that is not in use.
    pub(super) fn handle_heard(&mut self, now: Timestamp, pipe: PipeId) {
        match *self {
            Self::Asked { link, .. } if link.pipe == pipe => {
                *self = Self::Ready { link, look: now, latest: now.after(BUSY_MS) };
            }
            Self::Idle | Self::Due(_) | Self::Opening { .. } | Self::Asked { .. } | Self::Ready { .. } => {}
        }
    }

    /// The WebSocket to move to now. While the connection is busy the question is put again.
    pub(super) fn take_ready(&mut self, now: Timestamp, busy: bool) -> Option<Link> {
        match self {
            Self::Ready { link, look, latest } if *look <= now => {
                *look = now.after(LOOK_MS);
                (!busy || *latest <= now).then_some(*link)
            }
            Self::Idle | Self::Due(_) | Self::Opening { .. } | Self::Asked { .. } | Self::Ready { .. } => {
                None
            }
        }
    }
}
