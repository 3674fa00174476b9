//! Everything that crosses the border of the core: inputs, effects, events.

use std::sync::Arc;

use crate::core::conflict::Conflict;
use crate::core::fault::Fault;
use crate::core::id::{BatchId, ClientId, PipeId, Ticket};
use crate::core::offline::{Table, Trouble};
use crate::core::session::{Signal, State};
use crate::core::store::Changes;
use crate::core::tabs::Wish;
use crate::core::transport::Transport;
use crate::core::upload::{Answer, Request, UploadId};

/// Something that happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// The program called.
    Call(Call),
    /// A socket reports.
    Pipe(PipeId, PipeEvent<'a>),
    /// Storage reports.
    Storage(StorageEvent),
    /// The program made a token, or could not and why.
    Token(Result<String, String>),
    /// An upload ended.
    Uploaded(UploadId, Answer),
    /// The surroundings changed.
    Signal(Signal),
    /// The other tabs, or what is shared with them, report.
    Tabs(TabsEvent<'a>),
    /// Time passed.
    Tick,
}

/// What the other tabs and what is shared with them report.
#[derive(Debug, Clone, PartialEq)]
pub enum TabsEvent<'a> {
    /// The lead is ours.
    Granted,
    /// Somebody else has it, and we are in its queue.
    Busy,
    /// It was taken from us.
    Lost,
    /// There is no lead here: every tab is for itself.
    Unavailable,
    /// The epoch, after it was raised or looked at; nothing if the database cannot tell.
    Epoch(Option<u64>),
    /// A tab said something.
    Heard(&'a str),
    /// These rows belong to programs that ended, and no other living one takes them; the program that was watched, if one
    /// was.
    Left(Option<ClientId>, Vec<Row>),
}

/// What a socket reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipeEvent<'a> {
    /// It can be used.
    Opened,
    /// A text frame.
    Text(&'a str),
    /// A binary frame.
    Binary(&'a [u8]),
    /// So many bytes of what was sent are still in its own buffer. Reported before a tick, while there are any and once
    /// when there are none any more.
    Buffered(u64),
    /// It compresses by itself; reported before it opens.
    Compressing,
    /// The frame that follows arrived compressed, or one that was sent left so.
    Compressed {
        /// The frame, bytes.
        whole_bytes: usize,
        /// What it was on the wire, bytes.
        wire_bytes: usize,
    },
    /// It is closed for good.
    Closed {
        /// Close code.
        code: u16,
        /// Reason, as the server gave it.
        reason: &'a str,
    },
}

/// What storage reports.
#[derive(Debug, Clone, PartialEq)]
pub enum StorageEvent {
    /// The database is open; these are its rows.
    Loaded(Vec<Row>),
    /// What was stored here before is gone: the browser or somebody deleted it. Reported before what is there now.
    Lost,
    /// The database cannot be opened or read, and why.
    Unavailable(Trouble, String),
    /// Of all tabs this one keeps what the server confirmed.
    Keeper,
    /// Another tab logged the user out: nothing of him may be stored any more.
    Left,
    /// Nothing of the user is stored any more.
    Wiped,
    /// What is stored was left alone: so many writes, of other tabs perhaps, would have been lost, or the reason given.
    NotWiped(u64, String),
    /// A batch is stored.
    Committed(BatchId),
    /// A batch is not stored, nothing of it.
    Aborted(BatchId, Trouble, String),
}

/// A stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its table.
    pub table: Table,
    /// Its key.
    pub key: String,
    /// Its text.
    pub value: String,
}

/// One step of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageOp {
    /// Stores a row, in place of one with the same key.
    Put(Row),
    /// Removes a row.
    Delete(Table, String),
    /// Removes all rows of a table.
    Clear(Table),
}

/// How much a batch may lose if the machine stops: neither loses anything when the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What the system had not written yet.
    Relaxed,
    /// Nothing.
    Strict,
}

/// A call of the program. Texts that stand for JSON were made by `JSON.stringify`.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `connect()`. Replies with a ticket.
    Connect,
    /// `disconnect()`.
    Disconnect,
    /// `reconnect()`.
    Reconnect,
    /// `send()`. Replies with a ticket.
    Send {
        /// Message type.
        kind: String,
        /// Payload as JSON text.
        payload: String,
        /// How long the acknowledgement may take, if one is wanted.
        ack: Option<Option<u64>>,
    },
    /// `subscribe()`. Replies with a ticket.
    Subscribe(String),
    /// `unsubscribe()`.
    Unsubscribe(String),
    /// `createEvent()`. Replies with a write.
    Create(String),
    /// `updateEvent()`. Replies with a write.
    Update(String, String),
    /// `deleteEvent()`. Replies with a write.
    Delete(String),
    /// `undo()`. Replies with a write if there was something to take back.
    Undo,
    /// `redo()`. As `Undo`.
    Redo,
    /// `broadcastCursor()`, the position as JSON text.
    Cursor(String),
    /// `sendSelection()`, `sendTyping()`, `sendEditing()`: message type and payload.
    Presence(&'static str, String),
    /// `flush()`. Replies with a ticket.
    Flush,
    /// `retryFailedAction()`.
    RetryFailed(String),
    /// `discardFailedAction()`.
    DiscardFailed(String),
    /// `resolveConflict()`: the conflict and the event as it is to be, as JSON text; `null` for gone. Replies with a
    /// write.
    ResolveConflict(String, String),
    /// `logout()`. Replies with a ticket.
    Logout(OnPending),
    /// `destroy()`.
    Destroy,
    /// Which events cost something and are wanted: every message, acknowledgements, single remote changes.
    Watch {
        /// [`Event::Message`] and [`Event::Acknowledged`].
        messages: bool,
        /// [`Event::RemoteChange`].
        changes: bool,
    },
}

/// What a logout does about writes that are not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPending {
    /// Sends them first, or changes nothing.
    Flush,
    /// Keeps them, for when the user comes back.
    Keep,
    /// Loses them.
    Discard,
}

impl OnPending {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flush, Self::Keep, Self::Discard];

    /// Its name in the program's call.
    pub fn word(self) -> &'static str {
        match self {
            Self::Flush => "flush",
            Self::Keep => "keep",
            Self::Discard => "discard",
        }
    }
}

/// What a call gets at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing.
    Done,
    /// Something to wait for.
    Ticket(Ticket),
    /// A write.
    Write {
        /// The event's id.
        event: Arc<str>,
        /// Settled when it is stored.
        persisted: Ticket,
        /// Settled with the event when the server decided.
        confirmed: Ticket,
    },
}

/// What the core puts out.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// To be done.
    Effect(Effect),
    /// To be told.
    Event(Event),
}

/// Something to do. Nothing is answered at once: completions come back as inputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open a pipe; whatever carries it, it reports the same.
    OpenPipe {
        /// Its name.
        pipe: PipeId,
        /// What carries it.
        transport: Transport,
        /// Where to: an address of the transport.
        url: String,
        /// Subprotocols to offer.
        protocols: Vec<String>,
    },
    /// Send a text frame.
    SendText(PipeId, String),
    /// Send a text frame, compressed if that makes it at least a fifth smaller.
    SendDeflated(PipeId, String),
    /// Close a socket.
    ClosePipe(PipeId, u16, &'static str),
    /// Open the database, again if it was open; rows of streams that another living program owns are left out. Ours is
    /// named.
    Load(ClientId),
    /// Store a batch, all or nothing, after all earlier ones.
    Commit(BatchId, Vec<StorageOp>, Durability),
    /// Ask the browser not to delete what is stored when it wants room.
    Persist,
    /// Delete what is stored of the user, all of it or none: with [`OnPending::Flush`] only if no write is among it, with
    /// [`OnPending::Keep`] all but the writes.
    Wipe(OnPending),
    /// Ask the program for a token.
    RequestToken,
    /// Send a write past the socket.
    Upload(UploadId, Upload),
    /// Something of the other tabs.
    Tabs(TabsEffect),
}

/// How a write is sent past the socket.
#[derive(Debug, Clone, PartialEq)]
pub enum Upload {
    /// As a REST request.
    Rest {
        /// The request.
        request: Request,
        /// The bearer token, if there is one.
        token: Option<String>,
        /// The user's id, for servers without sign-in.
        user: Option<String>,
    },
    /// Through the program's function, with this JSON text.
    Program(String),
}

/// Something to do about the other tabs. Answers are [`TabsEvent`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TabsEffect {
    /// About the lead and its epoch.
    Wish(Wish),
    /// Say something to all other tabs.
    Tell(String),
    /// Take what ended programs left behind, and hold it; wait for the others of which there is something.
    Adopt,
    /// Wait for a program to end, and take what it left behind.
    Watch(ClientId),
    /// Wait for none.
    Unwatch,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The state and the one before.
    StateChanged(State, State),
    /// The connection is usable.
    Connected,
    /// It is not any more.
    Disconnected(u16, String),
    /// The next attempt: its number and in how many ms.
    Reconnecting(u64, u64),
    /// There will be no further attempt.
    AttemptsExhausted,
    /// A message, whole.
    Message(Arc<str>),
    /// An acknowledgement, whole.
    Acknowledged(Arc<str>),
    /// What the calendar shows changed.
    EventsChanged(Changes),
    /// Somebody else changed one event.
    RemoteChange(RemoteChange, Arc<str>),
    /// A listener type and its payload as JSON text.
    Relayed(&'static str, String),
    /// A user came.
    UserJoined(String),
    /// A user went.
    UserLeft(String),
    /// Anything about presence changed.
    PresenceChanged,
    /// `getSyncStatus` changed.
    SyncChanged,
    /// Two changed one event. Of one that waits for somebody to decide it is told again when it changes.
    ConflictDetected(Arc<Conflict>),
    /// What came of it: the event, and if it is gone what it last was.
    ConflictResolved(Arc<Conflict>, Arc<str>),
    /// A write was refused for good; it is kept under this key.
    SyncFailed(String),
    /// Storage is not what it should be.
    StorageDegraded(String),
    /// Trouble that no call waits for.
    Error(Fault),
    /// What a ticket waited for.
    Settled(Ticket, Outcome),
}

/// What somebody else did to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteChange {
    /// Made it.
    Created,
    /// Changed it.
    Updated,
    /// Removed it.
    Deleted,
}

/// How something that was waited for ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Well.
    Done,
    /// Well, with this JSON text.
    Value(Arc<str>),
    /// Not.
    Refused(Fault),
}
