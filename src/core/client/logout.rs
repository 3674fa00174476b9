//! Whose data this is, and its end.
//!
//! Owns the name of the user to whom the database belongs, and `logout()`. Guarantees that a queue is never sent with the
//! token of somebody else, that a logout that is refused changes nothing, and that after one that is not nothing of the
//! user is held, stored or sent any more.

use super::Client;
use super::keeping::Keeping;
use crate::core::delivery::{Channels, Outbox};
use crate::core::fault::{Fault, FaultCode};
use crate::core::id::Ticket;
use crate::core::io::{Effect, OnPending, Outcome, Reply, Row, StorageOp};
use crate::core::metrics::Step;
use crate::core::offline::{OWNER_KEY, Table, encode_owner};
use crate::core::session::subject_of;
use crate::core::time::Now;

/// Where a logout is.
#[derive(Debug, Default)]
pub(super) struct Logout {
    /// Who waits for it, and what is to become of what is not sent.
    wanted: Option<(Ticket, OnPending)>,
    /// The database was told: nothing is edited until it answers.
    is_wiping: bool,
    /// It is over.
    is_done: bool,
}

impl Client {
    /// `logout()`.
    pub(super) fn log_out(&mut self, now: Now, pending: OnPending) -> Reply {
        let ticket = self.ticket();
        if self.logout.is_done {
            self.settle(ticket, Outcome::Done);
        } else if self.logout.wanted.is_some() {
            let text = "another logout() is under way";
            self.settle(ticket, Outcome::Refused(Fault::new(FaultCode::PendingWrites, text)));
        } else {
            self.logout.wanted = Some((ticket, pending));
            self.go_on_logging_out(now);
        }
        Reply::Ticket(ticket)
    }

    /// Whether calls are refused that would bring something of the user back.
    pub(super) fn check_logged_in(&self) -> Result<(), Fault> {
        if self.logout.is_done || self.logout.is_wiping {
            let text = "the user logged out; make a new calendar for the next one";
            return Err(Fault::new(FaultCode::LoggedOut, text));
        }
        Ok(())
    }

    /// Whether the database is being given up: nothing is stored in it meanwhile.
    pub(super) fn is_wiping(&self) -> bool {
        self.logout.is_wiping
    }

    /// Takes the next step of a logout, if there is one and it is time.
    pub(super) fn go_on_logging_out(&mut self, now: Now) {
        let Some((ticket, pending)) = self.logout.wanted.filter(|_| !self.logout.is_wiping) else { return };
        // One that waits for a person is not sent either, and no connection changes that.
        let parked = self.parked.len() as u64;
        let count = self.outbox.len() as u64 + parked;
        match pending {
            // Before storage was read nobody knows what is pending.
            OnPending::Flush | OnPending::Keep if self.storage.is_loading() => return,
            OnPending::Flush if count > 0 && parked == 0 && self.can_flush() => return,
            OnPending::Flush if count > 0 => return self.refuse_logout(ticket, count),
            OnPending::Keep if count > 0 && !self.storage.is_open() => {
                return self.refuse_logout(ticket, count);
            }
            OnPending::Flush | OnPending::Keep | OnPending::Discard => {}
        }
        if self.config.offline.is_none() {
            return self.on_logged_out(now);
        }
        if pending != OnPending::Discard {
            self.flush_storage();
        }
        self.trace.note(Step::Wiping, pending.word(), [0; 4]);
        self.logout.is_wiping = true;
        self.effect(Effect::Wipe(pending));
    }

    fn refuse_logout(&mut self, ticket: Ticket, count: u64) {
        self.logout.wanted = None;
        let text = "writes of the user were not sent; nothing was changed";
        let fault =
            Fault::new(FaultCode::PendingWrites, text).with_details(format!("{{\"pending\":{count}}}"));
        self.settle(ticket, Outcome::Refused(fault));
    }

    /// The database was not given up.
    pub(super) fn on_not_wiped(&mut self, pending: u64, reason: &str) {
        self.logout.is_wiping = false;
        let Some((ticket, _)) = self.logout.wanted else { return };
        if pending > 0 {
            return self.refuse_logout(ticket, pending);
        }
        self.logout.wanted = None;
        let fault = Fault::new(FaultCode::StorageUnavailable, reason);
        self.settle(ticket, Outcome::Refused(fault));
    }

    /// The program ends: who waits for a logout that has not begun to wipe learns nothing of it.
    pub(super) fn abandon_logout(&mut self) -> Option<Ticket> {
        let wanted = if self.logout.is_wiping { None } else { self.logout.wanted.take() };
        wanted.map(|(ticket, _)| ticket)
    }

    /// After the end of the program the database still answers.
    pub(super) fn settle_wiped(&mut self, outcome: Outcome) {
        if let Some((ticket, _)) = self.logout.wanted.take() {
            self.settle(ticket, outcome);
        }
    }

    /// Nothing of the user is stored any more: nothing of him stays in memory either. The same when another tab did it.
    pub(super) fn on_logged_out(&mut self, now: Now) {
        self.session.disconnect();
        self.run_session(now);
        self.on_connection_ended();
        self.withdraw();
        self.forget_peers();
        self.lasting.clear();
        for user in self.roster.clear() {
            self.on_user_left(user);
        }
        let fault = Fault::new(FaultCode::LoggedOut, "the user logged out");
        let mut tickets = std::mem::take(&mut self.connecting);
        tickets.append(&mut std::mem::take(&mut self.flushing));
        tickets.append(&mut std::mem::take(&mut self.ops_for));
        tickets.append(&mut self.requests.abandon());
        tickets.append(&mut self.channels.abandon());
        self.wanted = false;
        self.uploads = crate::core::upload::Uploads::default();
        self.retried.clear();
        let own = self.outbox.own().clone();
        let outbox = std::mem::replace(&mut self.outbox, Outbox::new(own));
        for write in outbox.iter() {
            tickets.extend(&write.confirmed);
            self.store.roll_back(&write.event, &write.id);
        }
        for (_, parked) in std::mem::take(&mut self.parked).take() {
            tickets.extend(&parked.write.confirmed);
            self.store.roll_back(&parked.write.event, &parked.write.id);
        }
        self.conflicts_revision += 1;
        for ticket in tickets {
            self.settle(ticket, Outcome::Refused(fault.clone()));
        }
        self.store.forget(|_| false);
        self.channels = Channels::default();
        self.failed = crate::core::map::SortedMap::default();
        self.history = crate::core::history::History::default();
        self.progress = super::Progress::default();
        self.ops.clear();
        self.keeping = Keeping::default();
        self.owed = crate::core::map::SortedMap::default();
        self.last_synced_ms = None;
        self.owner = None;
        self.storage.end();
        self.logout.is_wiping = false;
        self.logout.is_done = true;
        match self.logout.wanted.take() {
            Some((ticket, _)) => self.settle(ticket, Outcome::Done),
            None => self.error(fault),
        }
        self.sync_revision += 1;
        self.soon(now);
    }

    /// A token is to be used. One that names another user than whom the database belongs to is not.
    pub(super) fn may_use(&mut self, token: &str) -> bool {
        let Some(subject) = subject_of(token) else { return true };
        match &self.owner {
            Some(owner) => *owner == subject,
            None => {
                self.owner = Some(subject);
                true
            }
        }
    }

    /// The database says whom it belongs to. Returns whether that is who signs in here.
    pub(super) fn on_owner(&mut self, stored: String) -> bool {
        self.owner_is_stored = true;
        match &self.owner {
            Some(owner) => *owner == stored,
            None => {
                self.owner = Some(stored);
                true
            }
        }
    }

    /// The database, or the token, is another user's. Neither is used.
    pub(super) fn on_stranger(&mut self, now: Now) {
        self.trace.note(Step::Stranger, "", [0; 4]);
        let text = "the token is another user's than what is stored here: name 'user' in the configuration, which gives \
                    each a database, or call logout() before another user signs in";
        self.session.refuse_token(now.mono, Fault::terminal(FaultCode::OtherUser, text));
    }

    /// The row that says whom the database belongs to goes with the first that holds anything of him.
    pub(super) fn owner_row(&mut self) -> Option<StorageOp> {
        let owner = self.owner.as_ref().filter(|_| !self.owner_is_stored)?;
        self.owner_is_stored = true;
        let row = Row { table: Table::Meta, key: OWNER_KEY.to_owned(), value: encode_owner(owner) };
        Some(StorageOp::Put(row))
    }
}
