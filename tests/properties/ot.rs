//! Transformation of edits: TP1, the crate `operational-transform` as a second opinion, and convergence of clients that
//! edit, take back and send at any time.

use std::collections::VecDeque;

use baro_realtime::core::json::validate;
use baro_realtime::core::merge::ot::{Edit, Part, transform_text};
use baro_realtime::core::merge::points::{Point, read, write};
use baro_realtime::core::merge::text::merge_text;
use operational_transform::OperationSeq;
use proptest::prelude::*;

use super::texts::{json, string};

/// What to do with a text, place by place: keep, put in or take out.
type Plan = Vec<(u8, usize, String)>;

fn plan() -> impl Strategy<Value = Plan> {
    prop::collection::vec((0..3_u8, 1..4_usize, "[ab é한😀\u{301}]{1,3}"), 0..8)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab é한😀\n]{0,12}",
        prop::collection::vec("(lunch|with|Ann|팀|回|\n|, )", 0..8).prop_map(|words| words.join(" "))
    ]
}

fn points(text: &str) -> Vec<Point> {
    text.chars().map(Point::from).collect()
}

fn shown(points: &[Point]) -> String {
    points.iter().map(|point| char::from_u32(*point).unwrap()).collect()
}

/// The plan as an edit of a text of that length, in this crate's and in the other one's form.
fn planned(plan: &Plan, length: usize) -> (Edit, OperationSeq) {
    let (mut ours, mut other, mut left) = (Edit::default(), OperationSeq::default(), length);
    for (what, count, text) in plan {
        let count = (*count).min(left);
        match what {
            0 => {
                ours.keep(count);
                other.retain(count as u64);
            }
            1 => {
                ours.delete(count);
                other.delete(count as u64);
            }
            _ => {
                ours.insert(&points(text));
                other.insert(text);
            }
        }
        left -= if *what < 2 { count } else { 0 };
    }
    ours.keep(left);
    other.retain(left as u64);
    (ours, other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn edits_agree_with_another_implementation(text in text(), a in plan(), b in plan(), next in plan()) {
        let base = points(&text);
        let ((a, other_a), (b, other_b)) = (planned(&a, base.len()), planned(&b, base.len()));
        let (after_a, after_b) = (a.apply(&base).unwrap(), b.apply(&base).unwrap());
        prop_assert_eq!(shown(&after_a), other_a.apply(&text).unwrap());

        let (a_after, b_after) = Edit::transform(&a, &b).unwrap();
        let (other_a_after, other_b_after) = other_a.transform(&other_b).unwrap();
        prop_assert_eq!(shown(&a_after.apply(&after_b).unwrap()), other_a_after.apply(&shown(&after_b)).unwrap());
        prop_assert_eq!(shown(&b_after.apply(&after_a).unwrap()), other_b_after.apply(&shown(&after_a)).unwrap());
        prop_assert_eq!(a_after.apply(&after_b), b_after.apply(&after_a), "TP1");

        let (next, other_next) = planned(&next, after_a.len());
        let composed = a.compose(&next).unwrap();
        prop_assert_eq!(composed.apply(&base), next.apply(&after_a));
        prop_assert_eq!(shown(&composed.apply(&base).unwrap()), other_a.compose(&other_next).unwrap().apply(&text).unwrap());
    }

    #[test]
    fn what_is_composed_is_transformed_as_its_parts_are(text in text(), a in plan(), b in plan(), c in plan()) {
        let base = points(&text);
        let a = planned(&a, base.len()).0;
        let b = planned(&b, base.len()).0;
        let then = planned(&c, a.apply(&base).unwrap().len()).0;
        let (_, over_both) = Edit::transform(&a.compose(&then).unwrap(), &b).unwrap();
        let (_, over_first) = Edit::transform(&a, &b).unwrap();
        let (_, over_second) = Edit::transform(&then, &over_first).unwrap();
        let end = then.apply(&a.apply(&base).unwrap()).unwrap();
        let marks = |edit: &Edit| edit.parts().iter().map(|part| match part {
            Part::Insert(points) => points.len(),
            Part::Keep(_) | Part::Delete(_) => 0,
        }).sum::<usize>();
        // Equal up to the place of what is put in between things that are gone.
        prop_assert_eq!(marks(&over_both), marks(&over_second));
        prop_assert_eq!(over_both.apply(&end).unwrap().len(), over_second.apply(&end).unwrap().len());
    }

    #[test]
    fn an_edit_between_two_texts_leads_from_one_to_the_other(a in text(), b in text()) {
        let (a, b) = (points(&a), points(&b));
        let edit = Edit::between(&a, &b);
        prop_assert_eq!(edit.apply(&a), Some(b));
        let pairs = edit.parts().windows(2);
        prop_assert!(pairs.into_iter().all(|pair| !matches!(pair, [Part::Delete(_), Part::Insert(_)])));
    }

    #[test]
    fn texts_survive_reading_and_writing(raw in string(), other in json()) {
        prop_assert_eq!(read(&write(&read(&raw))), read(&raw));
        let written = write(&read(&raw));
        prop_assert!(validate(&written).is_ok());
        let halves = |raw: &str| read(raw).iter().filter(|point| char::from_u32(**point).is_none()).count();
        prop_assert_eq!(halves(&written), halves(&raw));
        let _total = read(&other);
    }

    #[test]
    fn merging_is_total_and_keeps_what_one_side_did(base in string(), ours in string(), theirs in json()) {
        for (base, ours, theirs) in [(&base, &ours, &theirs), (&theirs, &base, &ours), (&ours, &theirs, &base)] {
            let merged = merge_text(base, ours, theirs);
            prop_assert!(validate(&merged.text).is_ok() && validate(&transform_text(base, ours, theirs)).is_ok());
            prop_assert_eq!(&merge_text(base, base, theirs).text, theirs);
            prop_assert_eq!(&merge_text(base, ours, base).text, ours);
            prop_assert_eq!(&merge_text(base, ours, ours).text, ours);
            prop_assert_eq!(&transform_text(base, base, theirs), theirs);
            prop_assert_eq!(&transform_text(base, ours, base), ours);
            prop_assert_eq!(&transform_text(base, ours, ours), ours);
        }
    }

    #[test]
    fn no_word_is_lost_without_a_conflict(base in text(), ours in text(), theirs in text()) {
        let quoted = |text: &str| write(&points(text));
        let merged = merge_text(&quoted(&base), &quoted(&ours), &quoted(&theirs));
        let text = shown(&read(&merged.text));
        let counts = |text: &str| {
            let mut counts = std::collections::BTreeMap::<char, i64>::new();
            text.chars().for_each(|character| *counts.entry(character).or_default() += 1);
            counts
        };
        let (of_base, of_ours, of_theirs, of_merged) = (counts(&base), counts(&ours), counts(&theirs), counts(&text));
        let at = |counts: &std::collections::BTreeMap<char, i64>, key: &char| counts.get(key).copied().unwrap_or(0);
        for key in of_merged.keys().chain(of_ours.keys()).chain(of_theirs.keys()) {
            let most = [&of_base, &of_ours, &of_theirs].map(|counts| at(counts, key));
            prop_assert!(at(&of_merged, key) == 0 || most.iter().any(|count| *count > 0), "{key:?} was invented");
        }
        if ours != base && theirs != base && !merged.conflict && ours != theirs {
            let swapped = merge_text(&quoted(&base), &quoted(&theirs), &quoted(&ours));
            prop_assert!(!swapped.conflict);
            prop_assert_eq!(counts(&shown(&read(&swapped.text))), of_merged, "both orders hold the same");
        }
    }
}

/// A client as it edits: what the server has confirmed, what is on its way, what waits.
struct Editor {
    text: Vec<Point>,
    sent: Option<Edit>,
    waiting: Option<Edit>,
    inbox: VecDeque<(usize, Edit)>,
    /// What takes the last edit back.
    undo: Option<Edit>,
}

/// A server that puts edits in an order: the edits since any number of them.
struct Order {
    text: Vec<Point>,
    edits: Vec<Edit>,
}

/// The edit that takes `edit` of `before` back.
fn inverse(edit: &Edit, before: &[Point]) -> Edit {
    let (mut back, mut at) = (Edit::default(), 0);
    for part in edit.parts() {
        match part {
            Part::Keep(count) => {
                back.keep(*count);
                at += count;
            }
            Part::Insert(points) => back.delete(points.len()),
            Part::Delete(count) => {
                back.insert(&before[at..at + count]);
                at += count;
            }
        }
    }
    back
}

#[derive(Debug, Clone)]
enum Step {
    Edit(usize, Plan),
    Undo(usize),
    ToServer(usize),
    ToClient(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_usize, plan()).prop_map(|(who, plan)| Step::Edit(who, plan)),
        1 => (0..4_usize).prop_map(Step::Undo),
        3 => (0..4_usize).prop_map(Step::ToServer),
        4 => (0..4_usize).prop_map(Step::ToClient),
    ];
    prop::collection::vec(step, 1..60)
}

impl Editor {
    fn edits(&mut self, edit: Edit) {
        self.text = edit.apply(&self.text).unwrap();
        self.waiting = Some(match self.waiting.take() {
            Some(waiting) => waiting.compose(&edit).unwrap(),
            None => edit,
        });
    }

    /// One edit of the server's order arrives; its own come as a sign that they are in it.
    fn hears(&mut self, me: usize) {
        let Some((author, edit)) = self.inbox.pop_front() else { return };
        if author == me {
            self.sent = None;
            return;
        }
        let mut edit = edit;
        for own in [&mut self.sent, &mut self.waiting].into_iter().flatten() {
            let (edit_after, own_after) = Edit::transform(&edit, own).unwrap();
            (edit, *own) = (edit_after, own_after);
        }
        if let Some(back) = &mut self.undo {
            *back = Edit::transform(&edit, back).unwrap().1;
        }
        self.text = edit.apply(&self.text).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn editors_converge_however_edits_travel(start in text(), steps in steps()) {
        let mut server = Order { text: points(&start), edits: Vec::new() };
        let mut editors: Vec<Editor> = (0..4)
            .map(|_| Editor { text: points(&start), sent: None, waiting: None, inbox: VecDeque::new(), undo: None })
            .collect();
        let mut heard = [0_usize; 4];
        let rest = (0..4).cycle().take(400).flat_map(|who| [Step::ToClient(who), Step::ToServer(who), Step::ToClient(who)]);
        for step in steps.into_iter().chain(rest) {
            match step {
                Step::Edit(who, plan) => {
                    let edit = planned(&plan, editors[who].text.len()).0;
                    let back = inverse(&edit, &editors[who].text);
                    editors[who].undo = Some(back);
                    editors[who].edits(edit);
                }
                Step::Undo(who) => {
                    if let Some(back) = editors[who].undo.take() {
                        editors[who].edits(back);
                    }
                }
                Step::ToServer(who) => {
                    if editors[who].sent.is_some() { continue }
                    let Some(mut edit) = editors[who].waiting.take() else { continue };
                    editors[who].sent = Some(edit.clone());
                    for earlier in &server.edits[heard[who]..] {
                        edit = Edit::transform(earlier, &edit).unwrap().1;
                    }
                    server.text = edit.apply(&server.text).unwrap();
                    server.edits.push(edit.clone());
                    editors.iter_mut().for_each(|editor| editor.inbox.push_back((who, edit.clone())));
                }
                Step::ToClient(who) => {
                    heard[who] += usize::from(!editors[who].inbox.is_empty());
                    editors[who].hears(who);
                }
            }
        }
        for editor in &editors {
            prop_assert!(editor.inbox.is_empty() && editor.sent.is_none() && editor.waiting.is_none());
            prop_assert_eq!(shown(&editor.text), shown(&server.text));
        }
    }

    #[test]
    fn what_each_put_in_by_value_alone_is_there_in_the_end(
        start in "[a-c ]{0,10}",
        writes in prop::collection::vec((0..4_usize, any::<prop::sample::Index>(), any::<bool>()), 1..24),
    ) {
        // No edits travel, only what somebody saw and what he made of it: each of them has to stay.
        let mut server = start.clone();
        let mut views = vec![(start.clone(), start.clone()); 4];
        let quoted = |text: &str| write(&points(text));
        for (number, (who, at, sends)) in writes.iter().enumerate() {
            let mark = char::from_u32(0x1_f600 + u32::try_from(number).unwrap()).unwrap();
            let (saw, view) = &mut views[*who];
            let mut characters: Vec<char> = view.chars().collect();
            characters.insert(at.index(characters.len() + 1), mark);
            *view = characters.into_iter().collect();
            if *sends {
                let merged = transform_text(&quoted(saw), &quoted(view), &quoted(&server));
                server = shown(&read(&merged));
                views[*who] = (server.clone(), server.clone());
            }
        }
        for (saw, view) in views {
            server = shown(&read(&transform_text(&quoted(&saw), &quoted(&view), &quoted(&server))));
        }
        for number in 0..writes.len() {
            let mark = char::from_u32(0x1_f600 + u32::try_from(number).unwrap()).unwrap();
            prop_assert_eq!(server.chars().filter(|held| *held == mark).count(), 1);
        }
    }
}
