//! What the leader does for the tabs that follow.
//!
//! It is a switchboard and no server: what followers ask goes to the real one on the leader's connection, and the answer to
//! the tab that asked. It reads as much of a message as that takes. Positions, contents and writes are each tab's own, so
//! that a new leader has nothing to take over, and a channel that only another tab wants shows in no other.
//!
//! A server answers the last `subscribe` of a connection to a channel only, so those of several tabs wait for each other.

mod route;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use super::note::Count;
use crate::core::json::{Fields, each_item};
use crate::core::map::SortedMap;
use crate::core::time::Timestamp;
use crate::core::wire::{Outgoing, frame_of};

pub use route::Route;

/// What a message of a follower asks of the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// `hello`: the follower is to be welcomed, and the server told of these streams, with what is known to be decided.
    Greet(Vec<(String, u64)>),
    /// To be sent.
    Send(String),
    /// Presence, to be sent in the place of what waits about the same.
    Presence(String, String),
    /// The cursor's newest position.
    Cursor(String),
    /// Whether its page is in sight changed.
    Status,
    /// A channel is wanted: [`Relay::next_request`] may have something.
    Subscribe,
    /// Nobody of those that follow wants the channel any more.
    Leave(String),
    /// It asks whether the leader is there, with this id.
    Question(Option<String>),
}

#[derive(Debug, Default)]
struct Follower {
    pipe: u64,
    /// Frames that it was sent, and that it sent.
    told: Count,
    heard: Count,
    /// Its own stream of writes and those that it took over.
    streams: Vec<String>,
    channels: SortedMap<String, ()>,
    away: bool,
    /// Writes that are not answered, and since when the oldest may be waiting.
    writes: u64,
    waits_since: Option<Timestamp>,
    typing: Option<String>,
    editing: bool,
}

/// A `subscribe` that waits for its turn.
#[derive(Debug)]
struct Request {
    channel: String,
    follower: Arc<str>,
    id: String,
    seq: u64,
    text: String,
}

/// A `subscribe` that the server was asked.
#[derive(Debug)]
struct Asked {
    follower: Arc<str>,
    id: String,
    /// The position that it named, 0 for none.
    seq: u64,
}

/// All that follow.
#[derive(Debug, Default)]
pub struct Relay {
    followers: SortedMap<Arc<str>, Follower>,
    waiting: VecDeque<Request>,
    asked: SortedMap<String, Asked>,
    /// Whose content of a channel is arriving, in parts.
    contents: SortedMap<String, Arc<str>>,
    /// Who is told what it missed of a channel, and up to where.
    replays: SortedMap<String, (Arc<str>, u64)>,
    /// How far each stream of followers, those that are gone included, was sent on the present connection.
    sent: SortedMap<String, u64>,
    /// And how far it is acknowledged.
    acknowledged: SortedMap<String, u64>,
    out: Vec<(Arc<str>, String)>,
    /// Frames to all.
    told: Count,
}

impl Relay {
    /// Whether nobody follows.
    pub fn is_empty(&self) -> bool {
        self.followers.is_empty()
    }

    /// How many follow.
    pub fn len(&self) -> usize {
        self.followers.len()
    }

    /// A follower's pipe opens; an earlier one of it is over. Returns what that leaves to be done.
    pub fn open(&mut self, tab: &str, pipe: u64, away: bool) -> Vec<Errand> {
        let errands = self.close(tab);
        let follower = Follower { pipe, streams: vec![tab.to_owned()], away, ..Follower::default() };
        self.followers.insert(Arc::from(tab), follower);
        errands
    }

    /// Whether `pipe` of `tab` is open.
    pub fn is_open(&self, tab: &str, pipe: u64) -> bool {
        self.followers.get(tab).is_some_and(|follower| follower.pipe == pipe)
    }

    /// A frame of a follower came, with this number. Returns whether it is the next one.
    pub fn count_in(&mut self, tab: &str, number: u64) -> bool {
        self.followers.get_mut(tab).is_some_and(|follower| {
            follower.heard = follower.heard.next(false);
            follower.heard == Count::of(number) || mutant!(lost_frames_unnoticed)
        })
    }

    /// The number of frames so far that a follower starts from.
    pub fn count(&self) -> u64 {
        self.told.number()
    }

    /// A follower is gone, or wants a new pipe. Returns what is to be done about what it did last.
    pub fn close(&mut self, tab: &str) -> Vec<Errand> {
        let Some(follower) = self.followers.remove(tab) else { return Vec::new() };
        self.waiting.retain(|request| *request.follower != *tab);
        self.out.retain(|(to, _)| **to != *tab);
        let mut errands = Vec::new();
        if let Some(element) = follower.typing {
            let mut payload = Fields::new();
            payload.set_string("elementId", &element);
            payload.set("isTyping", "false");
            let message = Outgoing::new("user:typing").raw("payload", &payload.to_text()).finish();
            errands.push(Errand::Presence(["user:typing ", &element].concat(), message));
        }
        if follower.editing {
            let message = Outgoing::new("user:editing").raw("payload", r#"{"eventId":null}"#).finish();
            errands.push(Errand::Presence("user:editing ".to_owned(), message));
        }
        if follower.away {
            errands.push(Errand::Status);
        }
        for (channel, ()) in follower.channels.iter() {
            if !self.wants(channel) {
                errands.push(self.leave(channel.clone()));
            }
        }
        errands
    }

    /// What was asked of a channel that is left is not answered any more.
    fn leave(&mut self, channel: String) -> Errand {
        self.asked.remove(&channel);
        self.contents.remove(&channel);
        self.replays.remove(&channel);
        Errand::Leave(channel)
    }

    /// Nobody is led any more. Returns whose pipes are closed.
    pub fn clear(&mut self) -> Vec<(Arc<str>, u64)> {
        let followers = self.followers.take().map(|(tab, follower)| (tab, follower.pipe)).collect();
        *self = Self { told: self.told, ..Self::default() };
        followers
    }

    /// Whether somebody who follows wants `channel`.
    pub fn wants(&self, channel: &str) -> bool {
        self.followers.values().any(|follower| follower.channels.contains_key(channel))
    }

    /// Whether the pages of all who follow are out of sight.
    pub fn are_all_away(&self) -> bool {
        self.followers.values().all(|follower| follower.away)
    }

    /// Whether a follower's `subscribe` to `channel` is on its way.
    pub fn asks(&self, channel: &str) -> bool {
        self.asked.contains_key(channel)
    }

    /// How far a stream was sent on the present connection for a follower, and how far of that it is acknowledged.
    pub fn sent(&self, stream: &str) -> (u64, u64) {
        let of = |numbers: &SortedMap<String, u64>| numbers.get(stream).copied().unwrap_or(0);
        (of(&self.sent), of(&self.acknowledged))
    }

    /// Since when the longest unanswered write of a follower waits.
    pub fn waits_since(&self) -> Option<Timestamp> {
        self.followers.values().filter_map(|follower| follower.waits_since).min()
    }

    /// A follower sent a frame. Returns what it asks, in order. `plain` if the server has no streams and no positions.
    pub fn take(&mut self, now: Timestamp, tab: &str, frame: &str, plain: bool) -> Vec<Errand> {
        let mut messages = Vec::new();
        if frame.starts_with('[') {
            // Tabs run the same program: what is broken says nothing.
            let _read = each_item(frame, |message| messages.push(message));
        } else {
            messages.push(frame);
        }
        let mut errands = Vec::new();
        for message in messages {
            errands.extend(self.take_message(now, tab, message, plain));
        }
        errands
    }

    fn take_message(&mut self, now: Timestamp, tab: &str, text: &str, plain: bool) -> Option<Errand> {
        let message = Fields::parse(text).ok()?;
        let payload = || Fields::parse(message.get("payload").unwrap_or("{}")).unwrap_or_default();
        let follower = self.followers.get_mut(tab)?;
        let kind = message.string("type")?;
        match &*kind {
            "hello" => {
                let streams = streams_of(&payload());
                for (client, _) in &streams {
                    self.assign(client, tab);
                }
                Some(Errand::Greet(streams))
            }
            // The leader presents a token, and acknowledges what it passed on.
            "auth" | "ack" | "pong" => None,
            "ping" => Some(Errand::Question(message.string("id"))),
            "subscribe" => {
                let (channel, seq) = (channel_of(&payload())?, payload().u53("seq").unwrap_or(0));
                follower.channels.insert(channel.clone(), ());
                if plain {
                    return Some(Errand::Send(text.to_owned()));
                }
                self.waiting.retain(|request| *request.follower != *tab || request.channel != channel);
                let (follower, id) = (Arc::from(tab), message.string("id").unwrap_or_default());
                let request = Request { channel, follower, id, seq, text: text.to_owned() };
                self.waiting.push_back(request);
                Some(Errand::Subscribe)
            }
            "unsubscribe" => {
                let channel = channel_of(&payload())?;
                follower.channels.remove(&channel);
                self.waiting.retain(|request| *request.follower != *tab || request.channel != channel);
                (!self.wants(&channel)).then(|| self.leave(channel))
            }
            "user:status" => {
                follower.away = payload().string("status").as_deref() == Some("away");
                Some(Errand::Status)
            }
            "user:cursor" => Some(Errand::Cursor(text.to_owned())),
            "user:typing" => {
                let element = payload().string("elementId").unwrap_or_default();
                let about = ["user:typing ", &element].concat();
                follower.typing = (payload().get("isTyping") == Some("true")).then_some(element);
                Some(Errand::Presence(about, text.to_owned()))
            }
            "user:editing" => {
                follower.editing = !payload().is_absent("eventId");
                Some(Errand::Presence("user:editing ".to_owned(), text.to_owned()))
            }
            "user:selection" => Some(Errand::Presence("user:selection ".to_owned(), text.to_owned())),
            _ => {
                if let Some(seq) = message.u53("seq") {
                    follower.writes += 1;
                    follower.waits_since.get_or_insert(now);
                    let stream = message.string("client").unwrap_or_else(|| tab.to_owned());
                    // What its database told after its `hello` was named by nothing else.
                    if !mutant!(late_streams_unanswered) {
                        self.assign(&stream, tab);
                    }
                    self.sent.insert(stream, seq);
                }
                let named = plain || message.get("seq").is_none() || message.get("client").is_some();
                Some(Errand::Send(if named { text.to_owned() } else { name_stream(text, tab) }))
            }
        }
    }

    /// The next `subscribe` that the server may be asked. `busy` tells of a channel whether the leader itself waits for an
    /// answer about it.
    pub fn next_request(&mut self, busy: impl Fn(&str) -> bool) -> Option<String> {
        let asked = &self.asked;
        let is_free = |request: &Request| {
            !asked.contains_key(&request.channel) && !busy(&request.channel) || mutant!(subscribes_collide)
        };
        let at = self.waiting.iter().position(is_free)?;
        let Request { channel, follower, id, seq, text } = self.waiting.remove(at)?;
        self.asked.insert(channel, Asked { follower, id, seq });
        Some(text)
    }

    /// Whether somebody waits for his turn to subscribe.
    pub fn has_requests(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Has something told to a follower, or to all.
    pub fn say(&mut self, tab: &str, text: String) {
        if tab.is_empty() && self.is_empty() {
            return;
        }
        self.out.push((Arc::from(tab), text));
    }

    /// Whether there is something to be told.
    pub fn has_frames(&self) -> bool {
        !self.out.is_empty()
    }

    /// What is to be told: to whom (nobody is all), on which pipe, the number, and the frame.
    pub fn take_frames(&mut self) -> Vec<(Arc<str>, u64, u64, String)> {
        let mut frames: Vec<(Arc<str>, Vec<String>)> = Vec::new();
        for (tab, text) in std::mem::take(&mut self.out) {
            match frames.last_mut() {
                Some((to, texts)) if *to == tab => texts.push(text),
                _ => frames.push((tab, vec![text])),
            }
        }
        let mut taken = Vec::with_capacity(frames.len());
        for (tab, texts) in frames {
            let (pipe, number) = match self.followers.get_mut(&*tab) {
                Some(follower) => {
                    follower.told = follower.told.next(false).of_all(self.told.number());
                    (follower.pipe, follower.told.number())
                }
                None => {
                    self.told = self.told.next(true);
                    (0, self.told.number())
                }
            };
            taken.push((tab, pipe, number, frame_of(&texts)));
        }
        taken
    }
}

/// The streams that a `hello` names, its own first.
fn streams_of(hello: &Fields) -> Vec<(String, u64)> {
    let mut streams = Vec::new();
    let mut add = |fields: &Fields| {
        streams.extend(fields.string("client").map(|client| (client, fields.u53("acked").unwrap_or(0))));
    };
    add(hello);
    // As above.
    let _read = each_item(hello.get("streams").unwrap_or("[]"), |stream| {
        add(&Fields::parse(stream).unwrap_or_default());
    });
    streams
}

/// The channel that a `subscribe` or `unsubscribe` names.
fn channel_of(payload: &Fields) -> Option<String> {
    let project = || payload.string("projectId").map(|project| ["project:", &project].concat());
    payload.string("channel").or_else(project)
}

/// A write with the name of its stream: on the leader's connection it is another than the connection's own.
fn name_stream(text: &str, tab: &str) -> String {
    let mut named = text.trim_end().strip_suffix('}').unwrap_or(text).to_owned();
    named.push_str(",\"client\":");
    crate::core::json::push_string(&mut named, if mutant!(stream_not_named) { "" } else { tab });
    named.push('}');
    named
}
