//! What is different in a world from the one of its seed, as it is written: `--without kill,abort --clients 2 --hot 3`.
//!
//! Owns these flags, of the command line and of the files beside this one. [`Options::flags`] writes them.

use std::collections::BTreeSet;
use std::fmt;

use crate::options::{Class, Options};

/// What is to be different. What is not named is as the seed has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// What can break, instead of what the seed says.
    pub classes: Option<BTreeSet<Class>>,
    /// What cannot break.
    pub without: BTreeSet<Class>,
    /// Devices.
    pub clients: Option<u64>,
    /// How many of them are tabs of one browser.
    pub tabs: Option<u64>,
    /// Events that everybody is after.
    pub hot: Option<u64>,
    /// How long things break, ms.
    pub storm_ms: Option<u64>,
}

impl Difference {
    /// The flags, for a message.
    pub const FLAGS: &'static str =
        "--classes these|none, --without classes, --clients N, --tabs N, --hot N, --storm-ms N";

    /// Takes a flag with its value. Returns whether it is one of these.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn take(&mut self, flag: &str, mut value: impl FnMut() -> Option<String>) -> Result<bool, String> {
        let mut value = || value().ok_or_else(|| format!("{flag} needs a value"));
        let place = match flag {
            "--classes" => {
                let named = value()?;
                self.classes = Some(if named == "none" { BTreeSet::new() } else { classes(&named)? });
                return Ok(true);
            }
            "--without" => {
                self.without.append(&mut classes(&value()?)?);
                return Ok(true);
            }
            "--clients" => &mut self.clients,
            "--tabs" => &mut self.tabs,
            "--hot" => &mut self.hot,
            "--storm-ms" => &mut self.storm_ms,
            _ => return Ok(false),
        };
        *place = Some(number(flag, &value()?)?);
        Ok(true)
    }

    /// The world of a seed, with this difference.
    pub fn of(&self, seed: u64) -> Options {
        let mut options = Options::of(seed);
        options.classes = self.classes.clone().unwrap_or(options.classes);
        options.classes.retain(|class| !self.without.contains(class));
        options.clients = self.clients.unwrap_or(options.clients);
        options.tabs = self.tabs.unwrap_or(options.tabs);
        options.hot = self.hot.unwrap_or(options.hot);
        options.storm_ms = self.storm_ms.unwrap_or(options.storm_ms);
        options
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |classes: &BTreeSet<Class>| {
            let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(",") }
        };
        if let Some(classes) = &self.classes {
            write!(f, " --classes {}", names(classes))?;
        }
        if !self.without.is_empty() {
            write!(f, " --without {}", names(&self.without))?;
        }
        for (name, number) in
            [("clients", self.clients), ("tabs", self.tabs), ("hot", self.hot), ("storm-ms", self.storm_ms)]
        {
            if let Some(number) = number {
                write!(f, " --{name} {number}")?;
            }
        }
        Ok(())
    }
}

fn classes(names: &str) -> Result<BTreeSet<Class>, String> {
    let class = |name| Class::of(name).ok_or_else(|| format!("{name} is no class of faults"));
    names.split(',').map(class).collect()
}

/// The number that a flag is given.
///
/// # Errors
/// It is none.
pub fn number(flag: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{flag} needs a number, not {value}"))
}

/// A seed and its difference, from text like `--seed 7 --tabs 1`.
///
/// # Errors
/// What in it is none of these flags, or that there is no seed.
pub fn read(text: &str) -> Result<(u64, Difference), String> {
    let (mut seed, mut difference) = (None, Difference::default());
    let mut words = text.split_whitespace();
    while let Some(flag) = words.next() {
        let mut value = || words.next().map(str::to_owned);
        if flag == "--seed" {
            seed = Some(number(flag, &value().unwrap_or_default())?);
        } else if !difference.take(flag, value)? {
            return Err(format!("{flag} is unknown; there are --seed S, {}", Difference::FLAGS));
        }
    }
    Ok((seed.ok_or("--seed is missing")?, difference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_options_write_is_read_again() {
        let plain = Options::of(7);
        let without = Options { classes: plain.classes.iter().skip(1).copied().collect(), ..plain.clone() };
        let smaller = Options { clients: plain.clients + 1, storm_ms: 2_500, ..without.clone() };
        let calm = Options { classes: BTreeSet::new(), ..plain.clone() };
        let other = Options { classes: [Class::Kill, Class::Bus].into(), hot: 2, ..plain.clone() };
        let all = Options { classes: Class::ALL.into(), tabs: 3, ..plain.clone() };
        for options in [plain, without, smaller, calm, other, all] {
            let (seed, difference) = read(&options.flags()).unwrap();
            assert_eq!(difference.of(seed), options, "{}", options.flags());
            assert_eq!(read(&format!("--seed {seed}{difference}")), Ok((seed, difference)));
        }
    }

    #[test]
    fn what_is_no_flag_is_refused_by_name() {
        for (text, said) in [
            ("--seed 7 --with kill", "--with is unknown"),
            ("--tabs 2", "--seed is missing"),
            ("--seed x", "--seed needs a number, not x"),
            ("--seed 7 --hot", "--hot needs a value"),
            ("--seed 7 --without kill,rain", "rain is no class of faults"),
            ("--seed 7 --classes rain", "rain is no class of faults"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.contains(said), "{text}: {fault}");
        }
    }
}
