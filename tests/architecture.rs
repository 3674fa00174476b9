//! The rings and the order of dependencies that `ARCHITECTURE.md` draws, as a test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each part of the core and what it may use. Parts that are not listed for one another do not know each other.
const PARTS: &[(&str, &[&str])] = &[
    ("mutant", &[]),
    ("time", &[]),
    ("rng", &[]),
    ("map", &[]),
    ("id", &[]),
    ("json", &[]),
    ("fault", &["json"]),
    ("metrics", &[]),
    ("model", &["json"]),
    ("merge", &["json", "map", "model", "time"]),
    ("wire", &["json", "model"]),
    ("transport", &["json", "time"]),
    ("history", &["json", "merge"]),
    ("config", &["fault", "merge", "transport"]),
    ("session", &["config", "fault", "id", "json", "rng", "time", "transport"]),
    ("store", &["id", "json", "map", "merge", "model"]),
    ("delivery", &["id", "json", "map", "merge", "model", "time", "wire"]),
    ("conflict", &["delivery", "json", "merge", "model"]),
    ("presence", &["json", "map", "time"]),
    ("tabs", &["id", "json", "map", "time", "transport", "wire"]),
    ("offline", &["conflict", "delivery", "fault", "id", "json", "merge", "model", "time"]),
    ("upload", &["delivery", "fault", "id", "json", "map", "merge", "model", "time"]),
];

/// Above the parts: they may use all of them.
const WHOLE: &[&str] = &["io", "client"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Names after each `prefix` in the code of a file, comments left out.
fn mentioned(text: &str, prefix: &str) -> BTreeSet<String> {
    let code =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.split(prefix).skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn parts_of_the_core_use_only_what_lies_below_them() {
    let mut faults = Vec::new();
    for file in sources(&root("src/core")) {
        let inside = file.strip_prefix(root("src/core")).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let part = first.trim_end_matches(".rs");
        if part == "mod" || WHOLE.contains(&part) {
            continue;
        }
        let allowed = PARTS.iter().find(|(name, _)| *name == part).map(|(_, allowed)| *allowed);
        let allowed =
            allowed.unwrap_or_else(|| panic!("{part} is a part of the core that this test does not know"));
        let text = fs::read_to_string(&file).unwrap();
        for used in mentioned(&text, "crate::core::") {
            if used != part && !allowed.contains(&used.as_str()) {
                faults.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_order_of_the_parts_has_no_cycle() {
    for (at, (part, allowed)) in PARTS.iter().enumerate() {
        for used in *allowed {
            let place = PARTS.iter().position(|(name, _)| name == used).unwrap();
            assert!(place < at, "{part} uses {used}, which is listed after it");
        }
    }
}

#[test]
fn the_core_asks_nobody_for_the_time_and_touches_no_browser() {
    for file in sources(&root("src/core")) {
        let text = fs::read_to_string(&file).unwrap();
        let code =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for banned in [
            "std::time",
            "SystemTime",
            "std::thread",
            "std::net",
            "std::fs",
            "js_sys",
            "web_sys",
            "wasm_bindgen",
            "HashMap",
            "HashSet",
            "crate::browser",
            "crate::web",
        ] {
            assert!(!code.contains(banned), "{} names {banned}", file.display());
        }
    }
}

#[test]
fn adapters_do_not_know_the_class_and_only_one_file_has_a_target() {
    for file in sources(&root("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if file.starts_with(root("src/browser")) {
            assert!(!text.contains("crate::web"), "{} uses the class", file.display());
        }
        if !file.ends_with("src/lib.rs") {
            assert!(!text.contains("target_family"), "{} has a target of its own", file.display());
        }
        if !file.ends_with("browser/storage/database.rs") && !file.ends_with("storage/tests.rs") {
            assert!(!text.contains("rexie::"), "{} knows the database", file.display());
        }
    }
}

#[test]
fn rooms_stay_small() {
    for (folder, most) in [("src", 450), ("server/src", 450), ("tests/simulation/src", 500)] {
        for file in sources(&root(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= most, "{} has {lines} lines", file.display());
        }
    }
}
