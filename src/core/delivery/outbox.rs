//! Writes on their way to the server.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::id::{ClientId, Ticket, WriteId};
use crate::core::map::SortedMap;
use crate::core::merge::On;
use crate::core::model::WriteKind;
use crate::core::time::Timestamp;
use crate::core::wire::Outgoing;

/// Most writes that are sent and undecided at a time.
pub const WINDOW: usize = 32;

/// Most writes that may wait for the server's word, and most bytes of their payloads. All of them are in memory and in the
/// database: no person makes so many, and a program that does has to be told before the page ends for want of memory.
const WRITES_MAX: usize = 100_000;
const WRITES_BYTES_MAX: usize = 64 << 20;

/// One write, from the call until the server's word.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Its identity.
    pub id: WriteId,
    /// What it does.
    pub kind: WriteKind,
    /// To which event.
    pub event: Arc<str>,
    /// The payload as JSON text.
    pub body: Arc<str>,
    /// The event as it was confirmed when this was written, for a reader that has nothing else after a reload.
    pub base: Option<Arc<str>>,
    /// What it was made on, if it wants more than to overwrite.
    pub on: Option<Arc<On>>,
    /// Wall clock of the call, ms.
    pub at_ms: u64,
    /// When this program made it.
    pub made_at: Timestamp,
    /// Failures that the server called retryable.
    pub attempts: u64,
    /// How often it was made anew on what another had changed meanwhile.
    pub rounds: u64,
    /// Its failures, oldest first: an array of `{code, message, timestamp}` as JSON text.
    pub failures: Option<Arc<str>>,
    /// Who waits for the server's word: one for each edit that it holds.
    pub confirmed: Vec<Ticket>,
    /// When it was sent on the present connection.
    pub sent_at: Option<Timestamp>,
    /// Whether it was ever sent, on whatever connection: the server may have it, and it stays as it is.
    pub tried: bool,
    /// Whether it must not leave before it is stored: what it stands for is stored elsewhere until then.
    pub unstored: bool,
}

impl Write {
    /// A write for which nobody waits and of which the server knows nothing.
    pub fn new(id: WriteId, kind: WriteKind, event: Arc<str>, body: Arc<str>, at_ms: u64) -> Self {
        Self {
            id,
            kind,
            event,
            body,
            base: None,
            on: None,
            at_ms,
            made_at: Timestamp(0),
            attempts: 0,
            rounds: 0,
            failures: None,
            confirmed: Vec::new(),
            sent_at: None,
            tried: false,
            unstored: false,
        }
    }

    /// The message that carries it. `greeted` is the stream that the connection's `hello` named, if it said one.
    pub fn message(&self, greeted: Option<&ClientId>, wall_ms: u64, user: Option<&str>) -> String {
        let other = (Some(&self.id.client) != greeted).then_some(&*self.id.client.0);
        let message = Outgoing::new(self.kind.message_type()).raw("payload", &self.body);
        let message = match &self.on {
            Some(on) => message.raw("on", &on.to_text()),
            None => message,
        };
        message
            .string("id", &self.id.to_string())
            .number("timestamp", wall_ms)
            .maybe("userId", user)
            .number("seq", self.id.seq)
            .maybe("client", other)
            .finish()
    }
}

#[derive(Debug)]
struct Stream {
    client: ClientId,
    writes: VecDeque<Write>,
    /// How many of the first writes were sent on the present connection.
    sent: usize,
    /// Highest sequence below which all are decided.
    acked: u64,
}

impl Stream {
    /// Where the write with a sequence stands: they are in its order, and there may be very many.
    fn place(&self, seq: u64) -> Option<usize> {
        self.writes.binary_search_by_key(&seq, |write| write.id.seq).ok()
    }

    fn get_mut(&mut self, seq: u64) -> Option<&mut Write> {
        let at = self.place(seq)?;
        self.writes.get_mut(at)
    }
}

/// All streams. Ours is the last; what earlier programs left behind is sent before it, a stream at a time.
#[derive(Debug)]
pub struct Outbox {
    streams: VecDeque<Stream>,
    /// How far the streams were decided of which nothing is left.
    ended: SortedMap<ClientId, u64>,
    own: ClientId,
    next_seq: u64,
    not_before: Timestamp,
    bytes: usize,
}

impl Outbox {
    /// An outbox with our own empty stream.
    pub fn new(own: ClientId) -> Self {
        let stream = Stream { client: own.clone(), writes: VecDeque::new(), sent: 0, acked: 0 };
        Self {
            streams: VecDeque::from([stream]),
            ended: SortedMap::default(),
            own,
            next_seq: 1,
            not_before: Timestamp(0),
            bytes: 0,
        }
    }

    /// Our own stream.
    pub fn own(&self) -> &ClientId {
        &self.own
    }

    /// The identity for the next write of ours.
    pub fn next_id(&mut self) -> WriteId {
        let id = WriteId { client: self.own.clone(), seq: self.next_seq };
        self.next_seq += 1;
        id
    }

    /// Whether a write with a payload of so many bytes would be one too many.
    pub fn is_full(&self, payload_bytes: usize) -> bool {
        self.len() >= WRITES_MAX || self.bytes + payload_bytes > WRITES_BYTES_MAX
    }

    /// Adds a write of ours.
    pub fn push(&mut self, write: Write) {
        self.bytes += write.body.len();
        if let Some(stream) = self.streams.back_mut() {
            stream.writes.push_back(write);
        }
    }

    /// Adds what an earlier program left behind, ordered by sequence. Holes are filled: a sequence that is missing was
    /// never stored or is unreadable, and nothing after it could be decided.
    pub fn adopt(&mut self, client: ClientId, writes: Vec<Write>) {
        if client == self.own || self.streams.iter().any(|stream| stream.client == client) {
            return;
        }
        let Some(first) = writes.first().map(|write| write.id.seq) else { return };
        let mut filled = VecDeque::with_capacity(writes.len());
        let mut next = first;
        for write in writes {
            while next < write.id.seq && !mutant!(holes_not_filled) {
                filled.push_back(filler(WriteId { client: client.clone(), seq: next }, write.at_ms));
                next += 1;
            }
            next = write.id.seq + 1;
            filled.push_back(write);
        }
        self.bytes += filled.iter().map(|write| write.body.len()).sum::<usize>();
        let stream = Stream { client, writes: filled, sent: 0, acked: first.saturating_sub(1) };
        let ours = self.streams.len().saturating_sub(1);
        self.streams.insert(ours, stream);
    }

    /// Whether a stream was begun or adopted here.
    pub fn has_stream(&self, client: &ClientId) -> bool {
        self.stream(client).is_some()
    }

    /// Whether a write is known to be decided although its stream is gone: a row of it was read before it was removed.
    pub fn is_decided(&self, id: &WriteId) -> bool {
        self.ended.get(&id.client).is_some_and(|acked| id.seq <= *acked)
    }

    /// Each stream with the highest sequence up to which it is decided, ours last.
    pub fn positions(&self) -> impl Iterator<Item = (&ClientId, u64)> {
        self.streams.iter().map(|stream| (&stream.client, stream.acked))
    }

    /// Writes that are not decided.
    pub fn iter(&self) -> impl Iterator<Item = &Write> {
        self.streams.iter().flat_map(|stream| &stream.writes)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.streams.iter().map(|stream| stream.writes.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.streams.iter().all(|stream| stream.writes.is_empty())
    }

    /// A connection began: nothing was sent on it.
    pub fn connection_began(&mut self) {
        self.not_before = Timestamp(0);
        for stream in &mut self.streams {
            stream.sent = if mutant!(nothing_sent_again) { stream.sent } else { 0 };
            stream.writes.iter_mut().for_each(|write| write.sent_at = None);
        }
    }

    /// The next write to send on the present connection, marked as sent; `None` if the window is full.
    pub fn next_to_send(&mut self, now: Timestamp) -> Option<&Write> {
        if now < self.not_before {
            return None;
        }
        self.not_before = Timestamp(0);
        while self.streams.len() > 1 && self.streams.front().is_some_and(|stream| stream.writes.is_empty()) {
            if let Some(ended) = self.streams.pop_front() {
                self.ended.insert(ended.client, ended.acked);
            }
        }
        let newest = || self.streams.iter().rposition(|stream| !stream.writes.is_empty()).unwrap_or(0);
        let first = if mutant!(left_behind_last) { newest() } else { 0 };
        let stream = self.streams.get_mut(first)?;
        if stream.sent >= WINDOW && !mutant!(window_ignored) {
            return None;
        }
        let write = stream.writes.get_mut(stream.sent).filter(|write| !write.unstored)?;
        stream.sent += 1;
        write.sent_at = Some(now);
        write.tried = true;
        Some(write)
    }

    /// How many writes of the stream whose turn it is were not sent on the present connection.
    pub fn unsent(&self) -> usize {
        let current = self.streams.iter().find(|stream| !stream.writes.is_empty());
        current.map_or(0, |stream| stream.writes.len() - stream.sent)
    }

    /// The write `id` of ours if it may still be changed: nobody was ever sent it, and it waits. `sendable_from`: with a
    /// connection, what was made since then is about to be sent; each edit keeps an answer of its own then, and nothing
    /// is gained by joining them.
    pub fn unsent_own(&self, id: &WriteId, sendable_from: Option<Timestamp>) -> Option<&Write> {
        let write = self.get(id).filter(|_| id.client == self.own)?;
        let waits = sendable_from.is_none_or(|from| write.made_at <= from);
        (waits && !write.tried || mutant!(sent_squashed)).then_some(write)
    }

    /// Gives a write that was never sent another meaning.
    pub fn rewrite(
        &mut self,
        id: &WriteId,
        kind: WriteKind,
        body: Arc<str>,
        on: Option<Arc<On>>,
        waiting: Ticket,
    ) -> Option<&Write> {
        let added = body.len();
        let stream = self.streams.iter_mut().find(|stream| stream.client == id.client)?;
        let write = stream.get_mut(id.seq)?;
        write.kind = kind;
        write.on = on;
        let replaced = std::mem::replace(&mut write.body, body);
        write.confirmed.push(waiting);
        self.bytes = (self.bytes + added).saturating_sub(replaced.len());
        Some(write)
    }

    /// When sending may go on after a retryable refusal.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        (self.not_before > Timestamp(0) && !self.is_empty()).then_some(self.not_before)
    }

    /// The longest undecided write that was sent on the present connection.
    pub fn oldest_sent(&self) -> Option<&Write> {
        self.streams.front()?.writes.front().filter(|write| write.sent_at.is_some())
    }

    /// The write of an identity.
    pub fn get(&self, id: &WriteId) -> Option<&Write> {
        let stream = self.stream(&id.client)?;
        stream.writes.get(stream.place(id.seq)?)
    }

    /// The write of an identity, to change it.
    pub fn get_mut(&mut self, id: &WriteId) -> Option<&mut Write> {
        let stream = self.streams.iter_mut().find(|stream| stream.client == id.client)?;
        stream.get_mut(id.seq)
    }

    /// Takes a decided write out.
    pub fn remove(&mut self, id: &WriteId) -> Option<Write> {
        let stream = self.streams.iter_mut().find(|stream| stream.client == id.client)?;
        let at = stream.place(id.seq)?;
        let write = stream.writes.remove(at)?;
        self.bytes = self.bytes.saturating_sub(write.body.len());
        stream.sent -= usize::from(at < stream.sent);
        // What stands before the first undecided write is decided.
        stream.acked = stream.writes.front().map_or(stream.acked.max(id.seq), |first| first.id.seq - 1);
        Some(write)
    }

    /// Sending goes on from `id`, not before `not_before`.
    pub fn resume_from(&mut self, id: &WriteId, not_before: Timestamp) {
        self.not_before = self.not_before.max(not_before);
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.client == id.client) {
            let at =
                stream.writes.iter().position(|write| write.id.seq >= id.seq).unwrap_or(stream.writes.len());
            stream.sent = stream.sent.min(at);
            stream.writes.iter_mut().skip(at).for_each(|write| write.sent_at = None);
        }
    }

    /// What of a stream comes up to `seq` was sent on the present connection, by another program.
    pub fn mark_sent(&mut self, client: &ClientId, seq: u64, now: Timestamp) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.client == *client) {
            let sent = stream.writes.iter().take_while(|write| write.id.seq <= seq).count();
            stream.sent = stream.sent.max(sent);
            for write in stream.writes.iter_mut().take(sent) {
                write.sent_at.get_or_insert(now);
            }
        }
    }

    /// Gives a write up but keeps its place, which the server has not decided.
    pub fn replace_by_filler(&mut self, id: &WriteId) -> Option<Write> {
        let write = self.get_mut(id)?;
        let filler = Write { sent_at: write.sent_at, ..filler(id.clone(), write.at_ms) };
        let added = filler.body.len();
        let replaced = std::mem::replace(write, filler);
        self.bytes = (self.bytes + added).saturating_sub(replaced.body.len());
        Some(replaced)
    }

    fn stream(&self, client: &ClientId) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.client == *client)
    }
}

fn filler(id: WriteId, at_ms: u64) -> Write {
    Write::new(id, WriteKind::Skip, Arc::from(""), Arc::from("null"), at_ms)
}

#[cfg(test)]
mod tests;
