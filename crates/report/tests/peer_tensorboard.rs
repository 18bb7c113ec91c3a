//! TensorBoard's own reader, where Python has it: `REXNET_PYTHON` names the interpreter, `python3` otherwise.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;

use rexnet_report::EventFile;
use serde_json::Value;

/// Step, value, wall time.
type Scalars = BTreeMap<String, Vec<(u64, f64, f64)>>;

fn python() -> Command {
    Command::new(std::env::var_os("REXNET_PYTHON").unwrap_or_else(|| "python3".into()))
}

fn missing() -> bool {
    let found = python().args(["-c", "import tensorboard"]).output();
    !found.is_ok_and(|done| done.status.success())
}

fn read(folder: &Path) -> Scalars {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/parity/tensorboard_peer.py");
    let done = python().arg(script).arg(folder).output().expect("python runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let answer: Value = serde_json::from_slice(&done.stdout).expect("one JSON object");
    assert_eq!(answer["file_version"], 2.0, "TensorBoard {}", answer["version"]);
    serde_json::from_value(answer["scalars"].clone()).expect("scalars by tag")
}

#[test]
fn tensorboard_reads_what_was_written() {
    if missing() {
        println!("NOT RUN: no Python with tensorboard (`REXNET_PYTHON` names another)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = EventFile::append(&folder.path().join("events.out.tfevents.0"), 0, 1.5e9).expect("a file");
    for (step, loss) in [(0, 2.5), (7, 0.125), (1 << 40, f32::MIN_POSITIVE)] {
        file.scalar("loss/train", step, loss, 1.5e9 + step as f64).expect("written");
    }
    file.scalar("größe", 7, -3.5, 1.5e9).expect("written");
    file.flush().expect("flushed");
    let [first, second] = [(0, 2.5, 1.5e9), (7, 0.125, 1.5e9 + 7.0)];
    let third = (1 << 40, f64::from(f32::MIN_POSITIVE), 1.5e9 + f64::from(2.0_f32.powi(40)));
    let wanted =
        Scalars::from([("loss/train".into(), vec![first, second, third]), ("größe".into(), vec![(7, -3.5, 1.5e9)])]);
    assert_eq!(read(folder.path()), wanted);
}

#[test]
fn a_run_killed_and_resumed_shows_every_step_once() {
    if missing() {
        println!("NOT RUN: no Python with tensorboard (`REXNET_PYTHON` names another)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.out.tfevents.0");
    let write = |steps: std::ops::Range<u64>, value: f32| {
        let mut file = EventFile::append(&path, steps.start, 0.0).expect("a file");
        for step in steps {
            file.scalar("loss", step, value, step as f64).expect("written");
        }
        file.flush().expect("flushed");
    };
    write(0..60, 1.0);
    // Killed while step 59 was written; the checkpoint is of step 40.
    let length = path.metadata().expect("a file").len();
    OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(length - 5)).expect("cut");
    write(40..100, 2.0);
    let seen = read(folder.path());
    let wanted: Vec<_> = (0..100).map(|step| (step, if step < 40 { 1.0 } else { 2.0 }, step as f64)).collect();
    assert_eq!(seen["loss"], wanted);
}
