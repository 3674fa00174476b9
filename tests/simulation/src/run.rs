//! One seed: run, caught if it panics, told.

use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::judge::Violation;
use crate::options::Options;
use crate::replay::replay;
pub use crate::trace::Detail;
use crate::world::World;

/// How a world went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it was made of.
    pub options: Options,
    /// Things that happened.
    pub steps: u64,
    /// Stands for everything that happened.
    pub hash: u64,
    /// Virtual time, ms.
    pub virtual_ms: u64,
    /// What was wrong.
    pub violation: Option<Violation>,
    /// The end of its history, if it was asked for.
    pub lines: Vec<String>,
}

/// Runs the world of `options`.
pub fn run(options: &Options, detail: Detail) -> Report {
    let mut world = World::new(options.clone(), detail);
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    let violation = match result {
        Ok(result) => result.err(),
        Err(panic) => Some(Violation::new("I12", format!("panic: {}", panic_text(panic.as_ref())))),
    };
    Report {
        options: options.clone(),
        steps: world.steps,
        hash: world.trace.hash(),
        virtual_ms: world.now,
        violation,
        lines: world.trace.take_lines(),
    }
}

/// Runs the world of `options` and goes through the trace of each program that is there at the end once more. Returns
/// how many steps that were, and what was not the same.
pub fn replay_of(options: &Options) -> (usize, Vec<String>) {
    let mut world = World::new(options.clone(), Detail::Hash);
    let mut faults: Vec<String> =
        world.run().err().map(|violation| violation.to_string()).into_iter().collect();
    let mut steps = 0;
    for (d, device) in world.devices.iter().enumerate() {
        let Some(program) = &device.program else { continue };
        let trace: Vec<serde_json::Value> = serde_json::from_str(&program.client.trace()).unwrap_or_default();
        steps += trace.len();
        if let Err(fault) = replay(program.config.clone(), &trace) {
            faults.push(format!("seed {}, device {d}: {fault}", options.seed));
        }
    }
    (steps, faults)
}

/// Runs the world of `options`; of some, twice, which must go the same way.
pub fn run_checked(options: &Options, twice: bool) -> Report {
    let mut report = run(options, Detail::Hash);
    if twice && report.violation.is_none() {
        let again = run(options, Detail::Hash);
        if again.hash != report.hash {
            let what = format!("one history is {:016x}, the other {:016x}", report.hash, again.hash);
            report.violation = Some(Violation::new("I18", what));
        }
    }
    report
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of unknown kind").to_owned()
}

/// A failure, as somebody who has to find the reason wants it.
pub fn describe(report: &Report) -> String {
    let Some(violation) = &report.violation else { return "passed".to_owned() };
    let mut text = format!(
        "seed {} failed at step {}, {} ms\n  options  {}\n  violated {violation}\n",
        report.options.seed, report.steps, report.virtual_ms, report.options
    );
    for line in report.lines.iter().rev().take(40).rev() {
        let _written = writeln!(text, "  | {line}");
    }
    let flags = report.options.flags();
    let _written = write!(text, "  replay: npm run simulate -- {flags} --trace");
    text
}
