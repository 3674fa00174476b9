//! The client: all parts together.
//!
//! Owns the wiring and the order of things; policy is the parts'. This is the only place that knows two parts at once.
//!
//! The contract, in the order of use:
//! 1. [`Client::handle`] takes one [`Input`] with the time. Only a call can fail, and then nothing changed.
//! 2. [`Client::poll_output`] yields what to do and what to tell, until it yields nothing.
//! 3. [`Client::poll_timeout`] says when to come back with [`Input::Tick`]; a time that has passed means: as soon as
//!    the present task is over. Sending, storing and telling happen then, so that one task's calls travel together.
//!
//! Same inputs and same seed give the same outputs, bit for bit.

mod calls;
mod flight;
mod inbound;
mod writes;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::config::Config;
use crate::core::delivery::{Channels, Outbox, Requests, Write};
use crate::core::fault::Fault;
use crate::core::id::{BatchId, ClientId, PipeId, Ticket, WriteId};
use crate::core::io::{
    Effect, Event, Input, Outcome, Output, PipeEvent, Reply, Row, StorageEvent, StorageOp,
};
use crate::core::map::SortedMap;
use crate::core::metrics::Metrics;
use crate::core::model::EventDoc;
use crate::core::offline::{Table, decode_dead, decode_write};
use crate::core::presence::{Roster, Throttle};
use crate::core::rng::Rng;
use crate::core::session::{Action, Session, State};
use crate::core::store::{Pending, Store};
use crate::core::time::{Now, Timestamp, soonest};

/// Least time between two notifications of what the calendar shows: one a frame at 60 Hz.
const FRAME_MS: u64 = 16;
/// How long a server may take to answer `hello` before it counts as a plain one.
const HELLO_MS: u64 = 1_000;
/// An undecided write this old asks whether the link lives.
const ACK_PROBE_MS: u64 = 1_000;
/// How long that question may take: with [`ACK_PROBE_MS`], four seconds to notice a link that swallows everything.
const ACK_PROBE_WITHIN_MS: u64 = 3_000;
/// How often people who may be gone are looked for.
const EXPIRY_SWEEP_MS: u64 = 10_000;

/// What the server of the present connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Not known yet.
    Unknown,
    /// The plain wire.
    Plain,
    /// `baro.v1`.
    Baro,
}

/// Where writes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    /// The database is being opened; nothing is sent, since what it holds comes first.
    Loading,
    /// In the database.
    Open,
    /// In memory only.
    Memory,
}

/// Numbers for `getSyncStatus`: writes since the queue was last empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Decided ones.
    pub completed: u64,
    /// All.
    pub total: u64,
}

/// A write that was refused for good.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// The write.
    pub write: Write,
    /// Why.
    pub fault: Fault,
}

/// The whole client. See the module for its contract.
#[derive(Debug)]
pub struct Client {
    config: Config,
    rng: Rng,
    session: Session,
    dialect: Dialect,
    known_dialect: Dialect,
    hello_due: Option<Timestamp>,
    frame_bytes_max: usize,
    storage: Storage,
    outbox: Outbox,
    store: Store,
    channels: Channels,
    requests: Requests,
    roster: Roster,
    cursor: Throttle<String>,
    metrics: Metrics,
    failed: SortedMap<String, Failed>,
    progress: Progress,
    last_synced_ms: Option<u64>,
    online: bool,
    outputs: VecDeque<Output>,
    outgoing: Vec<String>,
    ops: Vec<StorageOp>,
    ops_for: Vec<Ticket>,
    batches: SortedMap<BatchId, Vec<Ticket>>,
    last_batch: u64,
    last_ticket: u64,
    last_message: u64,
    connecting: Vec<Ticket>,
    flushing: Vec<Ticket>,
    flush_due: Option<Timestamp>,
    notified_at: Option<Timestamp>,
    sync_changed: bool,
    presence_changed: bool,
    probed_for: Option<WriteId>,
    sweep_due: Timestamp,
    watch_messages: bool,
    watch_changes: bool,
    destroyed: bool,
}

impl Client {
    /// A client that has done nothing yet but asks for its storage.
    pub fn new(config: Config, seed: [u64; 4], now: Now) -> Self {
        let mut rng = Rng::new(seed);
        let own = ClientId(Arc::from(rng.uuid_v7(now.wall_ms)));
        let session =
            Session::new(&config, Rng::new([rng.next_u64(), rng.next_u64(), rng.next_u64(), rng.next_u64()]));
        let mut client = Self {
            session,
            rng,
            dialect: Dialect::Unknown,
            known_dialect: Dialect::Unknown,
            hello_due: None,
            frame_bytes_max: 256 << 10,
            storage: if config.offline.is_some() { Storage::Loading } else { Storage::Memory },
            outbox: Outbox::new(own.clone()),
            store: Store::default(),
            channels: Channels::default(),
            requests: Requests::default(),
            roster: Roster::default(),
            cursor: Throttle::new(config.cursor_interval_ms),
            metrics: Metrics::default(),
            failed: SortedMap::default(),
            progress: Progress::default(),
            last_synced_ms: None,
            online: true,
            outputs: VecDeque::new(),
            outgoing: Vec::new(),
            ops: Vec::new(),
            ops_for: Vec::new(),
            batches: SortedMap::default(),
            last_batch: 0,
            last_ticket: 0,
            last_message: 0,
            connecting: Vec::new(),
            flushing: Vec::new(),
            flush_due: None,
            notified_at: None,
            sync_changed: false,
            presence_changed: false,
            probed_for: None,
            sweep_due: now.mono.after(EXPIRY_SWEEP_MS),
            watch_messages: false,
            watch_changes: false,
            destroyed: false,
            config,
        };
        if let Some(user) = &client.config.user {
            client.roster.set_own(&user.id);
        }
        if client.storage == Storage::Loading {
            client.effect(Effect::Load(own));
        }
        if let Some(project) = client.config.project.clone() {
            client.channels.subscribe(&crate::core::model::project_channel(&project));
        }
        client
    }

    /// Takes an input.
    ///
    /// # Errors
    /// A call that cannot be done; nothing changed then.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Result<Reply, Fault> {
        if let (true, Input::Storage(event)) = (self.destroyed, &input) {
            // What was asked for before the end is still answered.
            self.settle_batch(event);
            return Ok(Reply::Done);
        }
        if self.destroyed {
            return Err(Fault::new("destroyed", "the calendar was destroyed; make a new one"));
        }
        let reply = match input {
            Input::Call(call) => self.handle_call(now, call)?,
            Input::Pipe(pipe, event) => {
                self.handle_pipe(now, pipe, event);
                Reply::Done
            }
            Input::Storage(event) => {
                self.handle_storage(now, event);
                Reply::Done
            }
            Input::Token(result) => {
                self.on_token(now, result);
                Reply::Done
            }
            Input::Signal(signal) => {
                self.handle_signal(now, signal);
                Reply::Done
            }
            Input::Tick => {
                self.handle_tick(now);
                Reply::Done
            }
        };
        self.run_session(now);
        Ok(reply)
    }

    /// The next thing to do or to tell.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is wanted next.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if self.destroyed {
            return None;
        }
        let notify = self.store.is_changed().then(|| self.notify_at());
        let cursor = self.can_point().then(|| self.cursor.poll_timeout()).flatten();
        let live = self.session.open_pipe().is_some();
        let resume = self.outbox.poll_timeout().filter(|_| live && self.storage != Storage::Loading);
        let ask = self.channels.poll_timeout().filter(|_| live);
        let sweep = (!self.roster.is_empty() && self.dialect != Dialect::Baro).then_some(self.sweep_due);
        [notify, cursor, resume, ask, sweep, self.probe_at(), self.requests.poll_timeout(), self.hello_due]
            .into_iter()
            .fold(soonest(self.session.poll_timeout(), self.flush_due), soonest)
    }

    fn handle_tick(&mut self, now: Now) {
        self.session.handle_timeout(now.mono);
        if self.hello_due.is_some_and(|due| due <= now.mono) {
            self.on_plain_server();
        }
        for (ticket, sent) in self.requests.take_overdue(now.mono) {
            let text = "the message was not acknowledged in time";
            let fault = Fault::retryable("timeout", text).with_details(format!("{{\"sent\":{sent}}}"));
            self.settle(ticket, Outcome::Refused(fault));
        }
        for channel in self.channels.take_due(now.mono) {
            self.request_channel(now, &channel);
        }
        if self.sweep_due <= now.mono {
            self.sweep_due = now.mono.after(EXPIRY_SWEEP_MS);
            if self.dialect != Dialect::Baro {
                for user in self.roster.expire(now.mono) {
                    self.on_user_left(user);
                }
            }
        }
        if self.probe_at().is_some_and(|due| due <= now.mono) {
            self.probed_for = self.outbox.oldest_sent().map(|write| write.id.clone());
            self.session.probe(now.mono, ACK_PROBE_WITHIN_MS);
        }
        self.flush_due = None;
        self.run_session(now);
        self.send_waiting(now);
        self.flush_outgoing();
        self.flush_storage();
        self.notify(now);
    }

    fn handle_signal(&mut self, now: Now, signal: crate::core::session::Signal) {
        use crate::core::session::Signal;
        match signal {
            Signal::Online => self.set_online(true),
            Signal::Offline => self.set_online(false),
            Signal::Visible | Signal::Hidden => {
                let away = signal == Signal::Hidden;
                let status = if away { r#"{"status":"away"}"# } else { r#"{"status":"active"}"# };
                self.say(now, "user:status", status);
                if away {
                    self.cursor.clear();
                }
            }
        }
        self.session.handle_signal(now.mono, signal);
        self.soon(now);
    }

    fn set_online(&mut self, online: bool) {
        self.sync_changed |= self.online != online;
        self.online = online;
    }

    fn handle_pipe(&mut self, now: Now, pipe: PipeId, event: PipeEvent<'_>) {
        match event {
            PipeEvent::Opened => self.session.handle_opened(now.mono, pipe),
            PipeEvent::Closed { code, reason } => self.session.handle_closed(now.mono, pipe, code, reason),
            PipeEvent::Text(frame) if self.session.is_current(pipe) => {
                self.session.handle_heard(now.mono);
                self.on_frame(now, pipe, frame);
            }
            PipeEvent::Binary(_) if self.session.is_current(pipe) => {
                self.session.handle_heard(now.mono);
                self.metrics.malformed += 1;
                self.error(Fault::new(
                    "bad_message",
                    "the server sent a binary frame, which was not negotiated",
                ));
            }
            PipeEvent::Text(_) | PipeEvent::Binary(_) => {}
        }
    }

    fn handle_storage(&mut self, now: Now, event: StorageEvent) {
        match event {
            StorageEvent::Loaded(rows) => {
                self.storage = Storage::Open;
                self.on_rows(rows);
            }
            StorageEvent::Unavailable(reason) => {
                self.storage = Storage::Memory;
                self.tell(Event::StorageDegraded(reason));
            }
            StorageEvent::Committed(_) => self.settle_batch(&event),
            StorageEvent::Aborted(_, ref fault) => {
                self.settle_batch(&event);
                if self.storage == Storage::Open {
                    self.tell(Event::StorageDegraded(fault.message.clone()));
                }
            }
        }
        self.sync_changed = true;
        self.soon(now);
    }

    /// Who waited for a batch learns how it went.
    fn settle_batch(&mut self, event: &StorageEvent) {
        let (batch, outcome) = match event {
            StorageEvent::Committed(batch) => (batch, Outcome::Done),
            StorageEvent::Aborted(batch, fault) => (batch, Outcome::Refused(fault.clone())),
            StorageEvent::Loaded(_) | StorageEvent::Unavailable(_) => return,
        };
        for ticket in self.batches.remove(batch).unwrap_or_default() {
            self.settle(ticket, outcome.clone());
        }
    }

    /// Takes what earlier programs stored: their writes, shown at once and sent before ours.
    fn on_rows(&mut self, rows: Vec<Row>) {
        let mut streams: Vec<(ClientId, Vec<Write>)> = Vec::new();
        for row in rows {
            let read = match row.table {
                Table::Outbox => decode_write(&row.key, &row.value).map(|write| {
                    add_to_stream(&mut streams, write);
                }),
                Table::Dead => decode_dead(&row.key, &row.value).map(|(write, fault)| {
                    self.failed.insert(row.key.clone(), Failed { write, fault });
                }),
                Table::Meta | Table::Events | Table::Cache => Ok(()),
            };
            if let Err((_, what)) = read {
                let text = format!(
                    "a stored row of {} is unreadable and was left where it is: {what}",
                    row.table.name()
                );
                self.error(Fault::new("corrupt_row", text));
            }
        }
        // They come below what was written while they were being read.
        let own: Vec<Write> = self.outbox.iter().cloned().collect();
        for write in &own {
            self.store.roll_back(&write.event, &write.id);
        }
        for (client, writes) in streams {
            for write in &writes {
                self.progress.total += 1;
                // A channel that was read already knows better.
                let base = write.base.as_deref().and_then(|base| EventDoc::parse(base).ok());
                if let Some(doc) = base.filter(|doc| !self.channels.covers(doc)) {
                    self.store.assume(doc);
                }
                self.show(write);
            }
            self.outbox.adopt(client, writes);
        }
        for write in &own {
            self.show(write);
        }
    }

    fn show(&mut self, write: &Write) {
        let (id, kind, body, at_ms) = (write.id.clone(), write.kind, write.body.clone(), write.at_ms);
        self.store.push(&write.event, Pending { id, kind, body, at_ms });
    }

    fn on_token(&mut self, now: Now, result: Result<String, String>) {
        if let Err(reason) = &result {
            self.error(Fault::retryable("token_unavailable", format!("refreshToken failed: {reason}")));
        }
        self.session.handle_token(now.mono, result);
    }

    /// Does what the session wants.
    fn run_session(&mut self, now: Now) {
        let actions = self.session.take_actions();
        if !actions.is_empty() {
            self.soon(now);
        }
        for action in actions {
            match action {
                Action::Open(pipe) => {
                    self.metrics.attempts += 1;
                    self.open_pipe(pipe);
                }
                Action::Close(pipe, code, reason) => self.effect(Effect::ClosePipe(pipe, code, reason)),
                Action::RequestToken => self.effect(Effect::RequestToken),
                Action::Greet(_) => self.greet(now),
                Action::Ping => self.ping(now),
                Action::StateChanged(state, previous) => self.on_state(state, previous),
                Action::Established => {
                    self.metrics.connects += 1;
                    self.tell(Event::Connected);
                    for ticket in std::mem::take(&mut self.connecting) {
                        self.settle(ticket, Outcome::Done);
                    }
                }
                Action::Lost(code, reason) => self.tell(Event::Disconnected(code, reason)),
                Action::Retrying(attempt, delay_ms) => self.tell(Event::Reconnecting(attempt, delay_ms)),
                Action::Exhausted => {
                    self.tell(Event::AttemptsExhausted);
                    let text = format!("no connection after {} attempts", self.session.attempt());
                    self.refuse_connecting(&Fault::retryable("max_attempts", text));
                }
                Action::Failed(fault) => {
                    self.error(fault.clone());
                    self.refuse_connecting(&fault);
                }
            }
        }
    }

    fn on_state(&mut self, state: State, previous: State) {
        if self.session.open_pipe().is_none() {
            self.on_connection_ended();
        }
        self.tell(Event::StateChanged(state, previous));
    }

    fn on_connection_ended(&mut self) {
        self.dialect = Dialect::Unknown;
        self.hello_due = None;
        self.outgoing.clear();
        self.cursor.clear();
        self.channels.connection_ended();
        self.outbox.connection_began();
        self.probed_for = None;
    }

    fn refuse_connecting(&mut self, fault: &Fault) {
        for ticket in std::mem::take(&mut self.connecting) {
            self.settle(ticket, Outcome::Refused(fault.clone()));
        }
    }

    /// Emits the batch that gathered since the last time.
    fn flush_storage(&mut self) {
        if self.ops.is_empty() {
            return;
        }
        let ops = std::mem::take(&mut self.ops);
        let tickets = std::mem::take(&mut self.ops_for);
        if self.storage == Storage::Memory {
            let fault = Fault::retryable("not_stored", "there is no storage: edits live as long as the page");
            for ticket in tickets {
                self.settle(ticket, Outcome::Refused(fault.clone()));
            }
            return;
        }
        self.last_batch += 1;
        let batch = BatchId(self.last_batch);
        self.batches.insert(batch, tickets);
        self.effect(Effect::Commit(batch, ops));
    }

    fn notify_at(&self) -> Timestamp {
        self.notified_at.map_or(Timestamp(0), |at| at.after(FRAME_MS))
    }

    fn notify(&mut self, now: Now) {
        if self.store.is_changed() && self.notify_at() <= now.mono {
            self.notified_at = Some(now.mono);
            let changes = self.store.take_changes();
            if !changes.is_empty() {
                self.tell(Event::EventsChanged(changes));
            }
        }
        if std::mem::take(&mut self.presence_changed) {
            self.tell(Event::PresenceChanged);
        }
        if std::mem::take(&mut self.sync_changed) {
            self.tell(Event::SyncChanged);
        }
    }

    /// When the oldest undecided write makes the link suspicious, once a write.
    fn probe_at(&self) -> Option<Timestamp> {
        let oldest = self.outbox.oldest_sent()?;
        let asked = self.probed_for.as_ref() == Some(&oldest.id);
        oldest.sent_at.filter(|_| !asked).map(|at| at.after(ACK_PROBE_MS))
    }

    /// Asks to be called again when the present task is over.
    fn soon(&mut self, now: Now) {
        self.flush_due.get_or_insert(now.mono);
    }

    fn effect(&mut self, effect: Effect) {
        self.outputs.push_back(Output::Effect(effect));
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn error(&mut self, fault: Fault) {
        self.tell(Event::Error(fault));
    }

    fn settle(&mut self, ticket: Ticket, outcome: Outcome) {
        self.tell(Event::Settled(ticket, outcome));
    }

    fn ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }

    fn message_id(&mut self) -> String {
        self.last_message += 1;
        format!("{}/{}", self.outbox.own(), self.last_message)
    }
}

/// Puts a stored write in its place: streams as they come, the writes of each by sequence.
fn add_to_stream(streams: &mut Vec<(ClientId, Vec<Write>)>, write: Write) {
    match streams.iter_mut().find(|(client, _)| *client == write.id.client) {
        Some((_, writes)) => {
            let at = writes.partition_point(|held| held.id.seq < write.id.seq);
            writes.insert(at, write);
        }
        None => streams.push((write.id.client.clone(), vec![write])),
    }
}

#[cfg(test)]
mod tests;
