//! What is noted of what happens: which step of the trace something is, and what it adds to the counts.
//!
//! All hooks of the client end here. None of them decides anything, and none hands on what came from outside as text.

use super::Client;
use crate::core::delivery::Write;
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::{ClientId, WriteId};
use crate::core::io::{Call, Effect, Event, Input, OnPending, PipeEvent, StorageEvent};
use crate::core::json::Fields;
use crate::core::metrics::{Cause, Metrics, Question, Report, Step, hash_of};
use crate::core::offline::Table;
use crate::core::session::{Signal, State};
use crate::core::time::Now;
use crate::core::transport::Transport;
use crate::core::wire::{Envelope, Kind};

/// What is sent, by the beginning of the message. Types of the program's own are `other`; the three writes are one type.
const SENT: &[(&str, &str)] = &[
    ("event:create", "write"),
    ("event:update", "write"),
    ("event:delete", "write"),
    ("skip", "write"),
    ("auth", "auth"),
    ("hello", "hello"),
    ("subscribe", "subscribe"),
    ("unsubscribe", "unsubscribe"),
    ("ping", "ping"),
    ("pong", "pong"),
    ("ack", "ack"),
    ("user:cursor", "user:cursor"),
    ("user:selection", "user:selection"),
    ("user:typing", "user:typing"),
    ("user:editing", "user:editing"),
    ("user:status", "user:status"),
];

/// The name of a code, unless a server made it up.
fn known(code: &FaultCode) -> &'static str {
    code.known().unwrap_or("other")
}

impl Client {
    /// An input came. Returns why an attempt that it leads to is made.
    pub(super) fn note_input(&mut self, now: Now, input: &Input<'_>) {
        self.trace.set_now(now.mono.0, now.wall_ms);
        self.cause = match input {
            Input::Call(_) => Cause::Call,
            Input::Signal(_) => Cause::Wake,
            Input::Pipe(..) => Cause::SignIn,
            Input::Tick | Input::Storage(_) | Input::Uploaded(..) => Cause::Retry,
            Input::Tabs(_) => self.tabs.cause(),
            // The attempt began when the token was asked for.
            Input::Token(_) => self.cause_of_token,
        };
        match input {
            Input::Call(call) => self.note_call(call),
            Input::Pipe(pipe, PipeEvent::Opened) => self.trace.note(Step::Opened, "", [pipe.0, 0, 0, 0]),
            Input::Pipe(pipe, PipeEvent::Closed { code, .. }) => {
                self.trace.note(Step::Closed, "", [pipe.0, u64::from(*code), 0, 0]);
            }
            Input::Pipe(_, PipeEvent::Buffered(bytes)) if !self.lanes.is_news(now.mono, *bytes) => {}
            Input::Pipe(pipe, PipeEvent::Buffered(bytes)) => {
                self.trace.note(Step::Buffered, "", [pipe.0, *bytes, 0, 0]);
            }
            // Message by message, when they are read; compressed or not is no matter of the protocol's.
            Input::Pipe(
                _,
                PipeEvent::Text(_)
                | PipeEvent::Binary(_)
                | PipeEvent::Compressing
                | PipeEvent::Compressed { .. },
            )
            | Input::Tabs(_)
            | Input::Tick
            // Once it is known what it means.
            | Input::Uploaded(..) => {}
            Input::Storage(StorageEvent::Loaded(rows)) => {
                let failed = rows.iter().filter(|row| row.table == Table::Dead).count();
                self.trace.note(Step::Loaded, "", [rows.len() as u64, failed as u64, 0, 0]);
            }
            // Noted with what comes of it.
            Input::Storage(StorageEvent::Lost) => {}
            Input::Storage(StorageEvent::Keeper) => self.trace.note(Step::Keeper, "", [0; 4]),
            Input::Storage(StorageEvent::Left) => self.trace.note(Step::Left, "", [0; 4]),
            Input::Storage(StorageEvent::Wiped) => self.trace.note(Step::Wiped, "", [0; 4]),
            Input::Storage(StorageEvent::NotWiped(pending, _)) => {
                self.trace.note(Step::NotWiped, "", [*pending, 0, 0, 0]);
            }
            Input::Storage(StorageEvent::Unavailable(trouble, _)) => {
                self.trace.note(Step::Unavailable, trouble.word(), [0; 4]);
            }
            Input::Storage(StorageEvent::Committed(batch)) => {
                self.trace.note(Step::Committed, "", [batch.0, 0, 0, 0]);
            }
            Input::Storage(StorageEvent::Aborted(batch, trouble, _)) => {
                self.metrics.batches_failed += 1;
                self.trace.note(Step::Aborted, trouble.word(), [batch.0, 0, 0, 0]);
            }
            Input::Token(Ok(token)) => {
                let expires_ms = crate::core::session::expiry_ms(token).unwrap_or(0);
                self.trace.note(Step::TokenGiven, "given", [expires_ms, 0, 0, 0]);
            }
            Input::Token(Err(_)) => self.trace.note(Step::TokenGiven, "refused", [0; 4]),
            Input::Signal(signal) => {
                let word = match signal {
                    Signal::Online => "online",
                    Signal::Offline => "offline",
                    Signal::Visible => "visible",
                    Signal::Hidden => "hidden",
                    Signal::Frozen => "frozen",
                    Signal::Resumed => "resumed",
                    Signal::Suspended => "suspended",
                };
                self.trace.note(Step::Signalled, word, [0; 4]);
            }
        }
    }

    pub(super) fn note_call(&mut self, call: &Call) {
        let (word, numbers) = match call {
            Call::Connect => ("connect", [0; 4]),
            Call::Disconnect => ("disconnect", [0; 4]),
            Call::Reconnect => ("reconnect", [0; 4]),
            Call::Send { kind, payload, ack } => {
                let ack_ms = ack.map_or(0, |given| given.unwrap_or(self.config.ack_timeout_ms));
                // The server answers what it takes for a ping, whoever sent it.
                let word = if *kind == self.config.heartbeat.message { "send:ping" } else { "send" };
                (word, [0, payload.len() as u64, ack_ms, self.last_message + 1])
            }
            Call::Subscribe(channel) => ("subscribe", [self.trace.channel(channel), 0, 0, 0]),
            Call::Unsubscribe(channel) => ("unsubscribe", [self.trace.channel(channel), 0, 0, 0]),
            Call::Create(data) => ("createEvent", [0, data.len() as u64, 0, 0]),
            Call::Update(_, changes) => ("updateEvent", [0, changes.len() as u64, 0, 0]),
            Call::Delete(_) => ("deleteEvent", [0; 4]),
            // Told as the write that it comes to.
            Call::Undo => ("undo", [0; 4]),
            Call::Redo => ("redo", [0; 4]),
            // As many as the pointer moves: they are counted, and not told one by one.
            Call::Cursor(_) => ("broadcastCursor", [0; 4]),
            Call::Presence(kind, payload) => (*kind, [0, payload.len() as u64, 0, 0]),
            Call::Flush => ("flush", [0; 4]),
            Call::RetryFailed(_) => ("retryFailedAction", [0; 4]),
            Call::DiscardFailed(_) => ("discardFailedAction", [0; 4]),
            Call::Logout(OnPending::Flush) => ("logout:flush", [0; 4]),
            Call::Logout(OnPending::Keep) => ("logout:keep", [0; 4]),
            Call::Logout(OnPending::Discard) => ("logout:discard", [0; 4]),
            Call::Destroy => ("destroy", [0; 4]),
            // Told when it is known whether anything is written for it.
            Call::ResolveConflict(..) => ("resolveConflict", [0; 4]),
            Call::Watch { .. } => ("watch", [0; 4]),
        };
        if is_told(call) {
            self.trace.note(Step::Called, word, numbers);
        }
    }

    /// A call was refused.
    pub(super) fn note_refusal(&mut self, told: bool) {
        if told {
            self.trace.take_back();
        }
    }

    /// Something goes out.
    pub(super) fn note_effect(&mut self, effect: &Effect) {
        match effect {
            Effect::OpenPipe { pipe, transport, .. } => {
                let cause = self.cause_of_attempt(*transport);
                if cause != Cause::Transport {
                    self.metrics.attempts_failed += u64::from(std::mem::replace(&mut self.attempting, true));
                }
                self.metrics.attempted(cause);
                let polling = u64::from(*transport == Transport::Polling);
                self.trace.note(Step::Attempt, cause.name(), [pipe.0, polling, 0, 0]);
            }
            Effect::ClosePipe(pipe, code, _) => {
                self.trace.note(Step::Closing, "", [pipe.0, u64::from(*code), 0, 0]);
            }
            Effect::Commit(batch, ops, _) => {
                self.metrics.batches += 1;
                self.trace.note(Step::Storing, "", [batch.0, ops.len() as u64, 0, 0]);
            }
            Effect::RequestToken => {
                self.cause_of_token = self.cause;
                self.trace.note(Step::TokenWanted, "", [0; 4]);
            }
            // With the write that it is of.
            Effect::Upload(..) => {}
            // Message by message, before they are joined.
            Effect::SendText(..)
            | Effect::SendDeflated(..)
            | Effect::Load(_)
            | Effect::Persist
            | Effect::Wipe(_)
            | Effect::Tabs(_) => {}
        }
    }

    /// Why a socket is opened, if it is not another way of the attempt that is being made, or than the one in use.
    fn cause_of_attempt(&self, transport: Transport) -> Cause {
        let other_way = match self.cause {
            Cause::Retry => self.attempting,
            Cause::SignIn => transport == Transport::Polling,
            Cause::Call | Cause::Wake | Cause::Transport => false,
        };
        if other_way || self.is_connected() { Cause::Transport } else { self.cause }
    }

    /// Something is told.
    pub(super) fn note_event(&mut self, event: &Event) {
        if let Event::Reconnecting(attempt, delay_ms) = event {
            self.trace.note(Step::Retry, "", [*attempt, *delay_ms, 0, 0]);
        }
    }

    /// The public state changed.
    pub(super) fn note_state(&mut self, now: Now, state: State, previous: State) {
        self.trace.note(Step::State, state.name(), [0; 4]);
        let at = now.mono.0;
        match state {
            State::Connecting | State::Reconnecting => {
                self.timings.wanted(at, previous == State::Connected);
            }
            State::Connected => {
                self.metrics.reconnects += u64::from(self.timings.usable(at));
                self.attempting = false;
            }
            State::Disconnected | State::Error => self.timings.unwanted(),
        }
        if state != State::Connected {
            self.metrics.attempts_failed += u64::from(std::mem::take(&mut self.attempting));
            self.timings.connection_ended();
        }
    }

    /// Messages leave in one frame or several.
    pub(super) fn note_sent(&mut self, messages: &[String]) {
        let now = self.trace.now();
        let mut run: Option<(&'static str, u64, u64)> = None;
        for message in messages {
            let named = message.strip_prefix("{\"type\":\"").unwrap_or_default();
            let of = |name: &str| named.strip_prefix(name).is_some_and(|rest| rest.starts_with('"'));
            let own_ping = of(&self.config.heartbeat.message);
            let word = SENT.iter().find(|(name, _)| of(name)).map_or("other", |(_, word)| *word);
            let word = if own_ping { "ping" } else { word };
            match word {
                "hello" => self.timings.asked(now, Question::Hello),
                "ping" => self.timings.asked(now, Question::Ping),
                _ => {}
            }
            let bytes = message.len() as u64;
            match &mut run {
                Some((of, count, sum)) if *of == word => {
                    *count += 1;
                    *sum += bytes;
                }
                _ => {
                    self.note_run(run);
                    run = Some((word, 1, bytes));
                }
            }
        }
        self.note_run(run);
    }

    fn note_run(&mut self, run: Option<(&'static str, u64, u64)>) {
        if let Some((word, messages, bytes)) = run.filter(|(word, ..)| *word != "user:cursor") {
            self.trace.note(Step::Sent, word, [messages, bytes, 0, 0]);
        }
    }

    /// A message arrived.
    pub(super) fn note_message(&mut self, message: &Envelope<'_>) {
        let change = message.kind.is_change() || message.kind == Kind::Skip;
        let place = message.channel.as_deref().filter(|_| change).zip(message.seq);
        let (channel, seq) = place.map_or((0, 0), |(channel, seq)| (self.trace.channel(channel), seq));
        let bytes = message.text.len().max(message.payload.len());
        self.trace.received(name_of(message.kind), channel, seq, bytes as u64);
    }

    /// A change is applied that came on its channel in its turn.
    pub(super) fn note_delivery(&mut self, now: Now, message: &Envelope<'_>) {
        if let Some(decided_ms) = message.timestamp {
            self.timings.delivered(now.mono.0, decided_ms);
        }
    }

    /// A write was decided after so long on its way.
    pub(super) fn note_decision(&mut self, now: Now, write: &Write) {
        if let Some(sent_at) = write.sent_at {
            self.timings.decision.record(now.mono.since(sent_at));
        }
        let numbers = [self.stream_number(&write.id.client), write.id.seq, 0, 0];
        self.trace.note(Step::Acknowledged, "", numbers);
    }

    /// A write was refused. For a gap, what is told instead of a wait is the write that is missing.
    pub(super) fn note_refused(&mut self, id: &WriteId, fault: &Fault) {
        let details = fault.details.as_deref().and_then(|details| Fields::parse(details).ok());
        let expected = details.and_then(|details| details.u53("expected"));
        let number = expected.or(fault.retry_after_ms).unwrap_or(0);
        let numbers = [self.stream_number(&id.client), id.seq, u64::from(fault.retryable), number];
        self.trace.note(Step::Refused, known(&fault.code), numbers);
    }

    pub(super) fn stream_number(&mut self, client: &ClientId) -> u64 {
        if client == self.outbox.own() { 0 } else { self.trace.stream(&client.0) }
    }

    /// Writes of an earlier program are taken over.
    pub(super) fn note_adopted(&mut self, client: &ClientId, writes: &[Write]) {
        let seq = |write: Option<&Write>| write.map_or(0, |write| write.id.seq);
        let numbers =
            [self.trace.stream(&client.0), seq(writes.first()), seq(writes.last()), writes.len() as u64];
        self.trace.note(Step::Adopted, "", numbers);
    }

    /// A subscription was answered.
    pub(super) fn note_subscribed(&mut self, channel: &str, seq: u64, recovered: bool, epoch: &str) {
        let resync = !recovered && self.channels.position(channel).is_some();
        self.metrics.resyncs += u64::from(resync);
        let numbers = [self.trace.channel(channel), seq, u64::from(recovered), u64::from(hash_of(epoch))];
        self.trace.note(Step::Subscribed, "", numbers);
    }

    /// Something happened in a channel.
    pub(super) fn note_channel(&mut self, step: Step, channel: &str, numbers: [u64; 2]) {
        let [first, second] = numbers;
        let channel = self.trace.channel(channel);
        self.trace.note(step, "", [channel, first, second, 0]);
    }

    /// A change came out of its turn.
    pub(super) fn note_place(&mut self, step: Step, message: &Envelope<'_>) {
        if let (Some(channel), Some(seq)) = (message.channel.as_deref(), message.seq) {
            self.note_channel(step, channel, [seq, 0]);
        }
    }

    /// The server answered `hello`, and says how it wants the connection to be.
    pub(super) fn note_welcome(&mut self, heartbeat: &Fields, limits: &Fields) {
        let number = |fields: &Fields, name| fields.u53(name).unwrap_or(0);
        let (interval, timeout) = (number(heartbeat, "interval"), number(heartbeat, "timeout"));
        self.trace.note(Step::Welcome, "", [interval, timeout, number(limits, "frame"), 0]);
    }

    /// A message of the program's own was not acknowledged in time.
    pub(super) fn note_timeout(&mut self, sent: bool) {
        self.metrics.timeouts += 1;
        self.trace.note(Step::TimedOut, "", [u64::from(sent), 0, 0, 0]);
    }

    /// A subscription was refused.
    pub(super) fn note_channel_refused(&mut self, channel: &str, code: &FaultCode, wait_ms: Option<u64>) {
        let numbers = [self.trace.channel(channel), u64::from(wait_ms.is_some()), wait_ms.unwrap_or(0), 0];
        self.trace.note(Step::ChannelRefused, known(code), numbers);
    }

    /// A message of the program's own was answered: with a code if it was refused.
    pub(super) fn note_answered(&mut self, id: &str, code: Option<&FaultCode>) {
        let number = id.rsplit_once('/').and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
        self.trace.note(Step::Answered, code.map_or("", known), [number, 0, 0, 0]);
    }

    /// The server refused the token.
    pub(super) fn note_sign_in_refused(&mut self, code: &FaultCode) {
        self.trace.note(Step::SignInRefused, known(code), [0; 4]);
    }

    /// Counters, with those that the parts keep.
    pub fn metrics(&self) -> Metrics {
        Metrics {
            duplicates: self.channels.duplicates,
            gaps: self.channels.gaps,
            malformed: self.metrics.malformed + self.roster.unreadable,
            writes_pending: self.outbox.len() as u64,
            ..self.metrics
        }
    }

    /// What `getMetrics` tells, as JSON text.
    pub fn report(&self, now: Now) -> String {
        let oldest = self.outbox.iter().map(|write| write.at_ms).min();
        let report = Report {
            metrics: self.metrics(),
            timings: &self.timings,
            now: now.mono.0,
            oldest_write_ms: oldest.map(|at_ms| now.wall_ms.saturating_sub(at_ms)),
        };
        report.to_json()
    }

    /// What `getTrace` tells, as JSON text.
    pub fn trace(&self) -> String {
        self.trace.to_json()
    }

    /// The connection in use.
    pub fn pipe(&self) -> Option<crate::core::id::PipeId> {
        self.session.open_pipe()
    }

    /// How many steps there were, those included that are not kept any more.
    pub fn steps(&self) -> u64 {
        self.trace.count()
    }

    /// Keeps as many steps from now on, for a driver that has the memory.
    pub fn keep_steps(&mut self, most: usize) {
        self.trace.keep(most);
    }
}

/// Whether a call is a step: as many cursor positions come as the pointer moves, and watching is our own affair.
pub(super) fn is_told(call: &Call) -> bool {
    !matches!(
        call,
        Call::Cursor(_) | Call::Watch { .. } | Call::Undo | Call::Redo | Call::ResolveConflict(..)
    )
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Ack => "ack",
        Kind::Error => "error",
        Kind::Pong => "pong",
        Kind::Ping => "ping",
        Kind::Welcome => "welcome",
        Kind::Subscribed => "subscribed",
        Kind::Snapshot => "snapshot",
        Kind::Skip => "skip",
        Kind::Drain => "drain",
        Kind::EventCreated => "event:created",
        Kind::EventUpdated => "event:updated",
        Kind::EventDeleted => "event:deleted",
        Kind::ProjectUpdated => "project:updated",
        Kind::Presence => "presence",
        Kind::UserJoined => "user:joined",
        Kind::UserLeft => "user:left",
        Kind::Cursor => "user:cursor",
        Kind::Cursors => "cursors",
        Kind::Typing => "user:typing",
        Kind::Selected => "element:selected",
        Kind::Editing => "user:editing",
        Kind::Status => "user:status",
        Kind::ConflictDetected => "conflict:detected",
        Kind::Other => "other",
    }
}
