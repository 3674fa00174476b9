//! Which tab a message of the server is for.

use std::sync::Arc;

use super::Relay;
use crate::core::json::Fields;
use crate::core::time::Timestamp;
use crate::core::wire::{Envelope, Kind};

/// Who reads a message of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The leader alone.
    Own,
    /// The leader and all who follow.
    All,
    /// A follower alone.
    Tab(Arc<str>),
}

impl Relay {
    /// Whom a message is for.
    pub fn route(&mut self, now: Timestamp, message: &Envelope<'_>) -> Route {
        match message.kind {
            Kind::Welcome | Kind::Ping | Kind::Drain => Route::Own,
            Kind::Ack | Kind::Error => self.route_answer(now, message),
            Kind::Subscribed => self.route_subscribed(message),
            Kind::Snapshot => self.route_content(message),
            Kind::EventCreated | Kind::EventUpdated | Kind::EventDeleted | Kind::Skip => {
                self.route_change(message)
            }
            Kind::Pong
            | Kind::ProjectUpdated
            | Kind::Presence
            | Kind::UserJoined
            | Kind::UserLeft
            | Kind::Cursor
            | Kind::Cursors
            | Kind::Typing
            | Kind::Selected
            | Kind::Editing
            | Kind::Status
            | Kind::ConflictDetected
            | Kind::Other => Route::All,
        }
    }

    fn route_answer(&mut self, now: Timestamp, message: &Envelope<'_>) -> Route {
        let within = || {
            let payload = Fields::parse(message.payload).ok()?;
            payload.string("messageId").or_else(|| payload.string("id"))
        };
        let id = message.id.as_deref().map(str::to_owned).or_else(within);
        let Some(id) = id.filter(|_| !mutant!(answers_to_all)) else {
            return if message.client.is_none() { Route::All } else { Route::Own };
        };
        let named = message.client.as_deref().and_then(|client| self.whose(client));
        let Some(tab) = named.or_else(|| self.whose(stream_of(&id))) else { return Route::Own };
        if let Some(follower) = self.followers.get_mut(&tab)
            && message.seq.is_some()
        {
            follower.writes = follower.writes.saturating_sub(1);
            follower.waits_since = (follower.writes > 0).then_some(now);
        }
        let numbered = id.rsplit_once(':').and_then(|(stream, seq)| Some((stream, seq.parse::<u64>().ok()?)));
        if let (Kind::Ack, Some((stream, seq))) = (message.kind, numbered) {
            self.acknowledged.insert(stream.to_owned(), seq);
        }
        if message.kind == Kind::Error {
            // Of a subscription, perhaps: then the next one's turn has come.
            self.asked.retain(|_, asked| asked.follower != tab || asked.id != id);
        }
        Route::Tab(tab)
    }

    fn route_subscribed(&mut self, message: &Envelope<'_>) -> Route {
        let payload = Fields::parse(message.payload).unwrap_or_default();
        let channel = payload.string("channel").unwrap_or_default();
        let Some(asked) = self.asked.get(&channel) else { return Route::Own };
        if message.id.as_deref() != Some(&*asked.id) {
            return Route::Own;
        }
        let (tab, from, to) = (asked.follower.clone(), asked.seq, payload.u53("seq").unwrap_or(0));
        self.asked.remove(&channel);
        self.contents.remove(&channel);
        self.replays.remove(&channel);
        if payload.get("recovered") == Some("true") {
            if to > from {
                self.replays.insert(channel, (tab.clone(), to));
            }
        } else if payload.get("more") == Some("true") {
            self.contents.insert(channel, tab.clone());
        }
        Route::Tab(tab)
    }

    fn route_content(&mut self, message: &Envelope<'_>) -> Route {
        let payload = Fields::parse(message.payload).unwrap_or_default();
        let channel = payload.string("channel").unwrap_or_default();
        let Some(tab) = self.contents.get(&channel).cloned() else { return Route::Own };
        if payload.get("more") != Some("true") {
            self.contents.remove(&channel);
        }
        Route::Tab(tab)
    }

    fn route_change(&mut self, message: &Envelope<'_>) -> Route {
        let (Some(channel), Some(seq)) = (message.channel.as_deref(), message.seq) else { return Route::All };
        let Some((tab, to)) = self.replays.get(channel).cloned() else { return Route::All };
        if seq >= to {
            self.replays.remove(channel);
        }
        if seq > to { Route::All } else { Route::Tab(tab) }
    }

    /// From now on a stream is that follower's: of two that name it the first has ended.
    pub(super) fn assign(&mut self, stream: &str, tab: &str) {
        for (follower, known) in self.followers.iter_mut() {
            let (is_named, is_its) = (known.streams.iter().any(|own| own == stream), **follower == *tab);
            if is_named && !is_its {
                known.streams.retain(|own| own != stream);
            } else if is_its && !is_named {
                known.streams.push(stream.to_owned());
            }
        }
    }

    /// The follower that a stream belongs to.
    fn whose(&self, stream: &str) -> Option<Arc<str>> {
        let owns = |(tab, follower): (&Arc<str>, &super::Follower)| {
            follower.streams.iter().any(|own| own == stream).then(|| tab.clone())
        };
        self.followers.iter().find_map(owns)
    }
}

/// The program that made an id: ids of messages are `program/number`, those of writes `stream:sequence`.
fn stream_of(id: &str) -> &str {
    id.rfind(['/', ':']).and_then(|at| id.get(..at)).unwrap_or_default()
}
