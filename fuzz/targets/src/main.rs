//! `baro-fuzz <target> [--seconds N] [--seed S]`: mutations of the target's corpus for so long.
//! `baro-fuzz <target> FILE…`: these inputs.
#![allow(clippy::panic, reason = "a target says that something is wrong by panicking")]

use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use baro_fuzz::mutate::Mutator;
use baro_fuzz::{TARGETS, Target, corpus, target};

const USAGE: &str = "Usage: baro-fuzz <target> [--seconds N] [--seed S]  or  baro-fuzz <target> FILE…";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let names = || TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
    let (name, rest) = arguments.split_first().ok_or_else(|| format!("{USAGE}\nTargets: {}", names()))?;
    let target = target(name).ok_or_else(|| format!("{name}: no such target; there is {}", names()))?;
    let (mut seconds, mut seed, mut files) = (10, 1, Vec::new());
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        let mut number = || {
            let value = rest.next().and_then(|value| value.parse::<u64>().ok());
            value.ok_or_else(|| format!("{argument}: expected a whole number"))
        };
        match argument.as_str() {
            "--seconds" => seconds = number()?,
            "--seed" => seed = number()?,
            flag if flag.starts_with('-') => return Err(format!("{flag}: no such flag\n{USAGE}")),
            file => files.push(file),
        }
    }
    if files.is_empty() { search(name, target, seconds, seed) } else { replay(target, &files) }
}

fn replay(target: Target, files: &[&str]) -> Result<(), String> {
    for file in files {
        let data = std::fs::read(file).map_err(|fault| format!("{file}: {fault}"))?;
        target(&data);
        println!("{file}: passed");
    }
    Ok(())
}

fn search(name: &str, target: Target, seconds: u64, seed: u64) -> Result<(), String> {
    let cases = corpus::cases(name).map_err(|fault| format!("the corpus of {name}: {fault}"))?;
    let mut mutator = Mutator::new(seed, cases.into_iter().map(|(_, data)| data).collect());
    #[expect(clippy::disallowed_methods, reason = "the time is how long to go on, no input of a target")]
    let began = Instant::now();
    let mut runs = 0_u64;
    while began.elapsed() < Duration::from_secs(seconds) {
        let data = mutator.draw();
        if catch_unwind(|| target(&data)).is_err() {
            let file = keep(name, runs, &data).map_err(|fault| format!("cannot keep the input: {fault}"))?;
            return Err(format!("{name} failed after {runs} runs of seed {seed}; the input is {file}"));
        }
        runs += 1;
    }
    println!("{name}: {runs} runs of seed {seed}, nothing found");
    Ok(())
}

fn keep(name: &str, runs: u64, data: &[u8]) -> std::io::Result<String> {
    let folder = Path::new("fuzz/artifacts").join(name);
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("failed-{runs}"));
    std::fs::write(&file, data)?;
    Ok(file.display().to_string())
}
