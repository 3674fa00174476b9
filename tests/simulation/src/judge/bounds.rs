//! `I10` one pipe of a kind, `I11` bounds, `I13` calm is calm, `N4` a link that swallows everything.

use std::collections::{BTreeMap, VecDeque};

use baro_realtime::core::client::Client;
use baro_realtime::core::id::PipeId;
use baro_realtime::core::time::Timestamp;
use baro_realtime::core::transport::Transport;

use super::{Judge, Violation};

/// Most writes of a stream that are sent and undecided.
const WINDOW: u64 = 32;
/// Most pipes of a kind that a program opens by itself in ten seconds.
const ATTEMPTS: usize = 11;
/// How many of them come in short order after somebody asked for one.
const ATTEMPTS_ANEW: usize = 4;
/// How many ms that is.
const ATTEMPTS_MS: u64 = 10_000;

/// How long a link may swallow what is sent before that is noticed: the question comes after 4 s, the deadline after 3 more.
const HALF_OPEN_MS: u64 = 7_500;

/// What is counted of one program.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pipes: BTreeMap<PipeId, Transport>,
    attempts: VecDeque<(u64, Transport)>,
    /// Attempts that the user or the surroundings asked for.
    allowed: usize,
}

impl Bounds {
    pub(super) fn started(&mut self) {
        *self = Self { allowed: 1, ..Self::default() };
    }
}

impl Judge {
    /// A program opens a pipe.
    pub(crate) fn opened(
        &mut self,
        d: usize,
        pipe: PipeId,
        transport: Transport,
        now: u64,
    ) -> Result<(), Violation> {
        let bounds = &mut self.bounds[d];
        let rivals = bounds.pipes.values().filter(|other| **other == transport).count();
        bounds.pipes.insert(pipe, transport);
        if rivals > 0 {
            return Err(Violation::new("I10", format!("device {d} has {:?} open", bounds.pipes)));
        }
        if bounds.allowed > 0 {
            bounds.allowed -= 1;
            return Ok(());
        }
        bounds.attempts.push_back((now, transport));
        while bounds.attempts.front().is_some_and(|(at, _)| at + ATTEMPTS_MS < now) {
            bounds.attempts.pop_front();
        }
        let attempts = bounds.attempts.iter().filter(|(_, other)| *other == transport).count();
        if attempts > ATTEMPTS {
            let what = format!("device {d} opened {attempts} of {transport:?} in {ATTEMPTS_MS} ms");
            return Err(Violation::new("I11", what));
        }
        if self.calm {
            return Err(Violation::new("I13", format!("device {d} connects again")));
        }
        Ok(())
    }

    /// A socket is closed, or being closed.
    pub(crate) fn closing(&mut self, d: usize, pipe: PipeId) {
        self.bounds[d].pipes.remove(&pipe);
    }

    /// Somebody asked for an attempt, and it may begin the backoff anew.
    pub(crate) fn may_attempt(&mut self, d: usize) {
        self.bounds[d].allowed += ATTEMPTS_ANEW;
    }

    pub(super) fn check_bounds(&self, d: usize, client: &Client) -> Result<(), Violation> {
        let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
        for write in client.pending().filter(|write| write.sent_at.is_some()) {
            *sent.entry(&write.id.client.0).or_default() += 1;
        }
        if let Some((stream, count)) = sent.iter().find(|(_, count)| **count > WINDOW) {
            return Err(Violation::new(
                "I11",
                format!("device {d}: {count} writes of {stream} are under way"),
            ));
        }
        let metrics = client.metrics();
        if metrics.divergences > 0 {
            let what = format!(
                "device {d} has a channel's content for another than the server's, which I4 says it is"
            );
            return Err(Violation::new("L13", what));
        }
        if self.calm {
            let recovered = [
                ("gaps", metrics.gaps),
                ("duplicates", metrics.duplicates),
                ("sequence gaps", metrics.sequence_gaps),
                ("recoveries", metrics.recoveries),
                ("malformed messages", metrics.malformed),
            ];
            if let Some((what, count)) = recovered.iter().find(|(_, count)| *count > 0) {
                return Err(Violation::new("I13", format!("device {d}: {count} {what}")));
            }
            if metrics.snapshots > self.seen[d].snapshots {
                let what =
                    format!("device {d}: {} snapshots of {}", metrics.snapshots, self.seen[d].snapshots);
                return Err(Violation::new("I13", what));
            }
        }
        Ok(())
    }

    /// A program with writes under way does not long believe in a link that swallows what it sends: `stuck` is since when.
    pub(crate) fn check_link(
        &self,
        d: usize,
        client: &Client,
        stuck: Option<u64>,
        now: u64,
        mono: Timestamp,
    ) -> Result<(), Violation> {
        let Some(since) = stuck.filter(|since| client.is_connected() && now > since + HALF_OPEN_MS) else {
            return Ok(());
        };
        let first = client.pending().filter_map(|write| write.sent_at).min();
        if first.is_some_and(|at| mono.since(at) > HALF_OPEN_MS) {
            let what = format!("device {d} has writes under way, and nothing it sends arrives since {since}");
            return Err(Violation::new("N4", what));
        }
        Ok(())
    }

    /// A program subscribed to a channel anew.
    pub(crate) fn subscribed(&mut self, d: usize) {
        self.seen[d].snapshots += 1;
    }
}
