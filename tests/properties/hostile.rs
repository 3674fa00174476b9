//! A client in front of a server that says anything: it never panics, never sends without end, and always settles.

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, OfflineConfig, Route, UserConfig, Value};
use baro_realtime::core::id::{BatchId, PipeId};
use baro_realtime::core::io::{Call, Effect, Event, Input, Output, PipeEvent, Reply, Row, StorageEvent};
use baro_realtime::core::offline::{Table, Trouble};
use baro_realtime::core::session::Signal;
use baro_realtime::core::time::{Now, Timestamp};
use proptest::prelude::*;

use super::texts::{almost_json, json};

#[derive(Debug, Clone)]
enum Step {
    Frame(String),
    Call(Call),
    Rows(Vec<(String, String)>),
    Stored(u64, bool),
    Opened,
    Closed(u16),
    Signal(Signal),
    Token(bool),
    Wait(u64),
}

/// A message whose parts are of the right names, and of the right kinds more often than not.
fn message() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec![
        "ack",
        "error",
        "pong",
        "ping",
        "welcome",
        "subscribed",
        "snapshot",
        "skip",
        "drain",
        "event:created",
        "event:updated",
        "event:deleted",
        "presence",
        "user:joined",
        "user:left",
        "user:cursor",
        "cursors",
        "user:typing",
        "element:selected",
        "user:editing",
        "user:status",
        "conflict:detected",
        "constructor",
    ]);
    let field = (
        prop::sample::select(vec![
            "id",
            "channel",
            "seq",
            "epoch",
            "recovered",
            "events",
            "more",
            "code",
            "retryable",
            "retryAfter",
            "users",
            "details",
            "expected",
            "version",
            "title",
            "startDate",
            "heads",
            "windowMs",
            "userId",
            "deleted",
            "movedTo",
            "projectId",
            "heartbeat",
            "limits",
            "cursors",
            "x",
            "y",
        ]),
        prop_oneof![
            prop::sample::select(vec![
                "1",
                "2",
                "3",
                "true",
                "false",
                "null",
                "\"e\"",
                "\"project:p\"",
                "\"canary\"",
                "\"e1\"",
                "9007199254740991",
                "\"sequence_gap\"",
                "\"token_expired\"",
                "\"unavailable\"",
                "[]",
                "{\"expected\":1}",
                "[{\"id\":\"e1\"}]",
            ])
            .prop_map(str::to_owned),
            json(),
        ],
    );
    let fields = || {
        let fields = prop::collection::vec(field.clone(), 0..6);
        fields.prop_map(|fields| {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            fields.join(",")
        })
    };
    (kind, fields(), fields()).prop_map(|(kind, outer, payload)| {
        let outer = if outer.is_empty() { outer } else { format!(",{outer}") };
        format!("{{\"type\":\"{kind}\",\"payload\":{{{payload}}}{outer}}}")
    })
}

fn call() -> impl Strategy<Value = Call> {
    let event = r#"{"id":"e1","title":"canary text","startDate":"2026-01-01","endDate":"2026-01-02","projectId":"p"}"#;
    prop_oneof![
        Just(Call::Connect),
        Just(Call::Disconnect),
        Just(Call::Reconnect),
        Just(Call::Subscribe("project:p".to_owned())),
        Just(Call::Subscribe("lineup:canary".to_owned())),
        Just(Call::Send { kind: "canary".to_owned(), payload: "\"canary\"".to_owned(), ack: None }),
        Just(Call::Unsubscribe("project:p".to_owned())),
        Just(Call::Create(event.to_owned())),
        Just(Call::Update("e1".to_owned(), r#"{"title":"u"}"#.to_owned())),
        Just(Call::Delete("e1".to_owned())),
        Just(Call::Flush),
        Just(Call::Cursor(r#"{"x":1,"y":2}"#.to_owned())),
        almost_json().prop_map(Call::Create),
        json().prop_map(|payload| Call::Send { kind: "note".to_owned(), payload, ack: Some(None) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let frame = prop_oneof![
        6 => message(),
        2 => prop::collection::vec(message(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
        1 => almost_json(),
    ];
    let rows = prop::collection::vec(("[a-c]\\|[0-9a-f]{16}", almost_json()), 0..3);
    let signal = prop::sample::select(vec![
        Signal::Online,
        Signal::Offline,
        Signal::Visible,
        Signal::Hidden,
        Signal::Resumed,
    ]);
    prop_oneof![
        8 => frame.prop_map(Step::Frame),
        6 => call().prop_map(Step::Call),
        1 => rows.prop_map(Step::Rows),
        2 => (0..6_u64, any::<bool>()).prop_map(|(batch, well)| Step::Stored(batch, well)),
        3 => Just(Step::Opened),
        1 => (1_000..5_000_u16).prop_map(Step::Closed),
        1 => signal.prop_map(Step::Signal),
        1 => any::<bool>().prop_map(Step::Token),
        3 => (0..20_000_u64).prop_map(Step::Wait),
    ]
}

fn client() -> Client {
    let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://host/ws".to_owned()))]);
    let mut config = Config::read(&url, None).unwrap();
    config.offline =
        Some(OfflineConfig { database_name: "db".to_owned(), retries_max: 3, route: Route::Socket });
    config.can_refresh_token = true;
    config.token = Some("canary.token".to_owned());
    config.user = Some(UserConfig { id: "canary".to_owned(), ..UserConfig::default() });
    Client::new(config, [1, 2, 3, 4], Now { mono: Timestamp(0), wall_ms: 1_700_000_000_000 })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_that_arrives_brings_a_client_down(steps in prop::collection::vec(step(), 1..60)) {
        let mut client = client();
        let (mut ms, mut pipe, mut open) = (0_u64, PipeId(0), Vec::new());
        let mut batches: Vec<BatchId> = Vec::new();
        for step in steps {
            let now = Now { mono: Timestamp(ms), wall_ms: 1_700_000_000_000 + ms };
            let reply = match step {
                Step::Frame(frame) => client.handle(now, Input::Pipe(pipe, PipeEvent::Text(&frame))),
                Step::Call(call) => client.handle(now, Input::Call(call)),
                Step::Rows(rows) => {
                    let row = |(key, value)| Row { table: Table::Outbox, key, value };
                    client.handle(now, Input::Storage(StorageEvent::Loaded(rows.into_iter().map(row).collect())))
                }
                Step::Stored(at, well) => {
                    let at = usize::try_from(at).unwrap_or(0).min(batches.len());
                    let Some(batch) = batches.get(at).copied() else { continue };
                    batches.remove(at);
                    let trouble = Trouble::ALL[usize::try_from(batch.0).unwrap_or(0) % Trouble::ALL.len()];
                    let event = if well { StorageEvent::Committed(batch) } else { StorageEvent::Aborted(batch, trouble, "full".to_owned()) };
                    client.handle(now, Input::Storage(event))
                }
                Step::Opened => client.handle(now, Input::Pipe(pipe, PipeEvent::Opened)),
                Step::Closed(code) => client.handle(now, Input::Pipe(pipe, PipeEvent::Closed { code, reason: "" })),
                Step::Signal(signal) => client.handle(now, Input::Signal(signal)),
                Step::Token(good) => {
                    let token = if good { Ok("canary".to_owned()) } else { Err("canary".to_owned()) };
                    client.handle(now, Input::Token(token))
                }
                Step::Wait(wait) => {
                    ms += wait;
                    Ok(Reply::Done)
                }
            };
            match reply {
                Ok(Reply::Ticket(ticket)) => open.push(ticket),
                Ok(Reply::Write { persisted, confirmed, .. }) => open.extend([persisted, confirmed]),
                Ok(Reply::Done) | Err(_) => {}
            }
            let mut frames = 0;
            for _ in 0..200 {
                while let Some(output) = client.poll_output() {
                    match output {
                        Output::Effect(Effect::OpenPipe { pipe: new, .. }) => pipe = new,
                        Output::Effect(Effect::Commit(batch, ..)) => batches.push(batch),
                        Output::Effect(Effect::SendText(..) | Effect::SendDeflated(..)) => frames += 1,
                        Output::Event(Event::Settled(ticket, _)) => {
                            let at = open.iter().position(|waiting| *waiting == ticket);
                            prop_assert!(at.is_some(), "{:?} is not open", ticket);
                            open.swap_remove(at.unwrap());
                        }
                        Output::Effect(_) | Output::Event(_) => {}
                    }
                }
                if client.poll_timeout().is_none_or(|due| due.0 > ms) {
                    break;
                }
                let now = Now { mono: Timestamp(ms), wall_ms: 1_700_000_000_000 + ms };
                prop_assert!(client.handle(now, Input::Tick).is_ok());
            }
            prop_assert!(client.poll_timeout().is_none_or(|due| due.0 > ms), "timers for now without end");
            prop_assert!(frames < 400, "{} frames for one input", frames);
            let (trace, report) = (client.trace(), client.report(now));
            prop_assert!(!trace.contains("canary") && !report.contains("canary"), "{} {}", trace, report);
            let steps: Vec<serde_json::Value> = serde_json::from_str(&trace).unwrap();
            prop_assert!(steps.len() <= 256);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&report).is_ok());
        }
        let now = Now { mono: Timestamp(ms), wall_ms: 1_700_000_000_000 + ms };
        prop_assert!(client.handle(now, Input::Call(Call::Destroy)).is_ok());
        while let Some(output) = client.poll_output() {
            match output {
                Output::Effect(Effect::Commit(batch, ..)) => batches.push(batch),
                Output::Event(Event::Settled(ticket, _)) => open.retain(|waiting| *waiting != ticket),
                Output::Effect(_) | Output::Event(_) => {}
            }
        }
        for batch in batches {
            prop_assert!(client.handle(now, Input::Storage(StorageEvent::Committed(batch))).is_ok());
        }
        while let Some(output) = client.poll_output() {
            if let Output::Event(Event::Settled(ticket, _)) = output {
                open.retain(|waiting| *waiting != ticket);
            }
        }
        prop_assert_eq!(open, vec![], "somebody waits for ever");
    }
}
