//! The table of `docs/CONNECTION.md` against the machine: every phase that can be reached, every input.

use super::*;
use crate::core::session::upgrade::Upgrade;

const DOCUMENT: &str = include_str!("../../../../../docs/CONNECTION.md");

type Drive = fn(&mut Session, &mut Timestamp);

/// What drives a new session into each phase, by way of its inputs.
const PHASES: &[(&str, Drive)] = &[
    ("Idle", |_, _| {}),
    ("AwaitingToken", |session, now| {
        live(session, now);
        session.handle_sign_in_refused(*now);
    }),
    ("Opening", |session, now| session.connect(*now)),
    ("Opening, both", |session, now| {
        session.connect(*now);
        time_out(session, now);
    }),
    ("Greeting", greeted),
    ("Live", live),
    ("Live, a WebSocket due", due),
    ("Live, a WebSocket opening", |session, now| {
        due(session, now);
        session.handle_heard(*now);
        *now = now.after(14_000);
        // So that what is due next is no question whether the peer lives.
        session.handle_heard(*now);
        time_out(session, now);
    }),
    ("Live, a WebSocket asked", asked),
    ("Live, a WebSocket ready", |session, now| {
        asked(session, now);
        session.handle_heard_aside(*now, aside(session));
    }),
    ("Electing", |session, now| {
        session.share();
        session.connect(*now);
    }),
    ("Opening, by a tab", by_tab),
    ("Live, by a tab", |session, now| {
        by_tab(session, now);
        session.handle_opened(*now, pipe(session));
        session.handle_heard(*now);
    }),
    ("Backoff", |session, now| {
        live(session, now);
        session.handle_closed(*now, pipe(session), 1006, "");
    }),
    ("Asleep", |session, now| {
        live(session, now);
        session.handle_signal(*now, Signal::Suspended);
    }),
    ("Failed", |session, now| {
        live(session, now);
        session.handle_closed(*now, pipe(session), 4403, "");
    }),
];

fn greeted(session: &mut Session, now: &mut Timestamp) {
    session.connect(*now);
    session.handle_opened(*now, pipe(session));
}

fn live(session: &mut Session, now: &mut Timestamp) {
    greeted(session, now);
    session.handle_accepted(*now);
}

fn due(session: &mut Session, now: &mut Timestamp) {
    session.connect(*now);
    time_out(session, now);
    session.handle_opened(*now, aside(session));
    session.handle_accepted(*now);
    session.handle_heard(*now);
}

fn asked(session: &mut Session, now: &mut Timestamp) {
    let (_, opening) = PHASES.iter().find(|(name, _)| name.ends_with("opening")).unwrap();
    opening(session, now);
    session.handle_opened(*now, aside(session));
}

fn by_tab(session: &mut Session, now: &mut Timestamp) {
    session.share();
    session.connect(*now);
    session.set_way(*now, Way::Tab);
}

fn time_out(session: &mut Session, now: &mut Timestamp) {
    *now = session.poll_timeout().unwrap_or(*now).max(*now);
    session.handle_timeout(*now);
}

/// The pipe in use, or the first that is being opened, or else the last that there was.
fn pipe(session: &Session) -> PipeId {
    session.phase.links()[0].map_or(PipeId(session.last_pipe), |link| link.pipe)
}

/// The other one, or else one that there never was.
fn aside(session: &Session) -> PipeId {
    session.phase.links()[1].map_or(PipeId(0), |link| link.pipe)
}

/// What can happen.
const INPUTS: &[(&str, Drive)] = &[
    ("connect", |session, now| session.connect(*now)),
    ("disconnect", |session, _| session.disconnect()),
    ("reconnect", |session, now| session.reconnect(*now)),
    ("token", |session, now| session.handle_token(*now, Ok("new".to_owned()))),
    ("no token", |session, now| session.handle_token(*now, Err("away".to_owned()))),
    ("opened", |session, now| session.handle_opened(*now, pipe(session))),
    ("opened aside", |session, now| session.handle_opened(*now, aside(session))),
    ("closed 1006", |session, now| session.handle_closed(*now, pipe(session), 1006, "")),
    ("closed 1001", |session, now| session.handle_closed(*now, pipe(session), 1001, "")),
    ("closed 4401", |session, now| session.handle_closed(*now, pipe(session), 4401, "")),
    ("closed 4403", |session, now| session.handle_closed(*now, pipe(session), 4403, "")),
    ("closed aside", |session, now| session.handle_closed(*now, aside(session), 1006, "")),
    ("earlier pipe", |session, now| {
        session.handle_opened(*now, PipeId(0));
        session.handle_heard_aside(*now, PipeId(0));
        session.handle_closed(*now, PipeId(0), 4403, "");
    }),
    ("heard", |session, now| session.handle_heard(*now)),
    ("heard aside", |session, now| session.handle_heard_aside(*now, aside(session))),
    ("accepted", |session, now| session.handle_accepted(*now)),
    ("sign-in refused", |session, now| session.handle_sign_in_refused(*now)),
    ("abandon", |session, now| session.abandon(*now, "test")),
    ("drain", |session, _| session.handle_drain(1_000)),
    ("online", |session, now| session.handle_signal(*now, Signal::Online)),
    ("offline", |session, now| session.handle_signal(*now, Signal::Offline)),
    ("visible", |session, now| session.handle_signal(*now, Signal::Visible)),
    ("resumed", |session, now| session.handle_signal(*now, Signal::Resumed)),
    ("hidden", |session, now| session.handle_signal(*now, Signal::Hidden)),
    ("frozen", |session, now| session.handle_signal(*now, Signal::Frozen)),
    ("suspended", |session, now| session.handle_signal(*now, Signal::Suspended)),
    ("timeout", time_out),
    ("we lead", |session, now| session.set_way(*now, Way::Own)),
    ("another tab leads", |session, now| session.set_way(*now, Way::Tab)),
    ("the lead is lost", |session, now| session.set_way(*now, Way::Unsettled)),
    ("the leader is ready", |session, now| session.handle_way_open(*now)),
];

fn name(session: &Session) -> &'static str {
    match &session.phase {
        Phase::Idle => "Idle",
        Phase::AwaitingToken { .. } => "AwaitingToken",
        Phase::Electing { .. } => "Electing",
        Phase::Opening { .. } if session.is_by_tab() => "Opening, by a tab",
        Phase::Live { .. } if session.is_by_tab() => "Live, by a tab",
        Phase::Opening { race } if race.links().iter().flatten().count() == 2 => "Opening, both",
        Phase::Opening { .. } => "Opening",
        Phase::Greeting { .. } => "Greeting",
        Phase::Live { upgrade, .. } => match upgrade {
            Upgrade::Idle => "Live",
            Upgrade::Due(_) => "Live, a WebSocket due",
            Upgrade::Opening { .. } => "Live, a WebSocket opening",
            Upgrade::Asked { .. } => "Live, a WebSocket asked",
            Upgrade::Ready { .. } => "Live, a WebSocket ready",
        },
        Phase::Backoff { .. } => "Backoff",
        Phase::Asleep => "Asleep",
        Phase::Failed => "Failed",
    }
}

/// An action in the words of the document: its name, and what tells it from others of its kind.
fn word(action: &Action) -> String {
    match action {
        Action::Open(_, transport) => format!("Open {transport:?}"),
        Action::StateChanged(state, _) => format!("StateChanged {}", state.name()),
        Action::Failed(fault) => format!("Failed {}", fault.code.as_str()),
        Action::Lost(code, _) => format!("Lost {code}"),
        other => format!("{other:?}").split('(').next().unwrap_or_default().to_owned(),
    }
}

/// The phase and the actions after `input` in `phase`.
fn outcome(drive: Drive, input: Drive) -> (String, String) {
    let mut session = session(|config| {
        config.token = Some("opaque".to_owned());
        config.can_refresh_token = true;
    });
    let mut now = Timestamp(1_000);
    drive(&mut session, &mut now);
    session.take_actions();
    now = now.after(1);
    input(&mut session, &mut now);
    let actions: Vec<String> = session.take_actions().iter().map(word).collect();
    (name(&session).to_owned(), actions.join(", "))
}

/// The rows of a phase as the document has them: inputs with the same outcome share a row, those without any the last.
fn rows_of(phase: &str, drive: Drive) -> Vec<[String; 4]> {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for (input, feed) in INPUTS {
        let (next, actions) = outcome(drive, *feed);
        if next == phase && actions.is_empty() {
            continue;
        }
        match rows.iter_mut().find(|row| row[2] == next && row[3] == actions) {
            Some(row) => row[1] = format!("{}; {input}", row[1]),
            None => rows.push([phase.to_owned(), (*input).to_owned(), next, actions]),
        }
    }
    rows.push([phase.to_owned(), "all others".to_owned(), phase.to_owned(), String::new()]);
    rows
}

#[test]
fn every_phase_is_driven_into_and_none_is_left_out() {
    for (phase, drive) in PHASES {
        let (reached, _) = outcome(*drive, |_, _| {});
        assert_eq!(reached, *phase);
        for (input, feed) in INPUTS {
            let (next, _) = outcome(*drive, *feed);
            assert!(
                PHASES.iter().any(|(known, _)| *known == next),
                "{phase}, {input}: {next} is not in the table"
            );
        }
    }
}

#[test]
fn the_machine_does_what_the_table_says() {
    let lines = DOCUMENT.lines().skip_while(|line| !line.starts_with("| phase |")).skip(2);
    let documented: Vec<[String; 4]> = lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            [1, 2, 3, 4].map(|at| cells[at].to_owned())
        })
        .collect();
    let real: Vec<[String; 4]> = PHASES.iter().flat_map(|(phase, drive)| rows_of(phase, *drive)).collect();
    let line = |row: &[String; 4]| format!("| {} |", row.join(" | ")).replace("|  |", "| |");
    let table: Vec<String> = real.iter().map(line).collect();
    assert!(documented == real, "the machine does this:\n{}", table.join("\n"));
}
