//! A channel's whole content, cut into messages.

use std::sync::Arc;

use baro_realtime::mutant;

use super::Hub;
use super::io::ConnectionId;
use super::outbox::Reply;
use crate::access::Access;
use crate::ledger::Snapshot;
use crate::object::{Object, array};

/// Snapshots that are kept, as many as the storage keeps.
const SNAPSHOTS_MAX: usize = 4;

/// A snapshot as it is sent. After a restart many ask for the same ones, so the last are kept.
#[derive(Debug)]
pub(super) struct Encoded {
    snapshot: Arc<Snapshot>,
    channel: Arc<str>,
    /// The payload of `subscribed`.
    first: String,
    /// The messages that follow it.
    rest: Vec<Arc<str>>,
}

impl Encoded {
    fn new(channel: &Arc<str>, access: &Access, snapshot: &Arc<Snapshot>, chunk_bytes: usize) -> Self {
        let seen = snapshot
            .events
            .iter()
            .filter(|event| access.allows(&event.project) || mutant!(snapshot_rights_ignored));
        let texts: Vec<&str> = seen.map(|event| &*event.text).collect();
        let parts = parts_of(&texts, chunk_bytes);
        let (first, rest) = parts.split_first().map_or((&[][..], &[][..]), |(first, rest)| (*first, rest));
        let head = Object::new()
            .string("channel", channel)
            .string("epoch", &snapshot.head.epoch)
            .number("seq", snapshot.head.seq.saturating_sub(u64::from(mutant!(head_behind))))
            .truth("recovered", false);
        let first = head.raw("events", &array(first)).truth("more", !rest.is_empty()).finish();
        let message = |(at, part): (usize, &&[&str])| {
            let payload = Object::new().string("channel", channel).raw("events", &array(*part));
            let payload = payload.truth("more", at + 1 < rest.len()).finish();
            Arc::from(Object::new().string("type", "snapshot").raw("payload", &payload).finish())
        };
        let rest = rest.iter().enumerate().map(message).collect();
        Self { snapshot: Arc::clone(snapshot), channel: Arc::clone(channel), first, rest }
    }

    /// Whether it is this snapshot as everybody sees it who sees all of it.
    fn is_of(&self, channel: &str, snapshot: &Arc<Snapshot>) -> bool {
        *self.channel == *channel && Arc::ptr_eq(&self.snapshot, snapshot)
    }
}

impl Hub {
    pub(super) fn send_snapshot(
        &mut self,
        id: ConnectionId,
        channel: &Arc<str>,
        reply: &Reply,
        access: &Access,
        snapshot: &Arc<Snapshot>,
    ) {
        let whole = snapshot.events.iter().all(|event| access.allows(&event.project));
        let at = self.encoded.iter().position(|held| whole && *held.channel == **channel);
        // What there is of an earlier state of the channel is of no use to anybody any more.
        let held = at.map(|at| self.encoded.remove(at)).filter(|held| held.is_of(channel, snapshot));
        let new = || Encoded::new(channel, access, snapshot, self.limits.chunk_bytes);
        let encoded = held.unwrap_or_else(new);
        let message = Object::new().string("type", "subscribed").maybe("id", reply.id.as_deref());
        self.send_bulk(id, &Arc::from(message.raw("payload", &encoded.first).finish()));
        for part in &encoded.rest {
            self.send_bulk(id, part);
        }
        self.counters.count_sent("subscribed", 1);
        self.counters.count_sent("snapshot", encoded.rest.len() as u64);
        // A small one costs nothing to make again, and would only hold memory.
        if whole && !encoded.rest.is_empty() {
            self.encoded.insert(0, encoded);
            self.encoded.truncate(SNAPSHOTS_MAX);
        }
    }
}

/// Cuts a list of events into parts of about `bytes`; there is always one.
fn parts_of<'a>(events: &'a [&'a str], bytes: usize) -> Vec<&'a [&'a str]> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut size = 0;
    for (at, event) in events.iter().enumerate() {
        if at > from && size + event.len() > bytes {
            parts.push(events.get(from..at).unwrap_or_default());
            (from, size) = (at, 0);
        }
        size += event.len();
    }
    parts.push(events.get(from..).unwrap_or_default());
    parts
}
