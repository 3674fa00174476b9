//! Channels: `I4` contiguous application, `I8` versions never go back, convergence. What the server's channels said is
//! kept change by change, so that a position can be held against the content that belongs to it.

use std::collections::{BTreeMap, BTreeSet};

use baro_realtime::core::client::Client;
use baro_realtime::core::model::EventDoc;
use baro_realtime_server::ledger::{Change, Channel, Tables};
use serde_json::Value;

use super::{Judge, Violation};
use crate::server::{Server, projects_of};

/// A change of a channel.
#[derive(Debug, Clone)]
struct Entry {
    event: String,
    version: u64,
    gone: bool,
    moved: bool,
    project: String,
    /// The project that it left, for those who see only that one.
    left: Option<String>,
}

/// Everything that the channels said in one history. Another one that followed begins with what was before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Lineage {
    channels: BTreeMap<String, Vec<Entry>>,
    /// The highest version of each event.
    versions: BTreeMap<String, u64>,
}

/// All histories, by epoch.
#[derive(Debug)]
pub(super) struct ServerLog {
    lineages: BTreeMap<String, Lineage>,
    epoch: String,
    present: Lineage,
}

impl ServerLog {
    pub(super) fn new(epoch: &str) -> Self {
        Self { lineages: BTreeMap::new(), epoch: epoch.to_owned(), present: Lineage::default() }
    }

    pub(super) fn present(&self) -> &Lineage {
        &self.present
    }

    pub(super) fn present_mut(&mut self) -> &mut Lineage {
        &mut self.present
    }

    /// What was so far stays as it is under its epoch; from now on there is another.
    pub(super) fn begin(&mut self, epoch: &str) {
        let before = std::mem::replace(&mut self.epoch, epoch.to_owned());
        self.lineages.insert(before, self.present.clone());
    }

    fn of_epoch(&self, epoch: &str) -> Option<&Lineage> {
        if self.epoch == epoch { Some(&self.present) } else { self.lineages.get(epoch) }
    }
}

impl Lineage {
    pub(super) fn append(&mut self, change: &Change) -> Result<(), String> {
        let message: Value = serde_json::from_str(&change.text).map_err(|error| error.to_string())?;
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        let payload = &message["payload"];
        let event = payload["id"].as_str().unwrap_or_default().to_owned();
        let version = payload["version"].as_u64().unwrap_or(0);
        let list = self.channels.entry(change.channel.to_string()).or_default();
        if change.seq != list.len() as u64 + 1 || message["seq"].as_u64() != Some(change.seq) {
            return Err(format!("{} numbers a change {} after {}", change.channel, change.seq, list.len()));
        }
        list.push(Entry {
            event: event.clone(),
            version,
            gone: kind == "event:deleted",
            moved: payload["movedTo"].is_string(),
            project: change.project.to_string(),
            left: change.withdrawn.as_ref().map(|withdrawn| withdrawn.project.to_string()),
        });
        let highest = self.versions.entry(event).or_default();
        *highest = version.max(*highest);
        Ok(())
    }

    fn of(&self, channel: &str) -> &[Entry] {
        self.channels.get(channel).map_or(&[], Vec::as_slice)
    }

    /// Whether a client that has applied `entry` shows it or something later. What is gone may still be known from
    /// another channel if `entry` was not told, as in the whole content of a channel.
    fn is_applied(
        &self,
        client: &Client,
        entry: &Entry,
        sees: &dyn Fn(&str) -> bool,
        untold_in: Option<Channel<'_>>,
    ) -> Result<(), String> {
        let doc = client.store().confirmed(&entry.event);
        let held = doc.map(|doc| doc.version);
        let elsewhere = untold_in.is_some_and(|channel| !doc.is_some_and(|doc| belongs(doc, channel)));
        let (gone, hidden) = if sees(&entry.project) {
            (entry.gone, false)
        } else {
            (true, !entry.left.as_deref().is_some_and(sees))
        };
        let newer_exists = self.versions.get(&entry.event).is_some_and(|newest| *newest > entry.version);
        let right = match held {
            _ if hidden => true,
            None => gone || newer_exists,
            Some(_) if gone && elsewhere => true,
            Some(held) if gone && !entry.moved => held > entry.version,
            Some(held) => held >= entry.version,
        };
        if right { Ok(()) } else { Err(format!("holds version {held:?} of {} after {entry:?}", entry.event)) }
    }
}

impl ServerLog {
    /// Whether what is held of an event is what another channel, as far as it was read, says of it.
    fn is_told_elsewhere(
        &self,
        client: &Client,
        entry: &Entry,
        channel: &str,
        subscriptions: &BTreeMap<String, u64>,
    ) -> bool {
        let held = client.store().confirmed(&entry.event).map(|doc| doc.version);
        subscriptions.keys().filter(|other| *other != channel).any(|other| {
            let Some(position) = client.position(other) else { return false };
            let Some(lineage) = self.of_epoch(&position.epoch) else { return false };
            let at = usize::try_from(position.seq).unwrap_or(0);
            let read = lineage.of(other).get(..at).unwrap_or_default();
            let last = read.iter().rev().find(|told| told.event == entry.event);
            last.is_some_and(|told| !told.gone && Some(told.version) == held)
        })
    }
}

fn belongs(doc: &EventDoc, channel: Channel<'_>) -> bool {
    match channel {
        Channel::Project(project) => doc.project_or_default() == project,
        Channel::Calendar(calendar) => doc.calendar.as_deref() == Some(calendar),
        Channel::Other => false,
    }
}

fn sight(user: &str, signed_in: bool) -> impl Fn(&str) -> bool {
    let projects: Option<BTreeSet<String>> = signed_in.then(|| projects_of(user));
    move |project| projects.as_ref().is_none_or(|projects| projects.contains(project))
}

impl Judge {
    /// Holds how far each channel was read against what is confirmed. Returns whether a channel changed its epoch.
    pub(super) fn check_positions(
        &mut self,
        d: usize,
        client: &Client,
        subscriptions: &BTreeMap<String, u64>,
        user: &str,
        signed_in: bool,
    ) -> Result<bool, Violation> {
        let wrong =
            |channel: &str, what: String| Violation::new("I4", format!("device {d}, {channel}: {what}"));
        let sees = sight(user, signed_in);
        let mut restarted = false;
        // With the whole content of a channel, what happened before it is not told.
        let whole = client.metrics().snapshots > self.seen[d].taken;
        self.seen[d].taken = client.metrics().snapshots;
        self.seen[d].positions.retain(|channel, _| client.position(channel).is_some());
        for channel in subscriptions.keys() {
            let Some(position) = client.position(channel) else { continue };
            let before = self.seen[d].positions.get(channel);
            if before.is_some_and(|(epoch, seq)| *epoch == position.epoch && *seq == position.seq) {
                continue;
            }
            let Some(lineage) = self.log.of_epoch(&position.epoch) else {
                return Err(wrong(channel, format!("{position:?} is of no history")));
            };
            let log = lineage.of(channel);
            if position.seq > log.len() as u64 {
                return Err(wrong(channel, format!("{position:?} is no position; head {}", log.len())));
            }
            let at = usize::try_from(position.seq).unwrap_or(usize::MAX);
            match before.filter(|(epoch, _)| *epoch == position.epoch) {
                Some((_, seq)) if *seq > position.seq => {
                    return Err(wrong(channel, format!("went back from {seq} to {position:?}")));
                }
                Some((_, seq)) if !whole => {
                    let from = usize::try_from(*seq).unwrap_or(0);
                    for entry in log.get(from..at).unwrap_or_default() {
                        let applied = lineage.is_applied(client, entry, &sees, None);
                        applied.map_err(|what| wrong(channel, format!("at {position:?} {what}")))?;
                    }
                }
                _ => {
                    restarted |= before.is_some_and(|(epoch, _)| *epoch != position.epoch);
                    let last: BTreeMap<&str, &Entry> = log
                        .get(..at)
                        .unwrap_or_default()
                        .iter()
                        .map(|entry| (entry.event.as_str(), entry))
                        .collect();
                    for entry in last.into_values() {
                        // Another channel that is still catching up may be where this event was.
                        let gone = entry.gone || !sees(&entry.project);
                        if gone && self.log.is_told_elsewhere(client, entry, channel, subscriptions) {
                            continue;
                        }
                        let applied = lineage.is_applied(client, entry, &sees, Some(Channel::of(channel)));
                        applied.map_err(|what| {
                            wrong(channel, format!("in the content of {position:?} {what}"))
                        })?;
                    }
                }
            }
            self.seen[d].positions.insert(channel.clone(), (position.epoch.clone(), position.seq));
        }
        Ok(restarted)
    }

    /// Confirmed versions never go back. What another program knew may be ahead of what the server's word of then says.
    pub(super) fn check_versions(
        &mut self,
        d: usize,
        client: &Client,
        restart: bool,
    ) -> Result<(), Violation> {
        let versions = &mut self.seen[d].versions;
        if restart {
            versions.clear();
        }
        for doc in client.store().all_confirmed().filter(|doc| !client.store().is_assumed(&doc.id)) {
            match versions.get_mut(&*doc.id) {
                Some(highest) if *highest > doc.version => {
                    let what = format!("device {d}: {} went back from {highest} to {}", doc.id, doc.version);
                    return Err(Violation::new("I8", what));
                }
                Some(highest) => *highest = doc.version,
                None => {
                    versions.insert(doc.id.to_string(), doc.version);
                }
            }
        }
        Ok(())
    }

    /// Whether a program has of each of its channels, to the byte, what the server has.
    pub(crate) fn is_converged(
        &self,
        client: &Client,
        subscriptions: &BTreeMap<String, u64>,
        user: &str,
        signed_in: bool,
        server: &Server,
    ) -> Result<(), String> {
        let sees = sight(user, signed_in);
        for channel in subscriptions.keys() {
            if client.position(channel).is_none() {
                return Err(format!("{channel} has no position"));
            }
            let of = Channel::of(channel);
            let rows = server.tables.events_of(of).map_err(|error| error.to_string())?;
            let there: BTreeMap<&str, &str> =
                rows.iter().filter(|row| sees(&row.project)).map(|row| (&*row.id, &*row.text)).collect();
            let here: BTreeMap<&str, &str> = client
                .store()
                .all_confirmed()
                .filter(|doc| belongs(doc, of))
                .map(|doc| (&*doc.id, &*doc.text))
                .collect();
            if here != there {
                let ids: BTreeSet<&&str> = here.keys().chain(there.keys()).collect();
                let different = ids.into_iter().find(|id| here.get(**id) != there.get(**id));
                let id = different.copied().unwrap_or_default();
                let (here, there) = (here.get(id), there.get(id));
                return Err(format!("{channel} has {id} as {here:?}, the server as {there:?}"));
            }
        }
        Ok(())
    }
}
