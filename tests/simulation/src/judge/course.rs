//! How things go on, not only how they are: `P5` what a frame costs, `P21` no flicker, `P37` progress.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baro_realtime::core::client::Client;
use baro_realtime::core::delivery::Progress;
use baro_realtime::core::model::Query;

use super::{Judge, Violation};

/// What was seen of the course of one program.
#[derive(Debug, Default)]
pub(super) struct Course {
    progress: Progress,
    /// The unique values that each event has shown, in their order.
    shown: BTreeMap<String, Vec<String>>,
    /// Those of updates that this very program made: a creation gives way to what there is already.
    pub(super) made: BTreeSet<String>,
    /// The store's revision and the number of refusals at the last look.
    looked: (u64, u64),
}

impl Course {
    /// From now on an event may show anything.
    pub(super) fn forget_shown(&mut self, event: &str) {
        self.shown.remove(event);
    }
}

/// What a frame may cost beside what it names: a fault of the order of all that waits is looked for, not a constant.
const SLACK: u64 = 500;

/// What a program knew before it read a frame.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    folds: u64,
    /// Events with pending writes: how many, and the confirmed version.
    events: Vec<(Arc<str>, u64, Option<u64>)>,
    /// Whole contents that it took.
    snapshots: u64,
    /// How far all of its channels were read.
    read: u64,
}

fn read_of(client: &Client, channels: &BTreeMap<String, u64>) -> u64 {
    channels.keys().filter_map(|channel| client.position(channel)).map(|position| position.seq).sum()
}

/// The unique value that an event shows. A stamp of it, which may stand before it, does not begin with its letter.
pub(super) fn mark_of(text: &str) -> Option<&str> {
    let (before, _) = text.split_once("\"mark\":\"m")?;
    let from = before.len() + "\"mark\":\"".len();
    text.get(from..)?.split('"').next()
}

/// What there is to put together anew.
pub(crate) fn before(client: &Client, channels: &BTreeMap<String, u64>) -> Before {
    let mut pending: BTreeMap<Arc<str>, u64> = BTreeMap::new();
    for write in client.pending() {
        *pending.entry(write.event.clone()).or_default() += 1;
    }
    let version = |event: &str| client.store().confirmed(event).map(|doc| doc.version);
    let events = pending.into_iter().map(|(event, count)| (event.clone(), count, version(&event)));
    let snapshots = client.metrics().snapshots;
    let read = read_of(client, channels);
    Before { folds: client.store().folds(), events: events.collect(), snapshots, read }
}

/// The how-many-th of all unique values it is.
fn number_of(mark: &str) -> u64 {
    let digits = mark.trim_start_matches('m').split(|letter: char| !letter.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

impl Judge {
    /// A program has read a frame. Only events that it names or that it changed were put together anew, once or twice for
    /// each change.
    pub(crate) fn spent(
        &self,
        d: usize,
        (client, channels): (&Client, &BTreeMap<String, u64>),
        before: &Before,
        frame: &str,
    ) -> Result<(), Violation> {
        let folds = client.store().folds() - before.folds;
        // Not what a frame released that others brought.
        let told = frame.matches("\"seq\":").count() as u64;
        let released = read_of(client, channels) > before.read + told;
        if folds == 0 || released || client.metrics().snapshots > before.snapshots {
            return Ok(());
        }
        // Where several edits of one event wait for a person each of them is put on anew with all of them.
        let mut parked = BTreeSet::new();
        if !client.conflicts().all(|conflict| parked.insert(&conflict.event)) {
            return Ok(());
        }
        let mut may = 0;
        for (event, count, version) in &before.events {
            let now = client.store().confirmed(event).map(|doc| doc.version);
            may += 3 * count * frame.matches(&format!("\"{event}\"")).count() as u64;
            let same = client.store().pending(event).len() as u64 == *count;
            match (version, now) {
                (before, now) if *before == now && same => {}
                (Some(before), Some(now)) if *before <= now => may += 3 * count * (now - before + 2),
                // An event that comes or goes, or that another history has, tells no number of its changes.
                _ => return Ok(()),
            }
        }
        if folds <= 8 * may + SLACK {
            return Ok(());
        }
        let what = format!("device {d}: {folds} writes were put on anew, {may} of them for a reason");
        Err(Violation::new("P5", what))
    }

    pub(super) fn check_course(&mut self, d: usize, client: &Client, restart: bool) -> Result<(), Violation> {
        self.check_progress(d, client)?;
        self.check_flicker(d, client, restart)
    }

    /// Until nothing waits any more, the share that is done never gets less; then it is all.
    fn check_progress(&mut self, d: usize, client: &Client) -> Result<(), Violation> {
        let now = client.progress();
        let before = std::mem::replace(&mut self.seen[d].course.progress, now);
        let over = |progress: Progress| progress.completed() == progress.total();
        let idle = client.pending().next().is_none();
        let wrong = now.completed() > now.total()
            || over(now) != (now.percentage() == 100)
            || idle && !over(now)
            || !over(before)
                && (now.percentage() < before.percentage() || now.completed() < before.completed());
        if wrong {
            let what = format!("device {d}: from {before:?} to {now:?}, idle {idle}");
            return Err(Violation::new("P37", what));
        }
        Ok(())
    }

    /// What an event showed before a newer write of this program was put on it, it shows again only if one was refused.
    fn check_flicker(&mut self, d: usize, client: &Client, restart: bool) -> Result<(), Violation> {
        let look = (client.store().revision(), client.metrics().writes_refused);
        let course = &mut self.seen[d].course;
        let before = std::mem::replace(&mut course.looked, look);
        // Where edits are merged, an older one may be what stays.
        if restart || before.1 != look.1 || self.restored || !self.overwrites[d] {
            course.shown.clear();
        }
        if before == look {
            return Ok(());
        }
        course.shown.retain(|event, _| client.store().shown(event).is_some());
        for shown in client.store().query(&Query::default()) {
            let Some(mark) = mark_of(&shown.doc.text) else { continue };
            let marks = course.shown.entry(shown.doc.id.to_string()).or_default();
            if marks.last().is_some_and(|last| last == mark) {
                continue;
            }
            let since = marks.iter().rposition(|old| old == mark).and_then(|at| marks.get(at + 1..));
            let newer = |new: &&String| course.made.contains(*new) && number_of(new) > number_of(mark);
            let over = since.unwrap_or_default().iter().any(|new| newer(&new));
            if over && !self.again.contains(mark) {
                let what = format!("device {d}: {} shows {mark} again after {marks:?}", shown.doc.id);
                return Err(Violation::new("P21", what));
            }
            marks.push(mark.to_owned());
        }
        Ok(())
    }
}
