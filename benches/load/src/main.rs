//! `npm run load -- <flags>`: many connections against a running server.
//!
//! Every subscriber checks that he gets each change of his channel once and in order, so that what is said of delivery is
//! counted and not inferred. Writes follow a schedule that does not wait for the server: what it is late, shows. Server and
//! generator share the machine and its clock, from which delivery times come; processor time and memory of the server are
//! read from the system, since those hold still on a busy machine.

mod options;
mod peer;
mod process;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Barrier, watch};

use options::{Options, USAGE, parse};
use peer::{Outcome, Peer, Shared};
use process::Usage;

fn main() -> std::process::ExitCode {
    let options = match parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return std::process::ExitCode::SUCCESS;
        }
        Err(fault) => return refuse(&fault),
    };
    // Less than the hard limit is no fault: connecting says so if it is too little.
    let _raised = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(fault) => return refuse(&format!("no threads: {fault}")),
    };
    match runtime.block_on(run(options)) {
        Ok(report) => {
            println!("{report:#}");
            let whole = report["missing"] == 0 && report["twice"] == 0;
            std::process::ExitCode::from(u8::from(!whole))
        }
        Err(fault) => refuse(&fault),
    }
}

fn refuse(fault: &str) -> std::process::ExitCode {
    eprintln!("error: {fault}");
    std::process::ExitCode::from(2)
}

async fn run(options: Options) -> Result<Value, String> {
    let pid = options.pid;
    let usage = || pid.map(Usage::of).transpose();
    let before = usage()?;
    let (phase, phases) = watch::channel(peer::Phase::Joining);
    let shared = Arc::new(Shared { joined: Barrier::new(options.connections + 1), phases, options });
    let options = &shared.options;
    if options.events > 0 {
        peer::fill(&shared).await?;
    }
    let filled = usage()?;
    let tasks: Vec<_> = (0..options.connections)
        .map(|number| tokio::spawn(Peer::new(number, Arc::clone(&shared)).run()))
        .collect();
    let failed = async {
        // A connection that fails before all have joined leaves the others waiting.
        while tasks.iter().all(|task| !task.is_finished()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        _ = shared.joined.wait() => {}
        () = failed => return Err(first_fault(tasks).await),
    }
    let joined = usage()?;
    let _started = phase.send(peer::Phase::Writing);
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let _stopped = phase.send(peer::Phase::Settling);
    tokio::time::sleep(Duration::from_secs(options.settle)).await;
    let loaded = usage()?;
    let _ended = phase.send(peer::Phase::Over);
    let mut all = Outcome::default();
    for task in tasks {
        all.add(task.await.map_err(|fault| fault.to_string())??);
    }
    let expected: u64 =
        all.written.iter().map(|(channel, count)| count * options.subscribers_of(*channel)).sum();
    let mut report = json!({
        "connections": options.connections,
        "channels": options.channels,
        "accept": options.accept,
        "written": all.written.values().sum::<u64>(),
        "expected": expected,
        "delivered": all.delivered,
        "missing": expected.saturating_sub(all.delivered),
        "twice": all.twice,
        "acknowledged ms": percentiles(&mut all.acknowledged_us),
        "delivered ms": percentiles(&mut all.delivered_us),
        "frames": all.frames,
        "bytes a delivery": per(all.change_bytes, all.delivered),
        "content bytes a connection": per(all.content_bytes, options.connections as u64),
    });
    if let (Some(before), Some(filled), Some(joined), Some(loaded)) = (before, filled, joined, loaded) {
        let grown = joined.resident_kib.saturating_sub(filled.resident_kib);
        report["server"] = json!({
            "resident KiB before": before.resident_kib,
            "resident KiB a connection": per(grown, options.connections as u64),
            "processor ms of joining": joined.processor_ms - filled.processor_ms,
            "processor us a delivery": per((loaded.processor_ms - joined.processor_ms) * 1_000, all.delivered),
        });
    }
    Ok(report)
}

async fn first_fault(tasks: Vec<tokio::task::JoinHandle<Result<Outcome, String>>>) -> String {
    for task in tasks.into_iter().filter(tokio::task::JoinHandle::is_finished) {
        if let Ok(Err(fault)) = task.await {
            return fault;
        }
    }
    "a connection ended before all had joined".to_owned()
}

fn per(sum: u64, count: u64) -> Value {
    if count == 0 { Value::Null } else { json!((sum as f64 / count as f64 * 10.0).round() / 10.0) }
}

fn percentiles(times_us: &mut [u32]) -> Value {
    times_us.sort_unstable();
    let at = |part: f64| {
        let last = times_us.len().checked_sub(1)?;
        times_us.get((last as f64 * part) as usize).map(|us| f64::from(*us) / 1_000.0)
    };
    json!({"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0)})
}
