//! The race to be the one connection: a pipe that is being opened and, when that takes long, one of the other transport.
//! The first that opens is used.

use super::phase::Link;
use crate::core::id::PipeId;
use crate::core::time::{Timestamp, soonest};
use crate::core::transport::Transport;

/// How long the first pipe is alone.
pub(super) const RIVAL_MS: u64 = 2_500;

/// One attempt to connect.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Race {
    opening: [Option<Link>; 2],
    /// Who is going to join, and when.
    joins: Option<(Transport, Timestamp)>,
    deadline: Timestamp,
}

impl Race {
    /// An attempt that begins now.
    pub(super) fn new(now: Timestamp, first: Link, rival: Option<Transport>, patience_ms: u64) -> Self {
        let joins = rival.map(|rival| (rival, now.after(RIVAL_MS)));
        Self { opening: [Some(first), None], joins, deadline: now.after(patience_ms) }
    }

    /// The pipes that are being opened.
    pub(super) fn links(&self) -> [Option<Link>; 2] {
        self.opening
    }

    pub(super) fn poll_timeout(&self) -> Timestamp {
        soonest(Some(self.deadline), self.joins.map(|(_, at)| at)).unwrap_or(self.deadline)
    }

    /// Who joins by `now`.
    pub(super) fn take_joining(&mut self, now: Timestamp) -> Option<Transport> {
        self.joins.take_if(|(_, at)| *at <= now).map(|(transport, _)| transport)
    }

    /// Another pipe takes part, and is given its time too.
    pub(super) fn join(&mut self, now: Timestamp, link: Link, patience_ms: u64) {
        let [first, second] = &mut self.opening;
        *if first.is_none() { first } else { second } = Some(link);
        self.deadline = self.deadline.max(now.after(patience_ms));
    }

    /// A pipe failed. Returns what it was; with `hurry` whoever is going to join does so at once, if nobody is left.
    pub(super) fn leave(&mut self, now: Timestamp, pipe: PipeId, hurry: bool) -> Option<Link> {
        let is_it = |link: &mut Link| link.pipe == pipe;
        let [first, second] = &mut self.opening;
        let left = first.take_if(is_it).or_else(|| second.take_if(is_it))?;
        if self.opening == [None, None] {
            match &mut self.joins {
                Some((_, at)) if hurry => *at = now,
                _ => self.joins = None,
            }
        }
        Some(left)
    }

    /// Lets the other one join at once.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        if let Some((_, at)) = &mut self.joins {
            *at = now;
        }
    }

    /// Whether nobody takes part any more.
    pub(super) fn is_over(&self) -> bool {
        self.opening == [None, None] && self.joins.is_none()
    }
}
