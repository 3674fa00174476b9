//! Planted bugs, each of which some world has to find.
//!
//! Owns the hunt: one bug after the other is planted in a thread, which runs worlds until one of them is wrong that is not
//! wrong without the bug. First comes the world that is known to show it (`mutants.txt`), so that a hunt takes as long every
//! time; once it does not, fresh ones, and the hunt says which line is to be written. The bugs themselves stand
//! where they would be made, by the names of `core::mutant`; only a build with `--cfg mutants` has them.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use baro_realtime::core::mutant::{ALL, Mutant};

use crate::flags::{self, Difference};
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

/// A world by its seed and what is different in it. Where a bug does not show itself any more in the one that is known, it is
/// looked for in those of other seeds with the same difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ground {
    seed: Option<u64>,
    difference: Difference,
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {}{}", self.seed.unwrap_or_default(), self.difference)
    }
}

/// The line of a bug in `mutants.txt`: a name, and the flags of a world.
fn ground_of(name: &str) -> Ground {
    let lines = include_str!("../mutants.txt").lines().filter(|line| !line.starts_with('#'));
    let line = lines.filter_map(|line| line.split_once(' ')).find(|(of, _)| *of == name);
    // That every line can be read is a test's affair.
    let read = line.and_then(|(_, world)| flags::read(world).ok());
    read.map_or_else(Ground::default, |(seed, difference)| Ground { seed: Some(seed), difference })
}

/// In which worlds bugs are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunt {
    /// The first seed of those in which a bug is looked for that its known world does not show.
    pub base: u64,
    /// How many of them at most.
    pub seeds: u64,
    /// Bugs that are hunted at a time.
    pub threads: u64,
    /// How they differ from those of their seeds. If it is given, known worlds are left aside.
    pub difference: Option<Difference>,
}

/// Where a bug was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Among tabs of one browser, which go through the same every time.
    Tabs,
    /// In its known world.
    Known(Ground),
    /// In a fresh one, after so many that passed.
    Fresh(Ground, u64),
}

/// What became of a bug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunted {
    /// The bug.
    pub mutant: Mutant,
    /// Where something was wrong, and what; `None` if all passed.
    pub found: Option<(Place, Violation)>,
}

impl fmt::Display for Hunted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.mutant.name;
        let Some((place, violation)) = &self.found else {
            return write!(f, "{name} SURVIVED: {}", self.mutant.bug);
        };
        let what: String = violation.what.chars().take(160).collect();
        let by = violation.invariant;
        match place {
            Place::Tabs => write!(f, "{name} found among tabs: {by}: {what}"),
            Place::Known(_) => write!(f, "{name} found: {by}: {what}"),
            Place::Fresh(ground, after) => {
                write!(f, "{name} found after {after} fresh worlds: {by}: {what}")?;
                write!(f, "\n         mutants.txt: {name} {ground}")
            }
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
                        let result = Hunted { mutant, found: self.find(at, mutant) };
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

    fn find(&self, at: usize, mutant: Mutant) -> Option<(Place, Violation)> {
        let ground = match &self.difference {
            Some(difference) => Ground { seed: None, difference: difference.clone() },
            None => ground_of(mutant.name),
        };
        let among_tabs = || planted(at, crate::tabs::trial).map(|violation| (Place::Tabs, violation));
        let known = || {
            let options = ground.difference.of(ground.seed?);
            shown(at, &options).map(|violation| (Place::Known(ground.clone()), violation))
        };
        let fresh = || {
            (0..self.seeds).find_map(|after| {
                let seed = self.base.wrapping_add(after);
                let fresh = Ground { seed: Some(seed), difference: ground.difference.clone() };
                shown(at, &fresh.difference.of(seed)).map(|violation| (Place::Fresh(fresh, after), violation))
            })
        };
        among_tabs().or_else(known).or_else(fresh)
    }
}

/// What `work` gives with the bug in it.
fn planted<T>(at: usize, work: impl FnOnce() -> T) -> T {
    choose(Some(at));
    let result = work();
    choose(None);
    result
}

/// What the bug makes wrong in a world. Of one that is wrong without it nothing can be said.
fn shown(at: usize, options: &Options) -> Option<Violation> {
    let violation = planted(at, || run(options, Detail::Hash).violation)?;
    run(options, Detail::Hash).violation.is_none().then_some(violation)
}

#[cfg(mutants)]
use baro_realtime::core::mutant::choose;

#[cfg(not(mutants))]
fn choose(_: Option<usize>) {}

/// The results as the table of a document.
pub fn table(results: &[Hunted]) -> String {
    let mut text = "| planted | found by | in |\n| --- | --- | --- |".to_owned();
    for Hunted { mutant, found } in results {
        let (by, place) = match found {
            Some((Place::Tabs, violation)) => (violation.invariant, "tabs".to_owned()),
            Some((Place::Known(ground) | Place::Fresh(ground, _), violation)) => {
                (violation.invariant, format!("`{ground}`"))
            }
            None => ("nothing", "none".to_owned()),
        };
        let _written = write!(text, "\n| {} | {by} | {place} |", mutant.bug);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_a_bug_once_and_a_world() {
        let lines: Vec<&str> =
            include_str!("../mutants.txt").lines().filter(|line| !line.starts_with('#')).collect();
        let mut names: Vec<&str> = Vec::new();
        for line in lines {
            let (name, world) = line.split_once(' ').unwrap();
            assert!(ALL.iter().any(|mutant| mutant.name == name), "{name} is no planted bug");
            assert!(!names.contains(&name), "{name} has two lines");
            flags::read(world).unwrap_or_else(|fault| panic!("{line}: {fault}"));
            names.push(name);
        }
    }
}
