//! Writes past the socket: which goes when, and what the answers lead to.

use super::*;
use crate::core::io::{OnPending, Upload};
use crate::core::merge::Strategy;
use crate::core::offline::{Table, row_key};
use crate::core::upload::{Answer, Thrown, UploadId};

const UNAVAILABLE: &str = r#"{"code":"unavailable","message":"later","retryable":true}"#;
const FORBIDDEN: &str = r#"{"code":"forbidden","message":"no right","retryable":false}"#;

fn rest(strategy: Strategy) -> Bench {
    let mut bench = Bench::with(|config| {
        config.strategy = strategy;
        config.can_refresh_token = true;
        config.token = Some("t1".to_owned());
        let route = Route::Rest("/api/events".to_owned());
        config.offline = Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route });
    });
    bench.store(StorageEvent::Loaded(vec![]));
    bench.connect();
    bench.hear(r#"{"type":"pong"}"#);
    bench
}

/// Uploads since the last look: number, method, address and key.
fn uploads(bench: &mut Bench) -> Vec<(UploadId, String)> {
    let line = |effect: &Effect| match effect {
        Effect::Upload(id, Upload::Rest { request, token, .. }) => {
            let key = request.key.split_once('.').map_or("", |(_, rest)| rest);
            let token = token.as_deref().unwrap_or("none");
            Some((*id, format!("{} {} {key} {token}", request.method, request.url)))
        }
        Effect::Upload(id, Upload::Program(action)) => Some((*id, action.clone())),
        _ => None,
    };
    let found = bench.effects.iter().filter_map(line).collect();
    bench.effects.clear();
    found
}

fn answer(bench: &mut Bench, upload: UploadId, status: u16, body: &str) {
    let answer = Answer::Status { status, body: body.to_owned(), retry_after: None };
    bench.give(Input::Uploaded(upload, answer));
}

fn create(bench: &mut Bench, id: &str) -> Ticket {
    bench.write(Call::Create(EVENT.replacen('{', &format!(r#"{{"id":"{id}","#), 1))).2
}

fn update(bench: &mut Bench, id: &str, title: &str) -> Ticket {
    bench.write(Call::Update(id.to_owned(), format!(r#"{{"title":"{title}"}}"#))).2
}

#[test]
fn writes_leave_as_requests_and_not_on_the_socket() {
    let mut bench = rest(Strategy::LastWriteWins);
    let confirmed = create(&mut bench, "e1");
    assert!(bench.sent_types().is_empty());
    let sent = uploads(&mut bench);
    assert_eq!(sent[0].1, "POST /api/events 1:1 t1");
    answer(&mut bench, sent[0].0, 201, &event("e1", 1, "stored"));
    assert!(matches!(bench.outcome(confirmed), Some(Outcome::Value(text)) if text.contains("stored")));
    assert_eq!((bench.title("e1").as_deref(), bench.client.progress().percentage()), (Some("stored"), 100));
    // It is answered once.
    answer(&mut bench, sent[0].0, 500, "");
    assert_eq!(bench.client.pending().count(), 0);
}

#[test]
fn nothing_leaves_before_storage_is_read_nor_while_the_program_wants_no_connection() {
    let mut bench = Bench::with(|config| {
        let route = Route::Program;
        config.offline = Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route });
    });
    create(&mut bench, "e1");
    bench.store(StorageEvent::Loaded(vec![]));
    assert_eq!(uploads(&mut bench), []);
    // The socket does not get through; that is no matter.
    bench.call(Call::Connect);
    let sent = uploads(&mut bench);
    assert!(sent[0].1.contains(r#""type":"create""#), "{sent:?}");
    bench.call(Call::Disconnect);
    create(&mut bench, "e2");
    assert_eq!(uploads(&mut bench), []);
    // What is under way is answered all the same.
    bench.give(Input::Uploaded(sent[0].0, Answer::Done(r#"{"ok":true}"#.to_owned())));
    assert_eq!(bench.client.pending().count(), 1);
    bench.call(Call::Connect);
    assert_eq!(uploads(&mut bench).len(), 1);
}

#[test]
fn one_event_that_fails_delays_no_other_and_its_own_writes_keep_their_order() {
    let mut bench = rest(Strategy::LastWriteWins);
    let confirmed = create(&mut bench, "a");
    update(&mut bench, "a", "later");
    create(&mut bench, "b");
    let sent = uploads(&mut bench);
    assert_eq!(sent.len(), 2);
    answer(&mut bench, sent[0].0, 503, UNAVAILABLE);
    answer(&mut bench, sent[1].0, 201, &event("b", 1, "b"));
    assert_eq!((bench.title("b").as_deref(), uploads(&mut bench)), (Some("b"), vec![]));
    for nth in 1..=3 {
        bench.wait(500 << nth);
        let again = uploads(&mut bench);
        assert_eq!(
            again.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>(),
            ["POST /api/events 1:1 t1"]
        );
        answer(&mut bench, again[0].0, 503, UNAVAILABLE);
    }
    assert_eq!(bench.refusal(confirmed), Some("unavailable"));
    // What was to follow on what is not there was given up with it, and both say why.
    let failed: Vec<(String, usize)> = bench
        .client
        .failed()
        .map(|(_, failed)| {
            let failures = failed.write.failures.as_deref().unwrap_or_default();
            (failed.fault.code.as_str().to_owned(), failures.matches("\"code\"").count())
        })
        .collect();
    assert_eq!(failed, [("unavailable".to_owned(), 4), ("dependency_failed".to_owned(), 1)]);
    assert_eq!((bench.client.progress().percentage(), bench.client.metrics().writes_pending), (100, 0));
}

#[test]
fn a_refused_token_holds_everything_and_counts_nothing() {
    let mut bench = rest(Strategy::LastWriteWins);
    create(&mut bench, "a");
    create(&mut bench, "b");
    let sent = uploads(&mut bench);
    for (upload, _) in sent {
        answer(&mut bench, upload, 401, r#"{"code":"token_expired","message":""}"#);
    }
    bench.wait(2_000);
    assert!(bench.effects.contains(&Effect::RequestToken));
    assert_eq!(uploads(&mut bench), []);
    bench.give(Input::Token(Ok("t2".to_owned())));
    bench.wait(60_000);
    let lines: Vec<String> = uploads(&mut bench).into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines, ["POST /api/events 2:1 t2", "POST /api/events 1:1 t2"]);
    assert!(bench.client.pending().all(|write| write.attempts == 0));
}

#[test]
fn what_a_proxy_says_is_tried_for_ever() {
    let mut bench = rest(Strategy::LastWriteWins);
    create(&mut bench, "a");
    for _ in 0..20 {
        bench.wait(60_000);
        let sent = uploads(&mut bench);
        answer(&mut bench, sent[0].0, 404, "<html>Not Found</html>");
    }
    assert_eq!((bench.client.failed().count(), bench.client.pending().count()), (0, 1));
}

#[test]
fn when_nobody_answers_all_wait_until_the_network_is_said_to_be_back() {
    let mut bench = rest(Strategy::LastWriteWins);
    for id in ["a", "b", "c"] {
        create(&mut bench, id);
    }
    for (upload, _) in uploads(&mut bench) {
        bench.give(Input::Uploaded(upload, Answer::Lost("Failed to fetch".to_owned())));
    }
    bench.signal(Signal::Offline);
    bench.wait(120_000);
    assert_eq!(uploads(&mut bench), []);
    bench.signal(Signal::Online);
    let one = uploads(&mut bench);
    assert_eq!(one.len(), 1, "one finds out whether somebody answers");
    answer(&mut bench, one[0].0, 201, "{}");
    assert_eq!(uploads(&mut bench).len(), 2);
    assert!(bench.client.pending().all(|write| write.attempts == 0));
}

#[test]
fn a_conflict_is_made_anew_on_what_is_there_and_parked_after_five_rounds() {
    let mut bench = rest(Strategy::LastWriteWins);
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    let confirmed = update(&mut bench, "e1", "mine");
    for round in 1..=5 {
        let sent = uploads(&mut bench);
        answer(&mut bench, sent[0].0, 409, &event("e1", 10 + round, "theirs"));
        let again = bench.client.pending().next().unwrap();
        let body = Fields::parse(&again.body).unwrap();
        assert_eq!((body.u53("version"), body.string("title").as_deref()), (Some(10 + round), Some("mine")));
    }
    let last = uploads(&mut bench);
    assert_eq!(last[0].1, "PUT /api/events/e1 1.5:1 t1");
    answer(&mut bench, last[0].0, 409, &event("e1", 16, "theirs"));
    assert_eq!((bench.outcome(confirmed), bench.title("e1").as_deref()), (None, Some("mine")));
    assert_eq!((bench.client.metrics().writes_pending, bench.client.progress().percentage()), (0, 100));
    assert_eq!(uploads(&mut bench), []);
}

#[test]
fn a_conflict_that_a_server_does_not_merge_is_merged_here() {
    let mut bench = rest(Strategy::Merge);
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    update(&mut bench, "e1", "mine");
    let sent = uploads(&mut bench);
    // It does not know what the write was made on.
    answer(&mut bench, sent[0].0, 415, "unsupported");
    let plain = uploads(&mut bench);
    assert_eq!(plain[0].1, "PUT /api/events/e1 1:1 t1");
    let theirs = event("e1", 7, "old").replace(r#""projectId""#, r#""location":"Room 9","projectId""#);
    answer(&mut bench, plain[0].0, 412, &format!(r#"{{"event":{theirs}}}"#));
    let body = Fields::parse(&bench.client.pending().next().unwrap().body).unwrap();
    assert_eq!((body.string("title").as_deref(), body.get("location")), (Some("mine"), None));
    assert_eq!(bench.title("e1").as_deref(), Some("mine"));
}

#[test]
fn a_final_refusal_rolls_back_and_is_kept() {
    let mut bench = rest(Strategy::LastWriteWins);
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    let confirmed = update(&mut bench, "e1", "mine");
    let sent = uploads(&mut bench);
    answer(&mut bench, sent[0].0, 403, FORBIDDEN);
    assert_eq!((bench.title("e1").as_deref(), bench.refusal(confirmed)), (Some("old"), Some("forbidden")));
}

#[test]
fn what_an_earlier_program_left_goes_first_under_its_own_key() {
    let mut bench = Bench::with(|config| {
        let route = Route::Rest("/api/events".to_owned());
        config.offline = Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route });
    });
    bench.call(Call::Connect);
    create(&mut bench, "e9");
    let left = |seq: u64, kind: &str| {
        let id = WriteId { client: ClientId(Arc::from("old")), seq };
        let value = format!(
            r#"{{"v":1,"kind":"{kind}","event":"e1","at":5,"attempts":0,"base":null,"body":{{"id":"e1"}}}}"#
        );
        Row { table: Table::Outbox, key: row_key(&id), value }
    };
    // Between them there is a hole, which nobody has to fill.
    bench.store(StorageEvent::Loaded(vec![left(4, "update"), left(7, "delete")]));
    let sent = uploads(&mut bench);
    let lines: Vec<&str> = sent.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(lines, ["PUT /api/events/e1 4:1 none", "POST /api/events 1:1 none"]);
    answer(&mut bench, sent[0].0, 200, &event("e1", 2, "x"));
    assert_eq!(uploads(&mut bench)[0].1, "DELETE /api/events/e1 7:1 none");
}

#[test]
fn what_was_taken_back_before_it_left_is_sent_to_nobody() {
    let mut bench = rest(Strategy::LastWriteWins);
    bench.signal(Signal::Offline);
    let made = create(&mut bench, "e1");
    let (_, _, removed) = bench.write(Call::Delete("e1".to_owned()));
    bench.signal(Signal::Online);
    assert_eq!((uploads(&mut bench), bench.client.metrics().writes_pending), (vec![], 0));
    for ticket in [made, removed] {
        assert!(matches!(bench.outcome(ticket), Some(Outcome::Value(_))));
    }
}

#[test]
fn what_the_function_throws_decides() {
    let mut bench = Bench::with(|config| {
        let route = Route::Program;
        config.offline = Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 1, route });
    });
    bench.store(StorageEvent::Loaded(vec![]));
    bench.call(Call::Connect);
    let confirmed = create(&mut bench, "e1");
    for _ in 0..2 {
        bench.wait(2_000);
        let sent = uploads(&mut bench);
        let thrown = Thrown { message: "no".to_owned(), ..Thrown::default() };
        bench.give(Input::Uploaded(sent[0].0, Answer::Thrown(thrown)));
    }
    assert_eq!(bench.refusal(confirmed), Some("refused"));
    let other = create(&mut bench, "e2");
    let sent = uploads(&mut bench);
    let thrown = Thrown { retryable: Some(false), ..Thrown::default() };
    bench.give(Input::Uploaded(sent[0].0, Answer::Thrown(thrown)));
    assert_eq!(bench.refusal(other), Some("refused"));
}

#[test]
fn after_a_logout_nothing_of_the_user_is_sent() {
    let mut bench = rest(Strategy::LastWriteWins);
    bench.signal(Signal::Offline);
    create(&mut bench, "e1");
    bench.call(Call::Logout(OnPending::Discard));
    bench.store(StorageEvent::Wiped);
    bench.signal(Signal::Online);
    bench.wait(60_000);
    assert_eq!((uploads(&mut bench), bench.client.pending().count()), (vec![], 0));
}

#[test]
fn a_logout_waits_for_what_is_on_its_way_and_not_for_who_does_not_answer() {
    let mut bench = rest(Strategy::LastWriteWins);
    create(&mut bench, "e1");
    let ticket = bench.ticket(Call::Logout(OnPending::Flush));
    assert_eq!(bench.outcome(ticket), None);
    let sent = uploads(&mut bench);
    bench.give(Input::Uploaded(sent[0].0, Answer::Lost("Failed to fetch".to_owned())));
    assert_eq!(bench.refusal(ticket), Some("pending_writes"));
}
