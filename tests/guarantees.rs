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
    // Those of the local-first calendar and of merging come with what holds them.
    let (local, others): (Vec<&str>, Vec<&str>) =
        promises.into_iter().partition(|name| name.starts_with(['L', 'M']));
    let number = |name: &&str| name.get(1..).and_then(|number| number.parse::<u32>().ok());
    assert!(local.iter().all(|name| number(name).is_some()), "{local:?}");
    assert!(local.is_sorted_by_key(|name| (name.chars().next(), number(name))), "{local:?}");
    assert_eq!(
        others,
        [
            "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8",
            "S1", "S2", "S3", "S4"
        ]
    );
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
