//! Planted bugs, each of which some world has to find.
//!
//! Owns the hunt: one bug after the other is planted in a thread, which runs worlds until one of them is wrong. The bugs
//! themselves stand where they would be made, by the names of `core::mutant`; only a build with `--cfg mutants` has them.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use baro_realtime::core::mutant::{ALL, Mutant};

use crate::judge::Violation;
use crate::options::Options;
use crate::run::{Detail, run};

/// Bugs by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutants(Vec<usize>);

impl Mutants {
    /// Those of the names, or all.
    ///
    /// # Errors
    /// Why this build cannot plant them.
    pub fn of(names: &[String]) -> Result<Self, String> {
        if !cfg!(mutants) {
            return Err(
                "this build holds no bugs: `npm run simulate -- --mutants` makes one that does".to_owned()
            );
        }
        let place = |name: &String| {
            let at = ALL.iter().position(|mutant| mutant.name == name);
            at.ok_or_else(|| format!("{name} is no planted bug"))
        };
        let chosen: Result<Vec<usize>, String> = names.iter().map(place).collect();
        Ok(Self(if names.is_empty() { (0..ALL.len()).collect() } else { chosen? }))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// In which worlds bugs are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hunt {
    /// The first seed.
    pub base: u64,
    /// How many at most.
    pub seeds: u64,
    /// Bugs that are hunted at a time.
    pub threads: u64,
}

/// What became of a bug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunted {
    /// The bug.
    pub mutant: Mutant,
    /// How many worlds passed before the one that was wrong, and what was wrong in it; `None` if all passed.
    pub found: Option<(u64, Violation)>,
}

impl fmt::Display for Hunted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Some((after, violation)) => {
                let what: String = violation.what.chars().take(160).collect();
                write!(f, "{} found after {after}: {}: {what}", self.mutant.name, violation.invariant)
            }
            None => write!(f, "{} SURVIVED: {}", self.mutant.name, self.mutant.bug),
        }
    }
}

impl Hunt {
    /// Plants each bug and tells of it, in the order in which they are found.
    pub fn run(&self, mutants: &Mutants, tell: impl Fn(&Hunted) + Sync) -> Vec<Hunted> {
        let next = AtomicUsize::new(0);
        let results = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    while let Some(at) = mutants.0.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                        let Some(mutant) = ALL.get(at).copied() else { break };
                        choose(Some(at));
                        let among_tabs = || crate::tabs::trial().map(|violation| (0, violation));
                        let worlds = || {
                            (0..self.seeds).find_map(|after| {
                                let options = Options::of(self.base.wrapping_add(after));
                                run(&options, Detail::Hash).violation.map(|violation| (after, violation))
                            })
                        };
                        let found = among_tabs().or_else(worlds);
                        choose(None);
                        let result = Hunted { mutant, found };
                        tell(&result);
                        if let Ok(mut results) = results.lock() {
                            results.push((at, result));
                        }
                    }
                });
            }
        });
        let mut results = results.into_inner().unwrap_or_default();
        results.sort_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(mutants)]
use baro_realtime::core::mutant::choose;

#[cfg(not(mutants))]
fn choose(_: Option<usize>) {}

/// The results as the table of a document.
pub fn table(results: &[Hunted]) -> String {
    let mut text = "| planted | found by | after |\n| --- | --- | --- |".to_owned();
    for Hunted { mutant, found } in results {
        let (by, after) = match found {
            Some((after, violation)) => (violation.invariant, after.to_string()),
            None => ("nothing", "never".to_owned()),
        };
        let _written = write!(text, "\n| {} | {by} | {after} |", mutant.bug);
    }
    text
}
