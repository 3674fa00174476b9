//! The reference server's program.

use std::process::ExitCode;

use baro_realtime_server::serve::{Command, USAGE, parse, run};

fn main() -> ExitCode {
    let options = match parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            println!("baro-realtime-server {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run(options)) => options,
        Err(fault) => return refuse(&fault),
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => refuse(&fault),
    }
}

fn refuse(fault: &str) -> ExitCode {
    eprintln!("error: {fault}");
    ExitCode::from(2)
}
