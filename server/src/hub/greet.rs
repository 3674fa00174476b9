//! `hello` and `welcome`.

use std::sync::Arc;

use baro_realtime::core::json::{Fields, as_string, as_u53, each_item, is_null};
use baro_realtime::core::time::Now;

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

/// What a `hello` says.
struct Hello {
    client: Option<Arc<str>>,
    acked: u64,
    user: Option<User>,
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
        let client = match fields.get("client").filter(|raw| !is_null(raw)) {
            None => None,
            Some(raw) => {
                let name = as_string(raw).filter(|name| !name.is_empty() && name.len() <= name_bytes);
                let name = name.ok_or_else(|| wrong("client", Some(raw), "a string of 1 to 256 bytes"))?;
                Some(Arc::from(&*name))
            }
        };
        let acked = match fields.get("acked").filter(|raw| !is_null(raw)) {
            None => 0,
            Some(raw) => as_u53(raw).ok_or_else(|| wrong("acked", Some(raw), "an integer from 0"))?,
        };
        let user = match fields.get("user").filter(|raw| !is_null(raw)) {
            None => None,
            Some(raw) => {
                Some(User::from_json(raw).ok_or_else(|| wrong("user", Some(raw), "an object with an id"))?)
            }
        };
        Ok(Self { client, acked, user })
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
        }
        if let Some(user) = hello.user.filter(|_| self.mode == Mode::Open) {
            self.identify(now, id, user, false);
        }
        let owner = self.owner_of(now, id);
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
        self.counters.storage_failures += u64::from(fault.code == Code::Unavailable);
        self.counters.count_error(fault.code);
        let payload = fault.to_payload();
        let error = Object::new().string("type", "error").maybe("id", hello.as_deref());
        self.release(id, Arc::from(error.raw("payload", &payload).finish()));
    }

    fn welcome(&mut self, now: Now, id: ConnectionId, last_seq: u64) {
        let Some(user) = self.user_of(now, id) else { return };
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
            .raw("limits", &bounds)
            .finish();
        self.counters.count_sent("welcome", 1);
        let welcome = Object::new().string("type", "welcome").raw("payload", &payload).finish();
        self.release(id, Arc::from(welcome));
        self.send_auth_ack(id);
    }
}
