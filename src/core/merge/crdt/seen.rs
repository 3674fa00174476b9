//! What a replica had seen when it took something away.

use super::super::hlc::Stamp;
use crate::core::json::{as_string, each_item};
use crate::core::map::insert_sorted;

/// A set of stamps: of each program all up to one of its own, and all up to the end of a time that is over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Sorted; one a program, and at most one without a program, which no other is before.
    list: Vec<Stamp>,
}

impl Seen {
    /// What the JSON array `raw` says; anything else in it does not count.
    pub(super) fn read(raw: &str) -> Self {
        let mut seen = Self::default();
        let _broken = each_item(raw, |item| {
            if let Some(stamp) = as_string(item).and_then(|text| Stamp::parse(&text)) {
                seen.add(&stamp);
            }
        });
        seen
    }

    pub(super) fn write(&self) -> String {
        let quoted: Vec<String> = self.list.iter().map(|stamp| format!("\"{}\"", stamp.as_str())).collect();
        format!("[{}]", quoted.join(","))
    }

    /// Whether `stamp` is in it. What nobody stamped always is: whoever takes something away saw that.
    pub(super) fn covers(&self, stamp: &Stamp) -> bool {
        let counts = |seen: &Stamp| seen.node().is_empty() || seen.node() == stamp.node();
        stamp.is_zero() || self.list.iter().any(|seen| counts(seen) && stamp <= seen)
    }

    /// Puts `stamp` in, and all earlier ones of its program.
    pub(super) fn add(&mut self, stamp: &Stamp) {
        if self.covers(stamp) {
            return;
        }
        if stamp.node().is_empty() {
            self.list.retain(|seen| seen > stamp);
        } else {
            self.list.retain(|seen| seen.node() != stamp.node());
        }
        insert_sorted(&mut self.list, stamp.clone());
    }

    pub(super) fn join(&mut self, other: &Self) {
        for stamp in &other.list {
            self.add(stamp);
        }
    }

    /// Everything before `ms` counts as seen from here on, if anything of then was: one stamp instead of one a program.
    pub(super) fn fold_before(&mut self, ms: u64) {
        let end = Stamp::end_before(ms);
        if self.list.iter().any(|seen| *seen < end) {
            self.add(&end);
        }
    }

    pub(super) fn each(&mut self, change: impl FnMut(&Stamp) -> Stamp) {
        let list = std::mem::take(&mut self.list);
        for stamp in list.iter().map(change) {
            self.add(&stamp);
        }
    }
}
