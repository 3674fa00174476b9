//! What the tabs of one browser promise each other, with the real cores and the real hub.

use baro_realtime::core::io::{Call, Event};
use baro_realtime::core::session::Signal;
use baro_realtime::core::tabs::Standing;
use baro_simulation::tabs::Desk;

fn connected(desk: &Desk) -> bool {
    desk.tabs.values().all(|tab| tab.client.is_connected())
}

/// Connected, read, and nothing waits.
fn settled(desk: &Desk) -> bool {
    let tabs = || desk.tabs.values().filter(|tab| !tab.frozen);
    tabs().all(|tab| {
        tab.client.is_connected()
            && tab.client.position("project:p").is_some()
            && tab.client.pending().next().is_none()
    })
}

fn three() -> (Desk, [u64; 3]) {
    let mut desk = Desk::new(|_| {});
    let tabs = [desk.open(), desk.open(), desk.open()];
    assert!(
        desk.run(1_000, settled).is_some(),
        "{:?}",
        desk.tabs.values().map(|tab| tab.client.standing()).collect::<Vec<_>>()
    );
    (desk, tabs)
}

#[test]
fn all_tabs_use_one_socket_and_show_what_any_of_them_does() {
    let (mut desk, tabs) = three();
    assert_eq!((desk.sockets.len(), desk.sockets_most), (1, 1));
    for (number, tab) in tabs.into_iter().enumerate() {
        desk.create(tab, &format!("From {number}"));
    }
    let all = ["From 0", "From 1", "From 2"];
    let took = desk.run(1_000, |desk| tabs.iter().all(|tab| desk.titles(*tab) == all));
    assert!(took.is_some_and(|ms| ms <= 100), "{took:?}");
    assert!(desk.run(1_000, settled).is_some());
    assert_eq!((desk.writes, desk.duplicates, desk.sockets_most), (3, 0, 1));
}

#[test]
fn a_leader_that_ends_is_replaced_at_once_and_nothing_is_done_twice() {
    for by_word in [true, false] {
        let (mut desk, [first, second, third]) = three();
        assert_eq!(desk.leader(), Some(first));
        desk.create(second, "On its way");
        desk.wait(5);
        if by_word {
            desk.call(first, Call::Destroy);
        }
        desk.kill(first);
        desk.create(third, "Meanwhile");
        let took = desk.run(10_000, settled);
        assert!(took.is_some_and(|ms| ms <= 1_000), "{took:?}");
        assert_eq!(desk.leader(), Some(second));
        assert_eq!(desk.titles(third), ["Meanwhile", "On its way"]);
        assert_eq!((desk.writes, desk.sockets.len()), (2, 1));
    }
}

#[test]
fn a_leader_that_freezes_is_replaced_and_does_nothing_when_it_thaws() {
    let (mut desk, [first, second, third]) = three();
    if let Some(tab) = desk.tabs.get_mut(&first) {
        tab.frozen = true;
    }
    desk.create(second, "Waits");
    desk.create(third, "Waits too");
    let took = desk.run(20_000, settled);
    assert!(took.is_some_and(|ms| ms <= 10_000), "{took:?}");
    assert_eq!((desk.writes, desk.epoch), (2, 2));
    desk.thaw(first);
    assert!(desk.run(20_000, settled).is_some());
    desk.wait(5_000);
    assert_eq!(
        (desk.writes, desk.duplicates, desk.sockets.len()),
        (2, 0, 1),
        "it had both of them in its queue"
    );
    let leading = desk.tabs.values().filter(|tab| tab.client.standing() == Standing::Leading);
    assert_eq!(leading.count(), 1);
    assert_eq!(desk.titles(first), ["Waits", "Waits too"]);
}

#[test]
fn a_leader_that_freezes_with_warning_hands_over_at_once() {
    let (mut desk, [first, second, _]) = three();
    desk.signal(first, Signal::Frozen);
    if let Some(tab) = desk.tabs.get_mut(&first) {
        tab.frozen = true;
    }
    desk.create(second, "Goes on");
    let took = desk.run(20_000, settled);
    assert!(took.is_some_and(|ms| ms <= 1_000), "{took:?}");
    assert_eq!((desk.writes, desk.leader()), (1, Some(second)));
    desk.thaw(first);
    assert!(desk.run(1_000, connected).is_some());
    assert_eq!(desk.sockets.len(), 1);
}

#[test]
fn what_a_follower_leaves_behind_is_sent_by_the_leader() {
    let (mut desk, [first, second, third]) = three();
    desk.create(second, "Stored");
    desk.wait(0);
    // Its frame has not left it, its row has.
    desk.kill(second);
    let took = desk.run(1_000, |desk| desk.titles(third) == ["Stored"] && settled(desk) && desk.writes > 0);
    assert!(took.is_some(), "{:?}", desk.titles(first));
    assert_eq!(desk.writes, 1);
}

#[test]
fn what_a_tab_takes_over_while_it_is_led_already_is_sent_once_and_answered() {
    let (mut desk, [first, second, third]) = three();
    let heir = desk.inherit(first);
    let shown = |desk: &Desk| {
        [second, third, heir].iter().all(|tab| desk.titles(*tab) == ["Left behind"]) && settled(desk)
    };
    assert!(desk.run(20_000, shown).is_some(), "{:?}", desk.tabs[&heir].client.pending().count());
    assert_eq!((desk.writes, desk.duplicates, desk.sockets.len()), (1, 0, 1));
}

#[test]
fn edits_without_a_connection_show_in_all_tabs_and_in_those_that_start_later() {
    let (mut desk, [first, second, third]) = three();
    desk.create(first, "Known");
    assert!(desk.run(1_000, settled).is_some());
    desk.cut(true);
    desk.wait(1_000);
    desk.create(second, "Follower's");
    desk.create(first, "Leader's");
    let all = ["Follower's", "Known", "Leader's"];
    let took = desk.run(1_000, |desk| desk.titles(third) == all && desk.titles(first) == all);
    assert!(took.is_some_and(|ms| ms <= 100), "{took:?} {:?}", desk.titles(third));
    let later = desk.open();
    // What the server has told is not stored here.
    assert!(desk.run(100, |desk| desk.titles(later) == ["Follower's", "Leader's"]).is_some());
    desk.kill(second);
    desk.wait(100);
    assert_eq!(desk.titles(later), ["Follower's", "Leader's"], "who leads has taken it over");
    desk.cut(false);
    assert!(desk.run(60_000, settled).is_some());
    assert!(desk.run(100, |desk| [first, third, later].iter().all(|tab| desk.titles(*tab) == all)).is_some());
    assert_eq!((desk.writes, desk.duplicates, desk.sockets.len()), (3, 0, 1));
}

#[test]
fn what_is_refused_or_taken_back_in_one_tab_is_so_in_all() {
    let (mut desk, [first, second, third]) = three();
    desk.create(first, "Room");
    assert!(desk.run(1_000, settled).is_some());
    let id = desk.tabs[&third].client.store().query(&Default::default())[0].doc.id.to_string();
    desk.cut(true);
    desk.wait(100);
    desk.call(second, Call::Update(id.clone(), r#"{"title":"Renamed"}"#.to_owned()));
    assert!(desk.run(100, |desk| desk.titles(third) == ["Renamed"]).is_some());
    desk.call(second, Call::Delete(id.clone()));
    assert!(desk.run(100, |desk| desk.titles(third).is_empty()).is_some());
    desk.cut(false);
    assert!(desk.run(60_000, settled).is_some());
    desk.wait(1_000);
    assert!([first, second, third].iter().all(|tab| desk.titles(*tab).is_empty()));
}

#[test]
fn what_is_lost_between_tabs_is_made_up_for() {
    for every in [3, 4, 5, 7, 11] {
        let (mut desk, [first, second, third]) = three();
        desk.loses_every = every;
        for number in 0..10 {
            desk.create([first, second, third][number % 3], &format!("Event {number}"));
            desk.wait(40);
        }
        desk.wait(5_000);
        desk.loses_every = 0;
        assert!(desk.run(20_000, settled).is_some(), "every {every}th");
        desk.wait(5_000);
        for tab in [first, second, third] {
            desk.signal(tab, Signal::Resumed);
        }
        desk.wait(1_000);
        for tab in [first, second, third] {
            assert_eq!(desk.titles(tab).len(), 10, "every {every}th: {:?}", desk.titles(tab));
        }
        assert_eq!(desk.writes, 10);
    }
}

#[test]
fn the_trial_of_planted_bugs_finds_none_where_none_is_planted() {
    assert_eq!(baro_simulation::tabs::trial(), None);
}

#[test]
fn a_program_that_disconnects_ends_its_own_tab_only() {
    let (mut desk, [first, second, third]) = three();
    desk.call(first, Call::Disconnect);
    let others = |desk: &Desk| [second, third].iter().all(|tab| desk.tabs[tab].client.is_connected());
    assert!(desk.run(1_000, others).is_some());
    desk.wait(10_000);
    assert!(others(&desk) && !desk.tabs[&first].client.is_connected());
    desk.call(third, Call::Disconnect);
    desk.wait(1_000);
    assert!(desk.tabs[&second].client.is_connected());
    desk.call(first, Call::Connect);
    desk.call(third, Call::Connect);
    assert!(desk.run(1_000, connected).is_some());
    assert_eq!((desk.leader(), desk.sockets.len()), (Some(second), 1));
    desk.call(third, Call::Reconnect);
    desk.call(second, Call::Reconnect);
    assert!(desk.run(3_000, settled).is_some());
    assert_eq!(desk.sockets.len(), 1);
}

#[test]
fn messages_of_each_tab_are_answered_to_it_and_channels_are_counted_over_all() {
    let (mut desk, [first, second, third]) = three();
    for tab in [first, second, third] {
        desk.call(tab, Call::Subscribe("project:q".to_owned()));
    }
    assert!(
        desk.run(1_000, |desk| desk.tabs.values().all(|tab| tab.client.position("project:q").is_some()))
            .is_some()
    );
    desk.call(first, Call::Unsubscribe("project:q".to_owned()));
    desk.wait(2_000);
    let event =
        r#"{"title":"Q","startDate":"2026-03-02T09:00Z","endDate":"2026-03-02T09:15Z","projectId":"q"}"#;
    desk.call(second, Call::Create(event.to_owned()));
    assert!(desk.run(1_000, |desk| desk.titles(third) == ["Q"]).is_some());
    assert_eq!(desk.titles(first), [""; 0], "what only others want shows in no other tab");
    for tab in [second, third] {
        let send = Call::Send { kind: "ping".to_owned(), payload: "1".to_owned(), ack: None };
        desk.call(tab, send);
    }
    desk.wait(1_000);
    for tab in desk.tabs.values() {
        let faults: Vec<_> = tab.events.iter().filter(|event| matches!(event, Event::Error(_))).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

#[test]
fn a_tab_of_another_user_has_a_connection_of_its_own() {
    let (mut desk, _) = three();
    let other = desk.open_as(|config| {
        if let Some(user) = &mut config.user {
            user.id = "ben".to_owned();
        }
    });
    assert!(desk.run(3_000, settled).is_some());
    assert_eq!((desk.tabs[&other].client.standing(), desk.sockets.len()), (Standing::Separate, 2));
}

#[test]
fn with_a_plain_server_nothing_is_done_twice() {
    let mut desk = Desk::new(|config| config.negotiate = false);
    let tabs = [desk.open(), desk.open()];
    assert!(desk.run(1_000, connected).is_some());
    desk.wait(1_000);
    desk.create(tabs[0], "First");
    desk.create(tabs[1], "Second");
    assert!(
        desk.run(1_000, |desk| tabs.iter().all(|tab| desk.titles(*tab) == ["First", "Second"])).is_some()
    );
    desk.wait(2_000);
    assert!(desk.tabs.values().all(|tab| tab.client.pending().next().is_none()));
    desk.kill(tabs[0]);
    desk.create(tabs[1], "Third");
    assert!(
        desk.run(2_000, |desk| desk.tabs.values().all(|tab| tab.client.pending().next().is_none())).is_some()
    );
    assert_eq!((desk.writes, desk.sockets_most), (3, 1));
}

#[test]
fn a_server_that_forgot_everything_learns_how_far_each_tab_is() {
    let (mut desk, [first, second, _]) = three();
    desk.create(first, "One");
    desk.create(second, "Two");
    assert!(desk.run(1_000, settled).is_some());
    desk.lose_data();
    desk.create(second, "Three");
    assert!(desk.run(20_000, settled).is_some(), "{:?}", desk.titles(second));
    assert_eq!(desk.titles(first), ["Three"]);
}
