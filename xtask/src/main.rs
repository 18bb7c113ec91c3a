//! The project's own chores. `check` defines green, cheapest step first.
#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::exit, reason = "a program for people")]

mod arrows;
mod counts;
mod loops;
mod parity;
mod peers;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.first().map(String::as_str) {
        Some("check") => check(),
        Some("arrows") => arrows::check(),
        Some("loops") => loops::check(),
        Some("counts") => counts::check(),
        Some("parity") => parity::run(),
        Some("peers") => peers::run(&arguments[1..]),
        _ => Err("usage: cargo xtask check | arrows | loops | counts | parity | peers".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Tests of doc comments, then of everything else. Ours are compiled with debug assertions, what we depend on as the
/// release has it, so that Burn is compiled once for tests and binary.
fn check() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"])?;
    arrows::check()?;
    cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    loops::check()?;
    counts::check()?;
    cargo_with(&["doc", "--release", "--workspace", "--no-deps", "--quiet"], &[("RUSTDOCFLAGS", "-D warnings")])?;
    let assertions: Vec<String> = arrows::ROOMS
        .iter()
        .flat_map(|room| {
            ["--config".into(), format!("profile.release.package.{}.debug-assertions=true", room.package())]
        })
        .collect();
    let assertions: Vec<&str> = assertions.iter().map(String::as_str).collect();
    cargo(&[&["test", "--release", "--workspace", "--doc", "--quiet"], &assertions[..]].concat())?;
    let mut arguments = runner();
    if std::env::var_os("REXNET_PYTHON").is_none() {
        eprintln!(
            "NOT RUN: tests against other programs; `REXNET_PYTHON` names a Python with tools/requirements-ci.txt"
        );
    } else if arguments[0] == "nextest" {
        arguments.push("--ignore-default-filter");
    }
    cargo(&[&arguments[..], &["--release", "--workspace"], &assertions[..]].concat())
}

fn runner() -> Vec<&'static str> {
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output().is_ok_and(|o| o.status.success());
    if nextest { vec!["nextest", "run"] } else { vec!["test", "--tests"] }
}

fn cargo(args: &[&str]) -> Result<(), String> {
    cargo_with(args, &[])
}

fn cargo_with(args: &[&str], env: &[(&str, &str)]) -> Result<(), String> {
    let shown = args.iter().take_while(|a| **a != "--config").copied().collect::<Vec<_>>().join(" ");
    eprintln!("== cargo {shown}");
    let status = Command::new("cargo").args(args).envs(env.iter().copied()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {shown}` failed ({status})")),
        Err(error) => Err(format!("cargo cannot be run: {error}")),
    }
}
