//! Who a connection is: tokens, claims, names.

use std::sync::Arc;

use baro_realtime::core::json::Fields;
use baro_realtime::core::time::{Now, Timestamp};
use baro_realtime::mutant;

use super::connection::{Connection, SignIn};
use super::io::{ConnectionId, Output, Token};
use super::message::Message;
use super::outbox::Reply;
use super::{Hub, Mode, Timer};
use crate::access::{Claims, User, is_user_id};
use crate::fault::{Code, Fault};
use crate::object::Object;

impl Hub {
    pub(super) fn on_opened(
        &mut self,
        now: Now,
        id: ConnectionId,
        token: Option<Result<Claims, Fault>>,
        binary: bool,
    ) {
        let sign_in = match self.mode {
            Mode::Open => SignIn::Open,
            Mode::SignedIn => SignIn::Expected,
        };
        let mut connection = Connection::new(now.mono, sign_in, &self.limits);
        connection.can_binary = binary;
        self.connections.insert(id, connection);
        if self.drain_until.is_some() {
            return self.close(now, id, 1001, "going away");
        }
        self.start_timer(now.mono.after(self.limits.silence_limit_ms()), Timer::Silence(id));
        self.start_timer(now.mono.after(self.limits.first_message_ms), Timer::SignIn(id));
        if self.mode == Mode::Open {
            return;
        }
        match token {
            None => self.start_timer(now.mono.after(self.limits.sign_in_ms), Timer::SignIn(id)),
            Some(Ok(claims)) => self.accept(now, id, claims),
            Some(Err(fault)) => {
                self.refuse(id, &Reply::default(), &fault);
                self.close(now, id, 4401, "sign in");
            }
        }
    }

    pub(super) fn on_sign_in_late(&mut self, now: Now, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if !self.is_signed_in(id) {
            self.close(now, id, 4408, "no auth in time");
        } else if !connection.spoke {
            self.close(now, id, 4408, "no message in time");
        }
    }

    pub(super) fn on_expiry(&mut self, now: Now, id: ConnectionId, at: Timestamp) {
        let expired =
            |connection: &Connection| matches!(connection.sign_in, SignIn::Done { until } if until <= at);
        if self.connections.get(&id).is_some_and(expired) && !mutant!(expiry_ignored) {
            let fault = Fault::new(Code::TokenExpired, "the token is over");
            self.refuse(id, &Reply::default(), &fault);
            self.close(now, id, 4401, "token expired");
        }
    }

    pub(super) fn on_auth(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) {
        let reply = Reply::to(message);
        if self.mode == Mode::Open {
            return self.acknowledge(id, &reply, None);
        }
        let token = Fields::parse(message.payload).ok().and_then(|fields| fields.string("token"));
        let Some(token) = token else {
            let fault = Fault::field(Code::BadRequest, "token", "nothing of the kind", "a string");
            return self.complain(now, id, &reply, &fault);
        };
        let Some(connection) = self.connection(id) else { return };
        let again = matches!(connection.sign_in, SignIn::Done { .. });
        connection.sign_in = SignIn::Checking { again };
        connection.auth_ack = Some(reply.id);
        self.outputs.push_back(Output::Verify { connection: id, token: Token(token) });
    }

    pub(super) fn on_verified(&mut self, now: Now, id: ConnectionId, result: Result<Claims, Fault>) {
        let Some(connection) = self.connection(id) else { return };
        let SignIn::Checking { again } = connection.sign_in else { return };
        let other = |claims: &Claims| again && !connection.is_of(&claims.user.id);
        let result = result.and_then(|claims| {
            let fault = || Fault::new(Code::Unauthorized, "this token is another user's");
            if other(&claims) { Err(fault()) } else { Ok(claims) }
        });
        match result {
            Ok(claims) => {
                self.accept(now, id, claims);
                // A hello that follows at once is answered first: the welcome has to be the first message.
                self.start_timer(now.mono.after(self.limits.hello_grace_ms), Timer::AuthAck(id));
            }
            Err(fault) => {
                let reply = Reply::to_id(connection.auth_ack.take().flatten());
                self.refuse(id, &reply, &fault);
                // A sign-in that still counts is not ended by a worse one.
                let until = self.connections.get(&id).and_then(|connection| connection.expires);
                match until.filter(|_| again) {
                    Some(until) => {
                        if let Some(connection) = self.connection(id) {
                            connection.sign_in = SignIn::Done { until };
                        }
                    }
                    None => self.close(now, id, 4401, "sign in"),
                }
            }
        }
        self.resume_backlog(now, id);
    }

    /// Lets a connection be who its token says.
    fn accept(&mut self, now: Now, id: ConnectionId, claims: Claims) {
        let until_ms = claims.expires_s.saturating_mul(1_000).saturating_add(self.limits.expiry_grace_ms);
        let until = now.mono.after(until_ms.saturating_sub(now.wall_ms));
        let Some(connection) = self.connection(id) else { return };
        connection.sign_in = SignIn::Done { until };
        connection.expires = Some(until);
        connection.access = claims.access;
        self.start_timer(until, Timer::Expiry(id));
        self.identify(now, id, claims.user, false);
        self.drop_forbidden(now, id);
    }

    /// Ends the subscriptions that a new token no longer covers.
    fn drop_forbidden(&mut self, now: Now, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let access = connection.access.clone();
        let forbidden = |channel: &&Arc<str>| !access.allows_channel(channel);
        let gone: Vec<Arc<str>> = connection.subscriptions.iter().filter(forbidden).cloned().collect();
        for channel in gone {
            self.unsubscribe(now, id, &channel);
            let details = Object::new().string("channel", &channel).finish();
            let fault = Fault::new(Code::Forbidden, "no right to listen to this channel any more");
            self.refuse(id, &Reply::default(), &Fault { details: Some(details), ..fault });
        }
    }

    pub(super) fn send_auth_ack(&mut self, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        if matches!(connection.sign_in, SignIn::Checking { .. }) {
            return;
        }
        if let Some(ack) = connection.auth_ack.take() {
            self.acknowledge(id, &Reply::to_id(ack), None);
        }
    }

    /// With sign-in off, a message's author names the connection, unless it has a better name.
    pub(super) fn take_user_of(&mut self, now: Now, id: ConnectionId, message: &Message<'_>) {
        if self.mode != Mode::Open {
            return;
        }
        let Some(user) = message.user_id.as_deref().filter(|user| is_user_id(user)) else { return };
        let unnamed = |connection: &Connection| connection.user.is_none() || connection.guest;
        if self.connections.get(&id).is_some_and(unnamed) {
            self.identify(now, id, User::new(user, None, None, None), false);
        }
    }

    /// The user of a connection. Who never said who he is becomes a guest.
    pub(super) fn user_of(&mut self, now: Now, id: ConnectionId) -> Option<Arc<User>> {
        let connection = self.connection(id)?;
        if let Some(user) = &connection.user {
            return Some(Arc::clone(user));
        }
        // A guest's name follows from his stream, so that he is the same after a reconnect.
        let own = connection.client.as_deref().map(|client| client.chars().rev().take(8).collect::<Vec<_>>());
        let suffix = own.map_or_else(|| format!("c{}", id.0), |tail| tail.into_iter().rev().collect());
        let user = User::new(&format!("guest-{suffix}"), Some("Guest"), None, None);
        self.identify(now, id, user, true);
        self.connections.get(&id)?.user.clone()
    }
}
