//! Tests of the channels.

use super::*;

fn live(epoch: &str, seq: u64) -> Channels {
    let mut channels = Channels::default();
    assert!(channels.subscribe("c"));
    channels.request("c", "r".to_owned(), 0);
    channels.answered("c", Position { epoch: epoch.to_owned(), seq }, false);
    assert_eq!(channels.add_content("c", vec![], false).map(|content| content.events.len()), Some(0));
    channels
}

#[test]
fn out_of_order_changes_are_applied_once_each_and_in_order() {
    let mut channels = live("e", 0);
    let mut applied = Vec::new();
    let mut asked = 0;
    for seq in [1, 2, 2, 5, 4, 6] {
        match channels.arrive("c", seq, || seq.to_string().into()) {
            Arrival::Next => applied.push(seq),
            Arrival::Gap => {
                asked += 1;
                channels.request("c", "again".to_owned(), 0);
            }
            Arrival::Repeated | Arrival::Held => {}
        }
    }
    channels.answered("c", Position { epoch: "e".to_owned(), seq: 6 }, true);
    assert_eq!(channels.arrive("c", 3, || "3".into()), Arrival::Next);
    applied.push(3);
    while let Some(message) = channels.next_held("c") {
        applied.push(message.parse().unwrap());
    }
    assert_eq!((applied, asked), (vec![1, 2, 3, 4, 5, 6], 1));
    assert_eq!((channels.duplicates, channels.gaps), (1, 1));
}

#[test]
fn content_in_parts_is_whole_before_later_changes_count() {
    let mut channels = live("e", 3);
    channels.connection_ended();
    channels.request("c", "r2".to_owned(), 0);
    channels.answered("c", Position { epoch: "new".to_owned(), seq: 7 }, false);
    assert_eq!(channels.add_content("c", vec![Arc::from("a")], true), None);
    assert_eq!(channels.arrive("c", 8, || "8".into()), Arrival::Held);
    assert_eq!(channels.next_held("c"), None);
    assert_eq!(
        channels.add_content("c", vec![Arc::from("b")], false).map(|content| content.events.len()),
        Some(2)
    );
    assert_eq!(channels.next_held("c").as_deref(), Some("8"));
}

#[test]
fn content_that_does_not_arrive_whole_leaves_the_position_where_it_was() {
    let mut channels = live("e", 3);
    channels.request("c", "r2".to_owned(), 0);
    channels.answered("c", Position { epoch: "e".to_owned(), seq: 9 }, false);
    assert_eq!(channels.add_content("c", vec![Arc::from("a")], true), None);
    assert_eq!(channels.position("c").map(|position| position.seq), Some(3));
    channels.connection_ended();
    let request = channels.request("c", "r3".to_owned(), 0).unwrap();
    assert!(request.contains(r#""seq":3"#), "{request}");
}

#[test]
fn a_slow_server_that_was_taken_for_a_plain_one_may_still_refuse() {
    let mut channels = Channels::default();
    channels.subscribe("c");
    channels.request("c", "r".to_owned(), 0);
    assert!(!channels.wait("c", Ticket(1)));
    assert_eq!(channels.assume_live(), [Ticket(1)]);
    assert_eq!(channels.assume_live(), []);
    assert_eq!(channels.requested("r").as_deref(), Some("c"));
}

#[test]
fn two_subscribers_make_one_request() {
    let mut channels = Channels::default();
    assert!(channels.subscribe("c"));
    channels.request("c", "r".to_owned(), 0);
    assert!(!channels.subscribe("c"));
    assert_eq!(channels.unsubscribe(Timestamp(10), "c"), vec![]);
    assert_eq!(channels.unsubscribe(Timestamp(10), "c"), vec![]);
    assert_eq!(channels.unsubscribe(Timestamp(10), "c"), vec![]);
}

#[test]
fn a_recovery_with_nothing_missed_works_again_and_again() {
    let mut channels = live("e", 0);
    for _ in 0..3 {
        channels.connection_ended();
        let request = channels.request("c", "r".to_owned(), 0).unwrap();
        assert!(request.contains(r#""epoch":"e","seq":0"#), "{request}");
        channels.answered("c", Position { epoch: "e".to_owned(), seq: 0 }, true);
        assert!(!channels.is_behind("c", 0) && channels.is_behind("c", 1));
    }
}
