//! `cargo xtask peers infer [OPTIONS OF tools/peers/infer.py]`: the built binary beside other runtimes, and what was seen
//! as `tools/peers/infer.json`, from which the README's table is written. `cargo xtask peers table` writes it again.
//!
//! `REXNET_PYTHON` names a Python with the runtimes of `tools/peers/requirements.txt` (`python3` otherwise); one that
//! cannot be had is reported in the file.

use std::env;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const SEEN: &str = "tools/peers/infer.json";
const README: &str = "README.md";
/// What the table in the README stands between.
const MARKS: [&str; 2] = ["<!-- peers infer -->\n", "<!-- end -->\n"];

/// Runs one of the two chores.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    match arguments.split_first() {
        Some((chore, options)) if chore == "infer" => {
            measure(options)?;
            table()
        }
        Some((chore, [])) if chore == "table" => table(),
        _ => Err("usage: cargo xtask peers infer [OPTIONS OF tools/peers/infer.py] | table".into()),
    }
}

fn measure(options: &[String]) -> Result<(), String> {
    crate::cargo(&["build", "--release", "--package", "rexnet", "--no-default-features"])?;
    let models = "target/peers";
    if !Path::new(models).exists() {
        let made = python("nets.py").args(["--out", models]).status().map_err(|e| e.to_string())?;
        if !made.success() {
            return Err(format!("tools/peers/nets.py failed ({made})"));
        }
    }
    let mut child = python("infer.py")
        .args(["--models", models])
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut rows: Vec<Value> = Vec::new();
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let row =
            line.map_err(|e| e.to_string()).and_then(|line| serde_json::from_str(&line).map_err(|e| e.to_string()))?;
        println!("{row}");
        rows.push(row);
    }
    let done = child.wait().map_err(|e| e.to_string())?;
    if !done.success() {
        return Err(format!("tools/peers/infer.py failed ({done})"));
    }
    let seen = json!({"machine": machine(), "rows": rows});
    let text = serde_json::to_string_pretty(&seen).map_err(|e| e.to_string())? + "\n";
    fs::write(SEEN, text).map_err(|e| format!("{SEEN}: {e}"))
}

fn python(script: &str) -> Command {
    let mut command = Command::new(env::var_os("REXNET_PYTHON").unwrap_or_else(|| OsString::from("python3")));
    command.arg(format!("tools/peers/{script}"));
    command
}

/// The processor's name and the number of cores, where the system says them.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = field("model name").unwrap_or_else(|| "unknown processor".into());
    let model = field("model\t").map_or(String::new(), |model| format!(" (model {model})"));
    format!("{name}{model}, {} cores", info.lines().filter(|line| line.starts_with("processor")).count())
}

/// Writes what was seen into the README.
fn table() -> Result<(), String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let seen: Value = serde_json::from_str(&read(SEEN)?).map_err(|e| format!("{SEEN}: {e}"))?;
    let readme = between(&read(README)?, &markdown(&seen)).ok_or(format!("{README}: no {MARKS:?}"))?;
    fs::write(README, readme).map_err(|e| format!("{README}: {e}"))
}

/// `text` with `inner` between the marks.
fn between(text: &str, inner: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some([before, MARKS[0], inner, MARKS[1], after].concat())
}

/// One row a setting: ours, the fastest peer, and how many times longer it takes.
fn markdown(seen: &Value) -> String {
    let rows = seen["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let key = |row: &Value| ["net", "precision", "batch", "threads"].map(|name| plain(&row[name]));
    let mut settings: Vec<[String; 4]> = rows.iter().map(key).collect();
    settings.dedup();
    let mut text = format!("Measured on {}.\n\n", plain(&seen["machine"]));
    text += "| network | precision | batch | threads | rexnet ms | fastest of the others | ms | times longer |\n";
    text += "|---|---|---|---|---|---|---|---|\n";
    for setting in settings {
        let peers = rows.iter().filter(|row| key(row) == setting && row["ms"].is_number());
        let Some(peer) = peers.min_by(|a, b| number(a, "ms").total_cmp(&number(b, "ms"))) else { continue };
        let cells = ["ours_ms", "peer", "version", "ms", "ratio"].map(|name| plain(&peer[name]));
        let [ours, name, version, ms, ratio] = cells;
        let _ = writeln!(text, "| {} | {ours} | {name} {version} | {ms} | **{ratio}** |", setting.join(" | "));
    }
    let missing: Vec<_> = rows.iter().filter(|row| row["missing"].is_string()).map(|row| plain(&row["peer"])).collect();
    let mut missing: Vec<_> =
        missing.iter().filter(|peer| !rows.iter().any(|r| r["peer"] == **peer && r["ms"].is_number())).collect();
    missing.sort();
    missing.dedup();
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        let _ = writeln!(text, "\nNot had: {}.", names.join(", "));
    }
    text
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or(f64::INFINITY)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_the_fastest_peer_of_each_setting_and_those_not_had() {
        let row = |peer: &str, ms: f64| {
            json!({"net": "n", "batch": 1, "threads": 2, "precision": "f32", "peer": peer,
            "version": "1.0", "ms": ms, "ours_ms": 2.0, "ratio": ms / 2.0})
        };
        let missing =
            json!({"net": "n", "batch": 1, "threads": 2, "precision": "f32", "peer": "gone", "missing": "why"});
        let text = markdown(&json!({"machine": "m", "rows": [row("slow", 9.0), row("fast", 3.0), missing]}));
        assert!(text.contains("| n | f32 | 1 | 2 | 2.0 | fast 1.0 | 3.0 | **1.5** |\n"), "{text}");
        assert!(!text.contains("slow") && text.ends_with("Not had: gone.\n"), "{text}");
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let [open, close] = MARKS;
        assert_eq!(between(&format!("a\n{open}old{close}b"), "new\n").unwrap(), format!("a\n{open}new\n{close}b"));
        assert_eq!(between("nothing", "new"), None);
    }
}
