//! What tabs go through to show that a bug in what they share is noticed.

use baro_realtime::core::io::Call;
use baro_realtime::core::tabs::Standing;

use super::Desk;
use crate::judge::Violation;

/// How long anything may take to be well again, ms.
const WELL_MS: u64 = 30_000;

/// Takes tabs through everything that can happen to them. What was wrong, if something was.
pub fn trial() -> Option<Violation> {
    [freeze, lose, forget, inherit, subscribe, meet].into_iter().find_map(|part| part().err())
}

fn wrong(what: &str) -> Violation {
    Violation::new("tabs", what.to_owned())
}

fn settle(desk: &mut Desk, writes: u64, sockets: usize) -> Result<(), Violation> {
    let well = |desk: &Desk| {
        desk.tabs.values().all(|tab| {
            tab.client.is_connected()
                && tab.client.position("project:p").is_some()
                && tab.client.pending().next().is_none()
        })
    };
    desk.run(WELL_MS, well).ok_or_else(|| wrong("a tab is never well again"))?;
    desk.wait(5_000);
    let titles = desk.tabs.keys().map(|id| desk.titles(*id).len() as u64);
    if titles.into_iter().any(|count| count != writes) || desk.writes != writes {
        return Err(wrong("a tab does not show what all wrote"));
    }
    if desk.duplicates > 0 || desk.sockets.len() != sockets {
        return Err(wrong("more than one sends"));
    }
    Ok(())
}

fn three() -> (Desk, [u64; 3]) {
    let mut desk = Desk::new(|_| {});
    let tabs = [desk.open(), desk.open(), desk.open()];
    (desk, tabs)
}

fn freeze() -> Result<(), Violation> {
    let (mut desk, [first, second, third]) = three();
    settle(&mut desk, 0, 1)?;
    if let Some(tab) = desk.tabs.get_mut(&first) {
        tab.frozen = true;
    }
    desk.create(second, "Waits");
    desk.create(third, "Waits too");
    desk.wait(WELL_MS);
    desk.thaw(first);
    settle(&mut desk, 2, 1)?;
    let leading = desk.tabs.values().filter(|tab| tab.client.standing() == Standing::Leading).count();
    if leading == 1 { Ok(()) } else { Err(wrong("not one tab leads")) }
}

fn lose() -> Result<(), Violation> {
    let (mut desk, [_, second, third]) = three();
    settle(&mut desk, 0, 1)?;
    for number in 0..8 {
        desk.loses_every = if number < 6 { 4 } else { 0 };
        desk.create(if number % 2 == 0 { second } else { third }, &format!("Event {number}"));
        desk.wait(40);
    }
    desk.wait(5_000);
    for id in [second, third] {
        desk.signal(id, baro_realtime::core::session::Signal::Resumed);
    }
    // On a new pipe what was sent is sent again.
    desk.duplicates = 0;
    desk.run(WELL_MS, |desk| desk.writes == 8)
        .ok_or_else(|| wrong("what was lost between tabs stays lost"))?;
    desk.duplicates = 0;
    settle(&mut desk, 8, 1)
}

fn forget() -> Result<(), Violation> {
    let (mut desk, [_, second, _]) = three();
    desk.create(second, "One");
    settle(&mut desk, 1, 1)?;
    desk.lose_data();
    desk.create(second, "Two");
    desk.writes = 0;
    settle(&mut desk, 1, 1)
}

fn inherit() -> Result<(), Violation> {
    let (mut desk, [first, ..]) = three();
    settle(&mut desk, 0, 1)?;
    desk.inherit(first);
    // Before it has read that, nothing waits.
    desk.wait(desk.load_ms);
    settle(&mut desk, 1, 1)
}

fn subscribe() -> Result<(), Violation> {
    let (mut desk, tabs) = three();
    for id in tabs {
        desk.call(id, Call::Subscribe("project:q".to_owned()));
    }
    let read = |desk: &Desk| desk.tabs.values().all(|tab| tab.client.position("project:q").is_some());
    desk.run(1_000, read).ok_or_else(|| wrong("a subscription is not answered"))?;
    settle(&mut desk, 0, 1)
}

fn meet() -> Result<(), Violation> {
    let (mut desk, _) = three();
    desk.open_as(|config| {
        if let Some(user) = &mut config.user {
            user.id = "ben".to_owned();
        }
    });
    settle(&mut desk, 0, 2)
}
