//! `simulate --seeds N [--base B] [--minutes M]`, `simulate --seed S [--trace] [--without a,b] [--clients N] …`,
//! `simulate --mutants [--only a,b]`, `simulate --scenarios`.

#![expect(clippy::disallowed_methods, reason = "the command tells how fast it is; no world reads a clock")]

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use baro_simulation::bank;
use baro_simulation::flags::{Difference, number};
use baro_simulation::mutants::{Hunt, Mutants, table};
use baro_simulation::options::Options;
use baro_simulation::run::{Detail, Report, describe, run, run_checked};
use baro_simulation::scenario::report;
use baro_simulation::shrink::shrink;

/// One world in this many is run twice, to see that both go the same way.
const TWICE: u64 = 64;
/// Worlds in which a planted bug has to be found.
const MUTANT_SEEDS: u64 = 2_000;
/// Failures after which a run stops looking for more.
const FAILURES_MAX: u64 = 8;

#[derive(Debug, Default)]
struct Flags {
    seeds: Option<u64>,
    base: Option<u64>,
    seed: Option<u64>,
    minutes: Option<u64>,
    threads: Option<u64>,
    difference: Difference,
    trace: bool,
    no_bank: bool,
    failures: Option<u64>,
    no_shrink: bool,
    mutants: bool,
    scenarios: bool,
    only: Vec<String>,
}

fn read_flags() -> Result<Flags, String> {
    let mut flags = Flags::default();
    let mut rest = std::env::args().skip(1);
    while let Some(flag) = rest.next() {
        if flags.difference.take(&flag, || rest.next())? {
            continue;
        }
        let mut value = || rest.next().ok_or_else(|| format!("{flag} needs a value"));
        let mut number = || value().and_then(|value| number(&flag, &value)).map(Some);
        match flag.as_str() {
            "--seeds" => flags.seeds = number()?,
            "--base" => flags.base = number()?,
            "--seed" => flags.seed = number()?,
            "--minutes" => flags.minutes = number()?,
            "--threads" => flags.threads = number()?,
            "--trace" => flags.trace = true,
            "--no-bank" => flags.no_bank = true,
            "--failures" => flags.failures = number()?,
            "--no-shrink" => flags.no_shrink = true,
            "--scenarios" => flags.scenarios = true,
            "--mutants" => flags.mutants = true,
            "--only" => flags.only = value()?.split(',').map(str::to_owned).collect(),
            _ => {
                return Err(format!(
                    "{flag} is unknown; there are --seeds N, --base B, --minutes M, --seed S, --trace, {}, --threads N, --failures N, --no-bank, --no-shrink, --mutants, --only mutants, --scenarios",
                    Difference::FLAGS
                ));
            }
        }
    }
    Ok(flags)
}

fn main() -> ExitCode {
    // A panic inside a world is a finding that is reported with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    match read_flags() {
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
        Ok(flags) if flags.mutants => planted(&flags),
        Ok(flags) if flags.scenarios => {
            let (text, holds) = report();
            println!("{text}");
            finish(u64::from(holds), u64::from(!holds))
        }
        Ok(flags) => match flags.seed {
            Some(seed) => one(&flags.difference.of(seed), flags.trace),
            None => many(&flags),
        },
    }
}

fn one(options: &Options, trace: bool) -> ExitCode {
    println!("{options}");
    let report = run(options, if trace { Detail::Print } else { Detail::Tail });
    println!(
        "{} steps, {} ms of virtual time, history {:016x}",
        report.steps, report.virtual_ms, report.hash
    );
    let failed = u64::from(report.violation.is_some());
    if let Some(violation) = &report.violation {
        if trace {
            println!("violated {violation}");
        } else {
            println!("{}", describe(&report));
        }
    }
    finish(1 - failed, failed)
}

/// Whether each planted bug is found.
fn planted(flags: &Flags) -> ExitCode {
    let mutants = match Mutants::of(&flags.only) {
        Ok(mutants) => mutants,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::from(2);
        }
    };
    let hunt = Hunt {
        base: flags.base.unwrap_or(1),
        seeds: flags.seeds.unwrap_or(MUTANT_SEEDS),
        threads: threads_of(flags),
        difference: Some(flags.difference.clone()).filter(|difference| *difference != Difference::default()),
    };
    println!(
        "{} bugs, each planted in its known world, then in at most {} from {}",
        mutants.len(),
        hunt.seeds,
        hunt.base
    );
    let began = Instant::now();
    let results = hunt.run(&mutants, |result| {
        println!("{:>6.1} s  {result}", began.elapsed().as_secs_f64());
        let _flushed = std::io::stdout().flush();
    });
    let found = results.iter().filter(|result| result.found.is_some()).count() as u64;
    println!("\n{}", table(&results));
    finish(found, results.len() as u64 - found)
}

fn threads_of(flags: &Flags) -> u64 {
    flags.threads.unwrap_or_else(|| thread::available_parallelism().map_or(2, |n| n.get() as u64))
}

fn finish(passed: u64, failed: u64) -> ExitCode {
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Progress {
    next: AtomicU64,
    passed: AtomicU64,
    steps: AtomicU64,
    virtual_ms: AtomicU64,
    stop: AtomicBool,
    failures_max: u64,
    shrink: bool,
    failed: Mutex<Vec<Report>>,
}

fn many(flags: &Flags) -> ExitCode {
    let base = flags.base.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos()) ^ (now.as_secs() << 20)
    });
    let threads = threads_of(flags);
    let bank = if flags.no_bank { Vec::new() } else { bank::known() };
    let fresh = flags.seeds.unwrap_or(if flags.minutes.is_some() { u64::MAX / 2 } else { 500 });
    let total = fresh.saturating_add(bank.len() as u64);
    println!("{} known seeds, then fresh ones from {base} on {threads} threads", bank.len());
    println!("the same again: npm run simulate -- --seeds {fresh} --base {base}");
    let progress = Progress {
        next: AtomicU64::new(0),
        passed: AtomicU64::new(0),
        steps: AtomicU64::new(0),
        virtual_ms: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        failures_max: flags.failures.unwrap_or(FAILURES_MAX),
        shrink: !flags.no_shrink,
        failed: Mutex::new(Vec::new()),
    };
    let began = Instant::now();
    let until = flags.minutes.map(|minutes| began + Duration::from_secs(minutes * 60));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    while !progress.stop.load(Ordering::Relaxed)
                        && until.is_none_or(|end| Instant::now() < end)
                    {
                        let at = progress.next.fetch_add(1, Ordering::Relaxed);
                        if at >= total {
                            break;
                        }
                        let known = usize::try_from(at).ok().and_then(|at| bank.get(at));
                        let seed = known
                            .map_or_else(|| base.wrapping_add(at - bank.len() as u64), |known| known.seed);
                        work(&flags.difference.of(seed), at.is_multiple_of(TWICE), &progress);
                    }
                })
            })
            .collect();
        let mut told = Instant::now();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(50));
            if told.elapsed() >= Duration::from_secs(5) {
                told = Instant::now();
                tell(&progress, began);
            }
        }
    });
    tell(&progress, began);
    let failed = progress.failed.into_inner().unwrap_or_default();
    // Once more, where somebody looks who reads only the end of what a machine wrote.
    for report in &failed {
        let said = report.violation.as_ref().map(ToString::to_string).unwrap_or_default();
        println!("failed: npm run simulate -- {} --trace: {said}", report.options.flags());
    }
    finish(progress.passed.into_inner(), failed.len() as u64)
}

fn work(options: &Options, twice: bool, progress: &Progress) {
    let report = run_checked(options, twice);
    progress.steps.fetch_add(report.steps, Ordering::Relaxed);
    progress.virtual_ms.fetch_add(report.virtual_ms, Ordering::Relaxed);
    if report.violation.is_none() {
        progress.passed.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let smallest = if progress.shrink { shrink(&report) } else { run(&report.options, Detail::Tail) };
    let text = if smallest.violation.is_some() { describe(&smallest) } else { describe(&report) };
    if let Ok(mut failed) = progress.failed.lock() {
        println!(
            "seed {} failed after {} passed: {}\nthe smallest world that fails in this way:\n{text}",
            report.options.seed,
            progress.passed.load(Ordering::Relaxed),
            report.violation.as_ref().map(ToString::to_string).unwrap_or_default()
        );
        failed.push(report);
        progress.stop.fetch_or(failed.len() as u64 >= progress.failures_max, Ordering::Relaxed);
    }
}

fn tell(progress: &Progress, began: Instant) {
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "numbers to look at")]
    let rate = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / seconds;
    println!(
        "{:>6.0} s  {} passed  {:.0} seeds/s  {:.0} steps/s  {:.0} times real time",
        seconds,
        progress.passed.load(Ordering::Relaxed),
        rate(&progress.passed),
        rate(&progress.steps),
        rate(&progress.virtual_ms) / 1_000.0,
    );
    let _flushed = std::io::stdout().flush();
}
