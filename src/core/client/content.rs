//! What a subscription brings: the answer, and a channel's whole content.

use std::sync::Arc;

use super::Client;
use crate::core::delivery::Position;
use crate::core::fault::{Fault, FaultCode};
use crate::core::io::Outcome;
use crate::core::json::{Fields, as_string, each_field, each_item, quote};
use crate::core::metrics::Step;
use crate::core::model::{EventDoc, digest_of};
use crate::core::store::Store;
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
        self.sync_revision += 1;
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
        self.tell_presence_again(now);
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
        match shown_by(channel) {
            Some(shows) => self.store.replace(docs, content.renewed, shows),
            None => {
                for doc in docs {
                    self.store.confirm(doc);
                }
            }
        }
        self.apply_held(now, channel);
    }

    /// Compares what is known of each channel with the server's digest of it, and adds those that differ to `wanted`: a change
    /// that neither a sequence nor a version showed to be missing.
    pub(super) fn find_divergence(&mut self, digests: &str, heads: &str, wanted: &mut Vec<String>) {
        let heads = Fields::parse(heads).unwrap_or_default();
        // What a channel that is behind still says of an event may be older than what another one does.
        if !self.channels.are_all_at(|name| heads.u53(name)) {
            return;
        }
        // A digest that is none tells nothing, and neither does one without its head.
        let _read = each_field(digests, |name, raw| {
            let theirs = as_string(raw).and_then(|hex| u64::from_str_radix(&hex, 16).ok());
            let (Some(theirs), Some(head)) = (theirs, heads.u53(&name)) else { return };
            let store = &self.store;
            if self.channels.diverges(&name, head, theirs, || digest_within(store, &name)) {
                self.metrics.divergences += 1;
                self.note_channel(Step::Diverged, &name, [head, 0]);
                wanted.push(name.into_owned());
            }
        });
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

/// Which events the channel `name` shows; nothing for one that has no content of its own.
fn shown_by(name: &str) -> Option<impl Fn(&EventDoc) -> bool> {
    let (kind, name) = name.split_once(':')?;
    let project = match kind {
        "project" => true,
        "calendar" => false,
        _ => return None,
    };
    Some(
        move |doc: &EventDoc| {
            if project { doc.project_or_default() == name } else { doc.calendar.as_deref() == Some(name) }
        },
    )
}

/// The digest of what is known of a channel.
fn digest_within(store: &Store, name: &str) -> u64 {
    let Some(shows) = shown_by(name) else { return 0 };
    let shown = store.all_confirmed().filter(|doc| shows(doc));
    shown.fold(0, |digest, doc| digest ^ digest_of(&doc.id, doc.version))
}
