//! Presence: who is there and what he does. Carries no sequence, is never repeated, never goes back to its author.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baro_realtime::core::json::{Fields, as_bool, quote};
use baro_realtime::core::time::Now;
use baro_realtime::mutant;

use super::doing::{Told, read, without_user};
use super::io::ConnectionId;
use super::message::{Kind, Message};
use super::outbox::Reply;
use super::roster::Moved;
use super::{Hub, Timer};
use crate::access::User;
use crate::object::{Object, array};

fn message(kind: &str, payload: &str) -> Arc<str> {
    Arc::from(Object::new().string("type", kind).raw("payload", payload).finish())
}

impl Hub {
    /// Lets a connection be `user` from now on, wherever it is.
    pub(super) fn identify(&mut self, now: Now, id: ConnectionId, user: User, guest: bool) {
        let user = Arc::new(user);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.guest = guest;
        let before = connection.user.replace(Arc::clone(&user));
        if !self.count_in(now, id, &user.id, before.as_ref().map(|before| &*before.id)) {
            return;
        }
        let Some(connection) = self.connections.get(&id) else { return };
        let channels: Vec<Arc<str>> = connection.subscriptions.iter().cloned().collect();
        match before {
            Some(before) if before == user => {}
            Some(before) if before.id == user.id => self.rename(&user, &channels),
            Some(before) => {
                for channel in &channels {
                    self.leave(now, channel, &before.id);
                    self.join(now, channel, &user, id);
                }
                self.depart(now, id, &before.id);
            }
            None => {}
        }
    }

    fn rename(&mut self, user: &Arc<User>, channels: &[Arc<str>]) {
        let Some(person) = self.roster.person(&user.id) else { return };
        person.user = Arc::clone(user);
        let joined = message("user:joined", &person.summary());
        let audience = self.audience(channels, &user.id);
        self.tell("user:joined", &audience, &joined);
    }

    /// Counts a connection of a user into a channel and tells the others, if he was not there.
    pub(super) fn join(&mut self, now: Now, channel: &Arc<str>, user: &Arc<User>, id: ConnectionId) {
        if self.roster.enter(channel, user, now.wall_ms, self.limits.announced) {
            self.announce(channel, &user.id);
        }
        let renamed = self.roster.person(&user.id).is_some_and(|person| person.user != *user);
        if renamed {
            self.rename(user, std::slice::from_ref(channel));
        }
        if let Some(person) = self.roster.person(&user.id) {
            person.present.entry(id).or_insert(false);
        }
        self.tell_status(&user.id);
    }

    /// A connection is a user's no more. What he did by it is over, unless he goes on with it soon by another one.
    pub(super) fn depart(&mut self, now: Now, id: ConnectionId, user: &Arc<str>) {
        let Some(person) = self.roster.person(user) else { return };
        person.present.remove(&id);
        if person.does_by(id) {
            let at = now.mono.after(self.limits.leave_grace_ms);
            self.start_timer(at, Timer::Untell { connection: id, user: Arc::clone(user) });
        }
        self.tell_status(user);
    }

    /// Tells the others that what a user did by a connection is over.
    pub(super) fn untell(&mut self, id: ConnectionId, user: &Arc<str>) {
        let Some(person) = self.roster.person(user) else { return };
        let mut over = Vec::new();
        for (doing, kind, nothing) in [
            (&mut person.selection, "element:selected", ("selection", "null")),
            (&mut person.typing, "user:typing", ("isTyping", "false")),
            (&mut person.editing, "user:editing", ("eventId", "null")),
        ] {
            let Some((_, text)) = doing.take_if(|(by, _)| *by == id) else { continue };
            let object = Object::new().string("userId", user);
            let fields = Fields::parse(&text).unwrap_or_default();
            let object = match fields.get("elementId") {
                Some(element) => object.raw("elementId", element),
                None => object,
            };
            over.push((kind, message(kind, &object.raw(nothing.0, nothing.1).finish())));
        }
        let audience = self.audience(&self.roster.channels_of(user), user);
        for (kind, text) in over {
            self.tell(kind, &audience, &text);
        }
    }

    /// Tells the others whether any page of a user is in sight, if that changed.
    fn tell_status(&mut self, user: &Arc<str>) {
        let Some(person) = self.roster.person(user) else { return };
        let Some(away) = person.is_out_of_sight().filter(|away| *away != person.away) else { return };
        person.away = away;
        let status = if away { "away" } else { "active" };
        let payload = Object::new().string("userId", user).string("status", status).finish();
        let audience = self.audience(&self.roster.channels_of(user), user);
        self.tell("user:status", &audience, &message("user:status", &payload));
    }

    fn announce(&mut self, channel: &Arc<str>, user: &Arc<str>) {
        let Some(person) = self.roster.person(user) else { return };
        let joined = message("user:joined", &person.summary());
        let audience = self.audience(std::slice::from_ref(channel), user);
        self.tell("user:joined", &audience, &joined);
    }

    /// Counts a connection of a user out of a channel. The others are told after the time he has to come back.
    pub(super) fn leave(&mut self, now: Now, channel: &Arc<str>, user: &Arc<str>) {
        let leave_at = now.mono.after(self.limits.leave_grace_ms);
        if let Some(at) = self.roster.exit(channel, user, leave_at) {
            self.start_timer(at, Timer::Leave { channel: Arc::clone(channel), user: Arc::clone(user) });
        }
    }

    pub(super) fn on_leave_grace_over(&mut self, now: Now, channel: &Arc<str>, user: &Arc<str>) {
        if !self.roster.expire(channel, user, now.mono) || mutant!(ghost_in_channel) {
            return;
        }
        let mut audience = self.audience(std::slice::from_ref(channel), user);
        // Who still shares another channel with him still sees him.
        audience.retain(|id| {
            let connection = self.connections.get(id);
            !connection.is_some_and(|one| {
                one.subscriptions.iter().any(|other| self.roster.is_announced(other, user))
            })
        });
        let left = message("user:left", &quote(user));
        self.tell("user:left", &audience, &left);
    }

    /// Tells a connection who else is in a channel that it joined.
    pub(super) fn tell_who_is_there(&mut self, id: ConnectionId, channel: &Arc<str>, user: &User) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.is_baro() {
            let users = array(self.roster.others(channel, &user.id).map(super::roster::Person::whole));
            let payload = Object::new().string("channel", channel).raw("users", &users).finish();
            self.counters.count_sent("presence", 1);
            self.send_bulk(id, &message("presence", &payload));
        } else {
            let others = self.roster.others(channel, &user.id);
            let all: Vec<_> = others.map(|person| message("user:joined", &person.summary())).collect();
            self.counters.count_sent("user:joined", all.len() as u64);
            for joined in all {
                self.send_bulk(id, &joined);
            }
        }
    }

    /// Tells a connection that left a channel whom it sees in no other one.
    pub(super) fn tell_who_is_out_of_sight(&mut self, id: ConnectionId, channel: &str) {
        let Some(connection) = self.connections.get(&id) else { return };
        let own = connection.user.as_ref().map_or("", |user| &*user.id);
        let seen =
            |user: &str| connection.subscriptions.iter().any(|other| self.roster.is_announced(other, user));
        let others = self.roster.others(channel, own).map(|person| &person.user.id);
        let gone: Vec<_> =
            others.filter(|user| !seen(user)).map(|user| message("user:left", &quote(user))).collect();
        self.counters.count_sent("user:left", gone.len() as u64);
        for left in gone {
            self.send(id, &left);
        }
    }

    pub(super) fn on_presence(&mut self, now: Now, id: ConnectionId, told: &Message<'_>) {
        let Some(user) = self.user_of(now, id) else { return };
        let Some(connection) = self.connections.get(&id) else { return };
        let channels: Vec<Arc<str>> = connection.subscriptions.iter().cloned().collect();
        let reading = read(told.kind, told.payload, &user.id, now.wall_ms);
        let Told { kind, payload } = match reading {
            Ok(told) => told,
            Err(fault) => return self.complain(now, id, &Reply::to(told), &fault),
        };
        // Who is nowhere has nobody to tell.
        let Some(person) = self.roster.person(&user.id) else { return };
        person.last_seen_ms = now.wall_ms;
        let fields = Fields::parse(&payload).unwrap_or_default();
        match told.kind {
            Kind::Cursor => person.cursor = Some(Arc::from(payload.as_str())),
            Kind::Selection => {
                person.selection = (!fields.is_absent("selection")).then(|| (id, without_user(&fields)));
            }
            Kind::Typing => {
                let typing = fields.get("isTyping").and_then(as_bool) == Some(true);
                let element = fields.get("elementId").unwrap_or("null");
                person.typing = typing.then(|| (id, Object::new().raw("elementId", element).finish()));
            }
            Kind::Editing => {
                person.editing = (!fields.is_absent("eventId")).then(|| (id, without_user(&fields)));
            }
            Kind::Status => {
                person.present.insert(id, fields.string("status").as_deref() == Some("away"));
            }
            Kind::Auth
            | Kind::Hello
            | Kind::Subscribe
            | Kind::Unsubscribe
            | Kind::Create
            | Kind::Update
            | Kind::Delete
            | Kind::Skip
            | Kind::Ping
            | Kind::Ack
            | Kind::Unknown => return,
        }
        for channel in &channels {
            if self.roster.announce(channel, &user.id) {
                self.announce(channel, &user.id);
            }
        }
        if told.kind == Kind::Status {
            self.tell_status(&user.id);
        } else if told.kind == Kind::Cursor {
            for channel in &channels {
                self.roster.note_moved(channel, &user.id);
            }
            self.ask_for_tick(now);
        } else {
            let audience = self.audience(&channels, &user.id);
            self.tell(kind, &audience, &message(kind, &payload));
        }
    }

    /// The first cursor after a pause goes out at once, those that follow wait for the tick.
    fn ask_for_tick(&mut self, now: Now) {
        if !self.roster.tick_due {
            self.roster.tick_due = true;
            let next = self.roster.last_tick.map_or(now.mono, |last| last.after(self.limits.tick_ms));
            self.start_timer(next.max(now.mono), Timer::Tick);
        }
    }

    pub(super) fn on_tick(&mut self, now: Now) {
        self.roster.tick_due = false;
        self.roster.last_tick = Some(now.mono);
        let moved = self.roster.take_moved();
        let mut wanted: BTreeMap<ConnectionId, Vec<usize>> = BTreeMap::new();
        for (at, (channel, _)) in moved.iter().enumerate() {
            let subscribers = self.channels.get(channel).into_iter().flat_map(|channel| &channel.subscribers);
            for id in subscribers {
                wanted.entry(*id).or_default().push(at);
            }
        }
        // Connections that listen to the same channels get the same text.
        let mut groups: BTreeMap<Vec<usize>, Group> = BTreeMap::new();
        for (id, key) in wanted {
            let Some(connection) = self.connections.get(&id) else { continue };
            let user = connection.user.as_ref().map(|user| Arc::clone(&user.id));
            let baro = connection.is_baro();
            let group = groups.entry(key).or_insert_with_key(|key| Group::new(&moved, key));
            let texts = group.texts_for(user.as_deref(), baro);
            self.counters.count_sent(if baro { "cursors" } else { "user:cursor" }, texts.len() as u64);
            for text in texts {
                self.send(id, &text);
            }
        }
    }

    /// Everybody but the user who listens to one of the channels.
    fn audience(&self, channels: &[Arc<str>], user: &str) -> BTreeSet<ConnectionId> {
        let listed = channels.iter().filter_map(|channel| self.channels.get(channel));
        let all = listed.flat_map(|channel| channel.subscribers.iter().copied());
        all.filter(|id| !self.connections.get(id).is_some_and(|connection| connection.is_of(user))).collect()
    }

    fn tell(&mut self, label: &'static str, audience: &BTreeSet<ConnectionId>, text: &Arc<str>) {
        self.counters.count_sent(label, audience.len() as u64);
        for id in audience {
            self.send(*id, text);
        }
    }
}

/// The cursors of one tick for those who listen to the same channels.
struct Group {
    cursors: Moved,
    shared: Option<Arc<str>>,
    single: BTreeMap<Arc<str>, Arc<str>>,
}

impl Group {
    fn new(moved: &[(Arc<str>, Moved)], key: &[usize]) -> Self {
        let listed = key.iter().filter_map(|at| moved.get(*at));
        let cursors = listed.flat_map(|(_, cursors)| cursors.clone()).collect();
        Self { cursors, shared: None, single: BTreeMap::new() }
    }

    fn texts_for(&mut self, user: Option<&str>, baro: bool) -> Vec<Arc<str>> {
        let own = user.is_some_and(|user| self.cursors.contains_key(user));
        if own && self.cursors.len() == 1 {
            return Vec::new();
        }
        if !baro {
            let single = &mut self.single;
            let others = self.cursors.iter().filter(|(id, _)| Some(&***id) != user);
            let texts = others.map(|(id, cursor)| {
                let text = single.entry(Arc::clone(id)).or_insert_with(|| message("user:cursor", cursor));
                Arc::clone(text)
            });
            return texts.collect();
        }
        let all = |but: Option<&str>| {
            let cursors = self.cursors.iter().filter(|(id, _)| Some(&***id) != but);
            let list = array(cursors.map(|(_, cursor)| &**cursor));
            message("cursors", &Object::new().raw("cursors", &list).finish())
        };
        if own {
            return vec![all(user)];
        }
        if self.shared.is_none() {
            self.shared = Some(all(None));
        }
        self.shared.iter().cloned().collect()
    }
}
