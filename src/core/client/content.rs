//! What a subscription brings: the answer, and a channel's whole content.

use std::sync::Arc;

use super::Client;
use crate::core::delivery::Position;
use crate::core::fault::{Fault, FaultCode};
use crate::core::io::Outcome;
use crate::core::json::{Fields, each_item, quote};
use crate::core::metrics::Step;
use crate::core::model::EventDoc;
use crate::core::time::Now;
use crate::core::wire::Envelope;

impl Client {
    pub(super) fn on_subscribed(&mut self, now: Now, message: &Envelope<'_>) {
        let fields = Fields::parse(message.payload).unwrap_or_default();
        let (Some(channel), Some(epoch), Some(seq)) =
            (fields.string("channel"), fields.string("epoch"), fields.u53("seq"))
        else {
            return self.on_malformed("'subscribed' without channel, epoch or seq");
        };
        if !self.channels.contains(&channel) {
            return;
        }
        self.last_synced_ms = Some(now.wall_ms);
        self.sync_changed = true;
        let recovered = fields.get("recovered") == Some("true");
        self.note_subscribed(&channel, seq, recovered, &epoch);
        self.channels.answered(&channel, Position { epoch, seq }, recovered);
        if recovered {
            self.metrics.recoveries += 1;
            self.apply_held(now, &channel);
        } else {
            self.on_content(now, &channel, &fields);
        }
        self.settle_channel(&channel);
    }

    pub(super) fn on_snapshot(&mut self, now: Now, payload: &str) {
        let fields = Fields::parse(payload).unwrap_or_default();
        if let Some(channel) = fields.string("channel") {
            self.on_content(now, &channel, &fields);
            self.settle_channel(&channel);
        }
    }

    fn settle_channel(&mut self, channel: &str) {
        for ticket in self.channels.settle(channel) {
            self.settle(ticket, Outcome::Done);
        }
    }

    fn on_content(&mut self, now: Now, channel: &str, fields: &Fields) {
        let mut events: Vec<Arc<str>> = Vec::new();
        // The frame was validated as a whole; something else than a list is no content.
        let _read = each_item(fields.get("events").unwrap_or("[]"), |event| events.push(Arc::from(event)));
        let more = fields.get("more") == Some("true");
        self.note_channel(Step::Content, channel, [events.len() as u64, u64::from(more)]);
        let Some(content) = self.channels.add_content(channel, events, more) else { return };
        let mut docs = Vec::with_capacity(content.events.len());
        for text in content.events {
            match EventDoc::parse(&text) {
                Ok(doc) => docs.push(doc),
                Err(error) => self.on_malformed(&error.to_string()),
            }
        }
        self.metrics.snapshots += 1;
        if content.renewed {
            self.on_history_lost(channel);
        }
        let (kind, name) = channel.split_once(':').unwrap_or(("", channel));
        match kind {
            "project" => {
                self.store.replace(docs, content.renewed, |doc| doc.project_or_default() == name);
            }
            "calendar" => {
                self.store.replace(docs, content.renewed, |doc| doc.calendar.as_deref() == Some(name));
            }
            _ => {
                for doc in docs {
                    self.store.confirm(doc);
                }
            }
        }
        self.apply_held(now, channel);
    }

    /// The server goes on from another history, perhaps from older data. What is known from channels that are read is
    /// replaced with them; of what is known from others nobody would tell that it is not so any more.
    fn on_history_lost(&mut self, channel: &str) {
        let channels = &self.channels;
        self.store.forget(|doc| channels.covers(doc));
        let text = "the server lost the history of a channel: writes that it confirmed may be missing";
        let details = format!("{{\"channel\":{}}}", quote(channel));
        self.error(Fault::new(FaultCode::HistoryLost, text).with_details(details));
    }
}
