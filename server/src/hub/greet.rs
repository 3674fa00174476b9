//! `hello` and `welcome`.

use std::sync::Arc;

use baro_realtime::core::json::{Fields, as_string, as_u53, each_item, is_null};
use baro_realtime::core::time::Now;

use super::binary::Accepted;
use super::connection::Dialect;
use super::io::{ConnectionId, Job, Ticket};
use super::message::Message;
use super::outbox::Reply;
use super::{Hub, Mode, Pending};
use crate::access::User;
use crate::fault::{Code, Fault};
use crate::ledger::{Greeting, StorageError, client_mismatch};
use crate::object::Object;

/// The one version there is.
const VERSION: &str = "baro.v1";
/// Most further streams of one client.
const STREAMS_MAX: usize = 256;

/// What a `hello` says.
struct Hello {
    client: Option<Arc<str>>,
    acked: u64,
    /// Further streams, left behind by programs that ended.
    streams: Vec<(Arc<str>, u64)>,
    user: Option<User>,
    accept: Option<Accepted>,
}

impl Hello {
    fn parse(payload: &str, name_bytes: usize) -> Result<Self, Fault> {
        let wrong = |field: &str, raw: Option<&str>, expected: &str| {
            Fault::field(Code::BadRequest, field, raw.unwrap_or("nothing"), expected)
        };
        let fields = Fields::parse(payload).map_err(|_| wrong("payload", Some(payload), "an object"))?;
        let mut known = false;
        let versions = fields.get("versions");
        let list = each_item(versions.unwrap_or_default(), |raw| {
            known |= as_string(raw).is_some_and(|name| name == VERSION);
        });
        if list.is_err() || !known {
            return Err(wrong("versions", versions, "an array with \"baro.v1\" in it"));
        }
        let name_of = |raw: &str| {
            let name = as_string(raw).filter(|name| !name.is_empty() && name.len() <= name_bytes);
            name.map(|name| Arc::<str>::from(&*name))
        };
        let client = match fields.get("client").filter(|raw| !is_null(raw)) {
            None => None,
            Some(raw) => {
                Some(name_of(raw).ok_or_else(|| wrong("client", Some(raw), "a string of 1 to 256 bytes"))?)
            }
        };
        let acked_of = |fields: &Fields| match fields.get("acked").filter(|raw| !is_null(raw)) {
            None => Ok(0),
            Some(raw) => as_u53(raw).ok_or_else(|| wrong("acked", Some(raw), "an integer from 0")),
        };
        let acked = acked_of(&fields)?;
        let mut streams = Vec::new();
        let mut whole = true;
        let listed = fields.get("streams").filter(|raw| !is_null(raw));
        let list = each_item(listed.unwrap_or("[]"), |raw| {
            let stream = Fields::parse(raw).ok();
            let name = stream.as_ref().and_then(|stream| stream.get("client")).and_then(name_of);
            match (name, stream.as_ref().map(acked_of)) {
                (Some(name), Some(Ok(acked))) => streams.push((name, acked)),
                _ => whole = false,
            }
        });
        if list.is_err() || !whole || streams.len() > STREAMS_MAX {
            return Err(wrong("streams", listed, "an array of at most 256 {client, acked}"));
        }
        let user = match fields.get("user").filter(|raw| !is_null(raw)) {
            None => None,
            Some(raw) => {
                Some(User::from_json(raw).ok_or_else(|| wrong("user", Some(raw), "an object with an id"))?)
            }
        };
        let accept = Accepted::parse(fields.get("accept"))?;
        Ok(Self { client, acked, streams, user, accept })
    }
}

impl Hub {
    pub(super) fn on_hello(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) {
        let reply = Reply::to(message);
        let hello = match Hello::parse(message.payload, self.limits.name_bytes) {
            Ok(hello) if !self.is_greeting(id) => hello,
            Ok(_) => {
                let fault = Fault::new(Code::BadRequest, "the last hello is not answered yet");
                return self.complain(now, id, &reply, &fault);
            }
            Err(fault) => return self.complain(now, id, &reply, &fault),
        };
        if let Some(connection) = self.connection(id) {
            connection.client.clone_from(&hello.client);
            connection.offered = hello.accept;
        }
        if let Some(user) = hello.user.filter(|_| self.mode == Mode::Open) {
            self.identify(now, id, user, false);
        }
        if !self.connections.contains_key(&id) {
            return;
        }
        let owner = self.owner_of(now, id);
        for (client, acked) in hello.streams {
            // Their answers tell nobody anything: what counts is that they come before the writes that follow.
            self.submit(Job::Greet { client, owner: Arc::clone(&owner), acked }, |_| Pending::Greet(id));
        }
        let Some(client) = hello.client else {
            // Without a stream there is nothing to be read.
            return self.welcome(now, id, 0);
        };
        let job = Job::Greet { client, owner, acked: hello.acked };
        let ticket = self.submit(job, |_| Pending::Greet(id));
        if let Some(connection) = self.connection(id) {
            connection.dialect = Dialect::Greeting { ticket, hello: reply.id };
        }
        self.send_auth_ack(id);
    }

    pub(super) fn on_greeted(&mut self, now: Now, ticket: Ticket, result: Result<Greeting, StorageError>) {
        let Some(Pending::Greet(id)) = self.pending.remove(&ticket) else { return };
        let Some(connection) = self.connection(id) else { return };
        let Dialect::Greeting { hello, ticket: awaited } = connection.dialect.clone() else { return };
        if awaited != ticket {
            return;
        }
        let fault = match result {
            Ok(Greeting::LastSeq(last)) => return self.welcome(now, id, last),
            Ok(Greeting::Mismatch) => client_mismatch(),
            Err(_) => Fault::new(Code::Unavailable, "the data cannot be reached").after_ms(1_000),
        };
        connection.client = None;
        let unavailable = fault.code == Code::Unavailable;
        self.counters.storage_failures += u64::from(fault.code == Code::Unavailable);
        self.counters.count_error(fault.code);
        let payload = fault.to_payload();
        let error = Object::new().string("type", "error").maybe("id", hello.as_deref());
        self.release(id, Arc::from(error.raw("payload", &payload).finish()));
        if unavailable {
            // Its writes would be of no stream, and could only be refused.
            self.close(now, id, 1013, "the data cannot be reached");
        }
    }

    fn welcome(&mut self, now: Now, id: ConnectionId, last_seq: u64) {
        let Some(user) = self.user_of(now, id) else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let can = connection.can_binary;
        let used = connection.offered.map(|offered| if can { offered } else { Accepted::default() });
        connection.accepted = used.unwrap_or_default();
        let limits = &self.limits;
        let heartbeat = Object::new()
            .number("interval", limits.heartbeat_interval_ms)
            .number("timeout", limits.heartbeat_timeout_ms)
            .finish();
        let bounds = Object::new()
            .number("frame", limits.frame_bytes as u64)
            .number("event", limits.event_bytes as u64)
            .number("subscriptions", limits.subscriptions as u64)
            .number("window", limits.window)
            .finish();
        let payload = Object::new()
            .string("version", VERSION)
            .string("connection", &format!("c{}", id.0))
            .raw("user", &user.to_object().finish())
            .number("lastSeq", last_seq)
            .number("time", now.wall_ms)
            .raw("heartbeat", &heartbeat)
            .raw("limits", &bounds);
        let payload = used.map_or(payload.clone(), |used| payload.raw("accepted", &used.names())).finish();
        self.counters.count_sent("welcome", 1);
        let welcome = Object::new().string("type", "welcome").raw("payload", &payload).finish();
        self.release(id, Arc::from(welcome));
        self.send_auth_ack(id);
    }
}
