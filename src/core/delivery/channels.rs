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
    /// When to ask again, after a refusal that was not final.
    retry_at: Option<Timestamp>,
    live: bool,
    position: Option<Position>,
    held: SortedMap<u64, Arc<str>>,
    /// The content that is arriving, and where it ends: nothing of it counts before all of it is there.
    snapshot: Option<(Position, Vec<Arc<str>>)>,
    waiting: Vec<Ticket>,
}

impl Channel {
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
        channel.request.is_none() && !channel.live && channel.snapshot.is_none() && channel.retry_at.is_none()
    }

    /// Counts a subscriber less. Returns whether the server has to be told, and who waited in vain.
    pub fn unsubscribe(&mut self, name: &str) -> Option<Vec<Ticket>> {
        let channel = self.list.get_mut(name)?;
        channel.subscribers = channel.subscribers.saturating_sub(1);
        if channel.subscribers > 0 {
            return None;
        }
        self.list.remove(name).map(|channel| channel.waiting)
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

    /// A connection ended: nothing is live or asked for.
    pub fn connection_ended(&mut self) {
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
        let renewed = channel.position.as_ref().is_some_and(|held| held.epoch != position.epoch);
        let renewed = renewed && !mutant!(epoch_unnoticed);
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
mod tests {
    use super::*;

    fn live(epoch: &str, seq: u64) -> Channels {
        let mut channels = Channels::default();
        assert!(channels.subscribe("c"));
        channels.request("c", "r".to_owned(), 0);
        channels.answered("c", Position { epoch: epoch.to_owned(), seq }, false);
        assert_eq!(channels.add_content("c", vec![], false).map(|content| content.events.len()), Some(0));
        channels
    }

    #[test]
    fn out_of_order_changes_are_applied_once_each_and_in_order() {
        let mut channels = live("e", 0);
        let mut applied = Vec::new();
        let mut asked = 0;
        for seq in [1, 2, 2, 5, 4, 6] {
            match channels.arrive("c", seq, || seq.to_string().into()) {
                Arrival::Next => applied.push(seq),
                Arrival::Gap => {
                    asked += 1;
                    channels.request("c", "again".to_owned(), 0);
                }
                Arrival::Repeated | Arrival::Held => {}
            }
        }
        channels.answered("c", Position { epoch: "e".to_owned(), seq: 6 }, true);
        assert_eq!(channels.arrive("c", 3, || "3".into()), Arrival::Next);
        applied.push(3);
        while let Some(message) = channels.next_held("c") {
            applied.push(message.parse().unwrap());
        }
        assert_eq!((applied, asked), (vec![1, 2, 3, 4, 5, 6], 1));
        assert_eq!((channels.duplicates, channels.gaps), (1, 1));
    }

    #[test]
    fn content_in_parts_is_whole_before_later_changes_count() {
        let mut channels = live("e", 3);
        channels.connection_ended();
        channels.request("c", "r2".to_owned(), 0);
        channels.answered("c", Position { epoch: "new".to_owned(), seq: 7 }, false);
        assert_eq!(channels.add_content("c", vec![Arc::from("a")], true), None);
        assert_eq!(channels.arrive("c", 8, || "8".into()), Arrival::Held);
        assert_eq!(channels.next_held("c"), None);
        assert_eq!(
            channels.add_content("c", vec![Arc::from("b")], false).map(|content| content.events.len()),
            Some(2)
        );
        assert_eq!(channels.next_held("c").as_deref(), Some("8"));
    }

    #[test]
    fn content_that_does_not_arrive_whole_leaves_the_position_where_it_was() {
        let mut channels = live("e", 3);
        channels.request("c", "r2".to_owned(), 0);
        channels.answered("c", Position { epoch: "e".to_owned(), seq: 9 }, false);
        assert_eq!(channels.add_content("c", vec![Arc::from("a")], true), None);
        assert_eq!(channels.position("c").map(|position| position.seq), Some(3));
        channels.connection_ended();
        let request = channels.request("c", "r3".to_owned(), 0).unwrap();
        assert!(request.contains(r#""seq":3"#), "{request}");
    }

    #[test]
    fn a_slow_server_that_was_taken_for_a_plain_one_may_still_refuse() {
        let mut channels = Channels::default();
        channels.subscribe("c");
        channels.request("c", "r".to_owned(), 0);
        assert!(!channels.wait("c", Ticket(1)));
        assert_eq!(channels.assume_live(), [Ticket(1)]);
        assert_eq!(channels.assume_live(), []);
        assert_eq!(channels.requested("r").as_deref(), Some("c"));
    }

    #[test]
    fn two_subscribers_make_one_request() {
        let mut channels = Channels::default();
        assert!(channels.subscribe("c"));
        channels.request("c", "r".to_owned(), 0);
        assert!(!channels.subscribe("c"));
        assert_eq!(channels.unsubscribe("c"), None);
        assert_eq!(channels.unsubscribe("c"), Some(vec![]));
        assert_eq!(channels.unsubscribe("c"), None);
    }

    #[test]
    fn a_recovery_with_nothing_missed_works_again_and_again() {
        let mut channels = live("e", 0);
        for _ in 0..3 {
            channels.connection_ended();
            let request = channels.request("c", "r".to_owned(), 0).unwrap();
            assert!(request.contains(r#""epoch":"e","seq":0"#), "{request}");
            channels.answered("c", Position { epoch: "e".to_owned(), seq: 0 }, true);
            assert!(!channels.is_behind("c", 0) && channels.is_behind("c", 1));
        }
    }
}
