//! A tab that leads: what it does for those that follow.

use std::sync::Arc;

use super::{Client, HELD_MAX};
use crate::core::client::Dialect;
use crate::core::delivery::Lane;
use crate::core::fault::Fault;
use crate::core::id::{ClientId, WriteId};
use crate::core::io::{Effect, Row, TabsEffect};
use crate::core::json::push_string;
use crate::core::offline::{Table, read_key};
use crate::core::session::{TAB_ANSWER_MS, TAB_INTERVAL_MS};
use crate::core::store::Acknowledged;
use crate::core::tabs::{Errand, Note, Route, Standing, Verb};
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Envelope, Kind, Outgoing};

/// A follower's write that waits for so long makes the link suspicious, and how long the question may take, ms.
const PROBE_MS: u64 = 1_000;
const PROBE_WITHIN_MS: u64 = 3_000;
/// How long after one question the next is asked, ms.
const PROBE_AGAIN_MS: u64 = 4_000;

impl Client {
    /// We lead for certain: others are told, and what ended ones left behind is ours to send.
    pub(super) fn on_leading(&mut self, now: Now) {
        let (name, epoch) = (self.name(), self.tabs.election.epoch().unwrap_or_default());
        if std::mem::take(&mut self.tabs.leads_anew) {
            self.note_to(Note { number: epoch, ..Note::new(Verb::Lead, &name) });
            self.effect(Effect::Tabs(TabsEffect::Adopt));
        }
        for note in std::mem::take(&mut self.tabs.held) {
            self.on_note(now, &note);
        }
    }

    /// Somebody who follows, or wants to, says something.
    pub(super) fn on_follower_note(&mut self, now: Now, text: &str, note: &Note<'_>) {
        if self.standing() != Standing::Leading {
            return;
        }
        if !self.tabs.election.may_relay(now.mono) {
            self.do_wishes();
            if self.tabs.held.len() < HELD_MAX {
                self.tabs.held.push_back(text.to_owned());
            }
            return;
        }
        match note.verb {
            Verb::Open => self.on_knock(now, note),
            Verb::Frame
                if self.tabs.relay.is_open(note.from, note.pipe)
                    && self.tabs.relay.count_in(note.from, note.number) =>
            {
                self.on_follower_frame(now, note.from, note.pipe, note.text);
            }
            Verb::Frame => {
                if self.tabs.relay.is_open(note.from, note.pipe) {
                    let errands = self.tabs.relay.close(note.from);
                    self.run_errands(now, note.from, errands);
                }
                self.answer(
                    note.from,
                    note.pipe,
                    Verb::Close,
                    1006,
                    "there is no such pipe, or a frame is lost",
                );
            }
            Verb::Close => {
                self.tabs.knocking.retain(|(tab, pipe, _)| **tab != *note.from || *pipe != note.pipe);
                if self.tabs.relay.is_open(note.from, note.pipe) {
                    let errands = self.tabs.relay.close(note.from);
                    self.run_errands(now, note.from, errands);
                }
            }
            Verb::Lead
            | Verb::Ready
            | Verb::Wait
            | Verb::Opened
            | Verb::Refused
            | Verb::Ask
            | Verb::Wrote
            | Verb::Gone => {}
        }
    }

    fn answer(&mut self, tab: &str, pipe: u64, verb: Verb, number: u64, text: &str) {
        let name = self.name();
        self.note_to(Note { to: tab, pipe, number, text, ..Note::new(verb, &name) });
    }

    fn on_knock(&mut self, now: Now, note: &Note<'_>) {
        if !self.is_same_user(note.text) {
            return self.answer(note.from, note.pipe, Verb::Refused, 0, "");
        }
        // Whether it can be served or not: if it ends, what it left is ours to send.
        self.effect(Effect::Tabs(TabsEffect::Watch(ClientId(Arc::from(note.from)))));
        self.tabs.knocking.retain(|(tab, ..)| **tab != *note.from);
        self.tabs.knocking.push((Arc::from(note.from), note.pipe, note.number == 1));
        if !self.can_serve() {
            self.answer(note.from, note.pipe, Verb::Wait, 0, "");
        }
        self.serve(now);
    }

    /// Whether followers can be served: there is a connection, and it is known what the server speaks.
    fn can_serve(&self) -> bool {
        self.tabs.election.epoch().is_some() && self.session.is_own_live() && self.dialect != Dialect::Unknown
    }

    /// Opens the pipes of those who wait for that, or tells them that there is nothing to wait for.
    pub(in crate::core::client) fn serve(&mut self, now: Now) {
        if self.standing() != Standing::Leading {
            return;
        }
        let ready = self.can_serve();
        if !ready {
            self.tabs.ready = false;
            // While an attempt is being made there is.
            let hopeless = !self.session.is_trying() && !self.session.is_own_live();
            if hopeless {
                for (tab, pipe, _) in std::mem::take(&mut self.tabs.knocking) {
                    self.answer(&tab, pipe, Verb::Close, 1006, "the tab that leads has no connection");
                }
            }
            return;
        }
        for (tab, pipe, away) in std::mem::take(&mut self.tabs.knocking) {
            let errands = self.tabs.relay.open(&tab, pipe, away);
            self.run_errands(now, &tab, errands);
            let spoken = if self.dialect == Dialect::Baro { "baro" } else { "" };
            let number = self.tabs.relay.count();
            self.answer(&tab, pipe, Verb::Opened, number, spoken);
            if self.dialect == Dialect::Plain {
                self.tell_who_is_there(&tab);
            }
        }
        if !std::mem::replace(&mut self.tabs.ready, true) {
            let name = self.name();
            self.note_to(Note::new(Verb::Ready, &name));
        }
    }

    /// Nobody is led any more, or nobody can be for now.
    pub(in crate::core::client) fn end_relay(&mut self, reason: &str) {
        self.tabs.held.clear();
        self.tabs.greeting = None;
        self.tabs.delayed.clear();
        self.tabs.probed_at = None;
        self.tabs.ready = false;
        if self.standing() != Standing::Leading {
            for (tab, pipe, _) in std::mem::take(&mut self.tabs.knocking) {
                self.answer(&tab, pipe, Verb::Close, 1006, reason);
            }
        }
        for (tab, pipe) in self.tabs.relay.clear() {
            self.answer(&tab, pipe, Verb::Close, 1006, reason);
        }
    }

    fn on_follower_frame(&mut self, now: Now, tab: &str, pipe: u64, frame: &str) {
        // Streams are named to the server one `hello` after the other.
        let names = self.tabs.greeting.is_some() && frame.contains("\"type\":\"hello\"");
        if names || self.tabs.delayed.iter().any(|(held, ..)| **held == *tab) {
            return self.tabs.delayed.push_back((Arc::from(tab), pipe, frame.to_owned()));
        }
        let plain = self.dialect == Dialect::Plain;
        let errands = self.tabs.relay.take(now.mono, tab, frame, plain);
        self.run_errands(now, tab, errands);
    }

    fn run_errands(&mut self, now: Now, tab: &str, errands: Vec<Errand>) {
        for errand in errands {
            match errand {
                Errand::Greet(streams) if self.dialect == Dialect::Baro => {
                    self.greet_follower(now, tab, &streams);
                }
                Errand::Greet(_) => {}
                Errand::Send(message) => self.lanes.push(Lane::Write, message),
                Errand::Presence(about, message) => self.lanes.push_presence(about, message),
                Errand::Cursor(message) => self.lanes.set_cursor(message),
                Errand::Status => self.announce_status(now),
                Errand::Subscribe => {}
                Errand::Leave(channel) if self.channels.contains(&channel) => {}
                Errand::Leave(channel) => self.say_left(now, &channel),
                Errand::Question(id) => {
                    let time = ["{\"time\":", &self.session.server_wall_ms().to_string(), "}"].concat();
                    let pong =
                        Outgoing::new("pong").maybe("id", id.as_deref()).raw("payload", &time).finish();
                    self.tabs.relay.say(tab, pong);
                }
            }
        }
        self.soon(now);
    }

    /// Welcomes a follower, and names its streams to the server if anything of them is decided.
    fn greet_follower(&mut self, now: Now, tab: &str, streams: &[(String, u64)]) {
        let mut payload = String::from("{\"version\":\"baro.v1\",\"connection\":\"tab\"");
        if let Some(own) = self.roster.own() {
            payload.push_str(",\"user\":{\"id\":");
            push_string(&mut payload, own);
            payload.push('}');
        }
        let acked = streams.first().map_or(0, |(_, acked)| *acked);
        payload.push_str(&format!(
            ",\"lastSeq\":{acked},\"time\":{},\"heartbeat\":{{\"interval\":{TAB_INTERVAL_MS},\"timeout\":{TAB_ANSWER_MS}}},\"limits\":{{\"frame\":{}}}}}",
            self.session.server_wall_ms(),
            self.frame_bytes_max
        ));
        self.tabs.relay.say(tab, Outgoing::new("welcome").raw("payload", &payload).finish());
        self.tell_who_is_there(tab);
        if streams.iter().any(|(_, acked)| *acked > 0) && !mutant!(streams_not_relayed) {
            let id = self.message_id();
            self.say_hello(now, &id, streams);
            self.tabs.greeting = Some(id);
        }
    }

    fn tell_who_is_there(&mut self, tab: &str) {
        let users: Vec<String> = self.roster.people().map(|(id, person)| person.to_json(id)).collect();
        if !users.is_empty() {
            let payload = ["{\"users\":[", &users.join(","), "]}"].concat();
            self.tabs.relay.say(tab, Outgoing::new("presence").raw("payload", &payload).finish());
        }
    }

    /// The server knows the streams of the last follower that came, or does not want to.
    pub(in crate::core::client) fn on_streams_named(&mut self, now: Now) {
        self.tabs.greeting = None;
        for (tab, pipe, frame) in std::mem::take(&mut self.tabs.delayed) {
            if self.tabs.relay.is_open(&tab, pipe) {
                self.on_follower_frame(now, &tab, pipe, &frame);
            }
        }
    }

    /// Whether a welcome is the answer to the `hello` that was said for followers.
    pub(in crate::core::client) fn is_welcome_of_others(&self) -> bool {
        self.tabs.greeting.is_some() && self.dialect == Dialect::Baro
    }

    /// Whether `hello` was said for followers, and this is the answer.
    pub(in crate::core::client) fn is_naming_streams(&self, id: Option<&str>) -> bool {
        self.tabs.greeting.is_some() && id == self.tabs.greeting.as_deref()
    }

    /// A message of the server, before we read it ourselves. Returns whether it is for us at all.
    pub(in crate::core::client) fn relay_inbound(&mut self, now: Now, message: &Envelope<'_>) -> bool {
        if self.tabs.relay.is_empty() {
            return true;
        }
        let route = self.tabs.relay.route(now.mono, message);
        if message.kind == Kind::Error && route != Route::Own {
            let code = Fault::from_payload(message.payload).code;
            if code.is_about_signing_in() {
                // Signing in is the leader's: on a new connection everybody asks again.
                self.note_sign_in_refused(&code);
                self.session.handle_sign_in_refused(now.mono);
                return false;
            }
        }
        match route {
            Route::Own => true,
            Route::All => {
                self.tabs.relay.say("", message.whole().into_owned());
                true
            }
            Route::Tab(tab) => {
                self.tabs.relay.say(&tab, message.whole().into_owned());
                false
            }
        }
    }

    /// Asks the server what followers wait to ask it, and tells them what there is to tell.
    pub(in crate::core::client) fn flush_relay(&mut self, now: Now) {
        while self.tabs.relay.has_requests() && self.session.open_pipe().is_some() {
            let channels = &self.channels;
            let Some(text) = self.tabs.relay.next_request(|channel| channels.is_asked(channel)) else {
                break;
            };
            self.lanes.push(Lane::Control, text);
            self.soon(now);
        }
        if self.tabs.relay.has_frames() {
            for (tab, pipe, number, frame) in self.tabs.relay.take_frames() {
                self.answer(&tab, pipe, Verb::Frame, number, &frame);
            }
        }
    }

    /// Programs ended and left writes behind; no other one sends them.
    pub(super) fn on_left(&mut self, now: Now, tab: Option<ClientId>, rows: Vec<Row>) {
        if let Some(tab) = tab {
            self.forget_stream(&tab.0);
            self.tell_taken(std::slice::from_ref(&tab));
            let errands = self.tabs.relay.close(&tab.0);
            self.run_errands(now, &tab.0, errands);
        }
        let outbox = &self.outbox;
        // By the key: almost all of a long queue is known, and was read before.
        let is_known = |row: &Row| {
            read_key(&row.key).is_some_and(|id| outbox.has_stream(&id.client) || outbox.is_decided(&id))
        };
        let rows: Vec<Row> =
            rows.into_iter().filter(|row| row.table == Table::Outbox && !is_known(row)).collect();
        if !rows.is_empty() {
            let mut streams: Vec<ClientId> = Vec::new();
            for row in &rows {
                if let Some(id) = read_key(&row.key)
                    && !streams.contains(&id.client)
                {
                    self.forget_stream(&id.client.0);
                    streams.push(id.client);
                }
            }
            self.on_rows(now, rows);
            self.tell_taken(&streams);
            self.sync_revision += 1;
            // A server with streams knows what was sent already, and answers again.
            if self.dialect == Dialect::Plain {
                self.skip_relayed(now);
            }
        }
    }

    /// What was relayed for a program that ended is not sent again on the same connection.
    fn skip_relayed(&mut self, now: Now) {
        let writes: Vec<WriteId> = self.outbox.iter().map(|write| write.id.clone()).collect();
        for id in writes {
            let (sent, acknowledged) = self.tabs.relay.sent(&id.client.0);
            if id.seq <= acknowledged {
                self.on_write_acknowledged(now, &id, Acknowledged::Unsaid);
            } else if id.seq <= sent {
                self.outbox.mark_sent(&id.client, id.seq, now.mono);
            }
        }
    }

    /// When a write of a follower makes our link suspicious.
    pub(super) fn relay_probe_at(&self) -> Option<Timestamp> {
        let due = self.tabs.relay.waits_since()?.after(PROBE_MS);
        Some(self.tabs.probed_at.map_or(due, |at| due.max(at.after(PROBE_AGAIN_MS))))
    }

    pub(super) fn probe_for_followers(&mut self, now: Now) {
        self.tabs.probed_at = Some(now.mono);
        self.session.probe(now.mono, PROBE_WITHIN_MS, self.dialect == Dialect::Baro);
    }

    /// Says whether anybody looks at any tab of the user.
    pub(in crate::core::client) fn announce_status(&mut self, now: Now) {
        let away = self.tabs.away && (self.tabs.relay.is_empty() || self.tabs.relay.are_all_away());
        let status = if away { r#"{"status":"away"}"# } else { r#"{"status":"active"}"# };
        self.announce(now, "user:status", "status".to_owned(), status);
    }

    /// Whether somebody goes by way of us: a hidden page keeps its connection that long.
    pub(in crate::core::client) fn is_needed(&self) -> bool {
        !self.tabs.relay.is_empty()
    }

    /// Whether followers wait for answers of the server.
    pub(in crate::core::client) fn has_relayed(&self) -> bool {
        self.tabs.relay.waits_since().is_some()
    }

    /// Whether a follower's subscription to `channel` is under way: another one would take its answer away.
    pub(in crate::core::client) fn is_asked_for_others(&self, channel: &str) -> bool {
        self.tabs.relay.asks(channel)
    }

    /// Whether a follower wants `channel`.
    pub(in crate::core::client) fn is_wanted_by_others(&self, channel: &str) -> bool {
        self.tabs.relay.wants(channel)
    }

    /// The page is about to freeze. Who goes by way of us needs somebody who does not.
    pub(in crate::core::client) fn hand_over(&mut self, now: Now) {
        if self.standing() == Standing::Leading && !self.tabs.relay.is_empty() {
            let way = self.tabs.election.handle_lost();
            self.on_way(now, way);
        }
    }
}
