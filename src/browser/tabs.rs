//! What the tabs of a user share: the lead, the channel on which they hear each other, the epoch, and the streams of
//! programs that ended.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use wasm_bindgen_futures::spawn_local;

use super::broadcast::Broadcast;
use super::locks::{self, How, Lock, Lot, stream_name};
use super::storage::Storage;
use super::teardown::Teardown;
use crate::core::config::Config;
use crate::core::id::ClientId;
use crate::core::io::{Row, TabsEffect, TabsEvent};
use crate::core::metrics::hash_of;
use crate::core::offline::Table;
use crate::core::tabs::Wish;

type Report = Rc<dyn Fn(TabsEvent<'_>)>;

/// What a client shares with those of other tabs.
pub(super) struct Tabs {
    name: String,
    own: ClientId,
    storage: Rc<Storage>,
    teardown: Teardown,
    report: Report,
    lead: RefCell<Option<Lock>>,
    channel: Broadcast,
    /// Streams of programs that live and are waited for.
    watched: RefCell<Vec<(ClientId, Lock)>>,
    /// Streams of ended programs, which are ours.
    taken: RefCell<Vec<(String, Lock)>>,
}

impl Tabs {
    /// What is shared with the tabs that have the same database and the same server, if this browser lets tabs share
    /// anything. `report` is called later, never from within a call of this.
    pub(super) fn new(
        config: &Config,
        own: ClientId,
        storage: &Rc<Storage>,
        teardown: &Teardown,
        report: Report,
    ) -> Option<Rc<Self>> {
        if !config.shared_tabs || !locks::are_there() || !Broadcast::is_supported() {
            return None;
        }
        // What one connection cannot be for two of.
        let server = [
            config.url.as_str(),
            config.protocols.join(" ").as_str(),
            if config.negotiate { "" } else { "plain" },
        ]
        .join("\n");
        let name = format!("{}/tabs/{:x}", storage.name(), hash_of(&server));
        let heard = report.clone();
        let channel = Broadcast::open(&name, teardown, move |text| heard(TabsEvent::Heard(text)))?;
        Some(Rc::new(Self {
            name,
            own,
            channel,
            storage: storage.clone(),
            teardown: teardown.clone(),
            report,
            lead: RefCell::default(),
            watched: RefCell::default(),
            taken: RefCell::default(),
        }))
    }

    pub(super) fn perform(self: &Rc<Self>, effect: TabsEffect) {
        match effect {
            TabsEffect::Wish(Wish::Ask) => self.hold(How::IfFree),
            TabsEffect::Wish(Wish::Steal) => self.hold(How::Steal),
            TabsEffect::Wish(Wish::Leave) => drop(self.lead.take()),
            TabsEffect::Wish(Wish::Raise) => self.tell_epoch(true),
            TabsEffect::Wish(Wish::Look) => self.tell_epoch(false),
            TabsEffect::Tell(text) => self.channel.say(&text),
            TabsEffect::Adopt => {
                let tabs = self.clone();
                spawn_local(async move {
                    // Rows that cannot be read stay for a later program.
                    let rows = tabs.storage.outbox_rows().await.unwrap_or_default();
                    let (rows, refused) = tabs.take_streams(rows).await;
                    // They live, or have ended so lately that the browser has not let go of all their locks.
                    for stream in refused {
                        if *stream != *tabs.own.0 && tabs.lead.borrow().is_some() {
                            tabs.watch(ClientId(Arc::from(stream)));
                        }
                    }
                    if !rows.is_empty() {
                        (tabs.report)(TabsEvent::Left(None, rows));
                    }
                });
            }
            TabsEffect::Watch(client) => self.watch(client),
            TabsEffect::Unwatch => drop(self.watched.take()),
        }
    }

    /// Of the rows of ended programs those whose streams nobody else takes; they are ours from now on. And the streams that
    /// somebody has.
    async fn take_streams(&self, rows: Vec<Row>) -> (Vec<Row>, Vec<String>) {
        let mut refused: Vec<String> = Vec::new();
        for row in &rows {
            let stream = stream_of(row);
            let is_known = |name: &str| self.taken.borrow().iter().any(|(taken, _)| taken == name);
            if is_known(stream) || refused.iter().any(|name| name == stream) {
                continue;
            }
            let name = stream_name(self.storage.name(), stream);
            match locks::take(&name, &self.teardown).await {
                Some(lock) => self.taken.borrow_mut().push((stream.to_owned(), lock)),
                None => refused.push(stream.to_owned()),
            }
        }
        let is_taken = |row: &Row| !refused.iter().any(|name| name == stream_of(row));
        (rows.into_iter().filter(is_taken).collect(), refused)
    }

    /// Of the rows that `own` read when it started, those that are no ended program's, and those whose streams nobody else
    /// takes.
    pub(super) async fn take_left(&self, own: &str, rows: Vec<Row>) -> Vec<Row> {
        let is_left = |row: &Row| row.table == Table::Outbox && stream_of(row) != own;
        let (left, mut rows): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_left);
        rows.extend(self.take_streams(left).await.0);
        rows
    }

    fn hold(self: &Rc<Self>, how: How) {
        let weak = Rc::downgrade(self);
        let granted = std::cell::Cell::new(false);
        let lock = Lock::ask(&self.name, how, &self.teardown, move |lot| {
            let Some(tabs) = weak.upgrade() else { return };
            let event = match lot {
                Lot::Granted => {
                    granted.set(true);
                    TabsEvent::Granted
                }
                Lot::Taken => {
                    // Off this callback, which goes with the lock that is dropped now.
                    spawn_local(async move {
                        if tabs.lead.borrow().is_some() {
                            tabs.hold(How::Wait);
                            (tabs.report)(TabsEvent::Busy);
                        }
                    });
                    return;
                }
                Lot::Ended if granted.get() => TabsEvent::Lost,
                Lot::Ended => TabsEvent::Unavailable,
            };
            spawn_local(async move { (tabs.report)(event) });
        });
        let before = self.lead.replace(Some(lock));
        drop(before);
    }

    fn tell_epoch(self: &Rc<Self>, raise: bool) {
        let (storage, report) = (self.storage.clone(), self.report.clone());
        spawn_local(async move {
            let epoch = storage.epoch(raise).await.ok();
            report(TabsEvent::Epoch(epoch));
        });
    }

    fn watch(self: &Rc<Self>, client: ClientId) {
        if self.watched.borrow().iter().any(|(watched, _)| *watched == client) {
            return;
        }
        let (weak, name) = (Rc::downgrade(self), stream_name(self.storage.name(), &client.0));
        let ended = client.clone();
        let lock = Lock::ask(&name, How::Wait, &self.teardown, move |lot| {
            if lot == Lot::Granted {
                let (weak, ended) = (weak.clone(), ended.clone());
                spawn_local(async move { Self::on_ended(&weak, ended).await });
            }
        });
        self.watched.borrow_mut().push((client, lock));
    }

    /// A program that was watched has ended; its stream is ours.
    async fn on_ended(weak: &Weak<Self>, client: ClientId) {
        let Some(tabs) = weak.upgrade() else { return };
        let at = tabs.watched.borrow().iter().position(|(watched, _)| *watched == client);
        let Some((_, lock)) = at.map(|at| tabs.watched.borrow_mut().remove(at)) else { return };
        tabs.taken.borrow_mut().push((client.to_string(), lock));
        let mut rows = tabs.storage.outbox_rows().await.unwrap_or_default();
        rows.retain(|row| stream_of(row) == &*client.0);
        if rows.is_empty() {
            tabs.taken.borrow_mut().retain(|(taken, _)| *taken != *client.0);
        }
        (tabs.report)(TabsEvent::Left(Some(client), rows));
    }
}

/// The stream of a row of the outbox.
fn stream_of(row: &Row) -> &str {
    row.key.rsplit_once('|').map_or("", |(stream, _)| stream)
}
