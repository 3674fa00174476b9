//! Subscriptions and how far each channel was read.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::id::Ticket;
use crate::core::map::SortedMap;
use crate::core::model::{EventDoc, calendar_channel, project_channel};
use crate::core::time::Timestamp;
use crate::core::wire::Outgoing;

/// Most changes held back behind a gap; more are asked for again.
const HELD_MAX: usize = 256;
/// How long a channel is kept that nobody wants any more, ms: React's StrictMode and a change of route leave and come
/// back within it.
const LINGER_MS: u64 = 250;
/// Most channels that were left of which the history is remembered.
const LEFT_MAX: usize = 256;
/// Most message ids remembered to recognise repetitions of messages without a sequence.
const SEEN_MAX: usize = 1_024;

/// How far a channel was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The history that the sequence belongs to.
    pub epoch: String,
    /// The last change that was applied.
    pub seq: u64,
}

/// The whole content of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its events, as texts.
    pub events: Vec<Arc<str>>,
    /// Whether it is of another history than what was known: no version of before compares with those of now.
    pub renewed: bool,
}

#[derive(Debug, Default)]
struct Channel {
    subscribers: u64,
    request: Option<String>,
    /// When nobody will have wanted it long enough for the server to be told.
    leave_at: Option<Timestamp>,
    /// When to ask again, after a refusal that was not final.
    retry_at: Option<Timestamp>,
    live: bool,
    position: Option<Position>,
    /// The change up to which the server is telling what was missed: in between, what is held was never there at once.
    catching_up_to: u64,
    /// What the server told of a content that was not ours, when it was asked for again: once is enough.
    repaired: Option<(u64, u64)>,
    held: SortedMap<u64, Arc<str>>,
    /// The content that is arriving, and where it ends: nothing of it counts before all of it is there.
    snapshot: Option<(Position, Vec<Arc<str>>)>,
    waiting: Vec<Ticket>,
}

impl Channel {
    /// Whether it may be left: half of what was missed could bring back what another channel knows to be gone.
    fn may_be_left(&self) -> bool {
        self.leave_at.is_some()
            && self.position.as_ref().is_none_or(|position| position.seq >= self.catching_up_to)
    }

    /// Whether everything up to `head` was applied, and nothing else is on its way.
    fn is_at(&self, head: u64) -> bool {
        let at_head = self.position.as_ref().is_some_and(|position| position.seq == head);
        at_head && self.live && self.request.is_none() && self.snapshot.is_none()
    }

    fn hold(&mut self, seq: u64, message: &str) {
        if self.held.len() < HELD_MAX {
            self.held.insert(seq, Arc::from(message));
        }
    }
}

/// What to do with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Apply it.
    Next,
    /// It was applied before.
    Repeated,
    /// Something before it is missing; it is held, and the channel has to be asked for.
    Gap,
    /// Something before it is missing and was asked for already; it is held.
    Held,
}

/// All channels that the program subscribed to.
#[derive(Debug, Default)]
pub struct Channels {
    list: SortedMap<String, Channel>,
    /// Of channels that were left, the history of which something may still be known.
    left: SortedMap<String, String>,
    /// The history that was last seen to have taken the place of another.
    noticed: Option<String>,
    seen: VecDeque<String>,
    /// Changes that came again.
    pub duplicates: u64,
    /// Times that something was missing.
    pub gaps: u64,
}

impl Channels {
    /// Counts a subscriber. Returns whether the server has to be told.
    pub fn subscribe(&mut self, name: &str) -> bool {
        if !self.list.contains_key(name) {
            self.list.insert(name.to_owned(), Channel::default());
        }
        let Some(channel) = self.list.get_mut(name) else { return false };
        channel.subscribers += 1;
        channel.leave_at = None;
        channel.request.is_none() && !channel.live && channel.snapshot.is_none() && channel.retry_at.is_none()
    }

    /// Counts a subscriber less. The last one's channel is kept for a moment: who unmounts and mounts again asks for
    /// nothing anew. Returns who waited in vain.
    pub fn unsubscribe(&mut self, now: Timestamp, name: &str) -> Vec<Ticket> {
        let Some(channel) = self.list.get_mut(name) else { return Vec::new() };
        channel.subscribers = channel.subscribers.saturating_sub(1);
        if channel.subscribers > 0 {
            return Vec::new();
        }
        channel.leave_at.get_or_insert(now.after(LINGER_MS));
        std::mem::take(&mut channel.waiting)
    }

    /// Channels that nobody wanted for long enough. They are not there any more.
    pub fn take_left(&mut self, now: Timestamp) -> Vec<String> {
        let left = |channel: &Channel| channel.may_be_left() && channel.leave_at.is_some_and(|at| at <= now);
        let names = self.list.iter().filter(|(_, channel)| left(channel)).map(|(name, _)| name.clone());
        let names: Vec<String> = names.collect();
        for name in &names {
            let position = self.list.remove(name).and_then(|channel| channel.position);
            if let Some(position) = position.filter(|_| self.left.len() < LEFT_MAX) {
                self.left.insert(name.clone(), position.epoch);
            }
        }
        names
    }

    /// When [`Channels::take_left`] has something.
    pub fn leave_due(&self) -> Option<Timestamp> {
        self.list
            .values()
            .filter(|channel| channel.may_be_left())
            .filter_map(|channel| channel.leave_at)
            .min()
    }

    /// Somebody waits until the channel is live. Returns whether it is.
    pub fn wait(&mut self, name: &str, ticket: Ticket) -> bool {
        match self.list.get_mut(name) {
            Some(channel) if !channel.live => {
                channel.waiting.push(ticket);
                false
            }
            _ => true,
        }
    }

    /// Names of all channels.
    pub fn names(&self) -> Vec<String> {
        self.list.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Whether there is a subscription to `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.list.contains_key(name)
    }

    /// A connection ended: nothing is live or asked for, and what nobody wants is left.
    pub fn connection_ended(&mut self) {
        self.list.retain(|_, channel| !channel.may_be_left());
        for channel in self.list.values_mut() {
            channel.request = None;
            channel.retry_at = None;
            channel.live = false;
            channel.held = SortedMap::default();
            channel.snapshot = None;
        }
    }

    /// The message that subscribes to `name`, with our position in it.
    pub fn request(&mut self, name: &str, id: String, wall_ms: u64) -> Option<String> {
        let channel = self.list.get_mut(name)?;
        let mut payload = String::from("{");
        // The original servers know projects only.
        match name.strip_prefix("project:") {
            Some(project) => {
                payload.push_str("\"projectId\":");
                crate::core::json::push_string(&mut payload, project);
            }
            None => {
                payload.push_str("\"channel\":");
                crate::core::json::push_string(&mut payload, name);
            }
        }
        if let Some(position) = &channel.position {
            payload.push_str(",\"epoch\":");
            crate::core::json::push_string(&mut payload, &position.epoch);
            payload.push_str(&format!(",\"seq\":{}", position.seq + u64::from(mutant!(wrong_position))));
        }
        payload.push('}');
        let message = Outgoing::new("subscribe")
            .raw("payload", &payload)
            .string("id", &id)
            .number("timestamp", wall_ms);
        channel.request = Some(id);
        channel.retry_at = None;
        Some(message.finish())
    }

    /// Whether an answer about `name` is awaited.
    pub fn is_asked(&self, name: &str) -> bool {
        self.list.get(name).is_some_and(|channel| channel.request.is_some())
    }

    /// The channel whose subscription the message `id` asked for.
    pub fn requested(&self, id: &str) -> Option<String> {
        self.list
            .iter()
            .find(|(_, channel)| channel.request.as_deref() == Some(id))
            .map(|(name, _)| name.clone())
    }

    /// The server took the subscription. `recovered`: what was missed follows; otherwise the channel's whole content
    /// comes, and `position` holds once it is complete.
    pub fn answered(&mut self, name: &str, position: Position, recovered: bool) {
        let Some(channel) = self.list.get_mut(name) else { return };
        channel.request = None;
        if recovered && channel.position.as_ref().is_some_and(|held| held.epoch == position.epoch) {
            channel.live = true;
            channel.catching_up_to = position.seq;
        } else {
            if mutant!(early_position) {
                channel.position = Some(position.clone());
            }
            channel.snapshot = Some((position, Vec::new()));
        }
    }

    /// Adds a part of a channel's content. Returns all of it once `more` is false.
    pub fn add_content(&mut self, name: &str, events: Vec<Arc<str>>, more: bool) -> Option<Content> {
        let channel = self.list.get_mut(name)?;
        channel.snapshot.as_mut()?.1.extend(events);
        if more {
            return None;
        }
        let (position, events) = channel.snapshot.take()?;
        let left = self.left.remove(name);
        let held = channel.position.as_ref().map(|held| &held.epoch);
        // The loss that a channel of long ago tells of may have been noticed on another meanwhile: it counts once.
        let noticed = self.noticed.as_ref() == Some(&position.epoch);
        let known = held.or(left.as_ref().filter(|_| !noticed));
        let renewed = known.is_some_and(|epoch| *epoch != position.epoch) && !mutant!(epoch_unnoticed);
        if renewed {
            self.noticed = Some(position.epoch.clone());
        }
        channel.catching_up_to = position.seq;
        channel.position = Some(position);
        channel.live = true;
        Some(Content { events, renewed })
    }

    /// A plain server's word, or silence, that has to do for an answer: all channels count as live.
    pub fn assume_live(&mut self) -> Vec<Ticket> {
        let mut settled = Vec::new();
        for channel in self.list.values_mut() {
            // The request stays: a server that was only slow still answers it.
            if channel.request.is_some() && !channel.live {
                channel.live = true;
                channel.request = channel.request.take().filter(|_| !mutant!(late_refusal_lost));
                settled.append(&mut channel.waiting);
            }
        }
        settled
    }

    /// Who waited for `name` to be live.
    pub fn settle(&mut self, name: &str) -> Vec<Ticket> {
        let channel = self.list.get_mut(name).filter(|channel| channel.live);
        channel.map(|channel| std::mem::take(&mut channel.waiting)).unwrap_or_default()
    }

    /// The server refused `name`: it is no longer subscribed to.
    pub fn refused(&mut self, name: &str) -> Vec<Ticket> {
        self.list.remove(name).map(|channel| channel.waiting).unwrap_or_default()
    }

    /// The server cannot serve `name` just now: it is asked again at `at`.
    pub fn postpone(&mut self, name: &str, at: Timestamp) {
        if let Some(channel) = self.list.get_mut(name) {
            channel.request = None;
            channel.retry_at = Some(at);
        }
    }

    /// When [`Channels::take_due`] has something.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.list.values().filter_map(|channel| channel.retry_at).min()
    }

    /// The channels that are to be asked for again.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<String> {
        let due = |channel: &Channel| channel.retry_at.is_some_and(|at| at <= now);
        let names =
            self.list.iter().filter(|(_, channel)| due(channel)).map(|(name, _)| name.clone()).collect();
        self.list.values_mut().filter(|channel| due(channel)).for_each(|channel| channel.retry_at = None);
        names
    }

    /// Whether the content of a channel that was read says what is known of `doc`.
    pub fn covers(&self, doc: &EventDoc) -> bool {
        let project = project_channel(doc.project_or_default());
        let calendar = doc.calendar.as_deref().map(calendar_channel);
        std::iter::once(project).chain(calendar).any(|name| self.position(&name).is_some())
    }

    /// Whether there is a subscription of which nothing is known yet.
    pub fn is_unread(&self, name: &str) -> bool {
        let channel = self.list.get(name);
        channel.is_some_and(|channel| channel.position.is_none() && channel.snapshot.is_none())
    }

    /// Whether a channel is subscribed to that tells of `doc`.
    pub fn reads(&self, doc: &EventDoc) -> bool {
        let project = project_channel(doc.project_or_default());
        let calendar = doc.calendar.as_deref().map(calendar_channel);
        std::iter::once(project).chain(calendar).any(|name| self.contains(&name))
    }

    /// All who wait for any channel, when nothing will come any more.
    pub fn abandon(&mut self) -> Vec<Ticket> {
        self.list.values_mut().flat_map(|channel| std::mem::take(&mut channel.waiting)).collect()
    }

    /// Takes the change `seq` of a channel; one that cannot be applied yet is held.
    pub fn arrive<'a>(&mut self, name: &str, seq: u64, message: impl FnOnce() -> Cow<'a, str>) -> Arrival {
        let Some(channel) = self.list.get_mut(name) else { return Arrival::Next };
        let position = match (&channel.snapshot, channel.position.as_mut()) {
            (Some((end, _)), _) if seq <= end.seq => {
                self.duplicates += 1;
                return Arrival::Repeated;
            }
            (Some(_), _) => {
                channel.hold(seq, &message());
                return Arrival::Held;
            }
            (None, None) => return Arrival::Next,
            (None, Some(position)) => position,
        };
        if seq <= position.seq && mutant!(repetition_applied) || seq > position.seq && mutant!(gap_applied) {
            position.seq = seq;
            return Arrival::Next;
        }
        if seq <= position.seq {
            self.duplicates += 1;
            Arrival::Repeated
        } else if seq == position.seq + 1 {
            position.seq = seq;
            Arrival::Next
        } else {
            channel.hold(seq, &message());
            if channel.request.is_some() || !channel.live {
                return Arrival::Held;
            }
            self.gaps += 1;
            channel.live = false;
            Arrival::Gap
        }
    }

    /// The next held change whose turn has come.
    pub fn next_held(&mut self, name: &str) -> Option<Arc<str>> {
        let channel = self.list.get_mut(name)?;
        let position = channel.position.as_mut().filter(|_| channel.snapshot.is_none())?;
        channel.held.retain(|seq, _| *seq > position.seq);
        let message = channel.held.remove(&(position.seq + 1))?;
        position.seq += 1;
        Some(message)
    }

    /// Whether the server's head says that something is missing in a channel that waits for nothing.
    pub fn is_behind(&self, name: &str, head: u64) -> bool {
        let channel = self.list.get(name).filter(|channel| channel.live && channel.request.is_none());
        channel.and_then(|channel| channel.position.as_ref()).is_some_and(|position| position.seq < head)
    }

    /// Whether everything was applied up to the heads that `head_of` tells, in each channel.
    pub fn are_all_at(&self, head_of: impl Fn(&str) -> Option<u64>) -> bool {
        self.list.iter().all(|(name, channel)| head_of(name).is_some_and(|head| channel.is_at(head)))
    }

    /// Whether the server, which says that at `head` the content of `name` has the digest `theirs`, can be asked for that
    /// content because ours has another although everything up to `head` was applied. What was read of it is forgotten then.
    /// The same claim is followed once: a server whose own digest is wrong would send its content for ever.
    pub fn diverges(&mut self, name: &str, head: u64, theirs: u64, ours: impl FnOnce() -> u64) -> bool {
        let Some(channel) = self.list.get_mut(name).filter(|channel| channel.is_at(head)) else {
            return false;
        };
        if channel.repaired == Some((head, theirs)) || ours() == theirs {
            return false;
        }
        channel.repaired = Some((head, theirs));
        channel.position = None;
        channel.live = false;
        true
    }

    /// How far `name` was read.
    pub fn position(&self, name: &str) -> Option<&Position> {
        self.list.get(name)?.position.as_ref()
    }

    /// Whether a message without a sequence came before, by its id.
    pub fn is_repeated(&mut self, id: &str) -> bool {
        if self.seen.iter().any(|seen| seen == id) {
            self.duplicates += 1;
            return true;
        }
        if self.seen.len() >= SEEN_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(id.to_owned());
        false
    }
}

#[cfg(test)]
mod tests;
