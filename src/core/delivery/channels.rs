//! Subscriptions and how far each channel was read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::core::id::Ticket;
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

#[derive(Debug, Default)]
struct Channel {
    subscribers: u64,
    request: Option<String>,
    live: bool,
    position: Option<Position>,
    held: BTreeMap<u64, Arc<str>>,
    snapshot: Option<Vec<Arc<str>>>,
    waiting: Vec<Ticket>,
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
    list: BTreeMap<String, Channel>,
    seen: VecDeque<String>,
    /// Changes that came again.
    pub duplicates: u64,
    /// Times that something was missing.
    pub gaps: u64,
}

impl Channels {
    /// Counts a subscriber. Returns whether the server has to be told.
    pub fn subscribe(&mut self, name: &str) -> bool {
        let channel = self.list.entry(name.to_owned()).or_default();
        channel.subscribers += 1;
        channel.request.is_none() && !channel.live
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
        self.list.keys().cloned().collect()
    }

    /// Whether there is a subscription to `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.list.contains_key(name)
    }

    /// A connection ended: nothing is live or asked for.
    pub fn connection_ended(&mut self) {
        for channel in self.list.values_mut() {
            channel.request = None;
            channel.live = false;
            channel.held.clear();
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
            payload.push_str(&format!(",\"seq\":{}", position.seq));
        }
        payload.push('}');
        let message = Outgoing::new("subscribe")
            .raw("payload", &payload)
            .string("id", &id)
            .number("timestamp", wall_ms);
        channel.request = Some(id);
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
            channel.position = Some(position);
            channel.snapshot = Some(Vec::new());
        }
    }

    /// Adds a part of a channel's content. Returns all of it once `more` is false.
    pub fn add_content(&mut self, name: &str, events: Vec<Arc<str>>, more: bool) -> Option<Vec<Arc<str>>> {
        let channel = self.list.get_mut(name)?;
        channel.snapshot.as_mut()?.extend(events);
        if more {
            return None;
        }
        channel.live = true;
        channel.snapshot.take()
    }

    /// A plain server's word, or silence, that has to do for an answer: all channels count as live.
    pub fn assume_live(&mut self) -> Vec<Ticket> {
        let mut settled = Vec::new();
        for channel in self.list.values_mut() {
            if channel.request.take().is_some() {
                channel.live = true;
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

    /// All who wait for any channel, when nothing will come any more.
    pub fn abandon(&mut self) -> Vec<Ticket> {
        self.list.values_mut().flat_map(|channel| std::mem::take(&mut channel.waiting)).collect()
    }

    /// Takes the change `seq` of a channel; one that cannot be applied yet is held.
    pub fn arrive(&mut self, name: &str, seq: u64, message: &str) -> Arrival {
        let Some(channel) = self.list.get_mut(name) else { return Arrival::Next };
        let Some(position) = channel.position.as_mut() else { return Arrival::Next };
        let complete = channel.snapshot.is_none();
        if seq <= position.seq {
            self.duplicates += 1;
            Arrival::Repeated
        } else if seq == position.seq + 1 && complete {
            position.seq = seq;
            Arrival::Next
        } else {
            if channel.held.len() < HELD_MAX {
                channel.held.insert(seq, Arc::from(message));
            }
            if channel.request.is_some() || !complete || !channel.live {
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
        channel.held = channel.held.split_off(&(position.seq + 1));
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
        assert_eq!(channels.add_content("c", vec![], false).map(|events| events.len()), Some(0));
        channels
    }

    #[test]
    fn out_of_order_changes_are_applied_once_each_and_in_order() {
        let mut channels = live("e", 0);
        let mut applied = Vec::new();
        let mut asked = 0;
        for seq in [1, 2, 2, 5, 4, 6] {
            match channels.arrive("c", seq, &seq.to_string()) {
                Arrival::Next => applied.push(seq),
                Arrival::Gap => {
                    asked += 1;
                    channels.request("c", "again".to_owned(), 0);
                }
                Arrival::Repeated | Arrival::Held => {}
            }
        }
        channels.answered("c", Position { epoch: "e".to_owned(), seq: 6 }, true);
        assert_eq!(channels.arrive("c", 3, "3"), Arrival::Next);
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
        assert_eq!(channels.arrive("c", 8, "8"), Arrival::Held);
        assert_eq!(channels.next_held("c"), None);
        assert_eq!(
            channels.add_content("c", vec![Arc::from("b")], false).map(|events| events.len()),
            Some(2)
        );
        assert_eq!(channels.next_held("c").as_deref(), Some("8"));
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
