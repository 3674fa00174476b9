//! Which write goes when.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::id::WriteId;
use crate::core::map::SortedMap;
use crate::core::time::Timestamp;

/// Most uploads under way at a time, as many as browsers open connections to a host.
const UNDER_WAY_MAX: usize = 6;

/// One upload, never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub u64);

/// The writes of one event. Whether its first may go stands in the lists.
#[derive(Debug, Default)]
struct Lane {
    writes: VecDeque<WriteId>,
    /// Failures of the first in a row.
    failures: u32,
}

/// All lanes. A lane is in exactly one of three lists: those that may go, those that wait, those that are under way.
#[derive(Debug, Default)]
pub struct Uploads {
    lanes: SortedMap<Arc<str>, Lane>,
    ready: VecDeque<Arc<str>>,
    waiting: Vec<(Timestamp, Arc<str>)>,
    under_way: Vec<(UploadId, Arc<str>, WriteId)>,
    last: u64,
    /// Nobody answered: until when none goes, and how often in a row.
    pause: Option<Timestamp>,
    lost: u32,
    /// Until somebody has signed in, and how often in a row he had to.
    held: bool,
    refused: u32,
}

impl Uploads {
    /// Takes a write, behind those on its event.
    pub fn add(&mut self, event: &Arc<str>, id: WriteId) {
        if let Some(lane) = self.lanes.get_mut(&**event) {
            lane.writes.push_back(id);
        } else {
            self.lanes.insert(event.clone(), Lane { writes: VecDeque::from([id]), failures: 0 });
            self.ready.push_back(event.clone());
        }
    }

    /// Takes these writes in the place of all. What is under way goes on.
    pub fn replace<'a>(&mut self, writes: impl Iterator<Item = (&'a Arc<str>, WriteId)>) {
        self.lanes = SortedMap::default();
        self.ready.clear();
        self.waiting.clear();
        for (event, id) in writes {
            self.add(event, id);
        }
        let under_way = |event: &Arc<str>| self.under_way.iter().any(|(_, held, _)| held == event);
        self.ready.retain(|event| !under_way(event));
    }

    /// The next write to send.
    pub fn next(&mut self, now: Timestamp) -> Option<(UploadId, WriteId)> {
        if self.held || self.pause.is_some_and(|until| until > now) {
            return None;
        }
        // After nobody answered, one finds out whether somebody does.
        let most = if self.lost > 0 { 1 } else { UNDER_WAY_MAX };
        if self.under_way.len() >= most {
            return None;
        }
        let mut at = 0;
        while let Some((until, _)) = self.waiting.get(at) {
            if *until <= now {
                self.ready.push_back(self.waiting.remove(at).1);
            } else {
                at += 1;
            }
        }
        let event = self.ready.pop_front()?;
        let id = self.lanes.get(&*event)?.writes.front()?.clone();
        self.last += 1;
        self.under_way.push((UploadId(self.last), event, id.clone()));
        Some((UploadId(self.last), id))
    }

    /// An upload ended: the write that it was of. Its lane may go again unless the caller says otherwise.
    pub fn ended(&mut self, upload: UploadId) -> Option<WriteId> {
        let at = self.under_way.iter().position(|(id, ..)| *id == upload)?;
        let (_, event, id) = self.under_way.remove(at);
        let lane = self.lanes.get(&*event)?;
        self.ready.push_front(event);
        lane.writes.contains(&id).then_some(id)
    }

    /// Somebody answered.
    pub fn heard(&mut self) {
        self.lost = 0;
        self.pause = None;
    }

    /// A write is decided, or given up.
    pub fn remove(&mut self, event: &str, id: &WriteId) {
        let Some(lane) = self.lanes.get_mut(event) else { return };
        lane.failures = 0;
        self.refused = 0;
        lane.writes.retain(|held| held != id);
        if lane.writes.is_empty() {
            self.lanes.remove(event);
            self.ready.retain(|held| **held != *event);
            self.waiting.retain(|(_, held)| **held != *event);
            self.under_way.retain(|(_, held, _)| **held != *event);
        }
    }

    /// The first write of an event failed: how often in a row now.
    pub fn failed(&mut self, event: &str) -> u32 {
        self.lanes.get_mut(event).map_or(1, |lane| {
            lane.failures += 1;
            lane.failures
        })
    }

    /// The event waits.
    pub fn postpone(&mut self, event: &str, until: Timestamp) {
        if let Some(at) = self.ready.iter().position(|held| **held == *event)
            && let Some(event) = self.ready.remove(at)
        {
            self.waiting.push((until, event));
        }
    }

    /// Nobody answered: how often in a row now.
    pub fn count_lost(&mut self) -> u32 {
        self.lost += 1;
        self.lost
    }

    /// Whether nobody answered the last time.
    pub fn is_lost(&self) -> bool {
        self.lost > 0
    }

    /// None goes before then.
    pub fn pause(&mut self, until: Timestamp) {
        self.pause = Some(self.pause.map_or(until, |before| before.max(until)));
    }

    /// There is a reason to try at once.
    pub fn resume(&mut self) {
        self.pause = None;
    }

    /// None goes until [`Uploads::release`]. Returns how often in a row.
    pub fn hold(&mut self) -> u32 {
        self.held = true;
        self.refused += 1;
        self.refused
    }

    /// Whether somebody has to sign in.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Somebody may have signed in.
    pub fn release(&mut self) {
        self.held = false;
    }

    /// When [`Uploads::next`] may have something that it has not now.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let most = if self.lost > 0 { 1 } else { UNDER_WAY_MAX };
        if self.held || self.lanes.is_empty() || self.under_way.len() >= most {
            return None;
        }
        let first = if self.ready.is_empty() {
            self.waiting.iter().map(|(until, _)| *until).min()?
        } else {
            Timestamp(0)
        };
        Some(self.pause.map_or(first, |until| until.max(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::ClientId;

    fn id(seq: u64) -> WriteId {
        WriteId { client: ClientId(Arc::from("me")), seq }
    }

    fn uploads(events: &[&str]) -> Uploads {
        let mut uploads = Uploads::default();
        for (seq, event) in (1..).zip(events) {
            uploads.add(&Arc::from(*event), id(seq));
        }
        uploads
    }

    fn start(uploads: &mut Uploads, now: u64) -> Vec<(UploadId, u64)> {
        std::iter::from_fn(|| uploads.next(Timestamp(now))).map(|(upload, id)| (upload, id.seq)).collect()
    }

    #[test]
    fn the_writes_of_one_event_go_one_after_the_other_and_six_events_at_a_time() {
        let mut uploads = uploads(&["a", "a", "b", "c", "d", "e", "f", "g"]);
        let started = start(&mut uploads, 0);
        assert_eq!(started.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), [1, 3, 4, 5, 6, 7]);
        assert_eq!(uploads.poll_timeout(), None);
        assert_eq!(uploads.ended(started[0].0), Some(id(1)));
        uploads.remove("a", &id(1));
        assert_eq!(start(&mut uploads, 0).iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), [2]);
        assert_eq!(uploads.ended(started[0].0), None, "it ended before");
    }

    #[test]
    fn an_event_whose_write_fails_delays_no_other() {
        let mut uploads = uploads(&["a", "a", "b", "b"]);
        let started = start(&mut uploads, 0);
        uploads.ended(started[0].0);
        assert_eq!(uploads.failed("a"), 1);
        uploads.postpone("a", Timestamp(500));
        uploads.ended(started[1].0);
        uploads.remove("b", &id(3));
        let next = start(&mut uploads, 0);
        assert_eq!(next.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), [4]);
        assert_eq!((uploads.poll_timeout(), start(&mut uploads, 499)), (Some(Timestamp(500)), vec![]));
        assert_eq!(start(&mut uploads, 500).first().map(|(_, seq)| *seq), Some(1));
        assert_eq!(uploads.failed("a"), 2);
    }

    #[test]
    fn when_nobody_answers_all_wait_and_one_finds_out() {
        let mut uploads = uploads(&["a", "b", "c"]);
        for (upload, _) in start(&mut uploads, 0) {
            uploads.ended(upload);
            uploads.count_lost();
            uploads.pause(Timestamp(300));
        }
        assert_eq!((uploads.poll_timeout(), start(&mut uploads, 299).len()), (Some(Timestamp(300)), 0));
        let one = start(&mut uploads, 300);
        assert_eq!((one.len(), uploads.poll_timeout()), (1, None));
        uploads.ended(one[0].0);
        uploads.heard();
        assert_eq!(start(&mut uploads, 300).len(), 3);
    }

    #[test]
    fn while_somebody_has_to_sign_in_none_goes() {
        let mut uploads = uploads(&["a"]);
        uploads.hold();
        assert_eq!((uploads.poll_timeout(), start(&mut uploads, 9).len()), (None, 0));
        uploads.release();
        assert_eq!((uploads.poll_timeout(), start(&mut uploads, 9).len()), (Some(Timestamp(0)), 1));
    }

    #[test]
    fn what_is_decided_otherwise_leaves_nothing_behind() {
        let mut uploads = uploads(&["a", "b"]);
        let started = start(&mut uploads, 0);
        uploads.remove("a", &id(1));
        assert_eq!(uploads.ended(started[0].0), None);
        uploads.add(&Arc::from("a"), id(3));
        assert_eq!(start(&mut uploads, 0).first().map(|(_, seq)| *seq), Some(3));
    }
}
