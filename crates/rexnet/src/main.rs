//! The `rexnet` command: reads the request, calls one verb, renders one error.
#![forbid(unsafe_code)]

mod args;
mod cli;
mod out;
mod table;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let mut out = out::Out::new(&cli.common);
    if let Some(threads) = cli.common.threads {
        // Pictures are read on rayon's threads. This fails only where they run already, and here none do yet.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    }
    match verbs::run(cli.verb, &cli.common, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            out.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
