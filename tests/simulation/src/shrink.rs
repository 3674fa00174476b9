//! From a world that fails to the smallest that still does, in the same way.

use crate::options::Options;
use crate::run::{Detail, Report, run};

/// Worlds that are tried at most.
const TRIES_MAX: u32 = 120;

/// The smallest world found that violates the same invariant as `failed`, with the end of its history.
pub fn shrink(failed: &Report) -> Report {
    let Some(wanted) = failed.violation.as_ref().map(|violation| violation.invariant) else {
        return failed.clone();
    };
    let mut best = failed.options.clone();
    let mut tries = 0;
    let mut progress = true;
    while progress && tries < TRIES_MAX {
        progress = false;
        for candidate in candidates(&best) {
            tries += 1;
            let report = run(&candidate, Detail::Hash);
            if report.violation.is_some_and(|violation| violation.invariant == wanted) {
                best = candidate;
                progress = true;
                break;
            }
            if tries >= TRIES_MAX {
                break;
            }
        }
    }
    run(&best, Detail::Tail)
}

/// Worlds with a little less.
fn candidates(options: &Options) -> Vec<Options> {
    let mut list = Vec::new();
    for class in &options.classes {
        let mut less = options.clone();
        less.classes.remove(class);
        // Without any fault it would be judged by the rules of calm worlds.
        if !less.classes.is_empty() {
            list.push(less);
        }
    }
    if options.clients > 1 {
        list.push(Options { clients: options.clients - 1, ..options.clone() });
    }
    if options.tabs > 1 {
        list.push(Options { tabs: options.tabs - 1, ..options.clone() });
    }
    if options.hot > 1 {
        list.push(Options { hot: options.hot / 2, ..options.clone() });
    }
    if options.storm_ms > 1_000 {
        list.push(Options { storm_ms: options.storm_ms / 2, ..options.clone() });
        list.push(Options { storm_ms: options.storm_ms - options.storm_ms / 8, ..options.clone() });
    }
    list
}
