//! `docs/ERRORS.md` and the table of close codes in `docs/PROTOCOL.md` against the code: neither may know more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use baro_realtime::core::fault::{Fault, FaultCode};
use baro_realtime::core::session::{CloseVerdict, judge_close};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The rows of the table whose first column is headed `head`, cells trimmed.
fn table(path: &str, head: &str) -> Vec<Vec<String>> {
    let text = read(path);
    let cells = |line: &str| -> Vec<String> {
        let inside = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')).unwrap();
        inside.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let start = format!("| {head} |");
    let lines = text.lines().skip_while(|line| !line.starts_with(&start)).skip(2);
    let rows: Vec<_> = lines.take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(!rows.is_empty(), "{path} has no table of {head}");
    rows
}

fn unquoted(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// The codes that the package's JavaScript raises outside the WebAssembly, and whether it calls them retryable.
fn raised_in_javascript() -> BTreeSet<(String, bool)> {
    let mut raised = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("js")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        for call in text.split("realtimeError(").skip(1) {
            let Some(rest) = call.trim_start().strip_prefix('\'') else { continue };
            let code = rest.split('\'').next().unwrap().to_owned();
            let told =
                rest.split("retryable:").nth(1).unwrap_or_else(|| panic!("{}: {code}", path.display()));
            raised.insert((code, told.trim_start().starts_with("true")));
        }
    }
    raised
}

#[test]
fn every_code_is_documented_and_every_documented_code_exists() {
    let rows = table("docs/ERRORS.md", "code");
    let documented: Vec<String> = rows.iter().map(|row| unquoted(&row[0]).to_owned()).collect();
    let mut known: BTreeSet<String> = FaultCode::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    known.extend(raised_in_javascript().into_iter().map(|(code, _)| code));
    assert_eq!(documented.iter().cloned().collect::<BTreeSet<_>>(), known);
    assert_eq!(documented.len(), known.len(), "a code stands there twice");
    for row in rows {
        assert!(row.len() == 5 && row.iter().all(|cell| !cell.is_empty()), "{row:?} has a hole");
    }
}

#[test]
fn what_is_documented_as_retryable_says_so_of_itself() {
    let raised = raised_in_javascript();
    for row in table("docs/ERRORS.md", "code") {
        let (code, says) = (unquoted(&row[0]), row[2].as_str());
        let documented = match says {
            "yes" => true,
            "no" => false,
            _ => says.strip_prefix("yes, unless ").is_some_and(|rest| !rest.is_empty()),
        };
        let known = FaultCode::of(code);
        if !matches!(known, FaultCode::Other(_)) {
            assert_eq!(Fault::new(known, "").retryable, documented, "{code}");
        }
        for (_, told) in raised.iter().filter(|(other, _)| other == code) {
            assert_eq!(*told, documented, "{code}");
        }
        assert!(says == "yes" || says == "no" || documented, "{code}: {says}");
    }
}

#[test]
fn what_ends_the_connection_says_whether_it_may_be_resumed() {
    let ends: BTreeSet<String> = (0..=u16::MAX)
        .filter_map(|code| match judge_close(code) {
            CloseVerdict::Terminal(cause) => Some(cause.as_str().to_owned()),
            CloseVerdict::Retry | CloseVerdict::Spread | CloseVerdict::SignIn => None,
        })
        // Those that end it without a close code.
        .chain(["unauthorized".to_owned(), "max_attempts".to_owned(), "other_user".to_owned()])
        .collect();
    for row in table("docs/ERRORS.md", "code") {
        let code = unquoted(&row[0]);
        let resumable = match row[3].as_str() {
            "no" => None,
            "resumable" => Some(true),
            "not resumable" => Some(false),
            other => panic!("{code}: {other}"),
        };
        assert_eq!(resumable.is_some(), ends.contains(code), "{code}");
        if resumable.is_some() {
            assert_eq!(Fault::terminal(FaultCode::of(code), "").resumable, resumable, "{code}");
        }
    }
}

/// What a cell of close codes names: `1000, 1005`, `4500–4999`.
fn close_codes(cell: &str) -> Vec<u16> {
    let number = |text: &str| text.trim().parse::<u16>().unwrap_or_else(|_| panic!("{text} in {cell}"));
    let part = |part: &str| match part.split_once('–') {
        Some((first, last)) => (number(first)..=number(last)).collect::<Vec<_>>(),
        None => vec![number(part)],
    };
    cell.split(',').flat_map(part).collect()
}

/// For each close code what the last cells of its row say: the table's row that names it, else the one for others.
fn rows_by_close_code(path: &str, others: &str) -> Vec<Vec<String>> {
    let rows = table(path, "close code");
    let rest = rows.iter().find(|row| row[0].starts_with(others)).unwrap().clone();
    let mut by_code = vec![rest; usize::from(u16::MAX) + 1];
    for row in rows.into_iter().filter(|row| !row[0].starts_with(others)) {
        for code in close_codes(&row[0]) {
            by_code[usize::from(code)] = row.clone();
        }
    }
    by_code
}

#[test]
fn every_close_code_does_what_the_table_of_errors_says() {
    for (code, row) in (0..=u16::MAX).zip(rows_by_close_code("docs/ERRORS.md", "others")) {
        let verdict = judge_close(code);
        let (back, cause) = match &verdict {
            CloseVerdict::Retry => ("with backoff", None),
            CloseVerdict::Spread => ("spread", None),
            CloseVerdict::SignIn => ("after sign-in", None),
            CloseVerdict::Terminal(cause) => ("never", Some(cause)),
        };
        let resumable = cause.map_or("", |cause| if cause.is_resumable() { "yes" } else { "no" });
        let told = (row[2].as_str(), unquoted(&row[3]), row[4].as_str());
        assert_eq!(told, (back, cause.map_or("", FaultCode::as_str), resumable), "{code}");
    }
}

#[test]
fn every_close_code_does_what_the_protocol_says() {
    for (code, row) in (0..=u16::MAX).zip(rows_by_close_code("docs/PROTOCOL.md", "other ")) {
        let begins = match judge_close(code) {
            CloseVerdict::Retry => "comes back with backoff",
            CloseVerdict::Spread => "comes back spread",
            CloseVerdict::SignIn => "refreshes the token",
            CloseVerdict::Terminal(_) => "terminal",
        };
        assert!(row[2].starts_with(begins), "{code}: {row:?}");
    }
}

#[test]
fn names_lead_back_to_their_codes() {
    for code in FaultCode::ALL {
        assert_eq!(FaultCode::of(code.as_str()), *code);
    }
    assert_eq!(FaultCode::of("room_is_booked").as_str(), "room_is_booked");
}
