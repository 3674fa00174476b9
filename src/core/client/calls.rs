//! What the program calls.

use std::sync::Arc;

use super::Client;
use crate::core::fault::{Fault, FaultCode};
use crate::core::history::Direction;
use crate::core::id::Ticket;
use crate::core::io::{Call, Event, Outcome, Reply};
use crate::core::json::{Fields, each_field, is_finite_number, validate};
use crate::core::model::{Query, WriteKind};
use crate::core::store::Store;
use crate::core::time::Now;
use crate::core::wire::Outgoing;

/// Longest name of a channel or a message type, bytes.
const NAME_BYTES_MAX: usize = 256;

impl Client {
    pub(super) fn handle_call(&mut self, now: Now, call: Call) -> Result<Reply, Fault> {
        self.soon(now);
        let brings_back = matches!(
            call,
            Call::Connect
                | Call::Reconnect
                | Call::Send { .. }
                | Call::Subscribe(_)
                | Call::Create(_)
                | Call::Update(..)
                | Call::Delete(_)
                | Call::Undo
                | Call::Redo
                | Call::RetryFailed(_)
                | Call::ResolveConflict(..)
        );
        if brings_back {
            self.check_logged_in()?;
        }
        match call {
            Call::Connect => Ok(self.connect(now)),
            Call::Disconnect => {
                self.wanted = false;
                self.session.disconnect();
                self.on_connection_ended();
                // Whoever is there now, nobody will tell.
                for user in self.roster.clear() {
                    self.on_user_left(user);
                }
                let fault = Fault::new(
                    FaultCode::Disconnected,
                    "disconnect() was called before there was a connection",
                );
                self.refuse_connecting(&fault);
                Ok(Reply::Done)
            }
            Call::Reconnect => {
                self.want();
                self.on_connection_ended();
                self.session.reconnect(now.mono);
                Ok(Reply::Done)
            }
            Call::Send { kind, payload, ack } => self.send(now, &kind, &payload, ack),
            Call::Subscribe(channel) => self.subscribe(now, &channel),
            Call::Unsubscribe(channel) => {
                self.unsubscribe(now, &channel);
                Ok(Reply::Done)
            }
            Call::Create(data) => self.edit(None, |client| client.create(now, &data)),
            Call::Update(id, changes) => self.edit(Some(&id), |client| client.update(now, &id, &changes)),
            Call::Delete(id) => self.edit(Some(&id), |client| client.delete(now, &id)),
            Call::Undo => self.step(now, Direction::Undo),
            Call::Redo => self.step(now, Direction::Redo),
            Call::Cursor(position) => self.point(&position),
            Call::Presence(kind, payload) => {
                self.tell_presence(now, kind, payload);
                Ok(Reply::Done)
            }
            Call::Flush => {
                let ticket = self.ticket();
                self.flushing.push(ticket);
                self.settle_flushing();
                Ok(Reply::Ticket(ticket))
            }
            Call::RetryFailed(id) => self.retry_failed(&id),
            Call::DiscardFailed(id) => self.discard_failed(&id),
            Call::ResolveConflict(id, resolved) => self.resolve(now, &id, &resolved),
            Call::Logout(pending) => Ok(self.log_out(now, pending)),
            Call::Destroy => {
                self.destroy();
                Ok(Reply::Done)
            }
            Call::Watch { messages, changes } => {
                self.watch_messages = messages;
                self.watch_changes = changes;
                Ok(Reply::Done)
            }
        }
    }

    fn connect(&mut self, now: Now) -> Reply {
        let ticket = self.ticket();
        self.want();
        if self.is_connected() {
            self.settle(ticket, Outcome::Done);
        } else {
            self.connecting.push(ticket);
            self.session.connect(now.mono);
        }
        Reply::Ticket(ticket)
    }

    fn send(
        &mut self,
        now: Now,
        kind: &str,
        payload: &str,
        ack: Option<Option<u64>>,
    ) -> Result<Reply, Fault> {
        check_name("type", kind)?;
        validate(payload)
            .map_err(|error| Fault::argument("payload", &error.to_string(), "a value that JSON can hold"))?;
        let (ticket, id) = (self.ticket(), self.message_id());
        let user = self.config.user.as_ref().map(|user| user.id.as_str());
        let text = Outgoing::new(kind)
            .raw("payload", payload)
            .string("id", &id)
            .number("timestamp", now.wall_ms)
            .maybe("userId", user)
            .finish();
        if text.len() > self.frame_bytes_max {
            let most = format!("at most {} bytes as JSON", self.frame_bytes_max);
            return Err(Fault {
                code: FaultCode::TooLarge,
                ..Fault::argument("payload", &text.len().to_string(), &most)
            });
        }
        let ack_ms = ack.map(|timeout| timeout.unwrap_or(self.config.ack_timeout_ms));
        let request = crate::core::delivery::Request { id, text, ticket, ack_ms };
        self.requests.push(now.mono, request).map_err(|waiting| {
            let text = format!("{waiting} messages wait for a connection already; this one was not queued");
            Fault::new(FaultCode::QueueFull, text)
        })?;
        Ok(Reply::Ticket(ticket))
    }

    fn subscribe(&mut self, now: Now, channel: &str) -> Result<Reply, Fault> {
        check_name("channel", channel)?;
        let ticket = self.ticket();
        let ask = self.channels.subscribe(channel);
        self.restore(channel);
        if self.channels.wait(channel, ticket) {
            self.settle(ticket, Outcome::Done);
        } else if ask && self.session.open_pipe().is_some() {
            self.request_channel(now, channel);
            if self.dialect == super::Dialect::Plain {
                self.settle_plain_channels(now);
            }
        }
        Ok(Reply::Ticket(ticket))
    }

    fn unsubscribe(&mut self, now: Now, channel: &str) {
        for ticket in self.channels.unsubscribe(now.mono, channel) {
            let text = "unsubscribed before the server answered";
            self.settle(ticket, Outcome::Refused(Fault::new(FaultCode::Unsubscribed, text)));
        }
    }

    /// Tells the server of the channels that nobody wants any more.
    pub(super) fn leave_channels(&mut self, now: Now) {
        for channel in self.channels.take_left(now.mono) {
            if !self.is_wanted_by_others(&channel) {
                self.say_left(now, &channel);
            }
        }
    }

    /// Tells the server that nobody wants a channel any more.
    pub(super) fn say_left(&mut self, now: Now, channel: &str) {
        let project = channel.strip_prefix("project:").map(|project| ("projectId", project));
        let (key, name) = project.unwrap_or(("channel", channel));
        let mut payload = Fields::new();
        payload.set_string(key, name);
        self.say(now, "unsubscribe", &payload.to_text());
    }

    fn point(&mut self, position: &str) -> Result<Reply, Fault> {
        let fields = Fields::parse(position)
            .map_err(|_| Fault::argument("position", position, "an object { x, y, elementId? }"))?;
        for axis in ["x", "y"] {
            let raw = fields.get(axis).unwrap_or("nothing");
            if !is_finite_number(raw) {
                return Err(Fault::argument(&format!("position.{axis}"), raw, "a finite number"));
            }
        }
        self.cursor.push(fields.to_text());
        Ok(Reply::Done)
    }

    fn destroy(&mut self) {
        self.session.disconnect();
        for action in self.session.take_actions() {
            if let crate::core::session::Action::Close(pipe, code, reason) = action {
                self.close_pipe(pipe, code, reason);
            }
        }
        self.withdraw();
        if self.storage.holds() {
            // Nobody will come back to it.
            self.reopen_storage();
            self.storage.handle_loaded();
        }
        self.flush_storage();
        let fault = Fault::new(FaultCode::Destroyed, "the calendar was destroyed");
        let mut tickets = std::mem::take(&mut self.connecting);
        tickets.append(&mut std::mem::take(&mut self.flushing));
        tickets.extend(self.abandon_logout());
        tickets.append(&mut self.requests.abandon());
        tickets.append(&mut self.channels.abandon());
        // Stored writes are sent by the next program; who waited for the server's word here does not get it. Who waits
        // for storage does, since what was asked of it is under way.
        tickets.extend(self.outbox.iter().flat_map(|write| write.confirmed.clone()));
        tickets.extend(self.parked.values().flat_map(|parked| parked.write.confirmed.clone()));
        if mutant!(tickets_dropped) {
            tickets.clear();
        }
        for ticket in tickets {
            self.settle(ticket, Outcome::Refused(fault.clone()));
        }
        self.destroyed = true;
    }

    /// Tells who flushes, once nothing is pending. Before storage was read nobody knows what is.
    pub(super) fn settle_flushing(&mut self) {
        if !self.storage.is_loading() && self.outbox.is_empty() {
            for ticket in std::mem::take(&mut self.flushing) {
                self.settle(ticket, Outcome::Done);
            }
        }
    }

    fn discard_failed(&mut self, id: &str) -> Result<Reply, Fault> {
        self.take_failed(id)?;
        self.sync_revision += 1;
        Ok(Reply::Done)
    }

    /// Whether the connection is usable.
    pub fn is_connected(&self) -> bool {
        self.state() == crate::core::session::State::Connected
    }

    /// The public state.
    pub fn state(&self) -> crate::core::session::State {
        self.session.state()
    }

    /// What the calendar shows.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who else is here.
    pub fn roster(&self) -> &crate::core::presence::Roster {
        &self.roster
    }

    /// Writes that are not decided, in the order in which they are sent.
    pub fn pending(&self) -> impl Iterator<Item = &crate::core::delivery::Write> {
        self.outbox.iter().filter(|write| write.kind != WriteKind::Skip)
    }

    /// The write of whose decision a ticket tells, until it is decided. What was taken back before it left is one that
    /// does nothing.
    pub fn awaited_by(&self, ticket: Ticket) -> Option<&crate::core::delivery::Write> {
        self.outbox.iter().find(|write| write.confirmed.contains(&ticket))
    }

    /// Writes that were refused for good, by key.
    pub fn failed(&self) -> impl Iterator<Item = (&String, &super::Failed)> {
        self.failed.iter()
    }

    /// Changes with everything that `getSyncStatus` gives.
    pub fn sync_revision(&self) -> u64 {
        self.sync_revision
    }

    /// Numbers for `getSyncStatus`.
    pub fn progress(&self) -> crate::core::delivery::Progress {
        self.progress
    }

    /// Whether edits survive the program.
    pub fn is_durable(&self) -> bool {
        !self.storage.is_memory()
    }

    /// Whether the browser believes that there is a network.
    pub fn is_online(&self) -> bool {
        self.online
    }

    /// Wall clock at which a channel was last brought up to date or a write decided, ms.
    pub fn last_synced_ms(&self) -> Option<u64> {
        self.last_synced_ms
    }

    /// How far each channel was read.
    pub fn position(&self, channel: &str) -> Option<&crate::core::delivery::Position> {
        self.channels.position(channel)
    }

    /// The query that the JSON text of `getEvents`' argument stands for.
    ///
    /// # Errors
    /// `invalid_argument`, naming the field.
    pub fn read_query(text: &str) -> Result<Query, Fault> {
        let mut query = Query::default();
        let mut fault = None;
        let read = each_field(text, |key, raw| {
            let field = format!("query.{key}");
            let string = crate::core::json::as_string(raw).map(std::borrow::Cow::into_owned);
            let absent = crate::core::json::is_null(raw);
            let mut limit = |slot: &mut Option<i64>| match string.as_deref().map(Query::limit) {
                Some(Ok(ms)) => *slot = Some(ms),
                _ if absent => {}
                _ => fault = Some(Fault::argument(&field, raw, "an ISO 8601 date")),
            };
            match &*key {
                "from" => limit(&mut query.from_ms),
                "to" => limit(&mut query.to_ms),
                "projectId" | "calendarId" if string.is_none() && !absent => {
                    fault = Some(Fault::argument(&field, raw, "a string"));
                }
                "projectId" => query.project = string,
                "calendarId" => query.calendar = string,
                _ => {
                    let expected = "no such field; there are 'from', 'to', 'projectId', 'calendarId'";
                    fault = Some(Fault::argument(&field, raw, expected));
                }
            }
        });
        match (read, fault) {
            (_, Some(fault)) => Err(fault),
            (Err(_), None) => {
                Err(Fault::argument("query", text, "an object { from?, to?, projectId?, calendarId? }"))
            }
            (Ok(()), None) => Ok(query),
        }
    }

    pub(super) fn on_user_left(&mut self, user: String) {
        self.presence_changed = true;
        self.tell(Event::UserLeft(user));
    }

    /// The confirmed text of an event, for a row.
    pub(super) fn base_of(&self, id: &str) -> Option<Arc<str>> {
        self.store.confirmed(id).map(|doc| doc.text.clone())
    }
}

fn check_name(field: &str, name: &str) -> Result<(), Fault> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Fault::argument(field, &format!("{} bytes", name.len()), "a string of 1 to 256 bytes"));
    }
    Ok(())
}
