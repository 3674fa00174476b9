//! Where the edits of a text are, without taking it apart.
//!
//! Owns the cut into whole lines: what two texts begin and end with stays as it is written, and of three texts only what
//! both sides may have edited is decoded, compared and merged. So edits in a long text cost the lines that were edited, and
//! a comparison of the rest. Says nothing that the comparison of all lines would not say too. Works on the insides of JSON
//! strings; a line ends with the escape `\n`, never with another spelling of it.

/// Bytes that are compared at once.
const STRIDE: usize = 64;

/// The edits of two sides.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut<'a> {
    /// With a line between them that neither touched: the JSON string with both.
    Apart(String),
    /// In the same lines, or next to each other.
    Near(Frame<'a>),
}

/// Three texts without what they begin and end with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    head: &'a str,
    /// What is left of base, ours and theirs, as written.
    pub(super) inside: [&'a str; 3],
    tail: &'a str,
}

impl Frame<'_> {
    /// The JSON string that has `inside` between what all have in common.
    pub(super) fn around(&self, inside: &str) -> String {
        ["\"", self.head, inside, self.tail, "\""].concat()
    }
}

/// Cuts three JSON strings; what is no string counts as an empty one.
pub(super) fn cut(texts: [&str; 3]) -> Cut<'_> {
    let [base, ours, theirs] =
        texts.map(|raw| raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default());
    let edits = [Edited::of(base, ours), Edited::of(base, theirs)];
    let [our_edit, their_edit] = &edits;
    let in_order = |first: &Edited<'_>, second: &Edited<'_>| {
        let between = base.get(base.len() - first.tail.len()..second.head).filter(|text| !text.is_empty())?;
        let head = base.get(..first.head)?;
        Some(["\"", head, first.inside, between, second.inside, second.tail, "\""].concat())
    };
    if let Some(both) = in_order(our_edit, their_edit).or_else(|| in_order(their_edit, our_edit)) {
        return Cut::Apart(both);
    }
    let from = our_edit.head.min(their_edit.head);
    let tail = if our_edit.tail.len() < their_edit.tail.len() { our_edit.tail } else { their_edit.tail };
    let inside = |text: &'_ str| from..text.len() - tail.len();
    let inside = [base, ours, theirs].map(|text| text.get(inside(text)).unwrap_or_default());
    Cut::Near(Frame { head: base.get(..from).unwrap_or_default(), inside, tail })
}

/// The lines that one side may have edited.
struct Edited<'a> {
    /// The length of the lines before them.
    head: usize,
    /// What stands in their place.
    inside: &'a str,
    /// The lines after them.
    tail: &'a str,
}

impl<'a> Edited<'a> {
    fn of(base: &'a str, side: &'a str) -> Self {
        let head = line_end_before(base.as_bytes(), common_start(base, side));
        let rest = |text: &'a str| text.get(head..).unwrap_or_default();
        let tail = line_start_in(rest(base), common_end(rest(base), rest(side)));
        Self { head, inside: side.get(head..side.len() - tail.len()).unwrap_or_default(), tail }
    }
}

/// How many bytes two texts have in common from their beginning on.
pub(super) fn common_start(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let strides = a.chunks_exact(STRIDE).zip(b.chunks_exact(STRIDE)).take_while(|(a, b)| a == b).count();
    let at = strides * STRIDE;
    let (a, b) = (a.get(at..).unwrap_or_default(), b.get(at..).unwrap_or_default());
    at + a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// How many bytes two texts have in common up to their end.
fn common_end(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let strides = a.rchunks_exact(STRIDE).zip(b.rchunks_exact(STRIDE)).take_while(|(a, b)| a == b).count();
    let at = strides * STRIDE;
    let rest = |text: &'_ [u8]| text.len() - at;
    let (a, b) = (a.get(..rest(a)).unwrap_or_default(), b.get(..rest(b)).unwrap_or_default());
    at + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// Where the last whole line of the first `end` bytes ends.
fn line_end_before(text: &[u8], end: usize) -> usize {
    let escaped = |at: usize| {
        let slashes = text.get(..at).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'\\');
        slashes.count() % 2 == 1
    };
    let mut at = end;
    while at >= 2 {
        if text.get(at - 2..at) == Some(b"\\n") && !escaped(at - 2) {
            return at;
        }
        at -= 1;
    }
    0
}

/// The whole lines at the end of `text` that are in its last `length` bytes. What stands before the line break has to be
/// in common too, and no backslash: it would make it another character.
fn line_start_in(text: &str, length: usize) -> &str {
    let from = text.len() - length;
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    let line_break =
        bytes.windows(3).position(|window| matches!(window, [before, b'\\', b'n'] if *before != b'\\'));
    line_break.and_then(|at| text.get(from + at + 3..)).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Texts of up to three lines that have much in common, three at a time; every eleventh of all there are.
    pub(in super::super) fn triples() -> impl Iterator<Item = [&'static str; 3]> {
        const LINES: [&str; 4] = ["", r"a\n", r"b\n", r"a c\n"];
        let text = |number: usize| {
            let line = |place: usize| LINES.get(number / place % 4).copied().unwrap_or_default();
            let text = ["\"", line(1), line(4), line(16), "\""].concat();
            &*text.leak()
        };
        let texts: Vec<&str> = (0..64).map(text).collect();
        (0..64_usize.pow(3)).step_by(11).filter_map(move |number| {
            let at = |place: usize| texts.get(number / place % 64).copied();
            Some([at(1)?, at(64)?, at(4096)?])
        })
    }

    fn near(texts: [&str; 3]) -> (&str, [&str; 3], &str) {
        let Cut::Near(frame) = cut(texts) else { return ("apart", [""; 3], "apart") };
        for (text, inside) in texts.iter().zip(frame.inside) {
            assert_eq!(frame.around(inside), *text);
        }
        (frame.head, frame.inside, frame.tail)
    }

    #[test]
    fn edits_with_a_line_between_them_are_both_there() {
        let base = r#""a\nb\nc\nd\ne""#;
        let (first, last) = (r#""A\nmore\nb\nc\nd\ne""#, r#""a\nb\nc\nd\nE and more""#);
        let both = Cut::Apart(r#""A\nmore\nb\nc\nd\nE and more""#.to_owned());
        assert_eq!(cut([base, first, last]), both);
        assert_eq!(cut([base, last, first]), both);
    }

    #[test]
    fn lines_in_common_around_near_edits_are_cut_off() {
        let texts = [r#""a\nb\nc\nd\ne""#, r#""a\nB\nc\nd\ne""#, r#""a\nb\nC\nd\ne""#];
        assert_eq!(near(texts), (r"a\n", [r"b\nc\nd\n", r"B\nc\nd\n", r"b\nC\nd\n"], "e"));
        let long = "x".repeat(200);
        let texts = ["b", "b and c", "d"].map(|text| format!("\"{long}\\n{text}\\ny\\n{long}\\n{long}\""));
        let (head, inside, tail) = near(texts.each_ref().map(String::as_str));
        assert_eq!((head.len(), inside, tail.len()), (202, [r"b\ny\n", r"b and c\ny\n", r"d\ny\n"], 402));
    }

    #[test]
    fn what_only_looks_like_a_line_break_is_none() {
        let texts = [r#""a\\nb""#, r#""a\\nc""#, r#""a\\nd""#];
        assert_eq!(near(texts).0, "");
        let texts = [r#""1\\n\nb""#, r#""2\\n\nb""#, r#""\\n\nb""#];
        assert_eq!(near(texts).2, "b");
        let texts = [r#""1\\\nb""#, r#""2\\\nb""#, r#""\\\\\nb""#];
        assert_eq!(near(texts).2, "", "rather too little than half an escape");
    }

    #[test]
    fn texts_that_repeat_themselves_are_not_cut_twice() {
        let texts = [r#""a\na\n""#, r#""a\n""#, r#""a\na\na\n""#];
        assert_eq!(near(texts), (r"a\n", [r"a\n", "", r"a\na\n"], ""));
        assert_eq!(near([r#""""#, r#""a\n""#, r#""a\nb""#]), ("", ["", r"a\n", r"a\nb"], ""));
    }

    #[test]
    fn what_is_no_string_is_empty() {
        let Cut::Near(frame) = cut(["null", "7", "\"a\""]) else { return assert_eq!("near", "apart") };
        assert_eq!(frame.inside, ["", "", "a"]);
    }
}
