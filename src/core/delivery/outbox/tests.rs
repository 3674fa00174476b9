//! Streams of writes, driven by hand.

use super::*;

fn client(name: &str) -> ClientId {
    ClientId(Arc::from(name))
}

fn write(client_name: &str, seq: u64) -> Write {
    Write { kind: WriteKind::Update, ..filler(WriteId { client: client(client_name), seq }, 0) }
}

fn drain(outbox: &mut Outbox) -> Vec<String> {
    std::iter::from_fn(|| outbox.next_to_send(Timestamp(5)).map(|write| write.id.to_string())).collect()
}

#[test]
fn the_window_holds_and_a_new_connection_sends_again() {
    let mut outbox = Outbox::new(client("me"));
    for _ in 0..40 {
        let id = outbox.next_id();
        outbox.push(Write { id: id.clone(), ..write("me", id.seq) });
    }
    assert_eq!(drain(&mut outbox).len(), WINDOW);
    let first = WriteId { client: client("me"), seq: 1 };
    assert!(outbox.remove(&first).is_some());
    assert!(outbox.remove(&first).is_none());
    assert_eq!(drain(&mut outbox), ["me:33"]);
    outbox.connection_began();
    assert_eq!(drain(&mut outbox).first().map(String::as_str), Some("me:2"));
    assert_eq!(outbox.positions().last().map(|(_, acked)| acked), Some(1));
}

#[test]
fn more_than_a_page_can_hold_is_not_taken() {
    let mut outbox = Outbox::new(client("me"));
    let id = outbox.next_id();
    outbox.push(Write { body: Arc::from("x".repeat(1_000)), ..write("me", id.seq) });
    assert!(!outbox.is_full(WRITES_BYTES_MAX - 1_000) && outbox.is_full(WRITES_BYTES_MAX - 999));
    assert!(outbox.replace_by_filler(&id).is_some());
    assert!(!outbox.is_full(WRITES_BYTES_MAX - 4) && outbox.is_full(WRITES_BYTES_MAX - 3));
    assert!(outbox.remove(&id).is_some());
    assert!(!outbox.is_full(WRITES_BYTES_MAX));
    outbox.adopt(client("old"), (1..=100_000).map(|seq| write("old", seq)).collect());
    assert!(outbox.is_full(0));
}

#[test]
fn what_was_left_behind_goes_first_and_holes_are_filled() {
    let mut outbox = Outbox::new(client("me"));
    let id = outbox.next_id();
    outbox.push(Write { id, ..write("me", 1) });
    outbox.adopt(client("old"), vec![write("old", 6), write("old", 9)]);
    assert_eq!(drain(&mut outbox), ["old:6", "old:7", "old:8", "old:9"]);
    for seq in 6..=9 {
        outbox.remove(&WriteId { client: client("old"), seq });
    }
    assert_eq!(drain(&mut outbox), ["me:1"]);
    let old = |seq| WriteId { client: client("old"), seq };
    assert!(outbox.is_decided(&old(9)) && !outbox.is_decided(&old(10)));
}

#[test]
fn a_write_is_found_wherever_it_stands_and_no_other_is_taken_for_it() {
    let mut outbox = Outbox::new(client("me"));
    outbox.adopt(client("old"), vec![write("old", 2), write("old", 5)]);
    for _ in 0..3 {
        let id = outbox.next_id();
        outbox.push(Write { id: id.clone(), ..write("me", id.seq) });
    }
    let id = |client_name: &str, seq| WriteId { client: client(client_name), seq };
    for (name, first, last) in [("old", 2, 5), ("me", 1, 3)] {
        for seq in first..=last {
            assert_eq!(outbox.get(&id(name, seq)).map(|write| &write.id), Some(&id(name, seq)));
        }
        assert!(outbox.get(&id(name, first - 1)).is_none() && outbox.get(&id(name, last + 1)).is_none());
    }
    assert_eq!(outbox.remove(&id("me", 2)).map(|write| write.id), Some(id("me", 2)));
    assert!(outbox.remove(&id("me", 2)).is_none() && outbox.get_mut(&id("me", 2)).is_none());
    assert_eq!(outbox.get_mut(&id("me", 3)).map(|write| write.id.clone()), Some(id("me", 3)));
    assert!(outbox.get(&id("nobody", 3)).is_none());
}

#[test]
fn sending_goes_on_from_a_refused_write_when_its_time_has_come() {
    let mut outbox = Outbox::new(client("me"));
    for _ in 0..3 {
        let id = outbox.next_id();
        outbox.push(Write { id: id.clone(), ..write("me", id.seq) });
    }
    assert_eq!(drain(&mut outbox).len(), 3);
    outbox.resume_from(&WriteId { client: client("me"), seq: 2 }, Timestamp(100));
    assert_eq!(drain(&mut outbox).len(), 0);
    assert_eq!(outbox.poll_timeout(), Some(Timestamp(100)));
    assert_eq!(outbox.next_to_send(Timestamp(100)).map(|write| write.id.seq), Some(2));
}
