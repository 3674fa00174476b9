//! Who is present where, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baro_realtime::core::time::Timestamp;

use super::io::ConnectionId;
use crate::access::User;
use crate::object::Object;

/// A user who is present in some channel.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) user: Arc<User>,
    /// Whether all his pages are out of sight, as others know it.
    pub(super) away: bool,
    /// The connections by which he is here, and which of them are out of sight.
    pub(super) present: BTreeMap<ConnectionId, bool>,
    /// Wall clock, ms since 1970.
    pub(super) last_seen_ms: u64,
    /// JSON texts of what he does, and by which connection.
    pub(super) cursor: Option<Arc<str>>,
    pub(super) selection: Option<(ConnectionId, String)>,
    pub(super) typing: Option<(ConnectionId, String)>,
    pub(super) editing: Option<(ConnectionId, String)>,
    /// In how many channels he is.
    channels: usize,
}

impl Person {
    /// `{id, name, avatar?, color, lastSeen, status}`.
    fn to_object(&self) -> Object {
        let status = if self.away { "away" } else { "active" };
        self.user.to_object().number("lastSeen", self.last_seen_ms).string("status", status)
    }

    /// The payload of `user:joined`.
    pub(super) fn summary(&self) -> String {
        self.to_object().finish()
    }

    /// An item of `presence`.
    pub(super) fn whole(&self) -> String {
        let cursor = self.cursor.as_deref().map(|raw| ("cursor", raw));
        let doings = [("selection", &self.selection), ("typing", &self.typing), ("editing", &self.editing)];
        let doings = doings.into_iter().filter_map(|(key, doing)| Some((key, doing.as_ref()?.1.as_str())));
        let given = cursor.into_iter().chain(doings);
        given.fold(self.to_object(), |object, (key, raw)| object.raw(key, raw)).finish()
    }

    /// Whether he does anything by a connection.
    pub(super) fn does_by(&self, id: ConnectionId) -> bool {
        let doings = [&self.selection, &self.typing, &self.editing];
        doings.into_iter().flatten().any(|(by, _)| *by == id)
    }

    /// Whether all his pages are out of sight. Of somebody who may come back it is not known.
    pub(super) fn is_out_of_sight(&self) -> Option<bool> {
        (!self.present.is_empty()).then(|| self.present.values().all(|away| *away))
    }
}

/// A user's being in one channel.
#[derive(Debug)]
struct Member {
    connections: usize,
    /// Whether others were told of him.
    announced: bool,
    /// When he counts as gone, once no connection is left.
    leave_at: Option<Timestamp>,
}

/// Who is in one channel.
#[derive(Debug, Default)]
struct Room {
    members: BTreeMap<Arc<str>, Member>,
    announced: usize,
    /// Whose cursor moved since the last tick.
    moved: BTreeSet<Arc<str>>,
}

/// Everybody.
#[derive(Debug, Default)]
pub(super) struct Roster {
    people: BTreeMap<Arc<str>, Person>,
    rooms: BTreeMap<Arc<str>, Room>,
    /// When cursors were sent last, and whether they are about to be.
    pub(super) last_tick: Option<Timestamp>,
    pub(super) tick_due: bool,
}

impl Roster {
    pub(super) fn people(&self) -> usize {
        self.people.len()
    }

    pub(super) fn person(&mut self, user: &str) -> Option<&mut Person> {
        self.people.get_mut(user)
    }

    /// Puts a user into a channel; `true` if others have to be told.
    pub(super) fn enter(
        &mut self,
        channel: &Arc<str>,
        user: &Arc<User>,
        now_wall_ms: u64,
        announced_max: usize,
    ) -> bool {
        let room = self.rooms.entry(Arc::clone(channel)).or_default();
        let new = !room.members.contains_key(&user.id);
        let announced = new && room.announced < announced_max;
        let member = room.members.entry(Arc::clone(&user.id)).or_insert(Member {
            connections: 0,
            announced,
            leave_at: None,
        });
        member.connections += 1;
        member.leave_at = None;
        let person = self.people.entry(Arc::clone(&user.id)).or_insert_with(|| Person {
            user: Arc::clone(user),
            away: false,
            present: BTreeMap::new(),
            last_seen_ms: now_wall_ms,
            cursor: None,
            selection: None,
            typing: None,
            editing: None,
            channels: 0,
        });
        room.announced += usize::from(announced);
        person.channels += usize::from(new);
        person.last_seen_ms = now_wall_ms;
        announced
    }

    /// Takes one connection of a user out; the instant at which he is gone, if it was the last.
    pub(super) fn exit(&mut self, channel: &str, user: &str, leave_at: Timestamp) -> Option<Timestamp> {
        let member = self.rooms.get_mut(channel)?.members.get_mut(user)?;
        member.connections = member.connections.saturating_sub(1);
        member.leave_at = (member.connections == 0).then_some(leave_at);
        member.leave_at
    }

    /// Removes a user whose time to come back is over; whether others have to be told.
    pub(super) fn expire(&mut self, channel: &str, user: &str, now: Timestamp) -> bool {
        let Some(room) = self.rooms.get_mut(channel) else { return false };
        let over = |member: &Member| member.leave_at.is_some_and(|at| at <= now);
        if !room.members.get(user).is_some_and(over) {
            return false;
        }
        let announced = room.members.remove(user).is_some_and(|member| member.announced);
        room.announced -= usize::from(announced);
        room.moved.remove(user);
        if room.members.is_empty() {
            self.rooms.remove(channel);
        }
        if let Some(person) = self.people.get_mut(user) {
            person.channels = person.channels.saturating_sub(1);
            if person.channels == 0 {
                self.people.remove(user);
            }
        }
        announced
    }

    /// Makes a user known who was one too many to be announced; `true` if others have to be told now.
    pub(super) fn announce(&mut self, channel: &str, user: &str) -> bool {
        let Some(room) = self.rooms.get_mut(channel) else { return false };
        let Some(member) = room.members.get_mut(user) else { return false };
        let new = !member.announced;
        member.announced = true;
        room.announced += usize::from(new);
        new
    }

    /// The channels in which a user is.
    pub(super) fn channels_of(&self, user: &str) -> Vec<Arc<str>> {
        let is_there = |(_, room): &(&Arc<str>, &Room)| room.members.contains_key(user);
        self.rooms.iter().filter(is_there).map(|(channel, _)| Arc::clone(channel)).collect()
    }

    /// Whether a user is in a channel and others know it.
    pub(super) fn is_announced(&self, channel: &str, user: &str) -> bool {
        let member = self.rooms.get(channel).and_then(|room| room.members.get(user));
        member.is_some_and(|member| member.announced)
    }

    /// Everybody in a channel who was announced, but for one.
    pub(super) fn others(&self, channel: &str, but: &str) -> impl Iterator<Item = &Person> {
        let members = self.rooms.get(channel).into_iter().flat_map(|room| &room.members);
        let known = members.filter(move |(id, member)| member.announced && ***id != *but);
        known.filter_map(|(id, _)| self.people.get(id))
    }

    /// Notes that a user's cursor moved.
    pub(super) fn note_moved(&mut self, channel: &str, user: &Arc<str>) {
        if let Some(room) = self.rooms.get_mut(channel) {
            room.moved.insert(Arc::clone(user));
        }
    }

    /// Whose cursor moved where since the last time, with the cursors.
    pub(super) fn take_moved(&mut self) -> Vec<(Arc<str>, Moved)> {
        let mut all = Vec::new();
        for (channel, room) in self.rooms.iter_mut().filter(|(_, room)| !room.moved.is_empty()) {
            let users = std::mem::take(&mut room.moved).into_iter();
            let cursor = |user: Arc<str>| {
                let cursor = self.people.get(&user)?.cursor.clone()?;
                Some((user, cursor))
            };
            all.push((Arc::clone(channel), users.filter_map(cursor).collect()));
        }
        all
    }
}

/// Cursors by user id.
pub(super) type Moved = BTreeMap<Arc<str>, Arc<str>>;
