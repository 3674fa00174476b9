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

mod answers;
mod calls;
mod compression;
mod conflict;
mod content;
mod dead;
mod diagnosis;
mod flight;
mod inbound;
mod keeping;
mod link;
mod logout;
mod presence;
mod resolve;
mod squash;
mod stored;
mod tabs;
mod tick;
mod undo;
mod upload;
mod writes;

use std::collections::VecDeque;
use std::sync::Arc;

use compression::Compression;
use keeping::Keeping;
use logout::Logout;
use tabs::Tabs;

use crate::core::config::Config;
use crate::core::conflict::Parked;
use crate::core::delivery::{Channels, Lanes, Outbox, Progress, Requests, Write};
use crate::core::fault::{Fault, FaultCode};
use crate::core::history::History;
use crate::core::id::{BatchId, ClientId, PipeId, Ticket, WriteId};
use crate::core::io::{Effect, Event, Input, Outcome, Output, PipeEvent, Reply, StorageOp};
use crate::core::map::SortedMap;
use crate::core::merge::hlc::Hlc;
use crate::core::metrics::{Cause, Metrics, Step, Timings, Trace, hash_of};
use crate::core::offline::{Supervisor, Table};
use crate::core::presence::{Roster, Throttle};
use crate::core::rng::Rng;
use crate::core::session::{Session, subject_of};
use crate::core::store::Store;
use crate::core::time::{Now, Timestamp};
use crate::core::upload::Uploads;
use crate::core::wire::{DEFLATED, Frame};

/// Least time between two notifications of what the calendar shows: one a frame at 60 Hz.
const FRAME_MS: u64 = 16;
/// How long a server may take to answer `hello` before it counts as a plain one.
const HELLO_MS: u64 = 1_000;
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

/// A write that was refused for good.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// The write.
    pub write: Write,
    /// Why.
    pub fault: Fault,
}

/// A batch that storage was asked for.
#[derive(Debug, Default)]
struct Batch {
    /// Who waits for it.
    tickets: Vec<Ticket>,
    /// The rows that have to be stored as they are by then if it fails.
    keys: Vec<(Table, String)>,
    /// It holds nothing but what the server tells again.
    is_spare: bool,
}

/// The whole client. See the module for its contract.
#[derive(Debug)]
pub struct Client {
    config: Config,
    rng: Rng,
    /// Stamps writes where no server orders them.
    clock: Hlc,
    session: Session,
    dialect: Dialect,
    known_dialect: Dialect,
    hello_due: Option<Timestamp>,
    frame_bytes_max: usize,
    storage: Supervisor,
    logout: Logout,
    keeping: Keeping,
    /// To whom the database belongs, as the first token says.
    owner: Option<String>,
    owner_is_stored: bool,
    outbox: Outbox,
    store: Store,
    channels: Channels,
    requests: Requests,
    roster: Roster,
    cursor: Throttle<String>,
    lasting: presence::Lasting,
    metrics: Metrics,
    timings: Timings,
    trace: Trace,
    cause: Cause,
    cause_of_token: Cause,
    tabs: Tabs,
    attempting: bool,
    /// Whether the program was told of the present frame that something in it is no message.
    complained: bool,
    failed: SortedMap<String, Failed>,
    /// Edits that wait for somebody to decide, by the conflict's id.
    parked: SortedMap<String, Parked>,
    /// How many parked edits of earlier programs it took.
    parked_taken: u64,
    conflicts_revision: u64,
    history: History,
    progress: Progress,
    last_synced_ms: Option<u64>,
    online: bool,
    outputs: VecDeque<Output>,
    lanes: Lanes,
    compression: Compression,
    /// When writes that wait for each other leave.
    batch_due: Option<Timestamp>,
    /// Whether writes wait for the window only.
    saturated: bool,
    uploads: Uploads,
    /// Whether the program wants to be connected: from `connect()` to `disconnect()`.
    wanted: bool,
    /// Whether the REST server takes events only, and not what they were made on.
    plain_rest: bool,
    /// Spreads what is tried again.
    spread: Rng,
    ops: Vec<StorageOp>,
    ops_for: Vec<Ticket>,
    batches: SortedMap<BatchId, Batch>,
    /// Rows that are not stored as they are in memory.
    owed: SortedMap<(Table, String), ()>,
    /// They are stored at once, not only with what comes next.
    owed_now: bool,
    /// An edit was stored since the connection was lost.
    kept_offline: bool,
    /// The browser was asked not to delete what is stored.
    persisting: bool,
    /// Writes that must not leave before they are stored.
    retried: Vec<WriteId>,
    last_batch: u64,
    last_ticket: u64,
    last_message: u64,
    connecting: Vec<Ticket>,
    flushing: Vec<Ticket>,
    flush_due: Option<Timestamp>,
    notified_at: Option<Timestamp>,
    /// Changes with everything that the status tells, and what it was when that was last told.
    sync_revision: u64,
    sync_told: u64,
    presence_changed: bool,
    /// The write for which the link was last questioned, and when.
    probed: Option<(WriteId, Timestamp)>,
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
        let tabs = Tabs::new(u64::from(hash_of(&own.0)));
        let session =
            Session::new(&config, Rng::new([rng.next_u64(), rng.next_u64(), rng.next_u64(), rng.next_u64()]));
        let spread = Rng::new([rng.next_u64(), rng.next_u64(), rng.next_u64(), rng.next_u64()]);
        let mut client = Self {
            session,
            clock: Hlc::new(&own.0),
            rng,
            dialect: Dialect::Unknown,
            known_dialect: Dialect::Unknown,
            hello_due: None,
            frame_bytes_max: 256 << 10,
            storage: Supervisor::new(config.offline.is_some()),
            logout: Logout::default(),
            keeping: Keeping::default(),
            owner: config.token.as_deref().and_then(subject_of),
            owner_is_stored: false,
            outbox: Outbox::new(own.clone()),
            store: Store::default(),
            channels: Channels::default(),
            requests: Requests::default(),
            roster: Roster::default(),
            cursor: Throttle::new(config.cursor_interval_ms),
            lasting: presence::Lasting::new(),
            metrics: Metrics::default(),
            timings: Timings::default(),
            trace: Trace::new(now.mono.0, now.wall_ms, seed),
            cause: Cause::Call,
            cause_of_token: Cause::Call,
            tabs,
            attempting: false,
            complained: false,
            failed: SortedMap::default(),
            parked: SortedMap::default(),
            parked_taken: 0,
            conflicts_revision: 0,
            history: History::default(),
            progress: Progress::default(),
            last_synced_ms: None,
            online: true,
            outputs: VecDeque::new(),
            lanes: Lanes::default(),
            compression: Compression::default(),
            batch_due: None,
            saturated: false,
            uploads: Uploads::default(),
            wanted: false,
            plain_rest: false,
            spread,
            ops: Vec::new(),
            ops_for: Vec::new(),
            batches: SortedMap::default(),
            owed: SortedMap::default(),
            owed_now: false,
            kept_offline: false,
            persisting: false,
            retried: Vec::new(),
            last_batch: 0,
            last_ticket: 0,
            last_message: 0,
            connecting: Vec::new(),
            flushing: Vec::new(),
            flush_due: None,
            notified_at: None,
            sync_revision: 0,
            sync_told: 0,
            presence_changed: false,
            probed: None,
            sweep_due: now.mono.after(EXPIRY_SWEEP_MS),
            watch_messages: false,
            watch_changes: false,
            destroyed: false,
            config,
        };
        if let Some(user) = &client.config.user {
            client.roster.set_own(&user.id);
        }
        if client.storage.is_loading() {
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
            return Err(Fault::new(FaultCode::Destroyed, "the calendar was destroyed; make a new one"));
        }
        self.session.set_clock(now);
        self.note_input(now, &input);
        let reply = match input {
            Input::Call(call) => {
                let told = diagnosis::is_told(&call);
                self.handle_call(now, call).inspect_err(|_| self.note_refusal(told))?
            }
            Input::Pipe(pipe, event) => {
                self.handle_pipe(now, pipe, event);
                Reply::Done
            }
            Input::Storage(event) => {
                self.handle_storage(now, event);
                Reply::Done
            }
            Input::Uploaded(upload, answer) => {
                self.on_uploaded(now, upload, answer);
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
            Input::Tabs(event) => {
                self.handle_tabs(now, event);
                Reply::Done
            }
            Input::Tick => {
                self.handle_tick(now);
                Reply::Done
            }
        };
        self.go_on_logging_out(now);
        self.run_session(now);
        self.serve(now);
        self.flush_relay(now);
        Ok(reply)
    }

    /// The next thing to do or to tell.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn handle_signal(&mut self, now: Now, signal: crate::core::session::Signal) {
        use crate::core::session::Signal;
        match signal {
            Signal::Online => {
                self.set_online(true);
                self.uploads.resume();
            }
            Signal::Offline => self.set_online(false),
            Signal::Suspended => self.flush_storage(),
            // What was said meanwhile may be lost.
            Signal::Resumed => self.ask_peers(),
            Signal::Frozen => {
                self.flush_storage();
                self.hand_over(now);
            }
            Signal::Visible | Signal::Hidden => {
                let away = signal == Signal::Hidden;
                self.set_away(away);
                self.announce_status(now);
                if away {
                    self.cursor.clear();
                }
            }
        }
        self.session.handle_signal(now.mono, signal);
        self.soon(now);
    }

    fn set_online(&mut self, online: bool) {
        self.sync_revision += u64::from(self.online != online);
        self.online = online;
    }

    fn handle_pipe(&mut self, now: Now, pipe: PipeId, event: PipeEvent<'_>) {
        match event {
            PipeEvent::Opened => self.session.handle_opened(now.mono, pipe),
            PipeEvent::Closed { code, reason } => self.session.handle_closed(now.mono, pipe, code, reason),
            PipeEvent::Compressing => self.compression.by_pipe = Some(pipe),
            PipeEvent::Compressed { whole_bytes, wire_bytes } => {
                self.metrics.compressed(whole_bytes, wire_bytes);
            }
            PipeEvent::Buffered(bytes) if self.session.is_current(pipe) => self.on_buffered(now, bytes),
            PipeEvent::Buffered(_) => {}
            PipeEvent::Text(text) => self.handle_frame(now, pipe, Frame::Text(text)),
            PipeEvent::Binary([DEFLATED, ..]) => self.on_undecodable(now, pipe),
            PipeEvent::Binary(bytes) => self.handle_frame(now, pipe, Frame::Binary(bytes)),
        }
    }

    fn handle_frame(&mut self, now: Now, pipe: PipeId, frame: Frame<'_>) {
        if self.session.is_current(pipe) {
            self.session.handle_heard(now.mono);
            self.on_frame(now, pipe, frame);
        } else {
            self.trace.note(Step::Aside, "", [pipe.0, 0, 0, 0]);
            self.session.handle_heard_aside(now.mono, pipe);
        }
    }

    /// Asks to be called again when the present task is over.
    fn soon(&mut self, now: Now) {
        self.flush_due.get_or_insert(now.mono);
    }

    fn effect(&mut self, effect: Effect) {
        self.note_effect(&effect);
        self.outputs.push_back(Output::Effect(effect));
    }

    fn tell(&mut self, event: Event) {
        self.note_event(&event);
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

#[cfg(test)]
mod tests;
