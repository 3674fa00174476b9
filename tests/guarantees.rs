//! `docs/GUARANTEES.md` against the tests: what it names has to be there.
#![allow(clippy::unwrap_used, reason = "a failed assumption fails the test")]

use std::fs;
use std::path::Path;

fn sources(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "mjs") {
            texts.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_holds_a_promise_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = String::new();
    sources(&root.join("src"), &mut texts);
    sources(&root.join("tests"), &mut texts);
    let document = fs::read_to_string(root.join("docs/GUARANTEES.md")).unwrap();
    let rows: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| ") && !line.contains("| promise |")).collect();
    let promises = rows.iter().filter_map(|row| row.split('|').nth(1)).map(str::trim);
    let promises: Vec<&str> = promises.filter(|name| !name.starts_with('-')).collect();
    let of = |letter: char, count: u32| (1..=count).map(move |number| format!("{letter}{number}"));
    let expected = of('C', 8).chain(of('D', 8)).chain(of('L', 13)).chain(of('S', 4)).chain(of('M', 7));
    assert_eq!(promises, expected.collect::<Vec<_>>());
    for row in rows.iter().filter(|row| !row.starts_with("| ---")) {
        let held_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            let found = texts.contains(&format!("fn {name}(")) || texts.contains(&format!("it('{name}'"));
            assert!(found, "no test is called {name}");
        }
    }
}
