//! `rexnet completions SHELL`: what a shell needs to complete verbs and options.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use rexnet::Result;

use crate::cli::Cli;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet completions bash > ~/.local/share/bash-completion/completions/rexnet\n  rexnet completions fish | source"
)]
pub(crate) struct Request {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(request: &Request) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(request.shell, &mut Cli::command(), "rexnet", &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}
