//! Where a connection stands; the drawing is in the module above.

use crate::core::id::PipeId;
use crate::core::time::Timestamp;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    Idle,
    AwaitingToken {
        deadline: Timestamp,
    },
    Opening {
        pipe: PipeId,
        since: Timestamp,
        deadline: Timestamp,
    },
    Greeting {
        pipe: PipeId,
        since: Timestamp,
        deadline: Timestamp,
    },
    Live {
        pipe: PipeId,
        since: Timestamp,
    },
    Backoff {
        until: Timestamp,
    },
    /// Given up while nobody looks; the next look opens it again.
    Asleep,
    Failed,
}

impl Phase {
    /// The socket in use, open or not yet.
    pub(super) fn pipe(&self) -> Option<PipeId> {
        match self {
            Self::Opening { pipe, .. } | Self::Greeting { pipe, .. } | Self::Live { pipe, .. } => Some(*pipe),
            Self::Idle | Self::AwaitingToken { .. } | Self::Backoff { .. } | Self::Asleep | Self::Failed => {
                None
            }
        }
    }
}
