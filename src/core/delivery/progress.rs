//! How far the queue is, for somebody who watches a bar.
//!
//! Guarantees that the share never goes back while there is anything left, that it is 100 when and only when nothing is,
//! and that writes that were given up or taken back count neither as done nor as to do. Does not know what a write is.

/// Numbers of one run: from the first write on an empty queue until it is empty again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    completed: u64,
    total: u64,
    /// The highest share so far, %: more work that comes meanwhile holds it, and does not take it back.
    reached: u64,
}

impl Progress {
    /// Writes that the server did.
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// All that were or are to be done.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The share, %.
    pub fn percentage(&self) -> u64 {
        if self.completed == self.total { 100 } else { self.reached }
    }

    /// A write is to be done.
    pub fn begin(&mut self) {
        if self.completed == self.total {
            *self = Self::default();
        }
        self.total += 1;
    }

    /// The server did one.
    pub fn complete(&mut self) {
        self.completed = (self.completed + 1).min(self.total);
        self.advance();
    }

    /// One will not be done: it was given up, or taken back before it left.
    pub fn withdraw(&mut self) {
        self.total = self.total.saturating_sub(1).max(self.completed);
        self.advance();
    }

    fn advance(&mut self) {
        let share = (self.completed * 100).checked_div(self.total).unwrap_or(0);
        self.reached = self.reached.max(share.min(99));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back_and_ends_at_exactly_100() {
        let mut progress = Progress::default();
        assert_eq!(progress.percentage(), 100);
        (0..4).for_each(|_| progress.begin());
        assert_eq!(progress.percentage(), 0);
        (0..3).for_each(|_| progress.complete());
        assert_eq!(progress.percentage(), 75);
        (0..100).for_each(|_| progress.begin());
        assert_eq!((progress.percentage(), progress.total()), (75, 104));
        progress.withdraw();
        let mut shares = vec![progress.percentage()];
        while progress.completed() < progress.total() {
            progress.complete();
            shares.push(progress.percentage());
        }
        assert!(shares.is_sorted(), "{shares:?}");
        assert!(shares.iter().rev().skip(1).all(|share| *share < 100), "{shares:?}");
        assert_eq!((progress.completed(), progress.total(), progress.percentage()), (103, 103, 100));
        progress.begin();
        assert_eq!((progress.completed(), progress.total(), progress.percentage()), (0, 1, 0));
    }

    #[test]
    fn what_is_given_up_counts_neither_as_done_nor_as_to_do() {
        let mut progress = Progress::default();
        (0..2).for_each(|_| progress.begin());
        progress.withdraw();
        assert_eq!((progress.completed(), progress.total(), progress.percentage()), (0, 1, 0));
        progress.withdraw();
        assert_eq!((progress.completed(), progress.total(), progress.percentage()), (0, 0, 100));
        progress.withdraw();
        assert_eq!(progress.percentage(), 100);
    }
}
