//! `cargo xtask peers infer|pictures [OPTIONS OF tools/peers/….py]`: the built binary beside others, and what was seen as
//! `tools/peers/….json`, machine by machine, from which the tables of the README are written. What another run saw on the
//! same machine stays where this one saw nothing. `cargo xtask peers table` writes the tables again.
//!
//! `REXNET_PYTHON` names a Python with the runtimes of `tools/peers/requirements.txt` (`python3` otherwise); one that
//! cannot be had is reported in the file. The networks are made once, in `target/peers`.

mod infer;
mod pictures;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something to measure, by the script and into the file of its name.
struct Chore {
    name: &'static str,
    /// What a row was measured at: rows of one run replace those of another at the same.
    setting: fn(&Value) -> Vec<String>,
    markdown: fn(&[Value]) -> String,
}

/// What was seen on a machine.
#[derive(Serialize, Deserialize)]
struct Seen {
    machine: String,
    rows: Vec<Value>,
}

const CHORES: [Chore; 2] = [
    Chore { name: "infer", setting: infer::setting, markdown: infer::markdown },
    Chore { name: "pictures", setting: pictures::setting, markdown: pictures::markdown },
];

const README: &str = "README.md";
const MODELS: &str = "target/peers";

/// Runs one of the chores.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (word, options) = arguments.split_first().map_or(("", [].as_slice()), |(word, rest)| (word, rest));
    match CHORES.iter().find(|chore| chore.name == word) {
        Some(chore) => {
            chore.measure(options)?;
            chore.table()
        }
        None if word == "table" && options.is_empty() => CHORES.iter().try_for_each(Chore::table),
        None => Err("usage: cargo xtask peers infer|pictures [OPTIONS OF tools/peers/….py] | table".into()),
    }
}

impl Chore {
    fn measure(&self, options: &[String]) -> Result<(), String> {
        crate::cargo(&["build", "--release", "--package", "rexnet", "--no-default-features"])?;
        if !Path::new(MODELS).exists() {
            let made = python("nets.py").args(["--out", MODELS]).status().map_err(|e| e.to_string())?;
            if !made.success() {
                return Err(format!("tools/peers/nets.py failed ({made})"));
            }
        }
        let rows = self.rows(options)?;
        let mut seen = self.seen()?;
        self.merge(&mut seen, &machine(), rows);
        let text = serde_json::to_string_pretty(&seen).map_err(|e| e.to_string())?;
        fs::write(self.path(), text + "\n").map_err(|e| format!("{}: {e}", self.path()))
    }

    /// Puts new rows beside what was seen on the same machine earlier, and in the place of what they replace.
    fn merge(&self, seen: &mut Vec<Seen>, machine: &str, rows: Vec<Value>) {
        let at = seen.iter().position(|seen| seen.machine == machine).unwrap_or_else(|| {
            seen.push(Seen { machine: machine.to_owned(), rows: Vec::new() });
            seen.len() - 1
        });
        let all = &mut seen[at].rows;
        all.retain(|old| {
            let is_replaced = |new: &Value| {
                if old["missing"].is_string() { new["peer"] == old["peer"] } else { self.key(new) == self.key(old) }
            };
            !rows.iter().any(is_replaced)
        });
        all.extend(rows);
        all.sort_by_key(|row| self.key(row));
    }

    /// Runs the script; its lines are rows.
    fn rows(&self, options: &[String]) -> Result<Vec<Value>, String> {
        let script = format!("{}.py", self.name);
        let mut child = python(&script)
            .args(["--models", MODELS])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        let mut rows: Vec<Value> = Vec::new();
        for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
            let line = line.map_err(|e| e.to_string())?;
            let row = serde_json::from_str(&line).map_err(|e| e.to_string())?;
            println!("{row}");
            rows.push(row);
        }
        let done = child.wait().map_err(|e| e.to_string())?;
        if done.success() { Ok(rows) } else { Err(format!("tools/peers/{script} failed ({done})")) }
    }

    fn key(&self, row: &Value) -> (Vec<String>, String) {
        ((self.setting)(row), plain(&row["peer"]))
    }

    fn path(&self) -> String {
        format!("tools/peers/{}.json", self.name)
    }

    fn seen(&self) -> Result<Vec<Seen>, String> {
        let text = fs::read_to_string(self.path()).map_err(|e| format!("{}: {e}", self.path()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", self.path()))
    }

    /// Writes what was seen into the README, between its marks.
    fn table(&self) -> Result<(), String> {
        let marks = [format!("<!-- peers {} -->\n", self.name), "<!-- end -->\n".into()];
        let readme = fs::read_to_string(README).map_err(|e| format!("{README}: {e}"))?;
        let tables: Vec<String> = self.seen()?.iter().map(|seen| seen.titled(self.markdown)).collect();
        let readme = between(&readme, &marks, &tables.join("\n")).ok_or(format!("{README}: no {marks:?}"))?;
        fs::write(README, readme).map_err(|e| format!("{README}: {e}"))
    }
}

impl Seen {
    /// The machine and its table.
    fn titled(&self, markdown: fn(&[Value]) -> String) -> String {
        format!("**{}**\n\n{}", self.machine, markdown(&self.rows))
    }
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
    let [family, model] = ["cpu family", "model\t"].map(|name| field(name).unwrap_or_else(|| "unknown".into()));
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    format!("{name} (family {family}, model {model}), {cores} cores")
}

/// `text` with `inner` between the marks.
fn between(text: &str, marks: &[String; 2], inner: &str) -> Option<String> {
    let (before, rest) = text.split_once(&marks[0])?;
    let (_, after) = rest.split_once(&marks[1])?;
    Some([before, &marks[0], inner, &marks[1], after].concat())
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or(f64::INFINITY)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A number as text that sorts as the number does.
fn padded(number: &Value) -> String {
    format!("{:>3}", plain(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn new_rows_replace_those_at_the_same_setting_on_the_same_machine_alone() {
        let row = |threads: u32, peer: &str, ratio: f64| json!({"what": "views", "precision": "f32", "threads": threads, "peer": peer, "ratio": ratio});
        let missing =
            |peer: &str| json!({"what": "views", "precision": "bf16", "threads": 1, "peer": peer, "missing": ""});
        let mut seen = vec![Seen { machine: "other".into(), rows: vec![row(1, "a", 1.0)] }];
        let pictures = &CHORES[1];
        pictures.merge(&mut seen, "this", vec![row(1, "a", 2.0), row(2, "a", 3.0), missing("a"), missing("b")]);
        pictures.merge(&mut seen, "this", vec![row(2, "a", 4.0)]);
        assert_eq!(seen[0].rows, [row(1, "a", 1.0)]);
        assert_eq!(seen[1].rows, [missing("b"), row(1, "a", 2.0), row(2, "a", 4.0)]);
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let marks = ["<!-- a -->\n".to_owned(), "<!-- end -->\n".to_owned()];
        let [open, close] = &marks;
        let text = format!("a\n{open}old\n{close}b");
        assert_eq!(between(&text, &marks, "new\n").unwrap(), format!("a\n{open}new\n{close}b"));
        assert_eq!(between("nothing", &marks, "new"), None);
    }
}
