//! Writes that met another one: given up, parked until somebody decides, merged.

use super::*;
use crate::core::conflict::Conflict;
use crate::core::merge::Strategy;

pub(super) fn update(id: &str, changes: &str) -> Call {
    Call::Update(id.to_owned(), changes.to_owned())
}

pub(super) fn retitle(title: &str) -> Call {
    update("e1", &format!(r#"{{"title":"{title}"}}"#))
}

/// Connected and subscribed, the event `e1` being `old` in version 1.
fn bench(strategy: Strategy) -> Bench {
    let mut bench = Bench::with(|config| config.strategy = strategy);
    bench.connect();
    bench.subscribe("p", 1, &event("e1", 1, "old"));
    bench
}

/// The same where edits are stored.
pub(super) fn durable(strategy: Strategy) -> Bench {
    after(strategy, vec![])
}

/// The same where earlier programs left `rows`.
pub(super) fn after(strategy: Strategy, rows: Vec<Row>) -> Bench {
    let mut bench = Bench::with(|config| {
        config.strategy = strategy;
        config.offline =
            Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route: Route::Socket });
    });
    bench.store(StorageEvent::Loaded(rows));
    bench
}

/// The server's refusal of a write that met `there`, the event or `null`.
pub(super) fn conflict(seq: u64, there: &str, version: u64) -> String {
    format!(
        r#"{{"type":"error","seq":{seq},"payload":{{"code":"conflict","message":"no","retryable":false,"details":{{"fields":["title"],"version":{version},"event":{there}}}}}}}"#
    )
}

pub(super) fn detected(bench: &Bench) -> Vec<Arc<Conflict>> {
    let told = bench.events.iter().filter_map(|event| match event {
        Event::ConflictDetected(conflict) => Some(conflict.clone()),
        _ => None,
    });
    told.collect()
}

/// The titles that conflicts were resolved with.
fn resolved(bench: &Bench) -> Vec<String> {
    let told = bench.events.iter().filter_map(|event| match event {
        Event::ConflictResolved(_, text) => Some(field(text, "title")),
        _ => None,
    });
    told.collect()
}

pub(super) fn titles(conflict: &Conflict) -> [Option<String>; 3] {
    [&conflict.base, &conflict.local, &conflict.remote]
        .map(|version| version.as_ref().and_then(|version| version.string("title")))
}

pub(super) fn some(titles: [&str; 3]) -> [Option<String>; 3] {
    titles.map(|title| Some(title.to_owned()))
}

#[test]
fn a_write_says_what_its_author_saw_where_the_strategy_wants_to_know() {
    for strategy in Strategy::ALL {
        let mut bench = bench(strategy);
        bench.write(retitle("mine"));
        let on = Fields::parse(&bench.sent[0]).unwrap().get("on").map(|on| Fields::parse(on).unwrap());
        if strategy == Strategy::LastWriteWins {
            assert_eq!(on, None);
        } else {
            let on = on.unwrap();
            assert_eq!(on.string("strategy").as_deref(), Some(strategy.word()));
            assert_eq!(field(on.get("saw").unwrap(), "title"), "old");
        }
    }
}

#[test]
fn who_came_first_stays_and_the_other_is_told() {
    let mut bench = bench(Strategy::FirstWriteWins);
    let (_, _, confirmed) = bench.write(retitle("mine"));
    assert_eq!(bench.title("e1").as_deref(), Some("mine"));
    bench.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    assert_eq!((bench.refusal(confirmed), bench.title("e1").as_deref()), (Some("conflict"), Some("theirs")));
    let told = detected(&bench);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (titles(&told[0]), &*told[0].fields),
        (some(["old", "mine", "theirs"]), &["title".to_owned()][..])
    );
    assert_eq!(resolved(&bench), ["theirs"]);
    assert_eq!((bench.client.pending().count(), bench.client.failed().count()), (0, 0));
    assert_eq!(bench.client.conflicts().count(), 0);
}

#[test]
fn a_write_that_waits_for_somebody_stays_in_the_view_and_leaves_the_queue() {
    let mut bench = bench(Strategy::Manual);
    let (_, _, confirmed) = bench.write(retitle("mine"));
    bench.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    assert_eq!((bench.outcome(confirmed), bench.client.pending().count()), (None, 0));
    assert_eq!(bench.title("e1").as_deref(), Some("mine"));
    assert_eq!(titles(&detected(&bench)[0]), some(["old", "mine", "theirs"]));
    // What does not touch it comes through, and what does is told.
    let revision = bench.client.conflicts_revision();
    bench.hear(&change(2, "e1", 3, "newer"));
    assert!(bench.client.conflicts_revision() > revision);
    assert_eq!(titles(&detected(&bench)[1]), some(["old", "mine", "newer"]));
    assert_eq!(
        (detected(&bench)[1].id == detected(&bench)[0].id, bench.title("e1").as_deref()),
        (true, Some("mine"))
    );
    // Further edits fold into it.
    bench.sent.clear();
    let (_, _, more) = bench.write(update("e1", r#"{"location":"Room 1"}"#));
    assert_eq!((bench.sent_types(), bench.client.pending().count()), (vec![], 0));
    let id = bench.client.conflicts().next().unwrap().id.clone();
    let local = bench.client.conflicts().next().unwrap().local.clone().unwrap();
    assert_eq!(
        (local.string("title"), local.string("location")),
        (Some("mine".into()), Some("Room 1".into()))
    );
    let mut agreed = local;
    agreed.set_string("title", "agreed");
    let (_, _, decided) = bench.write(Call::ResolveConflict(id.clone(), agreed.to_text()));
    assert_eq!((resolved(&bench), bench.client.conflicts().count()), (vec!["agreed".to_owned()], 0));
    let sent = Fields::parse(bench.sent.last().unwrap()).unwrap();
    assert_eq!(sent.u53("seq"), Some(2));
    let (payload, on) = (sent.get("payload").unwrap(), Fields::parse(sent.get("on").unwrap()).unwrap());
    assert_eq!((field(payload, "title"), field(payload, "location")), ("agreed".into(), "Room 1".into()));
    assert_eq!(field(on.get("saw").unwrap(), "title"), "newer", "it is made on what is there by now");
    bench.hear(&ack(2, "e1", 4, "agreed"));
    for ticket in [confirmed, more, decided] {
        assert!(matches!(bench.outcome(ticket), Some(Outcome::Value(text)) if text.contains("agreed")));
    }
    let again = bench.input(Input::Call(Call::ResolveConflict(id, "null".to_owned()))).unwrap_err();
    assert_eq!(again.code, FaultCode::NotFound);
}

#[test]
fn what_is_resolved_as_it_is_needs_no_write() {
    let mut bench = bench(Strategy::Manual);
    let (_, _, confirmed) = bench.write(retitle("mine"));
    bench.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    bench.sent.clear();
    let told = detected(&bench)[0].clone();
    let remote = told.remote.as_ref().unwrap().to_text();
    let (_, persisted, decided) = bench.write(Call::ResolveConflict(told.id.clone(), remote));
    assert_eq!((bench.sent_types(), bench.title("e1").as_deref()), (vec![], Some("theirs")));
    assert_eq!(bench.outcome(persisted), Some(&Outcome::Done));
    for ticket in [confirmed, decided] {
        assert!(matches!(bench.outcome(ticket), Some(Outcome::Value(text)) if text.contains("theirs")));
    }
}

#[test]
fn a_deletion_that_met_a_change_and_a_change_that_met_a_deletion_are_decided_too() {
    let mut bench = bench(Strategy::Manual);
    bench.write(Call::Delete("e1".to_owned()));
    bench.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    let told = detected(&bench)[0].clone();
    assert_eq!((bench.title("e1"), &told.local, titles(&told)[2].as_deref()), (None, &None, Some("theirs")));
    assert!(told.to_json().contains(r#""deleted":"local""#));
    bench.sent.clear();
    bench.write(Call::ResolveConflict(told.id.clone(), "null".to_owned()));
    assert_eq!(bench.sent_types(), ["event:delete"]);
    bench.hear(r#"{"type":"ack","seq":2,"payload":{"id":"e1","version":3,"deleted":true}}"#);

    bench.hear(&change(2, "e2", 1, "old"));
    bench.write(update("e2", r#"{"title":"mine"}"#));
    bench.hear(&conflict(3, "null", 2));
    let told = detected(&bench).last().unwrap().clone();
    assert_eq!((bench.title("e2").as_deref(), &told.remote), (Some("mine"), &None));
    assert!(told.to_json().contains(r#""deleted":"remote""#));
    bench.sent.clear();
    bench.write(Call::ResolveConflict(told.id.clone(), event("e2", 0, "back")));
    assert_eq!(
        (bench.sent_types(), bench.title("e2").as_deref()),
        (vec!["event:create".to_owned()], Some("back"))
    );
    // Somebody else brought it back too.
    bench.hear(&conflict(4, &event("e2", 3, "revived"), 3));
    let told = detected(&bench).last().unwrap().clone();
    assert_eq!((titles(&told)[1].as_deref(), titles(&told)[2].as_deref()), (Some("back"), Some("revived")));
    assert_eq!(bench.title("e2").as_deref(), Some("back"));
}

#[test]
fn a_deletion_that_waits_for_somebody_can_be_taken_back() {
    let mut bench = bench(Strategy::Manual);
    let (_, _, deleted) = bench.write(Call::Delete("e1".to_owned()));
    bench.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    bench.sent.clear();
    bench.write(Call::Undo);
    assert_eq!((bench.client.conflicts().count(), bench.sent_types()), (0, vec![]));
    assert_eq!(bench.title("e1").as_deref(), Some("theirs"), "what others did stays");
    assert!(matches!(bench.outcome(deleted), Some(Outcome::Value(text)) if text.contains("theirs")));
}

#[test]
fn what_a_merge_dropped_is_told_with_what_came_of_it() {
    let mut bench = bench(Strategy::Merge);
    let (_, _, confirmed) = bench.write(retitle("mine"));
    let theirs = event("e1", 2, "theirs");
    let report = format!(
        r#"{{"conflicts":["title"],"dropped":[{{"field":"title","value":"mine","side":"ours","reason":"server_order"}}],"theirs":{theirs}}}"#
    );
    bench.hear(&format!(r#"{{"type":"ack","seq":1,"payload":{theirs},"merged":{report}}}"#));
    assert!(matches!(bench.outcome(confirmed), Some(Outcome::Value(text)) if text.contains("theirs")));
    let told = detected(&bench);
    assert_eq!(
        (told.len(), titles(&told[0]), resolved(&bench)),
        (1, some(["old", "mine", "theirs"]), vec!["theirs".to_owned()])
    );
    assert!(told[0].to_json().contains(r#""dropped":[{"field":"title","value":"mine""#));
    assert_eq!(bench.client.conflicts().count(), 0);
}

#[test]
fn over_a_plain_server_a_write_is_merged_here_and_written_again_five_times_at_most() {
    let mut bench = Bench::with(|config| {
        config.strategy = Strategy::Merge;
        config.negotiate = false;
    });
    bench.call(Call::Connect);
    bench.open();
    bench.hear(&format!(r#"{{"type":"event:updated","payload":{}}}"#, event("e1", 1, "Team plan")));
    bench.sent.clear();
    let (_, _, confirmed) = bench.write(update("e1", r#"{"location":"Room 1"}"#));
    for round in 2..=6 {
        assert_eq!(bench.sent_types(), ["event:update"], "round {round}");
        let theirs = event("e1", round, &format!("Team plan {round}"));
        bench.hear(&format!(
            r#"{{"type":"conflict:detected","payload":{{"eventId":"e1","fields":["location"],"remoteVersion":{theirs}}}}}"#
        ));
        let shown = bench.client.store().shown("e1").unwrap().doc.fields();
        assert_eq!(shown.string("title"), Some(format!("Team plan {round}")));
        assert_eq!(shown.string("location").as_deref(), Some("Room 1"));
    }
    assert_eq!((bench.client.pending().count(), bench.client.conflicts().count()), (1, 0));
    bench.hear(r#"{"type":"conflict:detected","payload":{"eventId":"e1","fields":["location"]}}"#);
    assert_eq!((bench.client.pending().count(), bench.client.conflicts().count()), (0, 1));
    assert_eq!(bench.outcome(confirmed), None, "somebody has to decide");
}

#[test]
fn what_a_server_says_of_no_write_of_ours_is_passed_on() {
    let mut bench = bench(Strategy::Manual);
    let payload = r#"{"eventId":"e1","fields":["title"],"localVersion":1,"remoteVersion":2}"#;
    bench.hear(&format!(r#"{{"type":"conflict:detected","payload":{payload}}}"#));
    assert!(bench.events.contains(&Event::Relayed("conflict:detected", payload.to_owned())));
    assert_eq!(bench.client.conflicts().count(), 0);
}

#[test]
fn who_waits_for_somebody_is_told_of_the_end() {
    let mut bench = bench(Strategy::Manual);
    let (_, _, confirmed) = bench.write(retitle("mine"));
    bench.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    bench.call(Call::Destroy);
    assert_eq!(bench.refusal(confirmed), Some("destroyed"));
}

#[test]
fn a_second_write_that_met_the_same_joins_the_first() {
    let mut bench = bench(Strategy::Manual);
    let (_, _, first) = bench.write(retitle("mine"));
    let (_, _, second) = bench.write(retitle("mine too"));
    bench.hear(&conflict(1, &event("e1", 2, "theirs"), 2));
    bench.wait(200);
    bench.hear(&conflict(2, &event("e1", 2, "theirs"), 2));
    let waiting: Vec<_> = bench.client.conflicts().cloned().collect();
    assert_eq!((waiting.len(), titles(&waiting[0])), (1, some(["old", "mine too", "theirs"])));
    let remote = waiting[0].remote.as_ref().unwrap().to_text();
    bench.write(Call::ResolveConflict(waiting[0].id.clone(), remote));
    for ticket in [first, second] {
        assert!(matches!(bench.outcome(ticket), Some(Outcome::Value(text)) if text.contains("theirs")));
    }
}
