//! `cargo xtask peers infer [OPTIONS OF tools/peers/infer.py]`: the built binary beside other runtimes, and what was seen
//! as `tools/peers/infer.json`, from which the README's table is written. What another run saw on the same machine stays
//! in the file where this one saw nothing. `cargo xtask peers table` writes the table again.
//!
//! `REXNET_PYTHON` names a Python with the runtimes of `tools/peers/requirements.txt` (`python3` otherwise); one that
//! cannot be had is reported in the file.

use std::collections::BTreeSet;
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
    let machine = machine();
    let earlier = fs::read_to_string(SEEN).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let stays = |row: &&Value| !rows.iter().any(|new| setting(new) == setting(row) && new["peer"] == row["peer"]);
    let mut all: Vec<Value> = match &earlier {
        Some(seen) if seen["machine"] == *machine => rows_of(seen).iter().filter(stays).cloned().collect(),
        _ => Vec::new(),
    };
    all.extend(rows);
    all.sort_by_key(|row| (setting(row), plain(&row["peer"])));
    let seen = json!({"machine": machine, "rows": all});
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

/// One row a network and precision, one column a batch and number of threads: how many times longer the fastest of the
/// others takes, its name, and our milliseconds.
fn markdown(seen: &Value) -> String {
    let rows = rows_of(seen);
    let timed = || rows.iter().filter(|row| row["ms"].is_number());
    let unique = |cell: &dyn Fn(&Value) -> [String; 2]| timed().map(cell).collect::<BTreeSet<_>>();
    let columns = unique(&|row| [padded(&row["batch"]), padded(&row["threads"])]);
    let mut text = format!(
        "Measured on {}. Each cell: how many times longer the fastest of the others takes",
        plain(&seen["machine"])
    );
    text += ", which one that is, and rexnet's milliseconds for the batch.\n\n| network | precision |";
    for [batch, threads] in &columns {
        let _ = write!(text, " batch {}, threads {} |", batch.trim(), threads.trim());
    }
    text += &format!("\n|---|---|{}\n", "---|".repeat(columns.len()));
    for [net, precision] in unique(&|row| [plain(&row["net"]), plain(&row["precision"])]) {
        let _ = write!(text, "| {net} | {precision} |");
        for [batch, threads] in &columns {
            let wanted = [net.as_str(), precision.as_str(), batch, threads];
            let fastest = timed().filter(|row| setting(row).each_ref().map(String::as_str) == wanted);
            let fastest = fastest.min_by(|a, b| number(a, "ms").total_cmp(&number(b, "ms")));
            let cell = fastest.map_or(String::new(), |row| {
                format!("**{}** {} ({})", plain(&row["ratio"]), plain(&row["peer"]), plain(&row["ours_ms"]))
            });
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    let versions: BTreeSet<String> =
        timed().map(|row| format!("{} {}", plain(&row["peer"]), plain(&row["version"]))).collect();
    let _ = writeln!(text, "\nOthers: {}.", versions.into_iter().collect::<Vec<_>>().join(", "));
    let had: BTreeSet<String> = timed().map(|row| plain(&row["peer"])).collect();
    let missing: BTreeSet<String> =
        rows.iter().map(|row| plain(&row["peer"])).filter(|peer| !had.contains(peer)).collect();
    if !missing.is_empty() {
        let _ = writeln!(text, "Not had: {}.", missing.into_iter().collect::<Vec<_>>().join(", "));
    }
    text
}

fn rows_of(seen: &Value) -> &[Value] {
    seen["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What a row was measured at, in the order of the table.
fn setting(row: &Value) -> [String; 4] {
    [plain(&row["net"]), plain(&row["precision"]), padded(&row["batch"]), padded(&row["threads"])]
}

/// A number as text that sorts as the number does.
fn padded(number: &Value) -> String {
    format!("{:>3}", plain(number))
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
        let row = |peer: &str, batch: u32, ms: f64| {
            json!({"net": "n", "batch": batch, "threads": 2, "precision": "f32", "peer": peer,
            "version": "1.0", "ms": ms, "ours_ms": 2.0, "ratio": ms / 2.0})
        };
        let missing =
            json!({"net": "n", "batch": 1, "threads": 2, "precision": "f32", "peer": "gone", "missing": "why"});
        let rows = [row("slow", 1, 9.0), row("fast", 1, 3.0), row("slow", 16, 5.0), missing];
        let text = markdown(&json!({"machine": "m", "rows": rows}));
        assert!(text.contains("| network | precision | batch 1, threads 2 | batch 16, threads 2 |\n"), "{text}");
        assert!(text.contains("| n | f32 | **1.5** fast (2.0) | **2.5** slow (2.0) |\n"), "{text}");
        assert!(text.ends_with("Others: fast 1.0, slow 1.0.\nNot had: gone.\n"), "{text}");
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let [open, close] = MARKS;
        assert_eq!(between(&format!("a\n{open}old{close}b"), "new\n").unwrap(), format!("a\n{open}new\n{close}b"));
        assert_eq!(between("nothing", "new"), None);
    }
}
