//! Subscriptions: asking for a channel, getting it as it is, getting what changes.

use std::sync::Arc;

use baro_realtime::core::json::{Fields, as_string, as_u53, is_null};
use baro_realtime::core::model::project_channel;
use baro_realtime::core::time::Now;
use baro_realtime::mutant;

use super::io::{ConnectionId, Job, Ticket};
use super::message::Message;
use super::outbox::Reply;
use super::{Hub, Pending};
use crate::access::{Access, User};
use crate::fault::{Code, Fault};
use crate::ledger::{Loaded, Position, Recovery, StorageError};
use crate::object::Object;

/// A channel that is being read for a subscriber.
#[derive(Debug)]
pub(super) struct PendingLoad {
    channel: Arc<str>,
    reply: Reply,
}

/// What `subscribe` and `unsubscribe` name.
struct Wanted {
    channel: Arc<str>,
    position: Option<Position>,
}

impl Wanted {
    fn parse(payload: &str, name_bytes: usize) -> Result<Self, Fault> {
        let wrong =
            |field: &str, raw: &str, expected: &str| Fault::field(Code::BadRequest, field, raw, expected);
        let fields = Fields::parse(payload).map_err(|_| wrong("payload", payload, "an object"))?;
        let (field, raw) = match fields.get("channel").filter(|raw| !is_null(raw)) {
            Some(raw) => ("channel", raw),
            None => ("projectId", fields.get("projectId").unwrap_or("nothing")),
        };
        let named = as_string(raw).filter(|name| !name.is_empty());
        let channel =
            named.map(|name| if field == "channel" { name.into_owned() } else { project_channel(&name) });
        let channel = channel.filter(|channel| channel.len() <= name_bytes);
        let channel = channel.ok_or_else(|| wrong(field, raw, "a string of 1 to 256 bytes"))?;
        let given = |field| fields.get(field).filter(|raw| !is_null(raw));
        let position = match (given("epoch"), given("seq")) {
            (Some(epoch), Some(seq)) => {
                let text = as_string(epoch).ok_or_else(|| wrong("epoch", epoch, "a string"))?;
                let seq = as_u53(seq).ok_or_else(|| wrong("seq", seq, "an integer from 0"))?;
                Some(Position { epoch: text.into_owned(), seq })
            }
            _ => None,
        };
        Ok(Self { channel: Arc::from(channel), position })
    }
}

impl Hub {
    pub(super) fn on_subscribe(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) {
        let reply = Reply::to(message);
        let Wanted { channel, position } = match Wanted::parse(message.payload, self.limits.name_bytes) {
            Ok(wanted) => wanted,
            Err(fault) => return self.complain(now, id, &reply, &fault),
        };
        let subscriptions_max = self.limits.subscriptions;
        let Some(connection) = self.connection(id) else { return };
        if !connection.access.allows_channel(&channel) {
            return self.refuse(id, &reply, &forbidden());
        }
        let known = connection.subscriptions.contains(&channel) || connection.loading.contains_key(&channel);
        if !known && connection.subscriptions.len() + connection.loading.len() >= subscriptions_max {
            return self.refuse(id, &reply, &Fault::too_large("subscriptions", subscriptions_max));
        }
        if !connection.is_baro() {
            self.acknowledge(id, &reply, None);
            return self.register(now, id, &channel);
        }
        if mutant!(deaf_after_resubscribe)
            && let Some(state) = self.channels.get_mut(&channel)
        {
            state.subscribers.remove(&id);
        }
        let job = Job::Load { channel: Arc::clone(&channel), position };
        let load = PendingLoad { channel: Arc::clone(&channel), reply };
        let ticket = self.submit(job, |_| Pending::Load(id, load));
        if let Some(connection) = self.connection(id) {
            connection.loading.insert(channel, ticket);
        }
    }

    pub(super) fn on_unsubscribe(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) {
        let reply = Reply::to(message);
        match Wanted::parse(message.payload, self.limits.name_bytes) {
            Ok(wanted) => {
                self.unsubscribe(now, id, &wanted.channel);
                self.acknowledge(id, &reply, None);
            }
            Err(fault) => self.complain(now, id, &reply, &fault),
        }
    }

    pub(super) fn on_loaded(&mut self, now: Now, ticket: Ticket, result: Result<Loaded, StorageError>) {
        let Some(Pending::Load(id, PendingLoad { channel, reply })) = self.pending.remove(&ticket) else {
            return;
        };
        let Some(connection) = self.connection(id) else { return };
        // A later subscribe or an unsubscribe has made this answer meaningless.
        if connection.loading.get(&channel) != Some(&ticket) {
            return;
        }
        connection.loading.remove(&channel);
        let access = connection.access.clone();
        if !access.allows_channel(&channel) {
            return self.refuse(id, &reply, &forbidden());
        }
        let Ok(loaded) = result else {
            self.counters.storage_failures += 1;
            let fault = Fault::new(Code::Unavailable, "the data cannot be read").after_ms(1_000);
            return self.refuse(id, &reply, &fault);
        };
        let head = (loaded.head().seq, loaded.head().digest);
        match &loaded {
            Loaded::Recovery(recovery) => self.send_recovery(id, &channel, &reply, &access, recovery),
            Loaded::Snapshot(snapshot) => self.send_snapshot(id, &channel, &reply, &access, snapshot),
        }
        self.register(now, id, &channel);
        if let Some(channel) = self.channels.get_mut(&channel) {
            channel.head = Some(head);
        }
    }

    fn send_recovery(
        &mut self,
        id: ConnectionId,
        channel: &str,
        reply: &Reply,
        access: &Access,
        recovery: &Recovery,
    ) {
        let payload = Object::new()
            .string("channel", channel)
            .string("epoch", &recovery.head.epoch)
            .number("seq", recovery.head.seq)
            .truth("recovered", true)
            .finish();
        self.answer(id, "subscribed", reply, Some(&payload));
        for change in &recovery.changes {
            self.send_bulk(id, &change.seen_with(access));
        }
        self.counters.count_sent("event", recovery.changes.len() as u64);
    }

    /// From here on the connection gets the channel's changes.
    fn register(&mut self, now: Now, id: ConnectionId, channel: &Arc<str>) {
        let Some(user) = self.user_of(now, id) else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let new = connection.subscriptions.insert(Arc::clone(channel));
        if new {
            self.channels.entry(Arc::clone(channel)).or_default().subscribers.insert(id);
            self.join(now, channel, &user, id);
        }
        if new {
            self.tell_who_is_there(id, channel, &user);
        }
    }

    pub(super) fn unsubscribe(&mut self, now: Now, id: ConnectionId, channel: &Arc<str>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.loading.remove(channel);
        let there = connection.subscriptions.remove(channel);
        let user = connection.user.clone();
        if there {
            self.drop_subscriber(now, id, channel, user.as_deref());
            self.tell_who_is_out_of_sight(id, channel);
        }
    }

    pub(super) fn drop_subscriber(
        &mut self,
        now: Now,
        id: ConnectionId,
        channel: &Arc<str>,
        user: Option<&User>,
    ) {
        if let Some(state) = self.channels.get_mut(channel) {
            state.subscribers.remove(&id);
            if state.subscribers.is_empty() {
                self.channels.remove(channel);
            }
        }
        if let Some(user) = user {
            self.leave(now, channel, &user.id);
        }
    }
}

fn forbidden() -> Fault {
    Fault::new(Code::Forbidden, "no right to listen to this channel")
}
