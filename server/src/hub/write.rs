//! Writes: from the message to the ledger, from the decision to author and subscribers.

use std::sync::Arc;

use baro_realtime::core::json::{Fields, as_string};
use baro_realtime::core::time::Now;
use baro_realtime::mutant;

use super::io::{ConnectionId, Job, Ticket};
use super::message::{Kind, Message};
use super::outbox::Reply;
use super::{Hub, Mode, Pending, binary};
use crate::access::Access;
use crate::fault::{Code, Fault};
use crate::ledger::{Action, Answer, Author, Change, Decision, On, StorageError, Stream, Verdict, Write};

/// A write that is being decided.
#[derive(Debug)]
pub(super) struct PendingWrite {
    connection: ConnectionId,
    user: Arc<str>,
    reply: Reply,
}

impl Hub {
    pub(super) fn on_write(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) {
        let reply = Reply::to(message);
        let own = self.connections.get(&id).and_then(|connection| connection.client.clone());
        let client = message.client.as_deref().map(Arc::from).or(own);
        let stream = match (message.seq, client) {
            (None, _) => None,
            (Some(seq), Some(client)) => Some(Stream { client, seq }),
            (Some(_), None) => {
                let fault = Fault::field(Code::BadRequest, "client", "none", "the stream that seq counts");
                return self.complain(now, id, &reply, &fault);
            }
        };
        let asked = action_of(message).and_then(|action| On::read(message.on).map(|on| (action, on)));
        let (action, on) = match asked {
            Ok(asked) => asked,
            Err(fault) if stream.is_none() => return self.complain(now, id, &reply, &fault),
            // Decided like any other, or the writes behind it would wait for ever.
            Err(fault) => (Action::Refuse(fault), None),
        };
        let owner = self.owner_of(now, id);
        let Some(user) = self.user_of(now, id) else { return };
        let Some(connection) = self.connection(id) else { return };
        connection.unanswered += 1;
        let access = connection.access.clone();
        self.quotas.begin_write(&user.id);
        let author = Author { id: Arc::clone(&user.id), owner, access };
        let job = Job::Write(Box::new(Write { stream, author, action, on }));
        if mutant!(ack_before_decision) {
            self.acknowledge(id, &reply, None);
        }
        let user = Arc::clone(&user.id);
        self.submit(job, |_| Pending::Write(PendingWrite { connection: id, user, reply }));
    }

    /// Whose the streams of a connection are. Guests share theirs: a guest is somebody else on every connection.
    pub(super) fn owner_of(&mut self, now: Now, id: ConnectionId) -> Arc<str> {
        let user = self.user_of(now, id);
        let guest =
            self.mode == Mode::Open && self.connections.get(&id).is_some_and(|connection| connection.guest);
        user.filter(|_| !guest).map_or_else(|| Arc::from(""), |user| Arc::clone(&user.id))
    }

    pub(super) fn on_decided(&mut self, ticket: Option<Ticket>, result: Result<Decision, StorageError>) {
        let pending = ticket.and_then(|ticket| self.pending.remove(&ticket));
        let asked = match pending {
            Some(Pending::Write(write)) => Some(write),
            Some(Pending::Greet(_) | Pending::Load(..)) | None => None,
        };
        match &result {
            Ok(decision) => self.counters.count_verdict(decision.verdict),
            Err(_) => self.counters.storage_failures += 1,
        }
        if let Some(PendingWrite { connection: id, user, reply }) = asked {
            self.quotas.end_write(&user);
            if let Some(connection) = self.connection(id) {
                connection.unanswered = connection.unanswered.saturating_sub(1);
                self.answer_write(id, &reply, &result);
            }
        }
        for change in result.map(|decision| decision.changes).unwrap_or_default() {
            self.fan_out(&change);
        }
    }

    fn answer_write(&mut self, id: ConnectionId, reply: &Reply, result: &Result<Decision, StorageError>) {
        match result {
            Ok(Decision { answer: Answer::Ack(payload), .. }) => {
                self.acknowledge(id, reply, Some(payload));
            }
            Ok(Decision { answer: Answer::Merged { payload, report }, .. }) => {
                self.acknowledge_merged(id, reply, payload, report);
            }
            Ok(Decision { answer: Answer::Error(payload), verdict, .. }) => {
                let code = Fields::parse(payload).ok().and_then(|fields| fields.string("code"));
                if *verdict != Verdict::Duplicate
                    && let Some(code) = code.and_then(|code| Code::of(&code))
                {
                    self.counters.count_error(code);
                }
                self.answer(id, "error", reply, Some(payload));
            }
            Err(_) => {
                let fault = Fault::new(Code::Unavailable, "the data cannot be written").after_ms(1_000);
                self.refuse(id, reply, &fault);
            }
        }
    }

    /// Tells every subscriber of a change.
    fn fan_out(&mut self, change: &Change) {
        let Some(channel) = self.channels.get_mut(&change.channel) else { return };
        channel.head = Some((change.seq, change.digest));
        let subscribers: Vec<ConnectionId> = channel.subscribers.iter().copied().collect();
        let mut skip: Option<Arc<str>> = None;
        // Encoded once, and only if somebody reads it so.
        let mut encoded: Option<Option<Arc<[u8]>>> = None;
        let (mut sent, mut binary_sent) = (0, 0);
        for id in subscribers {
            let Some(connection) = self.connections.get(&id) else { continue };
            let all = connection.access == Access::All || connection.access.allows(&change.project);
            let all = all || mutant!(read_rights_ignored);
            let text = if all { Arc::clone(&change.text) } else { change.seen_with(&connection.access) };
            let hidden = !all && !is_withdrawal(change, &text);
            if hidden && !connection.is_baro() {
                continue;
            }
            let text = if hidden { Arc::clone(skip.get_or_insert(text)) } else { text };
            let unsent = |bulk: bool| connection.queue.iter().any(|waiting| waiting.bulk == bulk);
            if mutant!(subscribe_race) && unsent(true) || mutant!(change_not_told) && unsent(false) {
                continue;
            }
            sent += 1;
            let bytes = (connection.accepted.binary && Arc::ptr_eq(&text, &change.text))
                .then(|| encoded.get_or_insert_with(|| binary::encode(change)).clone())
                .flatten();
            self.counters.fanout_bytes += bytes.as_ref().map_or(text.len(), |bytes| bytes.len()) as u64;
            match bytes {
                Some(bytes) => {
                    binary_sent += 1;
                    self.send_encoded(id, &text, &bytes);
                }
                None => self.send(id, &text),
            }
        }
        self.counters.count_sent("event", sent);
        self.counters.binary_events += binary_sent;
    }
}

fn is_withdrawal(change: &Change, text: &Arc<str>) -> bool {
    change.withdrawn.as_ref().is_some_and(|withdrawn| Arc::ptr_eq(&withdrawn.text, text))
}

/// What the message of a write asks for.
fn action_of(message: &Message<'_>) -> Result<Action, Fault> {
    let raw = message.payload;
    if message.kind == Kind::Skip {
        let nameless = || Fault::field(Code::BadRequest, "seq", "nothing", "the sequence that is given up");
        return message.seq.map(|_| Action::Skip).ok_or_else(nameless);
    }
    if message.kind == Kind::Delete
        && let Some(id) = as_string(raw)
    {
        return Ok(Action::Delete { id: id.into_owned() });
    }
    let fields = Fields::parse(raw)
        .map_err(|_| Fault::field(Code::BadRequest, "payload", raw, "an object of at most 1000 fields"))?;
    if message.kind == Kind::Create {
        return Ok(Action::Create(fields));
    }
    let got = fields.get("id").unwrap_or("nothing");
    let id = fields.string("id").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| Fault::field(Code::BadRequest, "id", got, "the event's id"))?;
    Ok(if message.kind == Kind::Delete {
        Action::Delete { id }
    } else {
        Action::Update { id, changes: fields }
    })
}
