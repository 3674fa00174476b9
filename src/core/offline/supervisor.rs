//! What is done about storage that fails.
//!
//! Owns whether edits are kept in the database or in memory, how often and when the database is opened again, and which
//! failures are told. Guarantees that a failure is told once until storage works again, and that opening is tried as long
//! as there is a database to hope for. Knows nothing of rows: the client holds what has to be stored again.

use super::trouble::Trouble;
use crate::core::time::Timestamp;

/// Waits before the database is opened again after it failed, ms. A connection that the browser only closed is replaced at
/// once: the first wait is that of a second failure.
const REOPEN_MS: [u64; 3] = [0, 100, 1_000];
/// First wait before storage that was given up is tried again, ms; it doubles.
const RETURN_MS: u64 = 5_000;
/// Longest such wait, ms.
const RETURN_MS_MAX: u64 = 60_000;

/// Where edits are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The database is being opened for the first time: what it holds is not known.
    Loading,
    /// In the database.
    Open,
    /// In the database, once it is open again. What is to be stored waits.
    Reopening,
    /// In memory only.
    Memory,
}

/// What becomes of a batch that was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored when the database is open again: who waits for it goes on waiting.
    Later,
    /// The caches are given up, and it is tried once more.
    MakeRoom,
    /// Who waits for it is told. What it holds goes with the next batch.
    Refused,
    /// As [`Verdict::Refused`], but it would fail again: it is not tried any more.
    Hopeless,
}

/// The state of storage.
#[derive(Debug)]
pub struct Supervisor {
    mode: Mode,
    /// Failures since a batch was stored.
    failures: usize,
    /// When the database is opened again.
    due: Option<Timestamp>,
    return_ms: u64,
    /// The program knows that storage does not work.
    told: bool,
    /// The caches were given up since a batch was stored.
    made_room: bool,
    /// The database was read once.
    read: bool,
    /// Opening failed: what is to be stored would fail too.
    holds: bool,
}

impl Supervisor {
    /// Storage that is being opened if `wanted`, otherwise none at all.
    pub fn new(wanted: bool) -> Self {
        Self {
            mode: if wanted { Mode::Loading } else { Mode::Memory },
            failures: 0,
            due: None,
            return_ms: RETURN_MS,
            told: false,
            made_room: false,
            read: false,
            holds: false,
        }
    }

    /// Nobody knows yet what is stored.
    pub fn is_loading(&self) -> bool {
        self.mode == Mode::Loading
    }

    /// The database is open.
    pub fn is_open(&self) -> bool {
        self.mode == Mode::Open
    }

    /// Nothing is stored.
    pub fn is_memory(&self) -> bool {
        self.mode == Mode::Memory
    }

    /// What is to be stored waits until the database is open.
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// Whether storage may still come back.
    pub fn may_return(&self) -> bool {
        self.mode != Mode::Memory || self.due.is_some()
    }

    /// When the database is to be opened again.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.due
    }

    /// Whether the database is to be opened now.
    pub fn take_due(&mut self, now: Timestamp) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
        }
        due
    }

    /// The database was read. Returns whether it was for the first time.
    pub fn handle_loaded(&mut self) -> bool {
        self.mode = Mode::Open;
        self.due = None;
        self.holds = false;
        !std::mem::replace(&mut self.read, true)
    }

    /// The database could not be opened. Returns whether to tell.
    pub fn handle_unavailable(&mut self, now: Timestamp, trouble: Trouble) -> bool {
        if self.mode == Mode::Memory && trouble != Trouble::Absent {
            self.try_to_return(now);
            return false;
        }
        self.failures += 1;
        match trouble {
            Trouble::HandleDead | Trouble::Backing | Trouble::Missing | Trouble::Aborted
                if self.failures < REOPEN_MS.len() =>
            {
                self.wait_for(now, self.failures);
                false
            }
            Trouble::HandleDead
            | Trouble::Backing
            | Trouble::Missing
            | Trouble::Aborted
            | Trouble::Blocked
            | Trouble::Quota
            | Trouble::Data => self.give_up(Some(now)),
            Trouble::Absent => self.give_up(None),
        }
    }

    /// A batch was not stored. Returns what becomes of it, and whether to tell.
    pub fn handle_aborted(&mut self, now: Timestamp, trouble: Trouble) -> (Verdict, bool) {
        match self.mode {
            // It was under way when an earlier one failed, or the opening.
            Mode::Loading | Mode::Reopening => {
                self.holds = true;
                return (Verdict::Later, false);
            }
            Mode::Memory => return (Verdict::Refused, false),
            Mode::Open => {}
        }
        match trouble {
            Trouble::HandleDead | Trouble::Backing | Trouble::Missing | Trouble::Blocked
                if self.failures < REOPEN_MS.len() =>
            {
                self.mode = Mode::Reopening;
                self.wait_for(now, self.failures);
                self.failures += 1;
                (Verdict::Later, false)
            }
            Trouble::HandleDead | Trouble::Backing | Trouble::Missing | Trouble::Blocked => {
                (Verdict::Refused, self.give_up(Some(now)))
            }
            Trouble::Quota if !self.made_room => {
                self.made_room = true;
                (Verdict::MakeRoom, false)
            }
            Trouble::Quota | Trouble::Aborted => (Verdict::Refused, self.tell()),
            Trouble::Data => (Verdict::Hopeless, self.tell()),
            Trouble::Absent => (Verdict::Refused, self.give_up(None)),
        }
    }

    /// A batch is stored: all is well.
    pub fn handle_committed(&mut self) {
        if self.mode == Mode::Open {
            self.failures = 0;
            self.return_ms = RETURN_MS;
            self.told = false;
            self.made_room = false;
        }
    }

    /// The database is deleted for good: nothing is stored any more.
    pub fn end(&mut self) {
        self.mode = Mode::Memory;
        self.due = None;
        self.holds = false;
    }

    fn wait_for(&mut self, now: Timestamp, failures: usize) {
        self.holds = true;
        let wait = REOPEN_MS.get(failures).copied().unwrap_or(RETURN_MS);
        self.due = Some(now.after(wait));
    }

    fn give_up(&mut self, now: Option<Timestamp>) -> bool {
        self.end();
        if let Some(now) = now {
            self.try_to_return(now);
        }
        self.tell()
    }

    fn try_to_return(&mut self, now: Timestamp) {
        self.due = Some(now.after(self.return_ms));
        self.return_ms = (self.return_ms * 2).min(RETURN_MS_MAX);
    }

    fn tell(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSING: [Trouble; 4] = [Trouble::HandleDead, Trouble::Backing, Trouble::Missing, Trouble::Blocked];

    fn open() -> Supervisor {
        let mut storage = Supervisor::new(true);
        assert!(storage.handle_loaded());
        storage
    }

    #[test]
    fn a_connection_that_dies_is_replaced_three_times_and_then_memory_is_told_once() {
        for trouble in CLOSING {
            let mut storage = open();
            for wait in REOPEN_MS {
                assert_eq!(storage.handle_aborted(Timestamp(50), trouble), (Verdict::Later, false));
                assert_eq!(storage.poll_timeout(), Some(Timestamp(50 + wait)), "{trouble:?}");
                assert!(!storage.take_due(Timestamp(49 + wait)) && storage.take_due(Timestamp(50 + wait)));
                assert!(!storage.handle_loaded(), "it was read before");
            }
            assert_eq!(storage.handle_aborted(Timestamp(50), trouble), (Verdict::Refused, true));
            assert!(storage.is_memory() && storage.may_return());
            assert_eq!(storage.handle_aborted(Timestamp(50), trouble), (Verdict::Refused, false));
            assert!(!storage.handle_unavailable(Timestamp(50), trouble), "told once");
        }
    }

    #[test]
    fn what_is_stored_makes_good_what_failed() {
        let mut storage = open();
        for _ in 0..10 {
            assert_eq!(storage.handle_aborted(Timestamp(0), Trouble::HandleDead), (Verdict::Later, false));
            storage.handle_loaded();
            storage.handle_committed();
        }
        assert_eq!(storage.handle_aborted(Timestamp(0), Trouble::Quota).0, Verdict::MakeRoom);
        storage.handle_committed();
        assert_eq!(storage.handle_aborted(Timestamp(0), Trouble::Quota).0, Verdict::MakeRoom);
    }

    #[test]
    fn a_full_disk_costs_the_caches_first_and_is_told_once() {
        let mut storage = open();
        assert_eq!(storage.handle_aborted(Timestamp(0), Trouble::Quota), (Verdict::MakeRoom, false));
        assert_eq!(storage.handle_aborted(Timestamp(0), Trouble::Quota), (Verdict::Refused, true));
        assert_eq!(storage.handle_aborted(Timestamp(0), Trouble::Quota), (Verdict::Refused, false));
        assert!(storage.is_open());
        assert_eq!(storage.handle_aborted(Timestamp(0), Trouble::Data), (Verdict::Hopeless, false));
    }

    #[test]
    fn an_opening_that_is_blocked_does_not_hang_and_is_tried_again_later_and_later() {
        let mut storage = Supervisor::new(true);
        assert!(storage.handle_unavailable(Timestamp(0), Trouble::Blocked));
        assert!(storage.is_memory());
        let mut waits = Vec::new();
        for _ in 0..6 {
            let due = storage.poll_timeout().unwrap();
            assert!(storage.take_due(due));
            waits.push(due.0);
            assert!(!storage.handle_unavailable(Timestamp(0), Trouble::Blocked));
        }
        assert_eq!(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
        assert!(storage.handle_loaded(), "for the first time");
        assert!(storage.is_open());
    }

    #[test]
    fn a_first_opening_that_fails_is_repeated_while_nothing_is_given_up() {
        let mut storage = Supervisor::new(true);
        assert!(!storage.handle_unavailable(Timestamp(0), Trouble::Backing) && storage.is_loading());
        assert!(!storage.handle_unavailable(Timestamp(0), Trouble::Backing) && storage.is_loading());
        assert!(storage.handle_unavailable(Timestamp(0), Trouble::Backing) && storage.is_memory());
    }

    #[test]
    fn where_there_is_no_database_nothing_is_hoped_for() {
        let mut storage = Supervisor::new(true);
        assert!(storage.handle_unavailable(Timestamp(0), Trouble::Absent));
        assert!(storage.is_memory() && !storage.may_return());
        assert!(!Supervisor::new(false).may_return());
    }
}
