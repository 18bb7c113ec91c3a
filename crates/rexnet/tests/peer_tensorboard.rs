//! TensorBoard's own reader on a run's folder, where Python has it: `REXNET_PYTHON` names the interpreter.
#![cfg(feature = "train")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::training::{STEPS, folder, train, until};

fn python() -> Command {
    Command::new(std::env::var_os("REXNET_PYTHON").unwrap_or_else(|| "python3".into()))
}

#[test]
fn a_killed_and_continued_run_shows_every_step_once() {
    if !python().args(["-c", "import tensorboard"]).output().is_ok_and(|done| done.status.success()) {
        println!("NOT RUN: no Python with tensorboard (`REXNET_PYTHON` names another)");
        return;
    }
    let folder = folder();
    let (mut child, _) = until(folder.path(), 9, &["--out", "run"]);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    train(folder.path(), &["--out", "run", "--resume"]).ok();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/parity/tensorboard_peer.py");
    let done = python().arg(script).arg(folder.path().join("run")).output().expect("python runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let seen: Value = serde_json::from_slice(&done.stdout).expect("one JSON object");
    let steps = |tag: &str| -> Vec<u64> {
        let points = seen["scalars"][tag].as_array().unwrap_or_else(|| panic!("no {tag}: {seen}"));
        points.iter().map(|point| point[0].as_u64().expect("a step")).collect()
    };
    assert_eq!(steps("step/loss"), (1..=STEPS as u64).collect::<Vec<_>>());
    for tag in ["train/loss", "train/lr", "val/top1", "val/loss"] {
        assert_eq!(steps(tag), [6, 12, 18], "{tag}");
    }
}
