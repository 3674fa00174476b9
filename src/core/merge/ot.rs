//! Operational transformation of texts.
//!
//! Owns edits of a text as lists of what is kept, put in and taken out, over code points, and how two edits of one text
//! become one text: applying `first` and then the transformed `second` gives what `second` and then the transformed `first`
//! give (TP1). With one place that says which came first, the server, that is all that convergence needs. Total where it
//! faces the outside ([`transform_text`]); edits that do not fit their text are `None`. Knows no history: an edit is what
//! makes one text another.

use super::diff::{Hunk, hunks, words};
use super::frame::{Cut, cut};
use super::points::{Point, read_inside, write_inside};

/// One part of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// So many points stay.
    Keep(usize),
    /// These points are put in.
    Insert(Vec<Point>),
    /// So many points are taken out.
    Delete(usize),
}

/// What makes one text another. Parts of a kind never follow each other, and what is put in stands before what is taken
/// out at the same place: an edit has one form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    parts: Vec<Part>,
}

impl Edit {
    /// What makes `base` the text `side`: told by the word, and of words that stay half of what they were by the letter,
    /// so that two who add to one word do not write it twice.
    pub fn between(base: &[Point], side: &[Point]) -> Self {
        let (base_words, side_words) = (words(base), words(side));
        let mut edit = Self::default();
        let mut done = 0;
        for hunk in hunks(&base_words, &side_words) {
            edit.keep(length(base_words.get(done..hunk.base.start)));
            done = hunk.base.end;
            let old = base_words.get(hunk.base).unwrap_or_default().concat();
            let new = side_words.get(hunk.side).unwrap_or_default().concat();
            edit.replace(&old, &new);
        }
        edit.keep(length(base_words.get(done..)));
        edit
    }

    /// Goes on with making `old` `new`.
    fn replace(&mut self, old: &[Point], new: &[Point]) {
        let (old_letters, new_letters): (Vec<_>, Vec<_>) = (old.chunks(1).collect(), new.chunks(1).collect());
        let mut letters = hunks(&old_letters, &new_letters);
        let kept = old.len() - letters.iter().map(|hunk| hunk.base.len()).sum::<usize>();
        if let [first, .., last] = letters.as_slice()
            && kept * 2 < old.len()
        {
            // One stretch between what both begin and end with.
            letters =
                vec![Hunk { base: first.base.start..last.base.end, side: first.side.start..last.side.end }];
        }
        let mut done = 0;
        for hunk in letters {
            self.keep(hunk.base.start - done);
            self.insert(new.get(hunk.side).unwrap_or_default());
            self.delete(hunk.base.len());
            done = hunk.base.end;
        }
        self.keep(old.len() - done);
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Goes on with keeping so many points.
    pub fn keep(&mut self, count: usize) {
        match self.parts.last_mut() {
            _ if count == 0 => {}
            Some(Part::Keep(last)) => *last += count,
            _ => self.parts.push(Part::Keep(count)),
        }
    }

    /// Goes on with putting these points in.
    pub fn insert(&mut self, points: &[Point]) {
        if points.is_empty() {
            return;
        }
        match self.parts.as_mut_slice() {
            [.., Part::Insert(last)] | [.., Part::Insert(last), Part::Delete(_)] => last.extend(points),
            [.., Part::Delete(_)] => self.parts.insert(self.parts.len() - 1, Part::Insert(points.to_vec())),
            _ => self.parts.push(Part::Insert(points.to_vec())),
        }
    }

    /// Goes on with taking so many points out.
    pub fn delete(&mut self, count: usize) {
        match self.parts.last_mut() {
            _ if count == 0 => {}
            Some(Part::Delete(last)) => *last += count,
            _ => self.parts.push(Part::Delete(count)),
        }
    }

    /// The text after the edit of `text`; `None` if it is no edit of a text of that length.
    pub fn apply(&self, text: &[Point]) -> Option<Vec<Point>> {
        let mut after = Vec::with_capacity(text.len());
        let mut at = 0;
        for part in &self.parts {
            match part {
                Part::Keep(count) => after.extend(text.get(at..at + count)?),
                Part::Insert(points) => after.extend(points),
                Part::Delete(count) => drop(text.get(at..at + count)?),
            }
            at += part.base_length();
        }
        (at == text.len()).then_some(after)
    }

    /// The one edit that does what this and then `next` do; `None` if `next` is no edit of what this one leads to.
    pub fn compose(&self, next: &Self) -> Option<Self> {
        let (mut a, mut b) = (Cursor::new(self), Cursor::new(next));
        let mut both = Self::default();
        loop {
            match (a.peek(), b.peek()) {
                (None, None) => return Some(both),
                (Some(Part::Delete(count)), _) => {
                    both.delete(count);
                    a.take(count);
                }
                (_, Some(Part::Insert(points))) => {
                    both.insert(&points);
                    b.take(points.len());
                }
                (None, _) | (_, None) => return None,
                (Some(first), Some(second)) => {
                    let count = first.length().min(second.length());
                    match (a.take(count)?, second) {
                        (Part::Keep(_), Part::Delete(_)) => both.delete(count),
                        (Part::Insert(points), Part::Keep(_)) => both.insert(&points),
                        (Part::Insert(_), Part::Delete(_)) => {}
                        (Part::Keep(_), Part::Keep(_) | Part::Insert(_))
                        | (Part::Insert(_), Part::Insert(_))
                        | (Part::Delete(_), _) => both.keep(count),
                    }
                    b.take(count);
                }
            }
        }
    }

    /// Both edits of one text, each as it is after the other: `(first', second')`. What both put in at one place stands in
    /// the order of their names. `None` if they are not edits of one text.
    pub fn transform(first: &Self, second: &Self) -> Option<(Self, Self)> {
        let (mut a, mut b) = (Cursor::new(first), Cursor::new(second));
        let (mut a_after, mut b_after) = (Self::default(), Self::default());
        loop {
            match (a.peek(), b.peek()) {
                (None, None) => return Some((a_after, b_after)),
                (Some(Part::Insert(points)), _) => {
                    a_after.insert(&points);
                    b_after.keep(points.len());
                    a.take(points.len());
                }
                (_, Some(Part::Insert(points))) => {
                    a_after.keep(points.len());
                    b_after.insert(&points);
                    b.take(points.len());
                }
                (None, _) | (_, None) => return None,
                (Some(of_a), Some(of_b)) => {
                    let count = of_a.length().min(of_b.length());
                    a.take(count);
                    b.take(count);
                    match (of_a, of_b) {
                        (Part::Delete(_), Part::Delete(_)) => {}
                        (Part::Delete(_), _) => a_after.delete(count),
                        (_, Part::Delete(_)) => b_after.delete(count),
                        (Part::Keep(_) | Part::Insert(_), _) => {
                            a_after.keep(count);
                            b_after.keep(count);
                        }
                    }
                }
            }
        }
    }
}

impl Part {
    fn length(&self) -> usize {
        match self {
            Self::Keep(count) | Self::Delete(count) => *count,
            Self::Insert(points) => points.len(),
        }
    }

    fn base_length(&self) -> usize {
        match self {
            Self::Keep(count) | Self::Delete(count) => *count,
            Self::Insert(_) => 0,
        }
    }
}

fn length(pieces: Option<&[&[Point]]>) -> usize {
    pieces.unwrap_or_default().iter().map(|piece| piece.len()).sum()
}

/// Reads the parts of an edit piece by piece.
struct Cursor<'a> {
    parts: &'a [Part],
    /// How much of the first part has been read.
    read: usize,
}

impl<'a> Cursor<'a> {
    fn new(edit: &'a Edit) -> Self {
        Self { parts: &edit.parts, read: 0 }
    }

    /// What is left of the part that comes next.
    fn peek(&self) -> Option<Part> {
        Some(match self.parts.first()? {
            Part::Keep(count) => Part::Keep(count - self.read),
            Part::Delete(count) => Part::Delete(count - self.read),
            Part::Insert(points) => Part::Insert(points.get(self.read..)?.to_vec()),
        })
    }

    /// Reads so much of the part that comes next.
    fn take(&mut self, count: usize) -> Option<Part> {
        let (part, rest) = self.parts.split_first()?;
        let taken = match part {
            Part::Keep(_) => Part::Keep(count),
            Part::Delete(_) => Part::Delete(count),
            Part::Insert(points) => Part::Insert(points.get(self.read..self.read + count)?.to_vec()),
        };
        self.read += count;
        if self.read >= part.length() {
            (self.parts, self.read) = (rest, 0);
        }
        Some(taken)
    }
}

/// The text after both edits: what `ours` made of `base` on top of what `theirs` made of it, all three JSON strings as
/// they stand in an event, and so is the answer. Nothing that either put in is lost; where both put something in, theirs
/// comes first.
pub fn transform_text(base: &str, ours: &str, theirs: &str) -> String {
    if ours == theirs || ours == base {
        return theirs.to_owned();
    }
    if theirs == base {
        return ours.to_owned();
    }
    let frame = match cut([base, ours, theirs]) {
        Cut::Apart(text) => return text,
        Cut::Near(frame) => frame,
    };
    let [base, ours, current] = frame.inside.map(read_inside);
    if ours == current {
        // Both made the same edit, which is one.
        return theirs.to_owned();
    }
    let after = Edit::transform(&Edit::between(&base, &current), &Edit::between(&base, &ours))
        .and_then(|(_, ours)| ours.apply(&current));
    after.map_or_else(|| theirs.to_owned(), |text| frame.around(&write_inside(&text)))
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::triples;
    use super::super::points::read;
    use super::*;
    use crate::core::json::{as_string, quote};

    fn transformed(base: &str, ours: &str, theirs: &str) -> String {
        let text = transform_text(&quote(base), &quote(ours), &quote(theirs));
        as_string(&text).unwrap_or_default().into_owned()
    }

    #[test]
    fn cutting_first_changes_nothing() {
        for [base, ours, theirs] in triples() {
            let points = [base, ours, theirs].map(read);
            let [before, our_text, their_text] = &points;
            let (first, second) = (Edit::between(before, their_text), Edit::between(before, our_text));
            let both = Edit::transform(&first, &second).and_then(|(_, ours)| ours.apply(their_text));
            if ours != theirs {
                let got = read(&transform_text(base, ours, theirs));
                assert_eq!(Some(got), both, "{base} {ours} {theirs}");
            }
        }
    }

    #[test]
    fn both_edits_are_in_the_text() {
        assert_eq!(transformed("lunch", "lunch with Ann", "team lunch"), "team lunch with Ann");
        assert_eq!(transformed("lunch", "lunches", "Lunch"), "Lunches");
        assert_eq!(transformed("one two three", "one three", "one two three four"), "one three four");
        assert_eq!(transformed("a😀b", "a😀😁b", "x😀b"), "x😀😁b");
    }

    #[test]
    fn what_both_put_in_at_one_place_begins_with_theirs() {
        assert_eq!(transformed("", "ours", "theirs"), "theirsours");
        assert_eq!(transformed("a ", "a 1", "a 2"), "a 21");
        assert_eq!(transformed("a", "b", "b"), "b");
    }

    #[test]
    fn an_edit_has_one_form() {
        let mut edit = Edit::default();
        edit.delete(1);
        edit.insert(&[1]);
        edit.delete(2);
        edit.insert(&[2]);
        edit.keep(0);
        assert_eq!(edit.parts(), [Part::Insert(vec![1, 2]), Part::Delete(3)]);
        assert_eq!(edit.apply(&[7, 8, 9]), Some(vec![1, 2]));
        assert_eq!(edit.apply(&[7, 8]), None);
        assert_eq!(edit.apply(&[7, 8, 9, 10]), None);
    }

    #[test]
    fn edits_of_different_texts_are_refused() {
        let (one, other) = (Edit::between(&[1, 2], &[1]), Edit::between(&[1, 2, 3], &[1]));
        assert_eq!(Edit::transform(&one, &other), None);
        assert_eq!(one.compose(&other), None);
    }
}
