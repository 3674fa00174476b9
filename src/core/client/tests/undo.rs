//! Edits taken back and done again.

use super::*;

fn rename(bench: &mut Bench, title: &str) {
    bench.write(Call::Update("e1".to_owned(), format!(r#"{{"title":"{title}"}}"#)));
}

#[test]
fn edits_are_taken_back_one_by_one_and_done_again() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    rename(&mut bench, "first");
    rename(&mut bench, "second");
    bench.write(Call::Delete("e1".to_owned()));
    assert_eq!(bench.title("e1"), None);
    for title in ["second", "first", "old"] {
        assert!(matches!(bench.call(Call::Undo), Reply::Write { .. }));
        assert_eq!(bench.title("e1").as_deref(), Some(title));
    }
    assert_eq!(bench.call(Call::Undo), Reply::Done, "there was nothing before");
    for title in [Some("first"), Some("second"), None] {
        assert!(matches!(bench.call(Call::Redo), Reply::Write { .. }));
        assert_eq!(bench.title("e1").as_deref(), title);
    }
    assert_eq!(bench.call(Call::Redo), Reply::Done);
}

#[test]
fn what_another_changed_since_is_passed_over() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &[event("e1", 1, "old"), event("e2", 1, "old")].join(","));
    bench.write(Call::Update("e2".to_owned(), r#"{"title":"mine"}"#.to_owned()));
    rename(&mut bench, "mine");
    bench.hear(&ack(1, "e2", 2, "mine"));
    bench.hear(&ack(2, "e1", 2, "mine"));
    bench.hear(&change(4, "e1", 3, "theirs"));
    bench.hear(&change(2, "e2", 2, "mine"));
    bench.hear(&change(3, "e1", 2, "mine"));
    bench.hear(&change(4, "e1", 3, "theirs"));
    assert_eq!(bench.title("e1").as_deref(), Some("theirs"));
    assert!(matches!(bench.call(Call::Undo), Reply::Write { event, .. } if &*event == "e2"));
    assert_eq!((bench.title("e1").as_deref(), bench.title("e2").as_deref()), (Some("theirs"), Some("old")));
}

#[test]
fn edits_can_be_taken_back_on_a_later_connection_and_after_a_refusal() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    rename(&mut bench, "first");
    bench.hear(&ack(1, "e1", 2, "first"));
    rename(&mut bench, "refused");
    bench.hear(&refuse(2, "forbidden", false));
    bench.lose(1006);
    bench.wait(1_000);
    bench.open();
    bench.hear(WELCOME);
    assert!(matches!(bench.call(Call::Undo), Reply::Write { .. }));
    assert_eq!(bench.title("e1").as_deref(), Some("old"), "the refused edit is no edit");
}

#[test]
fn an_edit_ends_what_could_be_done_again() {
    let mut bench = Bench::new();
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    rename(&mut bench, "first");
    bench.call(Call::Undo);
    rename(&mut bench, "other");
    assert_eq!(bench.call(Call::Redo), Reply::Done);
    assert_eq!(bench.title("e1").as_deref(), Some("other"));
}
