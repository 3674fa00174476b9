//! The committed corpora through the functions that a fuzzer calls, and mutations of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;

use baro_fuzz::mutate::Mutator;
use baro_fuzz::{TARGETS, corpus};

#[test]
fn every_committed_case_passes() {
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        for (case, data) in corpus::cases(name).unwrap() {
            if catch_unwind(|| target(&data)).is_err() {
                failed.push(format!("{name}/{case}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn mutations_of_the_corpora_pass() {
    for (name, target) in TARGETS {
        let cases: Vec<_> = corpus::cases(name).unwrap().into_iter().map(|(_, data)| data).collect();
        let most: usize = cases.iter().map(Vec::len).sum::<usize>() / cases.len();
        // As much work for a target of long conversations as for one of short texts.
        let runs = (1_000_000 / (most + 100)).clamp(200, 6_000);
        for seed in 1..=2 {
            let mut mutator = Mutator::new(seed, cases.clone());
            for run in 0..runs {
                let data = mutator.draw();
                if catch_unwind(|| target(&data)).is_err() {
                    panic!("{name}, run {run} of seed {seed}: {:?}", String::from_utf8_lossy(&data));
                }
            }
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_a_program_and_nothing_else_does() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(corpus::folder().join("..").join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".rs").to_owned())
            .collect()
    };
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
    let manifest = fs::read_to_string(corpus::folder().join("../Cargo.toml")).unwrap();
    for name in targets {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no program of fuzz/Cargo.toml");
        assert!(corpus::cases(&name).unwrap().len() >= 5, "{name} has hardly a corpus");
    }
}

#[test]
fn the_corpora_stay_small() {
    let cases = TARGETS.iter().flat_map(|(name, _)| corpus::cases(name).unwrap());
    let bytes: usize = cases.map(|(_, data)| data.len()).sum();
    assert!(bytes < 512 * 1024, "{bytes} bytes");
}
