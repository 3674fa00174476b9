//! Whose data it is, and what a logout leaves of it.

use super::*;
use crate::core::io::OnPending;
use crate::core::offline::{OWNER_KEY, Table, encode_owner};

/// A token of `subject`: `{"alg":"none"}` and the claims.
fn token(subject: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let claims = format!(r#"{{"sub":"{subject}"}}"#);
    let mut text = "e30.".to_owned();
    for bytes in claims.as_bytes().chunks(3) {
        let bits =
            bytes.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - bytes.len()));
        for at in 0..=bytes.len() {
            text.push(char::from(LETTERS[bits >> (18 - 6 * at) & 63]));
        }
    }
    text + ".x"
}

fn signed_in(subject: &str) -> Bench {
    let token = token(subject);
    Bench::with(|config| {
        config.offline =
            Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route: Route::Socket });
        config.token = Some(token);
        config.can_refresh_token = true;
    })
}

fn owned_by(subject: &str) -> Row {
    Row { table: Table::Meta, key: OWNER_KEY.to_owned(), value: encode_owner(subject) }
}

impl Bench {
    fn wipes(&self) -> Vec<OnPending> {
        let mut wipes = Vec::new();
        for effect in &self.effects {
            if let Effect::Wipe(pending) = effect {
                wipes.push(*pending);
            }
        }
        wipes
    }

    fn errors(&self) -> Vec<&str> {
        let mut codes = Vec::new();
        for event in &self.events {
            if let Event::Error(fault) = event {
                codes.push(fault.code.as_str());
            }
        }
        codes
    }
}

#[test]
fn a_logout_with_nothing_pending_deletes_everything_and_ends_the_calendar() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "base"));
    let gone = bench.ticket(Call::Logout(OnPending::Flush));
    assert_eq!((bench.wipes(), bench.outcome(gone)), (vec![OnPending::Flush], None));
    bench.store(StorageEvent::Wiped);
    assert_eq!(bench.outcome(gone), Some(&Outcome::Done));
    assert_eq!((bench.title("e1"), bench.client.is_connected()), (None, false));
    for call in [Call::Connect, Call::Create(EVENT.to_owned()), Call::Subscribe("x".to_owned())] {
        let fault = bench.input(Input::Call(call)).unwrap_err();
        assert_eq!(fault.code, FaultCode::LoggedOut);
    }
    let commits = bench.commits.len();
    bench.wait(100_000);
    assert_eq!(bench.commits.len(), commits, "nothing is stored any more");
    let again = bench.ticket(Call::Logout(OnPending::Discard));
    assert_eq!(bench.outcome(again), Some(&Outcome::Done));
}

#[test]
fn a_logout_sends_what_is_pending_first() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    let gone = bench.ticket(Call::Logout(OnPending::Flush));
    assert_eq!(bench.wipes(), []);
    bench.hear(&ack(1, &id, 1, "done"));
    assert_eq!(bench.wipes(), [OnPending::Flush]);
    bench.store(StorageEvent::Wiped);
    assert_eq!(bench.outcome(gone), Some(&Outcome::Done));
}

#[test]
fn a_logout_that_cannot_send_changes_nothing_and_says_how_much_is_pending() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let (id, ..) = bench.write(Call::Create(EVENT.to_owned()));
    let refused = bench.ticket(Call::Logout(OnPending::Flush));
    let Some(Outcome::Refused(fault)) = bench.outcome(refused) else { panic!("it was not refused") };
    assert_eq!((fault.code.as_str(), fault.details.as_deref()), ("pending_writes", Some(r#"{"pending":1}"#)));
    assert_eq!((bench.wipes().len(), bench.client.pending().count()), (0, 1));
    assert!(bench.title(&id).is_some());

    // A connection that is lost while it waits is no different.
    bench.connect();
    let refused = bench.ticket(Call::Logout(OnPending::Flush));
    assert_eq!(bench.outcome(refused), None);
    bench.lose(1006);
    assert_eq!(bench.refusal(refused), Some("pending_writes"));
}

#[test]
fn what_other_tabs_have_not_sent_is_not_deleted_either() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    let refused = bench.ticket(Call::Logout(OnPending::Flush));
    let during = bench.input(Input::Call(Call::Create(EVENT.to_owned()))).unwrap_err();
    assert_eq!(during.code, FaultCode::LoggedOut);
    bench.store(StorageEvent::NotWiped(3, "other tabs".to_owned()));
    assert_eq!(bench.refusal(refused), Some("pending_writes"));
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.commits.len(), 1, "all goes on");
}

#[test]
fn a_logout_may_keep_or_lose_what_is_pending() {
    for pending in [OnPending::Keep, OnPending::Discard] {
        let mut bench = Bench::durable();
        bench.store(StorageEvent::Loaded(vec![]));
        let reply = bench.input(Input::Call(Call::Create(EVENT.to_owned()))).unwrap();
        let Reply::Write { confirmed, event, .. } = reply else { panic!("{reply:?}") };
        let gone = bench.ticket(Call::Logout(pending));
        let stored = usize::from(pending == OnPending::Keep);
        assert_eq!((bench.wipes(), bench.commits.len()), (vec![pending], stored));
        bench.store(StorageEvent::Wiped);
        assert_eq!(
            (bench.outcome(gone), bench.refusal(confirmed)),
            (Some(&Outcome::Done), Some("logged_out"))
        );
        assert_eq!((bench.title(&event), bench.client.pending().count()), (None, 0));
    }
}

#[test]
fn another_tab_logs_this_one_out_too() {
    let mut bench = Bench::durable();
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "base"));
    bench.store(StorageEvent::Left);
    assert_eq!((bench.title("e1"), bench.client.is_connected()), (None, false));
    assert_eq!(bench.errors(), ["logged_out"]);
}

#[test]
fn a_token_of_another_user_is_not_used() {
    let mut bench = signed_in("ana");
    bench.store(StorageEvent::Loaded(vec![]));
    bench.call(Call::Connect);
    bench.open();
    bench.hear(WELCOME);
    bench.sent.clear();
    bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!(bench.commits[0].1.last(), Some(&StorageOp::Put(owned_by("ana"))));
    bench.sent.clear();
    bench.give(Input::Token(Ok(token("ben"))));
    assert_eq!(bench.errors(), ["other_user"]);
    assert_eq!((bench.sent_types(), bench.client.is_connected()), (vec![], false));
    assert_eq!(bench.client.pending().count(), 1);
}

#[test]
fn a_queue_of_another_user_is_neither_shown_nor_sent() {
    let mut bench = signed_in("ben");
    bench.call(Call::Connect);
    let left = Row {
        table: Table::Outbox,
        key: "old|0000000000000001".to_owned(),
        value: format!(
            r#"{{"v":1,"kind":"update","event":"e1","base":{},"body":{{"id":"e1"}}}}"#,
            event("e1", 1, "x")
        ),
    };
    bench.store(StorageEvent::Loaded(vec![owned_by("ana"), left]));
    assert_eq!(bench.errors(), ["other_user"]);
    assert_eq!((bench.client.pending().count(), bench.title("e1")), (0, None));
    assert_eq!(bench.sent_types(), [""; 0]);
    let (_, persisted, _) = bench.write(Call::Create(EVENT.to_owned()));
    assert_eq!((bench.refusal(persisted), bench.commits.len()), (Some("not_stored"), 0));
}
