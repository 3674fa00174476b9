//! Frames of clients: taking them apart, checking them, handing each message to whom it concerns.

use std::collections::VecDeque;

use baro_realtime::core::json::{JsonError, each_item, validate};
use baro_realtime::core::time::Now;

use super::Hub;
use super::connection::SignIn;
use super::io::{ConnectionId, Unpacked};
use super::message::{Kind, Message};
use super::outbox::Reply;
use super::quota::Charge;
use crate::access::Access;
use crate::fault::{Code, Fault};
use crate::ledger::Channel;
use crate::object::Object;

impl Hub {
    pub(super) fn on_received(&mut self, now: Now, id: ConnectionId, text: String) {
        let Some(connection) = self.connection(id) else { return };
        connection.heard_at = now.mono;
        connection.spoke = true;
        if text.len() > self.limits.frame_bytes {
            self.close(now, id, 1009, "frame too large");
            return;
        }
        match split_frame(&text) {
            Ok(messages) => {
                for message in messages {
                    self.on_message(now, id, message);
                }
            }
            Err(fault) => {
                let fault = Fault::new(Code::BadRequest, format!("a frame is JSON: {fault}"));
                self.complain(now, id, &Reply::default(), &fault);
            }
        }
    }

    pub(super) fn on_received_binary(&mut self, now: Now, id: ConnectionId, content: Unpacked) {
        self.on_heard(now, id);
        let agreed = self.connections.get(&id).is_some_and(|connection| connection.accepted.deflate);
        match content {
            Unpacked::Text(text) if agreed => self.on_received(now, id, text),
            Unpacked::TooLarge if agreed => self.close(now, id, 1009, "frame too large"),
            Unpacked::Broken if agreed => self.close(now, id, 4400, "a compressed frame is broken"),
            Unpacked::Text(_) | Unpacked::TooLarge | Unpacked::Broken | Unpacked::Unknown => {
                let fault = Fault::new(Code::BadRequest, "no such frames were agreed on");
                self.complain(now, id, &Reply::default(), &fault);
            }
        }
    }

    /// Refuses what no correct client sends; one that keeps doing so is closed.
    pub(super) fn complain(&mut self, now: Now, id: ConnectionId, reply: &Reply, fault: &Fault) {
        self.refuse(id, reply, fault);
        let faults_max = self.limits.faults;
        let Some(connection) = self.connection(id) else { return };
        connection.faults += 1;
        if connection.faults >= faults_max {
            self.close(now, id, 4400, "too many faulty messages");
        }
    }

    fn on_message(&mut self, now: Now, id: ConnectionId, text: &str) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if matches!(connection.sign_in, SignIn::Checking { .. }) {
            // The check takes no time worth speaking of, so what a flood could pile up here is bounded by its frames.
            connection.backlog.push_back(text.to_owned());
            return;
        }
        let message = match Message::parse(text, &self.limits) {
            Ok(message) => message,
            Err(malformed) => {
                self.counters.count_received("malformed");
                return self.complain(now, id, &Reply::to_id(malformed.id), &malformed.fault);
            }
        };
        self.counters.count_received(message.kind.label());
        if message.kind != Kind::Hello {
            self.send_auth_ack(id);
        }
        if !self.has_room(now, id, &message) {
            return;
        }
        if !self.is_signed_in(id) && !matches!(message.kind, Kind::Auth | Kind::Ping | Kind::Ack) {
            let fault = Fault::new(Code::Unauthorized, "sign in first");
            return self.refuse(id, &Reply::to(&message), &fault);
        }
        self.take_user_of(now, id, &message);
        if !self.connections.contains_key(&id) {
            return;
        }
        match message.kind {
            Kind::Auth => self.on_auth(now, id, &message),
            Kind::Hello => self.on_hello(now, id, &message),
            Kind::Subscribe => self.on_subscribe(now, id, &message),
            Kind::Unsubscribe => self.on_unsubscribe(now, id, &message),
            Kind::Create | Kind::Update | Kind::Delete | Kind::Skip => self.on_write(now, id, &message),
            Kind::Cursor | Kind::Selection | Kind::Typing | Kind::Editing | Kind::Status => {
                self.on_presence(now, id, &message);
            }
            Kind::Ping => self.on_ping(now, id, &message),
            Kind::Ack => {}
            Kind::Unknown => {
                let fault = Fault::new(Code::UnknownType, "no such message type");
                self.refuse(id, &Reply::to(&message), &fault);
            }
        }
    }

    /// Whether the client may send that now. Writes are bounded by how many are under way, not by time: who waits for his
    /// answers may be as fast as the storage.
    fn has_room(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) -> bool {
        let limits = &self.limits;
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let charge = message.kind.charge();
        let own = match charge {
            Charge::Presence => {
                let per_second = limits.presence_per_second;
                connection.presence.take(now.mono, per_second, per_second)
            }
            Charge::Write => connection.unanswered < limits.unanswered,
            Charge::Other => {
                connection.messages.take(now.mono, limits.messages_per_second, limits.messages_burst)
            }
        };
        let user = connection.user.as_ref();
        let room = own && user.is_none_or(|user| self.quotas.allows(&user.id, charge, now.mono, limits));
        if !room && charge == Charge::Presence {
            self.counters.presence_dropped += 1;
        } else if !room {
            self.counters.rate_limited += 1;
            let (per_second, burst) = (limits.refusals_per_second, limits.refusals_burst);
            if !connection.refusals.take(now.mono, per_second, burst) {
                // It does not listen to what it is told.
                self.close(now, id, 4429, "too many messages");
                return false;
            }
            let fault = Fault::new(Code::RateLimited, "too many messages").after_ms(1_000);
            self.refuse(id, &Reply::to(message), &fault);
        }
        room
    }

    fn on_ping(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let mut payload = Object::new().number("time", now.wall_ms);
        if connection.is_baro() {
            let (mut heads, mut digests) = (Object::new(), Object::new());
            for channel in &connection.subscriptions {
                let Some((head, digest)) = self.channels.get(channel).and_then(|channel| channel.head) else {
                    continue;
                };
                heads = heads.number(channel, head);
                // Who may not see all that a channel shows cannot have its digest.
                if connection.access == Access::All || matches!(Channel::of(channel), Channel::Project(_)) {
                    digests = digests.string(channel, &format!("{digest:016x}"));
                }
            }
            payload = payload.raw("heads", &heads.finish()).raw("digests", &digests.finish());
        }
        let reply = Reply::to_id(message.id.as_deref().map(str::to_owned));
        self.answer(id, "pong", &reply, Some(&payload.finish()));
    }

    /// Goes on with what came while a token was checked.
    pub(super) fn resume_backlog(&mut self, now: Now, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let mut backlog: VecDeque<String> = std::mem::take(&mut connection.backlog);
        while let Some(text) = backlog.pop_front() {
            self.on_message(now, id, &text);
        }
    }
}

/// The messages of a frame: the items of an array, or the frame itself. A frame that is not one JSON value has none.
fn split_frame(frame: &str) -> Result<Vec<&str>, JsonError> {
    let mut messages = Vec::new();
    if frame.trim_start().starts_with('[') {
        each_item(frame, |message| messages.push(message))?;
    } else {
        validate(frame)?;
        messages.push(frame);
    }
    Ok(messages)
}
