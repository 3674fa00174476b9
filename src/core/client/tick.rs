//! Time: what is due, when, and in which order it is done.

use super::{Client, Dialect, EXPIRY_SWEEP_MS, FRAME_MS};
use crate::core::fault::{Fault, FaultCode};
use crate::core::io::{Event, Outcome};
use crate::core::metrics::Step;
use crate::core::time::{Now, Timestamp, soonest};

impl Client {
    /// When [`crate::core::io::Input::Tick`] is wanted next.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if self.destroyed {
            return None;
        }
        let notify = self.store.is_changed().then(|| self.notify_at());
        let sends = self.may_send();
        let cursor = (sends && self.can_point()).then(|| self.cursor.poll_timeout()).flatten();
        let live = self.session.open_pipe().is_some();
        let resume = self.outbox.poll_timeout().filter(|_| sends && !self.storage.is_loading());
        let ask = self.channels.poll_timeout().filter(|_| live);
        let sweep = (!self.roster.is_empty() && self.dialect != Dialect::Baro).then_some(self.sweep_due);
        let look = self.lanes.poll_timeout().filter(|_| live);
        [
            notify,
            cursor,
            resume,
            ask,
            sweep,
            look,
            self.batch_due.filter(|_| sends),
            self.tabs_timeout(),
            self.channels.leave_due(),
            self.probe_at(),
            self.uploads.poll_timeout().filter(|_| self.may_upload()),
            self.requests.poll_timeout(),
            self.hello_due,
            self.storage.poll_timeout(),
            self.keep_due(),
        ]
        .into_iter()
        .fold(soonest(self.session.poll_timeout(), self.flush_due), soonest)
    }

    pub(super) fn handle_tick(&mut self, now: Now) {
        let under_way =
            self.outbox.oldest_sent().is_some() || self.requests.is_under_way() || self.has_relayed();
        let waits = !self.outbox.is_empty() && self.writes_use_the_socket();
        self.session.set_busy(waits || self.is_needed(), under_way);
        self.handle_tabs_timeout(now);
        if self.session.is_moving() {
            self.flush_outgoing();
        }
        self.session.handle_timeout(now.mono);
        if self.hello_due.is_some_and(|due| due <= now.mono) {
            self.on_plain_server(now);
        }
        for (ticket, sent) in self.requests.take_overdue(now.mono) {
            let text = "the message was not acknowledged in time";
            let fault = Fault::new(FaultCode::Timeout, text).with_details(format!("{{\"sent\":{sent}}}"));
            self.note_timeout(sent);
            self.settle(ticket, Outcome::Refused(fault));
        }
        self.leave_channels(now);
        for channel in self.channels.take_due(now.mono) {
            self.request_channel(now, &channel);
        }
        if self.sweep_due <= now.mono {
            self.sweep_due = now.mono.after(EXPIRY_SWEEP_MS);
            if self.dialect != Dialect::Baro {
                for user in self.roster.expire(now.mono) {
                    self.on_user_left(user);
                }
            }
        }
        if self.probe_at().is_some_and(|due| due <= now.mono) {
            self.trace.note(Step::Overdue, "", [0; 4]);
            self.probe_link(now);
        }
        if self.storage.take_due(now.mono) {
            self.reopen_storage();
        }
        self.flush_due = None;
        self.lanes.handle_timeout(now.mono);
        self.run_session(now);
        self.send_waiting(now);
        self.upload_waiting(now);
        self.flush_outgoing();
        if !self.storage_waits() {
            self.flush_storage();
            self.flush_mirror();
        }
        self.keep_events(now);
        self.notify(now);
    }

    fn notify_at(&self) -> Timestamp {
        self.notified_at.map_or(Timestamp(0), |at| at.after(FRAME_MS))
    }

    fn notify(&mut self, now: Now) {
        if self.store.is_changed() && self.notify_at() <= now.mono {
            self.notified_at = Some(now.mono);
            let changes = self.store.take_changes();
            if !changes.is_empty() {
                self.tell(Event::EventsChanged(changes));
            }
        }
        if std::mem::take(&mut self.presence_changed) {
            self.tell(Event::PresenceChanged);
        }
        if std::mem::replace(&mut self.sync_told, self.sync_revision) != self.sync_revision {
            self.tell(Event::SyncChanged);
        }
    }
}
