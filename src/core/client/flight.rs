//! What leaves: the opening flight, writes, messages, presence.

use super::{Client, Dialect, HELLO_MS};
use crate::core::config::TokenPlacement;
use crate::core::delivery::Lane;
use crate::core::id::PipeId;
use crate::core::io::{Effect, Outcome};
use crate::core::json::push_string;
use crate::core::metrics::Step;
use crate::core::time::Now;
use crate::core::transport::{Transport, address};
use crate::core::upload::percent_encode;
use crate::core::wire::{Outgoing, frame_of};

/// When a subscription is asked for again that has to wait for that of another tab, ms.
const TURN_MS: u64 = 20;

impl Client {
    pub(super) fn open_pipe(&mut self, now: Now, pipe: PipeId, transport: Transport) {
        if transport == Transport::Tab {
            return self.open_tab(now, pipe);
        }
        let mut url = address(&self.config.url, transport);
        let mut protocols = Vec::new();
        if transport == Transport::WebSocket {
            self.add_credentials(&mut url, &mut protocols);
        }
        self.effect(Effect::OpenPipe { pipe, transport, url, protocols });
    }

    fn add_credentials(&self, url: &mut String, protocols: &mut Vec<String>) {
        protocols.extend(self.config.protocols.iter().cloned());
        if let Some(token) = self.session.token() {
            match self.config.placement {
                TokenPlacement::Message => {}
                TokenPlacement::Query => {
                    url.push(if url.contains('?') { '&' } else { '?' });
                    url.push_str("token=");
                    url.push_str(&percent_encode(token));
                }
                TokenPlacement::Subprotocol => protocols.push(format!("baro.token.{token}")),
            }
        }
    }

    /// The opening flight: everything that a conversation begins with, waiting for nothing.
    pub(super) fn greet(&mut self, now: Now) {
        self.outbox.connection_began();
        self.channels.connection_ended();
        self.dialect = if self.config.negotiate { Dialect::Unknown } else { Dialect::Plain };
        // Polling has neither a subprotocol nor an address that could hold one.
        let transport = self.session.transport();
        // Towards another tab it is that one's to sign in.
        if transport != Some(Transport::Tab)
            && (self.config.placement == TokenPlacement::Message || transport == Some(Transport::Polling))
        {
            self.present_token(now);
        }
        if self.config.negotiate {
            let id = self.message_id();
            let left_behind: Vec<(String, u64)> = self
                .outbox
                .positions()
                .filter(|(client, _)| *client != self.outbox.own() && !mutant!(streams_not_named))
                .map(|(client, acked)| (client.to_string(), acked))
                .collect();
            self.say_hello(now, &id, &left_behind);
            self.hello_due = Some(now.mono.after(HELLO_MS));
        }
        for name in self.channels.names() {
            self.request_channel(now, &name);
        }
        if self.dialect == Dialect::Plain || self.known_dialect == Dialect::Plain {
            self.on_plain_server(now);
        }
    }

    /// Signs in, at the beginning or in the middle of a conversation.
    pub(super) fn present_token(&mut self, now: Now) {
        if let Some(token) = self.session.token() {
            let mut payload = String::from("{\"token\":");
            push_string(&mut payload, token);
            payload.push('}');
            self.say_with_id(now, "auth", &payload);
        }
    }

    /// Says `hello`, and names further streams.
    pub(super) fn say_hello(&mut self, now: Now, id: &str, streams: &[(String, u64)]) {
        let payload = self.hello(streams);
        let message = Outgoing::new("hello").string("id", id).number("timestamp", now.wall_ms);
        self.lanes.push(Lane::Control, message.raw("payload", &payload).finish());
    }

    fn hello(&self, streams: &[(String, u64)]) -> String {
        let mut payload = String::from("{\"versions\":[\"baro.v1\"],\"client\":");
        push_string(&mut payload, &self.outbox.own().0);
        let own = self.outbox.positions().find(|(client, _)| *client == self.outbox.own());
        payload.push_str(&format!(",\"acked\":{}", own.map_or(0, |(_, acked)| acked)));
        let mut others = String::new();
        for (client, acked) in streams {
            others.push_str(if others.is_empty() { "{\"client\":" } else { ",{\"client\":" });
            push_string(&mut others, client);
            others.push_str(&format!(",\"acked\":{acked}}}"));
        }
        if !others.is_empty() {
            payload.push_str(&format!(",\"streams\":[{others}]"));
        }
        if let Some(user) = &self.config.user {
            payload.push_str(",\"user\":{\"id\":");
            push_string(&mut payload, &user.id);
            for (key, value) in [("name", &user.name), ("avatar", &user.avatar), ("color", &user.color)] {
                if let Some(value) = value {
                    payload.push_str(&format!(",\"{key}\":"));
                    push_string(&mut payload, value);
                }
            }
            payload.push('}');
        }
        payload.push_str(self.offer());
        payload.push('}');
        payload
    }

    pub(super) fn request_channel(&mut self, now: Now, name: &str) {
        if self.is_asked_for_others(name) {
            // Its answer would not come: a server answers the last of a connection.
            self.channels.postpone(name, now.mono.after(TURN_MS));
            return self.soon(now);
        }
        let id = self.message_id();
        if let Some(message) = self.channels.request(name, id, now.wall_ms) {
            self.lanes.push(Lane::Control, message);
        }
        self.soon(now);
    }

    /// Queues a control message that nobody waits for, if there is a connection.
    pub(super) fn say(&mut self, now: Now, kind: &str, payload: &str) {
        if self.session.open_pipe().is_some() {
            let message = self.unanswered(now, kind, payload);
            self.lanes.push(Lane::Control, message);
            self.soon(now);
        }
    }

    /// Queues a presence message, if there is a connection. `about` is what a newer one replaces it by.
    pub(super) fn announce(&mut self, now: Now, kind: &str, about: String, payload: &str) {
        if self.session.open_pipe().is_some() {
            let message = self.unanswered(now, kind, payload);
            self.lanes.push_presence(about, message);
            self.soon(now);
        }
    }

    fn unanswered(&self, now: Now, kind: &str, payload: &str) -> String {
        let message = Outgoing::new(kind).raw("payload", payload).number("timestamp", now.wall_ms);
        message.maybe("userId", self.config.user.as_ref().map(|user| user.id.as_str())).finish()
    }

    fn say_with_id(&mut self, now: Now, kind: &str, payload: &str) {
        let id = self.message_id();
        let message = Outgoing::new(kind).string("id", &id).number("timestamp", now.wall_ms);
        self.lanes.push(Lane::Control, message.raw("payload", payload).finish());
    }

    pub(super) fn ping(&mut self, now: Now) {
        let by_tab = self.session.transport() == Some(Transport::Tab);
        let kind = if by_tab { "ping".to_owned() } else { self.config.heartbeat.message.clone() };
        self.say_with_id(now, &kind, "null");
        self.flush_outgoing();
    }

    /// Asks a pipe that is not in use whether it delivers.
    pub(super) fn ask(&mut self, now: Now, pipe: PipeId) {
        let id = self.message_id();
        let kind = self.config.heartbeat.message.clone();
        let message = Outgoing::new(&kind).string("id", &id).number("timestamp", now.wall_ms).finish();
        self.effect(Effect::SendText(pipe, message));
    }

    /// Whether a cursor position would reach anybody.
    pub(super) fn can_point(&self) -> bool {
        let alone = self.dialect == Dialect::Baro && self.roster.is_empty();
        self.session.open_pipe().is_some() && !alone
    }

    /// Whether what waits may go out. What comes while the connection moves to another pipe goes out on that one, so that
    /// nothing is under way on the old one when it is closed.
    pub(super) fn may_send(&self) -> bool {
        self.session.open_pipe().is_some() && !self.session.is_moving()
    }

    /// Queues all that may be sent now: writes up to the window, then messages, then the cursor.
    pub(super) fn send_waiting(&mut self, now: Now) {
        if !self.may_send() {
            return;
        }
        if self.writes_use_the_socket() && !self.storage.is_loading() && !self.collects_writes(now) {
            let greeted = self.config.negotiate.then(|| self.outbox.own().clone());
            while self.lanes.has_room()
                && let Some(write) = self.outbox.next_to_send(now.mono)
            {
                let user = self.config.user.as_ref().map(|user| user.id.as_str());
                let message = write.message(greeted.as_ref(), now.wall_ms, user);
                self.lanes.push(Lane::Write, message);
                if mutant!(row_dropped_on_send) {
                    let key = crate::core::offline::row_key(&write.id);
                    self.ops
                        .push(crate::core::io::StorageOp::Delete(crate::core::offline::Table::Outbox, key));
                }
            }
        }
        self.batch_due = self.batch_due.filter(|_| self.outbox.unsent() > 0);
        self.saturated = self.outbox.unsent() > 0 && self.batch_due.is_none();
        while self.lanes.has_room()
            && let Some(request) = self.requests.next_to_send()
        {
            self.lanes.push(Lane::Write, request.text);
            if request.ack_ms.is_none() {
                self.settle(request.ticket, Outcome::Done);
            }
        }
        if self.lanes.is_burst_over() {
            self.soon(now);
        }
        if self.can_point()
            && let Some(position) = self.cursor.take(now.mono)
        {
            let message = self.unanswered(now, "user:cursor", &position);
            self.lanes.set_cursor(message);
        }
    }

    /// Whether small writes wait for each other: while one is unanswered, those that follow travel together, `batch.size`
    /// of them, or what there is after `batch.delay`, or after the answer (Nagle's rule, RFC 896). The first of a pause
    /// never waits, nor does what waited for the window or is sent again.
    fn collects_writes(&mut self, now: Now) -> bool {
        let unsent = self.outbox.unsent() as u64;
        let collects = self.dialect == Dialect::Baro
            && unsent > 0
            && unsent < self.config.batch_size
            && !self.saturated
            && self.outbox.poll_timeout().is_none()
            && self.outbox.oldest_sent().is_some();
        if !collects {
            self.batch_due = None;
            return false;
        }
        if self.batch_due.is_none() {
            self.trace.note(Step::Collecting, "", [unsent, 0, 0, 0]);
        }
        let due = *self.batch_due.get_or_insert(now.mono.after(self.config.batch_delay_ms));
        if due <= now.mono {
            self.batch_due = None;
        }
        due > now.mono
    }

    /// The socket's own buffer holds so much.
    pub(super) fn on_buffered(&mut self, now: Now, bytes: u64) {
        if self.lanes.report(now.mono, bytes) {
            // Bytes that leave are no answer, but one cannot be expected before what asks for it has left.
            self.session.handle_progress(now.mono);
            // There may be room again. While there is not, the next look is soon enough.
            self.soon(now);
        }
        if self.lanes.is_stalled(now.mono) {
            self.session.abandon(now.mono, "not draining");
        }
    }

    /// Puts what is queued on the wire: in as few frames as the server takes.
    pub(super) fn flush_outgoing(&mut self) {
        let Some(pipe) = self.session.open_pipe() else {
            self.lanes.clear();
            return;
        };
        let messages = self.lanes.take();
        self.metrics.messages_sent += messages.len() as u64;
        self.note_sent(&messages);
        let many = self.dialect == Dialect::Baro
            || (self.dialect == Dialect::Unknown && self.known_dialect == Dialect::Baro);
        let mut rest = messages.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|message| {
                bytes += message.len() + 1;
                many && bytes < self.frame_bytes_max
            });
            let (frame, later) = rest.split_at(fits.count().max(1));
            rest = later;
            let text = frame_of(frame);
            self.put(pipe, text);
        }
    }
}
