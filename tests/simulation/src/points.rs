//! Where a program ends without a word: at every step of a write's life, not only between two things that happen.

use crate::judge::Violation;
use crate::options::Class;
use crate::queue::Happening;
use crate::world::World;

/// A step of a write's life after which there may be no program any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// The program called, and nothing of it has been stored.
    Called,
    /// Storage was asked, and has done any part of what it was asked for.
    Asked,
    /// Storage has done it, and nobody knows.
    Stored,
    /// The program knows that it is stored.
    Told,
    /// The frame with the write left.
    Sent,
    /// The server has decided, and nobody knows.
    Decided,
    /// The server's word has arrived, and nobody has read it.
    Arriving,
    /// The program knows the server's word, and the row is still there.
    Acknowledged,
    /// The row is gone.
    Deleted,
}

/// How many of a thousand programs end at a point that they pass.
const PER_THOUSAND: u64 = 4;

impl World {
    /// A program passes a point, and may end there. Returns whether it did.
    pub(crate) fn may_die_at(&mut self, d: usize, point: Point) -> Result<bool, Violation> {
        if self.healed || !self.options.has(Class::KillPoint) || self.dice.points.below(1_000) >= PER_THOUSAND
        {
            return Ok(false);
        }
        self.trace.note(self.now, d as u64, "dies at", &format!("{point:?}"));
        self.kill(d)?;
        let at = self.now + self.dice.points.around(400);
        self.queue.push(at, Happening::Start(d));
        Ok(true)
    }
}
