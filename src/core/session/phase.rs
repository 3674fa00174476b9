//! Where a connection stands; the drawing is in the module above.

use super::race::Race;
use super::upgrade::Upgrade;
use crate::core::id::PipeId;
use crate::core::time::Timestamp;
use crate::core::transport::Transport;

/// One pipe and what carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) pipe: PipeId,
    pub(super) transport: Transport,
    /// When it was begun; of one that is in use, when it opened.
    pub(super) since: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    Idle,
    AwaitingToken {
        deadline: Timestamp,
    },
    /// It is not known yet whose connection is used.
    Electing {
        deadline: Timestamp,
    },
    Opening {
        race: Race,
    },
    Greeting {
        link: Link,
        deadline: Timestamp,
    },
    Live {
        link: Link,
        upgrade: Upgrade,
    },
    Backoff {
        until: Timestamp,
    },
    /// Given up while nobody looks; the next look opens it again.
    Asleep,
    Failed,
}

impl Phase {
    /// The pipe in use.
    pub(super) fn link(&self) -> Option<Link> {
        match self {
            Self::Greeting { link, .. } | Self::Live { link, .. } => Some(*link),
            Self::Idle
            | Self::AwaitingToken { .. }
            | Self::Electing { .. }
            | Self::Opening { .. }
            | Self::Backoff { .. }
            | Self::Asleep
            | Self::Failed => None,
        }
    }

    /// All pipes that exist, in use or not yet.
    pub(super) fn links(&self) -> [Option<Link>; 2] {
        match self {
            Self::Opening { race } => race.links(),
            Self::Greeting { link, .. } => [Some(*link), None],
            Self::Live { link, upgrade } => [Some(*link), upgrade.link()],
            Self::Idle
            | Self::AwaitingToken { .. }
            | Self::Electing { .. }
            | Self::Backoff { .. }
            | Self::Asleep
            | Self::Failed => [None, None],
        }
    }
}
