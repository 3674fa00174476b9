//! What arrives: from a frame to its consequences.

use std::sync::Arc;

use super::{Client, Dialect};
use crate::core::delivery::{Arrival, Lane};
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::PipeId;
use crate::core::io::{Event, Outcome, RemoteChange};
use crate::core::json::{Fields, as_string, as_u53, each_field, each_item};
use crate::core::metrics::{Question, Step};
use crate::core::model::EventDoc;
use crate::core::store::Acknowledged;
use crate::core::time::Now;
use crate::core::wire::{Envelope, Frame, Kind, Outgoing};

impl Client {
    pub(super) fn on_frame(&mut self, now: Now, pipe: PipeId, frame: Frame<'_>) {
        self.metrics.frames_received += 1;
        self.metrics.bytes_received += frame.size_bytes() as u64;
        self.complained = false;
        self.soon(now);
        let messages = match frame.read() {
            Ok(messages) => messages,
            Err(error) => return self.on_malformed(&error.to_string()),
        };
        for message in messages {
            // One of them may have ended the connection; what follows is of an old one then.
            if !self.session.is_current(pipe) {
                return;
            }
            match message {
                Some(mut message) => self.on_message(now, &mut message),
                None => self.on_malformed("expected an object with a string type"),
            }
        }
    }

    /// Counts what is no message. It is told once a frame, or one frame could keep the listeners busy for seconds.
    pub(super) fn on_malformed(&mut self, what: &str) {
        self.metrics.malformed += 1;
        self.trace.note(Step::Malformed, "", [0; 4]);
        if std::mem::replace(&mut self.complained, true) {
            return;
        }
        self.error(Fault::new(
            FaultCode::BadMessage,
            format!("the server sent something that is no message: {what}"),
        ));
    }

    fn on_message(&mut self, now: Now, message: &mut Envelope<'_>) {
        self.metrics.messages_received += 1;
        self.note_message(message);
        if matches!(message.kind, Kind::Ack | Kind::Error | Kind::Pong | Kind::Subscribed) {
            self.session.handle_answered();
        }
        match message.kind {
            Kind::Welcome if self.is_welcome_of_others() => self.on_streams_named(now),
            Kind::Welcome => self.on_welcome(now, message),
            // A refusal may be of the sign-in: it proves nothing.
            Kind::Error => {}
            // The sign-in is acknowledged before the server has read `hello`.
            Kind::Ack | Kind::Pong => self.session.handle_accepted(now.mono),
            Kind::Ping
            | Kind::Subscribed
            | Kind::Snapshot
            | Kind::Skip
            | Kind::Drain
            | Kind::EventCreated
            | Kind::EventUpdated
            | Kind::EventDeleted
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
            | Kind::Other => {
                // The tab that leads has said what the server speaks, and relays to all who follow, welcomed or not.
                let is_told = self.session.is_by_tab() && self.known_dialect == Dialect::Baro;
                if self.dialect == Dialect::Unknown && !is_told {
                    self.on_plain_server(now);
                }
                self.session.handle_accepted(now.mono);
            }
        }
        if !self.relay_inbound(now, message) {
            return;
        }
        let change = message.kind.is_change() || message.kind == Kind::Skip;
        if change || matches!(message.kind, Kind::Subscribed | Kind::Snapshot | Kind::Ack) {
            self.keep_later(now);
        }
        let arrival = match (message.channel.as_deref(), message.seq) {
            // Of a channel that was left the end of what it holds would never be told.
            (Some(channel), Some(_))
                if change && self.dialect == Dialect::Baro && !self.channels.contains(channel) =>
            {
                return;
            }
            (Some(channel), Some(seq)) if change => {
                Some(self.channels.arrive(channel, seq, || message.whole()))
            }
            _ => None,
        };
        match arrival {
            None => self.apply(now, message),
            Some(Arrival::Next) => {
                self.note_delivery(now, message);
                self.apply(now, message);
            }
            Some(Arrival::Gap) => self.note_place(Step::Gap, message),
            Some(Arrival::Repeated) => self.note_place(Step::Repeated, message),
            Some(Arrival::Held) => {}
        }
        match (arrival, message.channel.as_deref()) {
            (Some(Arrival::Next), Some(channel)) => self.apply_held(now, channel),
            (Some(Arrival::Gap), Some(channel)) => self.request_channel(now, channel),
            (Some(Arrival::Next | Arrival::Gap | Arrival::Repeated | Arrival::Held) | None, _) => {}
        }
    }

    pub(super) fn apply_held(&mut self, now: Now, channel: &str) {
        while let Some(text) = self.channels.next_held(channel) {
            if let Ok(mut message) = Envelope::parse(&text) {
                self.apply(now, &mut message);
            }
        }
    }

    fn apply(&mut self, now: Now, message: &mut Envelope<'_>) {
        let (mono, wall_ms, payload) = (now.mono, now.wall_ms, message.payload);
        match message.kind {
            Kind::Ack => self.on_ack(now, message),
            Kind::Error => self.on_error(now, message),
            Kind::Pong => self.on_pong(now, payload),
            Kind::Ping => {
                let pong =
                    Outgoing::new("pong").maybe("id", message.id.as_deref()).number("timestamp", wall_ms);
                self.lanes.push(Lane::Control, pong.finish());
            }
            Kind::Subscribed => self.on_subscribed(now, message),
            Kind::Snapshot => self.on_snapshot(now, payload),
            Kind::Welcome | Kind::Skip => {}
            Kind::Drain => {
                let window = Fields::parse(payload).ok().and_then(|fields| fields.u53("windowMs"));
                self.trace.note(Step::Drain, "", [window.unwrap_or(0), 0, 0, 0]);
                self.session.handle_drain(window.unwrap_or(5_000));
            }
            Kind::EventCreated | Kind::EventUpdated => self.on_event(now, message),
            Kind::EventDeleted => self.on_event_deleted(now, message),
            Kind::Presence => {
                let users = Fields::parse(payload).unwrap_or_default();
                for user in self.roster.replace(mono, wall_ms, users.get("users").unwrap_or("null")) {
                    self.on_user_joined(now, user);
                }
                self.presence_changed = true;
            }
            Kind::UserJoined => {
                if let Some((user, new)) = self.roster.join(mono, wall_ms, payload) {
                    self.presence_changed = true;
                    if new {
                        self.on_user_joined(now, user);
                    }
                }
            }
            Kind::UserLeft => {
                if let Some(user) = self.roster.leave(payload) {
                    self.on_user_left(user);
                }
            }
            Kind::Cursor => self.on_cursor(now, payload),
            Kind::Cursors => {
                let fields = Fields::parse(payload).unwrap_or_default();
                let mut cursors = Vec::new();
                // A broken list is taken as far as it goes: newer positions follow.
                let read = each_item(fields.get("cursors").unwrap_or("null"), |cursor| cursors.push(cursor));
                self.metrics.malformed += u64::from(read.is_err());
                for cursor in cursors {
                    self.on_cursor(now, cursor);
                }
            }
            Kind::Typing => {
                let relayed = self.roster.typing(mono, wall_ms, payload);
                self.relay_presence("user:typing", relayed);
            }
            Kind::Selected => {
                let relayed = self.roster.select(mono, wall_ms, payload);
                self.relay_presence("element:selected", relayed);
            }
            Kind::Editing => {
                let relayed = self.roster.edit(mono, wall_ms, payload);
                self.relay_presence("user:editing", relayed);
            }
            Kind::Status => {
                self.presence_changed |= self.roster.status(mono, wall_ms, payload).is_some();
            }
            Kind::ProjectUpdated => self.tell(Event::Relayed("project:updated", payload.to_owned())),
            Kind::ConflictDetected => self.on_conflict_detected(now, payload),
            Kind::Other => {}
        }
        self.look_at_parked();
        self.pass_on(now, message);
    }

    /// Gives a message to those who want all of them, and acknowledges it towards a plain server.
    fn pass_on(&mut self, now: Now, message: &Envelope<'_>) {
        let presence = matches!(
            message.kind,
            Kind::Cursor | Kind::Typing | Kind::Selected | Kind::Editing | Kind::UserJoined | Kind::UserLeft
        );
        let content = message.kind.is_change()
            || matches!(message.kind, Kind::ProjectUpdated | Kind::ConflictDetected | Kind::Other);
        if self.watch_messages && (presence || content) {
            self.tell(Event::Message(Arc::from(&*message.whole())));
        }
        if let (true, Dialect::Plain, Some(id)) = (content, self.dialect, &message.id) {
            let ack = Outgoing::new("ack").string("id", id).number("timestamp", now.wall_ms);
            self.lanes.push(Lane::Ack, ack.finish());
        }
    }

    fn on_welcome(&mut self, now: Now, message: &Envelope<'_>) {
        self.dialect = Dialect::Baro;
        self.known_dialect = Dialect::Baro;
        self.hello_due = None;
        let welcome = Fields::parse(message.payload).unwrap_or_default();
        let part = |key| welcome.get(key).and_then(|raw| Fields::parse(raw).ok()).unwrap_or_default();
        let (heartbeat, limits) = (part("heartbeat"), part("limits"));
        self.on_answer(now, Question::Hello, welcome.u53("time"));
        self.note_welcome(&heartbeat, &limits);
        if let (Some(interval), Some(timeout)) = (heartbeat.u53("interval"), heartbeat.u53("timeout")) {
            self.session.steer_heartbeat(interval, timeout);
        }
        if let Some(time) = welcome.u53("time") {
            self.trace.note(Step::ServerTime, "", [time, 0, 0, 0]);
            self.session.handle_server_time(time);
        }
        self.on_accepted(welcome.get("accepted").unwrap_or("[]"));
        if let Some(bytes) = limits.u53("frame").and_then(|bytes| usize::try_from(bytes).ok()) {
            self.frame_bytes_max = bytes.clamp(4 << 10, 16 << 20);
        }
        if let Some(id) = part("user").string("id") {
            self.roster.set_own(&id);
        }
        // Everybody is told anew; who left while we were away is not.
        let before: Vec<String> = self.roster.people().map(|(id, _)| id.to_owned()).collect();
        self.presence_changed |= !before.is_empty();
        if !mutant!(ghost_after_welcome) {
            self.roster.clear();
        }
        self.session.handle_accepted(now.mono);
    }

    /// The server speaks the plain wire: there is no answer to wait for.
    pub(super) fn on_plain_server(&mut self, now: Now) {
        self.trace.note(Step::Plain, "", [0; 4]);
        self.dialect = Dialect::Plain;
        self.known_dialect = Dialect::Plain;
        self.hello_due = None;
        self.settle_plain_channels(now);
    }

    pub(super) fn settle_plain_channels(&mut self, now: Now) {
        for ticket in self.channels.assume_live() {
            self.settle(ticket, Outcome::Done);
        }
        self.tell_presence_again(now);
    }

    fn on_pong(&mut self, now: Now, payload: &str) {
        let fields = Fields::parse(payload).unwrap_or_default();
        self.on_answer(now, Question::Ping, fields.u53("time"));
        if let Some(time) = fields.u53("time").filter(|_| self.dialect == Dialect::Baro) {
            self.trace.note(Step::ServerTime, "", [time, 0, 0, 0]);
            self.session.handle_server_time(time);
        }
        if mutant!(heads_ignored) {
            return;
        }
        let mut behind = Vec::new();
        // Heads that are no list of numbers tell nothing.
        let _read = each_field(fields.get("heads").unwrap_or("{}"), |channel, head| {
            if let Some(head) = as_u53(head).filter(|head| self.channels.is_behind(&channel, *head)) {
                self.note_channel(Step::Behind, &channel, [head, 0]);
                behind.push(channel.into_owned());
            }
        });
        let text = |key| fields.get(key).unwrap_or("{}");
        self.find_divergence(text("digests"), text("heads"), &mut behind);
        for channel in behind {
            self.request_channel(now, &channel);
        }
    }

    fn on_event(&mut self, now: Now, message: &mut Envelope<'_>) {
        let read = message.event.take().map_or_else(|| EventDoc::parse(message.payload), Ok);
        let doc = match read {
            Ok(doc) => doc,
            Err(error) => return self.on_malformed(&error.to_string()),
        };
        let unsequenced = message.seq.is_none();
        if unsequenced && message.id.as_deref().is_some_and(|id| self.channels.is_repeated(id)) {
            return;
        }
        let id = doc.id.clone();
        if self.dialect != Dialect::Baro
            && let Some(write) = self.observed(&id, Some(message.payload))
        {
            return self.on_write_acknowledged(now, &write, Acknowledged::Event(doc));
        }
        let known = self.watch_changes && self.store.confirmed(&id).is_some();
        if self.store.confirm(doc) && self.watch_changes {
            let change = if known { RemoteChange::Updated } else { RemoteChange::Created };
            self.tell(Event::RemoteChange(change, id));
        }
    }

    fn on_event_deleted(&mut self, now: Now, message: &Envelope<'_>) {
        let (id, version, moved) = match as_string(message.payload) {
            Some(id) => (id.into_owned(), None, false),
            None => {
                let fields = Fields::parse(message.payload).unwrap_or_default();
                let Some(id) = fields.string("id") else {
                    return self.on_malformed("'event:deleted' without an id");
                };
                (id, fields.u53("version"), !fields.is_absent("movedTo"))
            }
        };
        if self.dialect != Dialect::Baro
            && let Some(write) = self.observed(&id, None)
        {
            return self.on_write_acknowledged(now, &write, Acknowledged::Removed(version));
        }
        let id: Arc<str> = Arc::from(id);
        if self.store.remove(&id, version, moved) && self.watch_changes {
            self.tell(Event::RemoteChange(RemoteChange::Deleted, id));
        }
    }

    fn on_cursor(&mut self, now: Now, payload: &str) {
        let known = self.roster.len();
        if let Some(cursor) = self.roster.point(now.mono, now.wall_ms, payload) {
            // Cursors are no matter of `presence-change`; that somebody is here is.
            self.presence_changed |= self.roster.len() > known;
            self.tell(Event::Relayed("user:cursor", cursor));
        }
    }

    fn relay_presence(&mut self, listener: &'static str, payload: Option<String>) {
        if let Some(payload) = payload {
            self.presence_changed = true;
            self.tell(Event::Relayed(listener, payload));
        }
    }
}
