//! The table of errors in `docs/PROTOCOL.md` §1.5 against what the server says, and what it says against what the
//! client knows.
#![allow(clippy::unwrap_used, reason = "a failed assumption fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use baro_realtime::core::fault::{Fault as ClientFault, FaultCode};
use baro_realtime_server::fault::{Code, Fault};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Code → whether it is retryable, as documented.
fn documented() -> BTreeMap<String, bool> {
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with("| code | retryable |")).skip(2);
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert!(matches!(cells[2], "yes" | "no"), "{line}");
        (cells[1].trim_matches('`').to_owned(), cells[2] == "yes")
    };
    lines.take_while(|line| line.starts_with('|')).map(row).collect()
}

#[test]
fn the_codes_are_those_of_the_protocol() {
    let said: BTreeMap<String, bool> =
        Code::ALL.into_iter().map(|code| (code.name().to_owned(), code.is_retryable())).collect();
    assert_eq!(documented(), said);
}

#[test]
fn the_client_knows_every_code_and_reads_it_as_it_is_meant() {
    for code in Code::ALL {
        let known = FaultCode::of(code.name());
        assert!(!matches!(known, FaultCode::Other(_)), "{}", code.name());
        assert_eq!(known.is_retryable(), code.is_retryable(), "{}", code.name());
        let fault = Fault::new(code, "why").after_ms(7);
        let read = ClientFault::from_payload(&fault.to_payload());
        assert_eq!((read.code, read.retryable, read.retry_after_ms), (known, code.is_retryable(), Some(7)));
    }
}

/// The close codes that the server's sources name.
fn closed_with(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            closed_with(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for call in text.split("close(now, ").skip(1).chain(text.split("End::Close(").skip(1)) {
                let arguments = call.split(')').next().unwrap_or_default();
                let number = arguments.split(',').map(str::trim).find(|word| word.parse::<u16>().is_ok());
                found.extend(number.map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_code_that_the_server_closes_with_is_documented_as_its_own() {
    let mut used = Vec::new();
    closed_with(&root().join("server/src"), &mut used);
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("| close code |")).collect();
    // Of the protocol below, not of ours: RFC 6455 §7.4.1.
    let theirs = ["1002", "1007"];
    assert!(used.len() >= 8 && used.contains(&"4401".to_owned()), "{used:?}");
    for code in used.iter().filter(|code| !theirs.contains(&code.as_str())) {
        let named = table.iter().take_while(|line| line.starts_with('|')).any(|line| {
            line.split('|').nth(1).is_some_and(|cell| cell.split(',').any(|one| one.trim() == code))
        });
        assert!(named, "{code} is not in the table of close codes");
    }
}
