//! From messages to frames.

use std::borrow::Cow;
use std::sync::Arc;

use baro_realtime::core::wire::{binary_frame, encode_json};

use super::Hub;
use super::connection::{Dialect, Waiting};
use super::io::{ConnectionId, Frame, Output};
use super::message::Message;
use crate::fault::Fault;
use crate::object::Object;

/// The last frame that was joined. Subscribers of one channel mostly get the same messages, so the next one's frame is
/// mostly this one.
#[derive(Debug, Default)]
pub(super) struct Joined {
    text: Cached,
    binary: Cached,
}

#[derive(Debug, Default)]
struct Cached {
    parts: Vec<Arc<str>>,
    frame: Option<Frame>,
}

impl Joined {
    fn frame_of(&mut self, parts: &[Waiting]) -> Frame {
        // One message that has no other form needs no other frame.
        if let [Waiting { text, binary: None, .. }] = parts {
            return Frame::Text(Arc::clone(text));
        }
        let binary = parts.iter().any(|part| part.binary.is_some());
        let cached = if binary { &mut self.binary } else { &mut self.text };
        let same = cached.parts.len() == parts.len()
            && cached.parts.iter().zip(parts).all(|(held, part)| Arc::ptr_eq(held, &part.text));
        if same && let Some(frame) = &cached.frame {
            return frame.clone();
        }
        let frame = if binary {
            binary_of(parts)
        } else {
            Frame::Text(Arc::from(crate::object::array(parts.iter().map(|part| &*part.text))))
        };
        cached.parts = parts.iter().map(|part| Arc::clone(&part.text)).collect();
        cached.frame = Some(frame.clone());
        frame
    }
}

/// One binary frame of messages of which some are text.
fn binary_of(parts: &[Waiting]) -> Frame {
    let messages: Vec<Cow<'_, [u8]>> = parts
        .iter()
        .map(|part| match &part.binary {
            Some(bytes) => Cow::Borrowed(&**bytes),
            None => Cow::Owned(encode_json(&part.text)),
        })
        .collect();
    Frame::Binary(Arc::from(binary_frame(messages.iter().map(|message| &**message))))
}

/// What an answer repeats of the message that it answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) id: Option<String>,
    pub(super) seq: Option<u64>,
    pub(super) client: Option<String>,
}

impl Reply {
    pub(super) fn to(message: &Message<'_>) -> Self {
        Self {
            id: message.id.as_deref().map(str::to_owned),
            seq: message.seq,
            client: message.client.as_deref().map(str::to_owned),
        }
    }

    pub(super) fn to_id(id: Option<String>) -> Self {
        Self { id, seq: None, client: None }
    }

    fn message(&self, kind: &str, payload: Option<&str>, merged: Option<&str>) -> String {
        let mut object = Object::new().string("type", kind).maybe("id", self.id.as_deref());
        if let Some(seq) = self.seq {
            object = object.number("seq", seq);
        }
        object = object.maybe("client", self.client.as_deref());
        if let Some(payload) = payload {
            object = object.raw("payload", payload);
        }
        if let Some(merged) = merged {
            object = object.raw("merged", merged);
        }
        object.finish()
    }
}

impl Hub {
    /// Puts a message into a connection's next frame.
    pub(super) fn send(&mut self, id: ConnectionId, text: &Arc<str>) {
        self.enqueue(id, Waiting { text: Arc::clone(text), binary: None, bulk: false });
    }

    /// The same for a message that also has a form as bytes.
    pub(super) fn send_encoded(&mut self, id: ConnectionId, text: &Arc<str>, bytes: &Arc<[u8]>) {
        let binary = Some(Arc::clone(bytes));
        self.enqueue(id, Waiting { text: Arc::clone(text), binary, bulk: false });
    }

    /// The same for what may be long because the client asked for it.
    pub(super) fn send_bulk(&mut self, id: ConnectionId, text: &Arc<str>) {
        self.enqueue(id, Waiting { text: Arc::clone(text), binary: None, bulk: true });
    }

    fn enqueue(&mut self, id: ConnectionId, waiting: Waiting) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if matches!(connection.dialect, Dialect::Greeting { .. }) {
            connection.held.push(waiting);
        } else {
            connection.queue.push(waiting);
            self.dirty.insert(id);
        }
    }

    /// Ends a greeting: `welcome` goes out first, then what waited for it.
    pub(super) fn release(&mut self, id: ConnectionId, first: Arc<str>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.dialect = Dialect::Baro;
        let held = std::mem::take(&mut connection.held);
        connection.queue.push(Waiting { text: first, binary: None, bulk: false });
        connection.queue.extend(held);
        self.dirty.insert(id);
    }

    pub(super) fn acknowledge(&mut self, id: ConnectionId, reply: &Reply, payload: Option<&str>) {
        self.answer(id, "ack", reply, payload);
    }

    pub(super) fn refuse(&mut self, id: ConnectionId, reply: &Reply, fault: &Fault) {
        self.counters.count_error(fault.code);
        self.answer(id, "error", reply, Some(&fault.to_payload()));
    }

    pub(super) fn answer(
        &mut self,
        id: ConnectionId,
        kind: &'static str,
        reply: &Reply,
        payload: Option<&str>,
    ) {
        self.counters.count_sent(kind, 1);
        self.send(id, &Arc::from(reply.message(kind, payload, None)));
    }

    /// Acknowledges a write of which not all was done as it was meant.
    pub(super) fn acknowledge_merged(
        &mut self,
        id: ConnectionId,
        reply: &Reply,
        payload: &str,
        report: &str,
    ) {
        self.counters.count_sent("ack", 1);
        self.send(id, &Arc::from(reply.message("ack", Some(payload), Some(report))));
    }

    /// Turns a connection's queue into frames.
    pub(super) fn flush(&mut self, id: ConnectionId) {
        self.dirty.remove(&id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let queue = std::mem::take(&mut connection.queue);
        let join_up_to = if connection.dialect == Dialect::Plain { 0 } else { self.limits.joined_bytes };
        // A large message in a frame of its own is shared with all who get it, however much else each of them gets.
        let alone = |part: &Waiting| part.text.len() >= join_up_to / 4;
        let deflate = connection.accepted.deflate;
        let mut rest = queue.as_slice();
        while let Some(first) = rest.first() {
            let mut size = first.text.len();
            let more = rest.iter().skip(1).take_while(|part| {
                size += part.text.len() + 1;
                size < join_up_to && !alone(part)
            });
            let more = if alone(first) { 0 } else { more.count() };
            let (parts, after) = rest.split_at(1 + more);
            let frame = self.joined.frame_of(parts);
            let bulk = parts.iter().any(|part| part.bulk);
            self.outputs.push_back(Output::Send { connection: id, frame, bulk, deflate: bulk && deflate });
            rest = after;
        }
    }
}
