//! How a connection ends: two bytes of code, then the reason.

use baro_realtime::core::client::Client;
use baro_realtime::core::config::{Config, Value};
use baro_realtime::core::io::{Call, Effect, Event, Input, Output, PipeEvent};
use baro_realtime::core::session::{CloseVerdict, State, judge_close};
use baro_realtime::core::time::{Now, Timestamp};

const NOW: Now = Now { mono: Timestamp(0), wall_ms: 1_700_000_000_000 };

/// Every code has its verdict, whatever the reason says, and only the last one of them is told as an error.
pub(crate) fn close(data: &[u8]) {
    let (Some(code), Some(reason)) = (data.first_chunk::<2>(), data.get(2..)) else { return };
    let (code, reason) = (u16::from_be_bytes(*code), String::from_utf8_lossy(reason));
    let url = Value::Object(vec![("url".to_owned(), Value::Text("ws://host/ws".to_owned()))]);
    let mut client = Client::new(Config::read(&url, None).expect("a configuration"), [1, 2, 3, 4], NOW);
    client.handle(NOW, Input::Call(Call::Connect)).expect("a connect");
    let pipe = outputs(&mut client).into_iter().find_map(|output| match output {
        Output::Effect(Effect::OpenPipe { pipe, .. }) => Some(pipe),
        Output::Effect(_) | Output::Event(_) => None,
    });
    let pipe = pipe.expect("a socket");
    for event in [PipeEvent::Opened, PipeEvent::Closed { code, reason: &reason }] {
        client.handle(NOW, Input::Pipe(pipe, event)).expect("what the world does is no mistake");
    }
    let mut faults = Vec::new();
    for output in outputs(&mut client) {
        if let Output::Event(Event::Error(fault)) = output {
            faults.push(fault);
        }
    }
    match judge_close(code) {
        CloseVerdict::Retry | CloseVerdict::Spread => {
            assert!(faults.is_empty() && client.state() == State::Reconnecting, "{code}: {faults:?}");
        }
        // There is no token, and nobody who makes one.
        CloseVerdict::SignIn => assert!(faults.len() == 1 && client.state() == State::Error, "{code}"),
        CloseVerdict::Terminal(cause) => {
            assert!(faults.len() == 1 && faults[0].code == cause && client.state() == State::Error, "{code}");
            assert!(faults[0].resumable.is_some() && faults[0].message.contains(&code.to_string()));
        }
    }
}

fn outputs(client: &mut Client) -> Vec<Output> {
    std::iter::from_fn(|| client.poll_output()).collect()
}
