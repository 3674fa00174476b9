//! A handful of worlds in every test run; `simulate` runs thousands.

use baro_simulation::bank;
use baro_simulation::options::{Class, Options};
use baro_simulation::run::{Detail, describe, run};
use baro_simulation::shrink::shrink;

fn passes(options: &Options) {
    let report = run(options, Detail::Tail);
    assert!(report.violation.is_none(), "{}", describe(&report));
}

/// A world that is over soon.
fn short(seed: u64) -> Options {
    let options = Options::of(seed);
    Options { storm_ms: options.storm_ms.min(8_000), ..options }
}

#[test]
fn known_seeds_pass() {
    for known in bank::known() {
        passes(&Options::of(known.seed));
    }
}

#[test]
fn fresh_worlds_pass() {
    for seed in 0..24 {
        passes(&short(seed));
    }
}

#[test]
fn calm_worlds_pass_without_any_recovery() {
    for seed in 0..6 {
        let mut options = short(seed);
        options.classes.clear();
        options.delay_ms = options.delay_ms.min(60);
        passes(&options);
    }
}

#[test]
fn one_seed_has_one_history() {
    for seed in 0..6 {
        let options = short(seed);
        let (first, second) = (run(&options, Detail::Hash), run(&options, Detail::Tail));
        assert_eq!((first.hash, first.steps), (second.hash, second.steps), "seed {seed}");
    }
    assert_ne!(run(&short(0), Detail::Hash).hash, run(&short(1), Detail::Hash).hash);
}

#[test]
fn every_class_of_faults_comes_and_stays_away() {
    let worlds: Vec<Options> = (0..200).map(Options::of).collect();
    for class in Class::ALL {
        let with = worlds.iter().filter(|world| world.has(class)).count();
        assert!((100..180).contains(&with), "{}: {with}", class.name());
        assert_eq!(Class::of(class.name()), Some(class));
    }
    assert!(worlds.iter().any(Options::is_calm));
}

#[test]
fn a_world_is_made_again_from_its_flags() {
    let mut options = Options::of(7);
    options.clients = 1;
    let cut = options.classes.pop_first();
    let flags = options.flags();
    assert!(flags.contains("--seed 7") && flags.contains("--clients 1"), "{flags}");
    assert!(cut.is_none_or(|class| flags.contains(class.name())), "{flags}");
}

#[test]
fn shrinking_a_world_that_passes_leaves_it_alone() {
    let report = run(&short(3), Detail::Hash);
    assert!(shrink(&report).violation.is_none());
}
