//! What the server costs, as the system counts it.

/// Processor time and memory of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) processor_ms: u64,
    pub(crate) resident_kib: u64,
}

/// Ticks a second of the processor times in `/proc`, which Linux fixes for programs at 100.
const TICKS_PER_SECOND: u64 = 100;

impl Usage {
    pub(crate) fn of(pid: u32) -> Result<Self, String> {
        let read = |name: &str| {
            std::fs::read_to_string(format!("/proc/{pid}/{name}"))
                .map_err(|fault| format!("--pid: got {pid}, expected a process: {fault}"))
        };
        let odd = || format!("--pid: the system says nothing of {pid} that is understood");
        let stat = read("stat")?;
        // The program's name, in parentheses, may hold anything; times are the 12th and 13th field after it.
        let (_, fields) = stat.rsplit_once(')').ok_or_else(odd)?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.sum::<Result<_, _>>().map_err(|_| odd())?;
        let status = read("status")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        Ok(Self { processor_ms: ticks * 1_000 / TICKS_PER_SECOND, resident_kib: resident.ok_or_else(odd)? })
    }
}
