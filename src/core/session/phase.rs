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
            | Self::Opening { .. }
            | Self::Backoff { .. }
            | Self::Asleep
            | Self::Failed => None,
        }
    }

    /// All pipes that exist, in use or not yet.
    pub(super) fn pipes(&self) -> Vec<PipeId> {
        match self {
            Self::Opening { race } => race.links().iter().map(|link| link.pipe).collect(),
            Self::Greeting { link, .. } => vec![link.pipe],
            Self::Live { link, upgrade } => {
                let rival = upgrade.link().map(|rival| rival.pipe);
                [Some(link.pipe), rival].into_iter().flatten().collect()
            }
            Self::Idle | Self::AwaitingToken { .. } | Self::Backoff { .. } | Self::Asleep | Self::Failed => {
                Vec::new()
            }
        }
    }
}
