//! What comes to the server by other ways than a message: addresses and the command line.

use std::ffi::OsString;

use baro_realtime::core::json::validate;
use baro_realtime_server::fault::Code;
use baro_realtime_server::serve;
use http::Uri;

/// A query of the list of events is read or refused by the field's name.
pub(crate) fn query(data: &[u8]) {
    let Ok(uri) = Uri::try_from([b"/api/events?", data].concat()) else { return };
    match serve::query_of(&uri) {
        Ok(query) => {
            for name in [&query.project, &query.calendar].into_iter().flatten() {
                assert!(!name.is_empty());
            }
        }
        Err(fault) => {
            assert_eq!(fault.code, Code::BadRequest);
            assert!(fault.message.starts_with("from: ") || fault.message.starts_with("to: "), "{fault}");
            assert!(fault.message.chars().count() < 140 && validate(&fault.to_payload()).is_ok(), "{fault}");
        }
    }
}

/// A command line, an argument a line, is read or refused with a sentence.
pub(crate) fn options(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let arguments: Vec<&str> = text.lines().collect();
    // The name of a host would be looked up, which is slow and depends on where this runs.
    let looked_up =
        |argument: &&str| argument.contains(':') && argument.contains(|c: char| c.is_alphabetic());
    let listens = arguments.iter().any(|argument| argument.starts_with("--listen"));
    if listens && arguments.iter().any(looked_up) {
        return;
    }
    if let Err(fault) = serve::parse(arguments.iter().map(OsString::from)) {
        assert!(!fault.trim().is_empty());
    }
}
