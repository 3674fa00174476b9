//! What makes one text the other.
//!
//! Owns the comparison of two lists of pieces of text: a shortest list of edits by Myers's algorithm ("An O(ND) difference
//! algorithm and its variations", 1986) between what both begin and end with. Guarantees an answer for any texts, and
//! bounded work: beyond [`EDITS_MAX`] edits what lies between the common ends is one stretch that was rewritten. The table
//! of the search takes a quarter of a megabyte at most, and each of its rows passes each piece once. Knows nothing of
//! conflicts.

use std::ops::Range;

use super::points::Point;

/// Most pieces put in or taken out that are told one by one.
pub(super) const EDITS_MAX: usize = 256;

/// A stretch of `base` and what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    /// Where it was, empty where something was put in.
    pub(super) base: Range<usize>,
    /// Where its replacement is, empty where something was taken out.
    pub(super) side: Range<usize>,
}

/// The lines of a text, each with its line break.
pub(super) fn lines(text: &[Point]) -> Vec<&[Point]> {
    text.split_inclusive(|point| *point == 0x0a).collect()
}

/// The words of a text and what stands between them. A letter and the marks on it are never parted; of scripts that write
/// no spaces each character is a word.
pub(super) fn words(text: &[Point]) -> Vec<&[Point]> {
    text.chunk_by(|before, after| kind(*before) == Kind::Word && kind(*after) == Kind::Word).collect()
}

#[derive(PartialEq, Eq)]
enum Kind {
    Word,
    Alone,
}

fn kind(point: Point) -> Kind {
    match point {
        0x30..=0x39 | 0x41..=0x5a | 0x5f | 0x61..=0x7a => Kind::Word,
        // Kana and ideographs, but for their marks and Hangul, which has spaces.
        0x3041..=0x3096 | 0x30a1..=0x30fa | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0x2_0000..=0x3_ffff => {
            Kind::Alone
        }
        0x00..=0x7f | 0xa0 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x3000..=0x3002 => Kind::Alone,
        _ => Kind::Word,
    }
}

/// What makes `base` the list `side`, in order; stretches do not touch.
pub(super) fn hunks(base: &[&[Point]], side: &[&[Point]]) -> Vec<Hunk> {
    let same = |pair: &(&&[Point], &&[Point])| pair.0 == pair.1;
    let front = base.iter().zip(side).take_while(same).count();
    let (base, side) = (base.get(front..).unwrap_or_default(), side.get(front..).unwrap_or_default());
    let back = base.iter().rev().zip(side.iter().rev()).take_while(same).count();
    let base = base.get(..base.len() - back).unwrap_or_default();
    let side = side.get(..side.len() - back).unwrap_or_default();
    let found = if base.is_empty() && side.is_empty() {
        Vec::new()
    } else if base.is_empty() || side.is_empty() {
        vec![Hunk { base: 0..base.len(), side: 0..side.len() }]
    } else {
        shortest(base, side).unwrap_or_else(|| vec![Hunk { base: 0..base.len(), side: 0..side.len() }])
    };
    let moved = |range: Range<usize>| range.start + front..range.end + front;
    found.into_iter().map(|hunk| Hunk { base: moved(hunk.base), side: moved(hunk.side) }).collect()
}

/// How far each diagonal was reached; absent ones count as 0.
struct Reached {
    first: isize,
    at: Vec<usize>,
}

impl Reached {
    fn get(&self, diagonal: isize) -> usize {
        let at = usize::try_from(diagonal - self.first).ok();
        at.and_then(|at| self.at.get(at)).copied().unwrap_or(0)
    }

    /// Whether the best way to `diagonal` with `edits` edits comes from the one above: by putting a piece in.
    fn comes_from_above(&self, diagonal: isize, edits: isize) -> bool {
        diagonal == -edits || (diagonal != edits && self.get(diagonal - 1) < self.get(diagonal + 1))
    }
}

fn shortest(base: &[&[Point]], side: &[&[Point]]) -> Option<Vec<Hunk>> {
    let (base_end, side_end) = (base.len(), side.len());
    let edits_max = isize::try_from(EDITS_MAX.min(base_end + side_end)).ok()?;
    let mut trace: Vec<Reached> = Vec::new();
    for edits in 0..=edits_max {
        let mut next = Reached { first: -edits, at: Vec::new() };
        for diagonal in -edits..=edits {
            let mut x = 0;
            if (diagonal + edits) % 2 == 0 {
                if let Some(last) = trace.last() {
                    x = if last.comes_from_above(diagonal, edits) {
                        last.get(diagonal + 1)
                    } else {
                        last.get(diagonal - 1) + 1
                    };
                }
                // Off the table: the diagonal leads nowhere.
                let mut y = usize::try_from(isize::try_from(x).ok()? - diagonal).unwrap_or(usize::MAX);
                while let (Some(a), Some(b)) = (base.get(x), side.get(y)) {
                    if a != b {
                        break;
                    }
                    (x, y) = (x + 1, y + 1);
                }
                if x >= base_end && y >= side_end {
                    return back(&trace, base_end, side_end);
                }
            }
            next.at.push(x);
        }
        trace.push(next);
    }
    None
}

/// The edits on the way that the search took, from its end to its beginning.
fn back(trace: &[Reached], base_end: usize, side_end: usize) -> Option<Vec<Hunk>> {
    let (mut x, mut y) = (base_end, side_end);
    let mut found: Vec<Hunk> = Vec::new();
    for (edits, reached) in trace.iter().enumerate().rev() {
        let edits = isize::try_from(edits).ok()? + 1;
        let diagonal = isize::try_from(x).ok()? - isize::try_from(y).ok()?;
        let above = reached.comes_from_above(diagonal, edits);
        let came = if above { diagonal + 1 } else { diagonal - 1 };
        let before_x = reached.get(came);
        let before_y = usize::try_from(isize::try_from(before_x).ok()? - came).ok()?;
        let (after_x, after_y) = if above { (before_x, before_y + 1) } else { (before_x + 1, before_y) };
        match found.last_mut() {
            Some(hunk) if hunk.base.start == after_x && hunk.side.start == after_y => {
                (hunk.base.start, hunk.side.start) = (before_x, before_y);
            }
            _ => found.push(Hunk { base: before_x..after_x, side: before_y..after_y }),
        }
        (x, y) = (before_x, before_y);
    }
    found.reverse();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> Vec<Point> {
        text.chars().map(Point::from).collect()
    }

    fn told(base: &str, side: &str) -> Vec<(String, String)> {
        let (base, side) = (points(base), points(side));
        let (base, side) = (words(&base), words(&side));
        let text = |pieces: &[&[Point]]| pieces.concat().into_iter().filter_map(char::from_u32).collect();
        hunks(&base, &side).into_iter().map(|hunk| (text(&base[hunk.base]), text(&side[hunk.side]))).collect()
    }

    #[test]
    fn edits_are_told_by_the_word() {
        let changed = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(told("team lunch today", "team dinner today"), [changed("lunch", "dinner")]);
        assert_eq!(told("a b c d", "b c x d"), [changed("a ", ""), changed("", " x")]);
        assert_eq!(told("팀 점심 회의", "팀 저녁 회의"), [changed("점심", "저녁")]);
        assert_eq!(told("同", "会同"), [changed("", "会")]);
        assert!(told("same", "same").is_empty());
    }

    #[test]
    fn marks_stay_with_their_letters() {
        let text = points("ne\u{301}e 👩\u{200d}👧 x");
        assert_eq!(words(&text).iter().map(|word| word.len()).collect::<Vec<_>>(), [4, 1, 3, 1, 1]);
    }

    #[test]
    fn texts_without_anything_in_common_are_one_stretch() {
        let words = |from: usize| (from..from + 9_000).map(|n| format!("w{n} ")).collect::<String>();
        let (base, side) = (words(10_000), words(30_000));
        assert_eq!(told(&format!("a {base}b"), &format!("a {side}b")).len(), 1);
    }
}
