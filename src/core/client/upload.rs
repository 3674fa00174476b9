//! Writes that go past the socket, and what their answers lead to.

use super::Client;
use std::sync::Arc;

use super::conflict::{ROUNDS_MAX, difference, with_id};
use super::writes::{read_outcome, row_of};
use crate::core::config::Route;
use crate::core::conflict::{Conflict, Merge, Parked};
use crate::core::delivery::Write;
use crate::core::fault::Fault;
use crate::core::io::{Effect, Upload};
use crate::core::json::Fields;
use crate::core::merge::{On, Strategy, saw};
use crate::core::metrics::Step;
use crate::core::model::{EventDoc, WriteKind};
use crate::core::offline::row_key;
use crate::core::store::Acknowledged;
use crate::core::time::Now;
use crate::core::upload::{Answer, Class, UploadId, action, classify, request};

/// First wait after nobody answered, and after an upload was put off, ms; it doubles with every further one.
const RETRY_MS: u64 = 500;
/// How long the program gets before it is asked again for a token that it could not make, ms.
const ASK_AGAIN_MS: u64 = 5_000;

impl Client {
    /// Whether writes travel on the socket like everything else.
    pub(super) fn writes_use_the_socket(&self) -> bool {
        self.config.offline.as_ref().is_none_or(|offline| offline.route == Route::Socket)
    }

    /// Whether writes may be sent past the socket now: the program wants to be connected, whether the socket is or not.
    pub(super) fn may_upload(&self) -> bool {
        let may = self.wanted && self.online && !self.is_wiping();
        may && !self.writes_use_the_socket() && !self.storage.is_loading()
    }

    /// Whether what is pending is on its way to the server, as far as anybody knows.
    pub(super) fn can_flush(&self) -> bool {
        if self.writes_use_the_socket() {
            self.is_connected()
        } else {
            self.may_upload() && !self.uploads.is_lost()
        }
    }

    /// The program wants to be connected: what was held is tried again.
    pub(super) fn want(&mut self) {
        self.wanted = true;
        self.uploads.resume();
        self.uploads.release();
    }

    /// Storage was read: what earlier programs left goes before ours.
    pub(super) fn route_anew(&mut self, now: Now) {
        if self.writes_use_the_socket() {
            return;
        }
        let writes = self.outbox.iter().filter(|write| write.kind != WriteKind::Skip && !write.unstored);
        self.uploads.replace(writes.map(|write| (&write.event, write.id.clone())));
        self.skip_places(now);
    }

    /// Every write is a stream of its own here: places that hold nothing need not be filled.
    pub(super) fn skip_places(&mut self, now: Now) {
        if self.writes_use_the_socket() || self.storage.is_loading() {
            return;
        }
        let empty = self.outbox.iter().filter(|write| write.kind == WriteKind::Skip);
        for id in empty.map(|write| write.id.clone()).collect::<Vec<_>>() {
            self.on_write_acknowledged(now, &id, Acknowledged::Unsaid);
        }
    }

    /// Sends what may go.
    pub(super) fn upload_waiting(&mut self, now: Now) {
        while self.may_upload()
            && let Some((upload, id)) = self.uploads.next(now.mono)
        {
            let Some(write) = self.outbox.get_mut(&id) else { continue };
            write.tried = true;
            let write = write.clone();
            self.note_upload(upload, &write);
            let how = match self.config.offline.as_ref().map(|offline| &offline.route) {
                Some(Route::Rest(base)) => Upload::Rest {
                    request: request(base, &write, self.plain_rest),
                    token: self.session.token().map(str::to_owned),
                    user: self.config.user.as_ref().map(|user| user.id.clone()),
                },
                Some(Route::Socket | Route::Program) | None => {
                    Upload::Program(action(&row_key(&write.id), &write))
                }
            };
            self.effect(Effect::Upload(upload, how));
        }
    }

    pub(super) fn on_uploaded(&mut self, now: Now, upload: UploadId, answer: Answer) {
        self.soon(now);
        let Some(id) = self.uploads.ended(upload) else { return };
        let Some(write) = self.outbox.get(&id).cloned() else { return };
        let status = match &answer {
            Answer::Status { status, .. } => *status,
            Answer::Done(_) | Answer::Thrown(_) | Answer::Lost(_) => 0,
        };
        let class = classify(answer);
        if !matches!(class, Class::Lost(_)) {
            self.uploads.heard();
        }
        match class {
            Class::Done(value) => {
                self.note_uploaded(upload, "done", status, 0);
                // What a write was made on is answered with what was made of it.
                let answer = write.on.as_ref().and_then(|_| Fields::parse(&value).ok()).unwrap_or_default();
                let told = self.conflict_of(&id, answer.get("merged"));
                let payload = answer.get("payload").unwrap_or(&value);
                self.on_write_acknowledged(now, &id, outcome_of(&write, payload));
                self.tell_merged(told);
            }
            Class::Lost(_) => {
                let nth = self.uploads.count_lost();
                let wait_ms = self.spread_wait(RETRY_MS, u64::from(nth));
                self.note_uploaded(upload, "lost", status, wait_ms);
                self.uploads.pause(now.mono.after(wait_ms));
            }
            Class::Hold(fault) => {
                self.note_uploaded(upload, "hold", status, 0);
                self.on_upload_held(now, fault);
            }
            Class::Retry { .. } if self.must_be_plain(&write, status) => {
                self.note_uploaded(upload, "plain", status, 0);
                self.plain_rest = true;
            }
            Class::Retry { fault, counts } => {
                let wait_ms = self.on_upload_put_off(now, &write, fault, counts, status == 429);
                self.note_uploaded(upload, "retry", status, wait_ms);
            }
            Class::Conflict(fault) => {
                self.note_uploaded(upload, "conflict", status, 0);
                self.on_upload_conflict(now, &write, fault);
            }
            Class::Dead(fault) => {
                self.note_uploaded(upload, "dead", status, 0);
                self.on_write_refused(now, &id, fault);
            }
        }
    }

    /// Whether a server that does not know our envelope is the reason of a refusal.
    fn must_be_plain(&self, write: &Write, status: u16) -> bool {
        let about_the_request = (400..500).contains(&status) && !matches!(status, 408 | 425 | 429);
        about_the_request && write.on.is_some() && !self.plain_rest
    }

    /// A write is tried again later, or given up if the server put it off too often. Returns the wait.
    fn on_upload_put_off(&mut self, now: Now, write: &Write, fault: Fault, counts: bool, all: bool) -> u64 {
        if counts && write.attempts >= self.config.offline_retries() {
            self.on_write_dead(now, &write.id, fault);
            return 0;
        }
        let nth = self.uploads.failed(&write.event);
        let wait_ms = match fault.retry_after_ms {
            Some(asked) => self.wait_as_asked(asked),
            None => self.spread_wait(RETRY_MS, u64::from(nth)),
        };
        self.uploads.postpone(&write.event, now.mono.after(wait_ms));
        if all {
            self.uploads.pause(now.mono.after(wait_ms));
        }
        self.note_failure(now, &write.id, &fault, counts);
        wait_ms
    }

    /// Somebody has to sign in: nothing is lost and no attempt counted.
    fn on_upload_held(&mut self, now: Now, fault: Fault) {
        let refused = self.uploads.hold();
        if refused > 1 {
            let wait_ms = self.spread_wait(RETRY_MS, u64::from(refused));
            self.uploads.pause(now.mono.after(wait_ms));
        }
        if !self.session.refresh_token() {
            self.error(fault);
        }
    }

    /// The program made a token, or could not.
    pub(super) fn on_token_for_uploads(&mut self, now: Now, is_new: bool) {
        if !is_new && self.uploads.is_held() {
            self.uploads.pause(now.mono.after(ASK_AGAIN_MS));
        }
        self.uploads.release();
        self.soon(now);
    }

    /// Another changed the event meanwhile. What is to be merged is made anew in its place, so that later edits of the event
    /// stay behind it.
    fn on_upload_conflict(&mut self, now: Now, write: &Write, fault: Fault) {
        let strategy = write.on.as_ref().map_or(self.config.strategy, |on| on.strategy);
        let told = told_event(&fault).filter(|doc| *doc.id == *write.event);
        match (strategy, told) {
            (Strategy::FirstWriteWins | Strategy::Manual, Some(doc)) => {
                let fault = fault.with_details(format!("{{\"event\":{}}}", doc.text));
                self.on_write_refused(now, &write.id, fault);
            }
            (Strategy::FirstWriteWins | Strategy::Manual, None) | (_, None) => {
                self.on_write_refused(now, &write.id, fault);
            }
            (_, Some(doc)) if write.rounds < ROUNDS_MAX => self.rebase(now, write, doc),
            (_, Some(doc)) => {
                self.store.confirm(doc);
                self.park(now, &write.id);
            }
        }
    }

    /// Makes a write anew on the event as it is now.
    fn rebase(&mut self, now: Now, write: &Write, doc: EventDoc) {
        let (theirs, body) = (doc.fields(), Fields::parse(&write.body).unwrap_or_default());
        self.store.confirm(doc.clone());
        let parked = Parked::new(row_key(&write.id), write.clone(), Some(doc.clone()));
        let last = parked.conflict.base.as_ref();
        let merged = write.on.as_ref().map(|on| on.meet(write.kind, &body, now.wall_ms, Some(&theirs), last));
        let (kind, mut body) = match merged {
            None => (write.kind, body),
            Some(Err(_)) => return self.park(now, &write.id),
            Some(Ok(merged)) => {
                let again = match &merged.event {
                    Some(event) => difference(&theirs, event).map(|body| (WriteKind::Update, body)),
                    None => Some((WriteKind::Delete, Fields::new())),
                };
                if let Some(merge) = Merge::of(&merged, Some(theirs.clone())) {
                    let conflict = Conflict::clone(&parked.conflict).decided(merge);
                    self.tell_merged(Some((Arc::new(conflict), write.clone())));
                }
                match again {
                    Some((kind, body)) => (kind, with_id(&write.event, &body)),
                    // Nothing is left to write.
                    None => return self.on_write_acknowledged(now, &write.id, Acknowledged::Event(doc)),
                }
            }
        };
        if kind == WriteKind::Update {
            body.set("version", &doc.version.to_string());
        }
        let again =
            |on: &Arc<On>| On { strategy: on.strategy, saw: saw(kind, &body, &theirs).to_text().into() };
        let on = write.on.as_ref().map(|on| Arc::new(again(on)));
        let Some(held) = self.outbox.get_mut(&write.id) else { return };
        let (rounds, base) = (write.rounds + 1, Some(doc.text));
        *held = Write { kind, body: body.to_text().into(), on, base, rounds, ..held.clone() };
        let (row, pending) = (row_of(held), super::stored::pending_of(held));
        self.store.replace_pending(&write.event, pending);
        self.keep(row, None);
    }

    /// A write is sent past the socket.
    fn note_upload(&mut self, upload: UploadId, write: &Write) {
        let numbers = [upload.0, self.stream_number(&write.id.client), write.id.seq, write.attempts];
        self.trace.note(Step::Uploading, "", numbers);
    }

    /// An upload was answered.
    fn note_uploaded(&mut self, upload: UploadId, outcome: &'static str, status: u16, wait_ms: u64) {
        self.trace.note(Step::Uploaded, outcome, [upload.0, u64::from(status), wait_ms, 0]);
    }

    /// A wait of up to `first_ms`, doubled with every try before: all of it is left to chance, so that many who failed
    /// together do not come back together.
    pub(super) fn spread_wait(&mut self, first_ms: u64, nth: u64) -> u64 {
        let most = (first_ms << nth.min(10)).min(super::writes::RETRY_MS_MAX);
        1 + self.spread.below(most)
    }

    /// The wait that the server asked for, and a little more, for the same reason.
    pub(super) fn wait_as_asked(&mut self, asked_ms: u64) -> u64 {
        let asked_ms = asked_ms.min(super::writes::RETRY_AFTER_MS_MAX);
        asked_ms + self.spread.below(1 + (asked_ms / 4).min(1_000))
    }
}

/// The event as it is on the server, if a refusal tells it.
fn told_event(fault: &Fault) -> Option<EventDoc> {
    let details = Fields::parse(fault.details.as_deref()?).ok()?;
    let whole = details.to_text();
    let text = details.get("event").unwrap_or(&whole);
    let fields = Fields::parse(text).ok()?;
    if fields.is_absent("startDate") && fields.is_absent("title") {
        return None;
    }
    EventDoc::parse(text).ok()
}

/// What an answer says of the event.
fn outcome_of(write: &Write, value: &str) -> Acknowledged {
    match read_outcome(value) {
        Acknowledged::Event(doc) if write.kind != WriteKind::Delete && *doc.id == *write.event => {
            Acknowledged::Event(doc)
        }
        Acknowledged::Removed(version) => Acknowledged::Removed(version),
        Acknowledged::Event(_) | Acknowledged::Unsaid if write.kind == WriteKind::Delete => {
            Acknowledged::Removed(None)
        }
        Acknowledged::Event(_) | Acknowledged::Unsaid => Acknowledged::Unsaid,
    }
}
