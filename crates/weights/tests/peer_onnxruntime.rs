//! ONNX Runtime itself, where Python has it: `REXNET_PYTHON` names the interpreter, `python3` otherwise.

mod exported;

use std::path::Path;
use std::process::Command;

use exported::CLASSES;
use rexnet_spec::{Input, NetSpec};
use serde::Deserialize;

/// What `tools/parity/onnx_peer.py` answers.
#[derive(Deserialize)]
struct Answer {
    version: String,
    batch: serde_json::Value,
    logits: Vec<f32>,
    classes: String,
    input: String,
    net: String,
}

fn python() -> Command {
    Command::new(std::env::var_os("REXNET_PYTHON").unwrap_or_else(|| "python3".into()))
}

fn missing() -> bool {
    let found = python().args(["-c", "import numpy, onnxruntime"]).output();
    !found.is_ok_and(|done| done.status.success())
}

#[test]
fn onnx_runtime_gives_timms_logits_and_reads_the_metadata() {
    if missing() {
        println!("NOT RUN: no Python with numpy and onnxruntime (`REXNET_PYTHON` names another)");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/parity/onnx_peer.py");
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<String> = (0..CLASSES).map(|i| format!("größe \"{i}\"")).collect();
    for (name, wanted) in exported::of_timm() {
        let (net, bytes) = exported::file(&name, &names);
        let path = folder.path().join("net.onnx");
        std::fs::write(&path, bytes).expect("written");
        let done = python().arg(&script).arg(&path).output().expect("python runs");
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
        let answer: Answer = serde_json::from_slice(&done.stdout).expect("one JSON object");
        exported::assert_close(&format!("{name} in ONNX Runtime {}", answer.version), &answer.logits, &wanted);
        assert_eq!(answer.batch, "batch");
        assert_eq!(serde_json::from_str::<Vec<String>>(&answer.classes).expect("a list"), names);
        assert_eq!(serde_json::from_str::<Input>(&answer.input).expect("an input contract"), net.input);
        assert_eq!(NetSpec::from_toml(&answer.net).expect("a network"), net);
    }
}
