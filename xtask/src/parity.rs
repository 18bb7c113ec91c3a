//! `cargo xtask parity`: the built binary against timm and ONNX Runtime, through the scripts of `tools/parity`.
//!
//! They need torch, so they are run by hand and their table is recorded. `REXNET_PYTHON` names a Python with torch,
//! timm, onnx and onnxruntime (`python3` otherwise), `REXNET_DATA` the folder with `photos` and `weights`.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Scripts of `tools/parity`, and whether they need the data folder.
const SCRIPTS: [(&str, bool); 2] = [("export.py", false), ("photos.py", true)];

/// Builds the binary, runs every script and prints their rows as one table.
pub(crate) fn run() -> Result<(), String> {
    crate::cargo(&["build", "--release", "--package", "rexnet"])?;
    let mut failed = Vec::new();
    println!("| check | net | seen | limit | ok | note |\n|---|---|---|---|---|---|");
    for (script, needs_data) in SCRIPTS {
        if needs_data && env::var_os("REXNET_DATA").is_none() {
            println!("| {script} | | | | NOT RUN | REXNET_DATA is not set |");
        } else if !table(script)? {
            failed.push(script);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("no parity: {}", failed.join(", "))) }
}

/// Runs one script, printing its JSON lines as rows while they come; whether it ended well.
fn table(script: &str) -> Result<bool, String> {
    let python = env::var_os("REXNET_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let failed = |error: &dyn std::fmt::Display| format!("{script}: {error}");
    let mut child = Command::new(python)
        .arg(format!("tools/parity/{script}"))
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed(&e))?;
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let row: Value = serde_json::from_str(&line.map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
        let cells = ["check", "net", "seen", "limit", "ok", "note"].map(|key| cell(&row[key]));
        println!("| {} |", cells.join(" | "));
    }
    Ok(child.wait().map_err(|e| failed(&e))?.success())
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            number.as_f64().filter(|n| n.fract() != 0.0).map_or(value.to_string(), |n| format!("{n:.1e}"))
        }
        other => other.to_string(),
    }
}
