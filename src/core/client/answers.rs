//! What answers us: acknowledgements and errors, and what they are about.

use std::borrow::Cow;
use std::sync::Arc;

use super::Client;
use super::writes::read_outcome;
use crate::core::fault::Fault;
use crate::core::id::{ClientId, WriteId};
use crate::core::io::{Event, Outcome};
use crate::core::json::{Fields, quote};
use crate::core::time::Now;
use crate::core::wire::Envelope;

/// Wait before a subscription is asked for again that the server could not serve just now, if it names none, ms.
const SUBSCRIBE_RETRY_MS: u64 = 1_000;
/// Longest such wait, ms.
const SUBSCRIBE_RETRY_MS_MAX: u64 = 60_000;

impl Client {
    pub(super) fn on_ack(&mut self, now: Now, message: &Envelope<'_>) {
        if self.watch_messages {
            self.tell(Event::Acknowledged(Arc::from(message.text)));
        }
        let id = self.answered_id(message);
        if let Some(write) = self.answered_write(message, id.as_deref()) {
            let outcome = read_outcome(message.payload);
            let merged = self.conflict_of(&write, message.merged);
            self.on_write_acknowledged(now, &write, outcome);
            return self.tell_merged(merged);
        }
        let Some(id) = id else { return };
        if let Some(ticket) = self.requests.answered(&id) {
            self.note_answered(&id, None);
            self.settle(ticket, Outcome::Value(Arc::from(message.payload)));
        }
    }

    pub(super) fn on_error(&mut self, now: Now, message: &Envelope<'_>) {
        let fault = Fault::from_payload(message.payload);
        if self.is_naming_streams(message.id.as_deref()) {
            return self.on_streams_named(now);
        }
        let id = self.answered_id(message);
        if let Some(write) = self.answered_write(message, id.as_deref()) {
            return self.on_write_refused(now, &write, fault);
        }
        if let Some(ticket) = id.as_deref().and_then(|id| self.requests.answered(id)) {
            self.note_answered(id.as_deref().unwrap_or_default(), Some(&fault.code));
            return self.settle(ticket, Outcome::Refused(fault));
        }
        if let Some(channel) = id.as_deref().and_then(|id| self.channels.requested(id)) {
            if fault.retryable && !mutant!(unavailable_is_final) {
                let wait = fault.retry_after_ms.unwrap_or(SUBSCRIBE_RETRY_MS).min(SUBSCRIBE_RETRY_MS_MAX);
                self.channels.postpone(&channel, now.mono.after(wait));
                self.note_channel_refused(&channel, &fault.code, Some(wait));
                return self.error(fault);
            }
            self.note_channel_refused(&channel, &fault.code, None);
            for ticket in self.channels.refused(&channel) {
                self.settle(ticket, Outcome::Refused(fault.clone()));
            }
            // Perhaps nobody waits for it any more: the fault has to say what it is about.
            let details = format!("{{\"channel\":{}}}", quote(&channel));
            return self.error(fault.with_details(details));
        }
        if fault.code.is_about_signing_in() {
            self.note_sign_in_refused(&fault.code);
            return self.session.handle_sign_in_refused(now.mono);
        }
        self.error(fault);
    }

    /// The id of the message that this one answers: its own, or one in its payload.
    fn answered_id<'a>(&self, message: &'a Envelope<'_>) -> Option<Cow<'a, str>> {
        message.id.as_deref().map(Cow::Borrowed).or_else(|| {
            let fields = Fields::parse(message.payload).ok()?;
            fields.string("messageId").or_else(|| fields.string("id")).map(Cow::Owned)
        })
    }

    /// The write that a message answers, by its sequence or by the id of its message.
    fn answered_write(&self, message: &Envelope<'_>, id: Option<&str>) -> Option<WriteId> {
        let by_seq = message.seq.and_then(|seq| {
            let client = match &message.client {
                Some(client) => ClientId(Arc::from(&**client)),
                None => self.outbox.own().clone(),
            };
            self.outbox.get(&WriteId { client, seq }).map(|write| write.id.clone())
        });
        by_seq.or_else(|| self.write_of(id?))
    }
}
