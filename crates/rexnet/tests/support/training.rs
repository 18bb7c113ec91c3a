//! A training that takes a moment.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use tempfile::{TempDir, tempdir};

use super::{Said, rexnet_in};

/// 96 pictures to learn from, 24 to validate on, six steps an epoch, and a network that takes milliseconds.
pub(crate) fn folder() -> TempDir {
    let folder = tempdir().expect("a folder");
    let run = |args: &[&str]| rexnet_in(folder.path(), args).ok();
    run(&["data", "synth", "--out", "shapes", "--train", "96", "--val", "24", "--side", "16"]);
    run(&["design", "--macs", "300k", "--size", "16", "--depth", "4", "--classes", "6", "--out", "tiny.toml"]);
    folder
}

pub(crate) const RUN: [&str; 9] =
    ["train", "shapes", "--net", "tiny.toml", "--set", "batch=16", "--set", "epochs=3", "--json"];
pub(crate) const STEPS: usize = 18;

pub(crate) fn train(folder: &Path, more: &[&str]) -> Said {
    rexnet_in(folder, &[&RUN, more].concat())
}

/// Starts a run that tells every step, and reads what it tells until `step`.
pub(crate) fn until(folder: &Path, step: usize, more: &[&str]) -> (Child, BufReader<ChildStderr>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rexnet"))
        .args(RUN)
        .args(more)
        .arg("-v")
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut told = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.starts_with(&format!("step {step} ")) {
        line.clear();
        assert!(told.read_line(&mut line).expect("text") > 0, "it ended before step {step}");
    }
    (child, told)
}
