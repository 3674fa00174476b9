//! Long polling: the configured address in the first line, then frames and answers, a line each.

use baro_realtime::core::config::{Config, Value};
use baro_realtime::core::json::validate;
use baro_realtime::core::transport::{Transport, address, close_of, join, session_of};
use baro_realtime::core::wire::read_frame;

use crate::two;

/// No address made here carries a query, frames that are joined lose nothing, and an answer is a session, an end or none.
pub(crate) fn poll(data: &[u8]) {
    let Some((url, rest)) = two(data) else { return };
    let options = Value::Object(vec![("url".to_owned(), Value::Text(url.to_owned()))]);
    if let Ok(config) = Config::read(&options, None) {
        let polling = address(&config.url, Transport::Polling);
        assert!(polling.starts_with("http://") || polling.starts_with("https://"), "{polling}");
        assert!(!polling.contains(['?', '#']), "{polling} carries a query");
        let socket = address(&config.url, Transport::WebSocket);
        assert!(socket.starts_with("ws://") || socket.starts_with("wss://"), "{socket}");
    }
    for line in rest.lines() {
        if let Some(session) = session_of(line) {
            assert!(!session.is_empty() && !session.contains('\n'));
        }
        for status in [200, 400, 401, 403, 404, 410, 413, 429, 500, 503] {
            let (code, _) = close_of(status, line);
            assert!(code >= 1_000, "{status} becomes {code}");
        }
    }
    // Only what the client itself made is joined: frames with messages in them.
    let is_frame = |line: &&str| {
        let bare = line.starts_with(['{', '[']) && line.ends_with(['}', ']']);
        bare && read_frame(line).is_ok_and(|read| !read.is_empty() && read.iter().all(Option::is_some))
    };
    let mut waiting: Vec<String> = rest.lines().filter(is_frame).map(str::to_owned).collect();
    let messages = |frame: &str| -> Vec<String> {
        let read = read_frame(frame).expect("a frame").into_iter().flatten();
        read.map(|message| message.text.to_owned()).collect()
    };
    let before: Vec<String> = waiting.iter().flat_map(|frame| messages(frame)).collect();
    let mut after = Vec::new();
    while !waiting.is_empty() {
        let left = waiting.len();
        let joined = join(&mut waiting);
        assert!(validate(&joined).is_ok() && waiting.len() < left, "{joined}");
        after.append(&mut messages(&joined));
    }
    assert_eq!(before, after);
}
