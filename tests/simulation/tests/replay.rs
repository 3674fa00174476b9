//! Recorded traces, gone through again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed assumption fails the test")]

use baro_simulation::options::Options;
use baro_simulation::run::replay_of;

#[test]
fn programs_of_hostile_worlds_take_the_same_steps_again() {
    let (mut steps, mut failed) = (0, Vec::new());
    for seed in 0..24 {
        let options = Options::of(seed);
        let options = Options { storm_ms: options.storm_ms.min(8_000), ..options };
        let (taken, faults) = replay_of(&options);
        steps += taken;
        failed.extend(faults);
    }
    println!("{steps} steps");
    assert!(failed.is_empty(), "{} of them\n{}", failed.len(), failed.join("\n"));
    assert!(steps > 1_000, "{steps} steps are too few to say anything");
}
