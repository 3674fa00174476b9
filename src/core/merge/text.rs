//! Two edits of one text, merged without their histories.
//!
//! Owns the three-way merge of texts: by lines, and where both changed the same lines by words. Guarantees that edits that
//! do not overlap both survive; that lines which both put in at the same place both stand, theirs first; and that of lines
//! in which edits overlap theirs stand whole, so that no line is a mixture that nobody wrote, and `conflict` says so: whoever
//! calls tells what became of ours. Total: any texts, and what is no text counts as an empty one. Knows no fields.

use std::ops::Range;

use super::diff::{Hunk, hunks, lines, words};
use super::frame::{Cut, cut};
use super::points::{Point, read_inside, write_inside};

/// What came of merging a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMerge {
    /// The merged text as a JSON string.
    pub text: String,
    /// Whether edits overlapped: then something of ours is not in `text`.
    pub conflict: bool,
}

/// Merges what `ours` and `theirs` made of `base`, all three JSON strings as they stand in an event.
pub fn merge_text(base: &str, ours: &str, theirs: &str) -> TextMerge {
    if ours == theirs || ours == base {
        return TextMerge { text: theirs.to_owned(), conflict: false };
    }
    if theirs == base {
        return TextMerge { text: ours.to_owned(), conflict: false };
    }
    let frame = match cut([base, ours, theirs]) {
        Cut::Apart(text) => return TextMerge { text, conflict: false },
        Cut::Near(frame) => frame,
    };
    let [base, ours, theirs] = frame.inside.map(read_inside);
    let (text, conflict) = merge_points(&base, &ours, &theirs);
    TextMerge { text: frame.around(&write_inside(&text)), conflict }
}

fn merge_points(base: &[Point], ours: &[Point], theirs: &[Point]) -> (Vec<Point>, bool) {
    let mut conflict = false;
    let merged = walk(&lines(base), &lines(ours), &lines(theirs), |base, ours, theirs| {
        let (of_base, of_ours, of_theirs) = (lines(base), lines(ours), lines(theirs));
        let mut merged = Vec::new();
        let mut stretch = |base: &[Point], ours: &[Point], theirs: &[Point]| {
            let words = walk(&words(base), &words(ours), &words(theirs), both_put_in);
            conflict |= words.is_none();
            merged.extend(words.unwrap_or_else(|| theirs.to_vec()));
        };
        if of_base.len() == of_ours.len() && of_base.len() == of_theirs.len() {
            for ((base, ours), theirs) in of_base.iter().zip(&of_ours).zip(&of_theirs) {
                stretch(base, ours, theirs);
            }
        } else {
            stretch(base, ours, theirs);
        }
        Some(merged)
    });
    (merged.unwrap_or_default(), conflict)
}

/// What stands where both put whole lines in at one place.
fn both_put_in(base: &[Point], ours: &[Point], theirs: &[Point]) -> Option<Vec<Point>> {
    let lead = ours.first() == Some(&0x0a) && theirs.first() == Some(&0x0a);
    let end = ours.last() == Some(&0x0a) && theirs.last() == Some(&0x0a);
    (base.is_empty() && (lead || end)).then(|| [theirs, ours].concat())
}

/// Puts the edits of both sides together; `clash` says what stands where they overlap, or that nothing can.
fn walk(
    base: &[&[Point]],
    ours: &[&[Point]],
    theirs: &[&[Point]],
    mut clash: impl FnMut(&[Point], &[Point], &[Point]) -> Option<Vec<Point>>,
) -> Option<Vec<Point>> {
    let mut our_side = Side { pieces: ours, hunks: hunks(base, ours), next: 0 };
    let mut their_side = Side { pieces: theirs, hunks: hunks(base, theirs), next: 0 };
    let mut merged = Vec::new();
    let mut done = 0;
    loop {
        let first = match (our_side.peek(), their_side.peek()) {
            (Some(a), Some(b)) => {
                if (a.start, a.end) <= (b.start, b.end) {
                    a
                } else {
                    b
                }
            }
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => break,
        };
        let mut region = first;
        let (ours_from, theirs_from) = (our_side.next, their_side.next);
        while our_side.absorb(&mut region) || their_side.absorb(&mut region) {}
        merged.extend(base.get(done..region.start).unwrap_or_default().concat());
        done = region.end;
        let (ours, theirs) = (our_side.since(ours_from, &region), their_side.since(theirs_from, &region));
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => merged.extend(theirs),
            (Some(ours), Some(theirs)) => {
                let was = base.get(region).unwrap_or_default().concat();
                merged.extend(clash(&was, &ours, &theirs)?);
            }
            (Some(only), None) | (None, Some(only)) => merged.extend(only),
            (None, None) => {}
        }
    }
    merged.extend(base.get(done..).unwrap_or_default().concat());
    Some(merged)
}

struct Side<'a> {
    pieces: &'a [&'a [Point]],
    hunks: Vec<Hunk>,
    next: usize,
}

impl Side<'_> {
    fn peek(&self) -> Option<Range<usize>> {
        self.hunks.get(self.next).map(|hunk| hunk.base.clone())
    }

    /// Takes the next edit into `region` if they overlap. What is put in at the edge of a stretch stands beside it.
    fn absorb(&mut self, region: &mut Range<usize>) -> bool {
        let Some(base) = self.peek() else { return false };
        let overlap = (base.start < region.end && region.start < base.end) || base == *region;
        if overlap {
            *region = base.start.min(region.start)..base.end.max(region.end);
            self.next += 1;
        }
        overlap
    }

    /// What this side has in the place of `region`, if it changed something there since its edit number `from`.
    fn since(&self, from: usize, region: &Range<usize>) -> Option<Vec<Point>> {
        let edits = self.hunks.get(from..self.next)?;
        let (first, last) = (edits.first()?, edits.last()?);
        let start = first.side.start - (first.base.start - region.start);
        let end = last.side.end + (region.end - last.base.end);
        self.pieces.get(start..end).map(<[_]>::concat)
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::triples;
    use super::super::points::read;
    use super::*;
    use crate::core::json::{as_string, quote};

    fn merged(base: &str, ours: &str, theirs: &str) -> (String, bool) {
        let merged = merge_text(&quote(base), &quote(ours), &quote(theirs));
        (as_string(&merged.text).unwrap_or_default().into_owned(), merged.conflict)
    }

    #[test]
    fn cutting_first_changes_nothing() {
        for [base, ours, theirs] in triples() {
            let whole = merge_points(&read(base), &read(ours), &read(theirs));
            let merged = merge_text(base, ours, theirs);
            assert_eq!((read(&merged.text), merged.conflict), whole, "{base} {ours} {theirs}");
        }
    }

    #[test]
    fn edits_of_different_words_both_survive() {
        let both = merged("Team lunch today", "Team lunch tomorrow", "Big team lunch today");
        assert_eq!(both, ("Big team lunch tomorrow".to_owned(), false));
        let both = merged("Team lunch today", "Team lunch tomorrow", "Our Team lunch today");
        assert_eq!(both, ("Our Team lunch tomorrow".to_owned(), false));
        assert_eq!(merged("팀 점심", "팀 저녁", "우리 팀 점심"), ("우리 팀 저녁".to_owned(), false));
    }

    #[test]
    fn overlapping_edits_leave_their_line_and_say_so() {
        assert_eq!(merged("Lunch", "Dinner", "Brunch"), ("Brunch".to_owned(), true));
        assert_eq!(merged("Lunch", "Lunch with Ann", "Lunch with Bob"), ("Lunch with Bob".to_owned(), true));
        let base = "one\ntwo\nthree\n";
        let both = merged(base, "ONE\ntwo more\nthree\n", "one\ntwo less\nTHREE\n");
        assert_eq!(both, ("ONE\ntwo less\nTHREE\n".to_owned(), true));
    }

    #[test]
    fn lines_put_in_at_one_place_all_stand() {
        assert_eq!(merged("a", "a\nours", "a\ntheirs"), ("a\ntheirs\nours".to_owned(), false));
        assert_eq!(merged("a\nb", "a\nours\nb", "a\ntheirs\nb"), ("a\ntheirs\nours\nb".to_owned(), false));
        assert_eq!(merged("a\n", "a\nsame\n", "a\nsame\n"), ("a\nsame\n".to_owned(), false));
    }

    #[test]
    fn what_one_side_left_alone_is_the_other_sides() {
        assert_eq!(merged("a", "a", "b"), ("b".to_owned(), false));
        assert_eq!(merged("a", "b", "a"), ("b".to_owned(), false));
        assert_eq!(merge_text("null", "\"a\"", "null").text, "\"a\"");
        assert_eq!(
            merge_text("null", "\"a\"", "\"b\""),
            TextMerge { text: "\"b\"".to_owned(), conflict: true }
        );
    }

    #[test]
    fn characters_outside_the_basic_plane_are_never_split() {
        let both = merge_text(r#""\ud83d\ude00 a""#, "\"😀 b\"", r#""\ud83d\ude01 a""#);
        assert_eq!(both, TextMerge { text: "\"😁 b\"".to_owned(), conflict: false });
    }
}
