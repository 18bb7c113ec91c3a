//! `cargo xtask peers infer|pictures [OPTIONS OF tools/peers/….py]`: the built binary beside others, and what was seen as
//! `tools/peers/….json`, from which a table of the README is written. What another run saw on the same machine stays in the
//! file where this one saw nothing. `cargo xtask peers table` writes the tables again.
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

use serde_json::{Value, json};

/// Something to measure, by the script and into the file of its name.
struct Chore {
    name: &'static str,
    /// What a row was measured at: rows of one run replace those of another at the same.
    setting: fn(&Value) -> Vec<String>,
    markdown: fn(&Value) -> String,
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
        let machine = machine();
        let earlier = self.seen().unwrap_or_default();
        let is_new = |row: &Value| rows.iter().any(|new| self.key(new) == self.key(row));
        let earlier = if earlier["machine"] == *machine { rows_of(&earlier) } else { &[] };
        let mut all: Vec<Value> = earlier.iter().filter(|row| !is_new(row)).cloned().collect();
        all.extend(rows);
        all.sort_by_key(|row| self.key(row));
        let text =
            serde_json::to_string_pretty(&json!({"machine": machine, "rows": all})).map_err(|e| e.to_string())?;
        fs::write(self.path(), text + "\n").map_err(|e| format!("{}: {e}", self.path()))
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

    fn seen(&self) -> Result<Value, String> {
        let text = fs::read_to_string(self.path()).map_err(|e| format!("{}: {e}", self.path()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", self.path()))
    }

    /// Writes what was seen into the README, between its marks.
    fn table(&self) -> Result<(), String> {
        let marks = [format!("<!-- peers {} -->\n", self.name), "<!-- end -->\n".into()];
        let readme = fs::read_to_string(README).map_err(|e| format!("{README}: {e}"))?;
        let readme =
            between(&readme, &marks, &(self.markdown)(&self.seen()?)).ok_or(format!("{README}: no {marks:?}"))?;
        fs::write(README, readme).map_err(|e| format!("{README}: {e}"))
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
    let model = field("model\t").map_or(String::new(), |model| format!(" (model {model})"));
    format!("{name}{model}, {} cores", info.lines().filter(|line| line.starts_with("processor")).count())
}

/// `text` with `inner` between the marks.
fn between(text: &str, marks: &[String; 2], inner: &str) -> Option<String> {
    let (before, rest) = text.split_once(&marks[0])?;
    let (_, after) = rest.split_once(&marks[1])?;
    Some([before, &marks[0], inner, &marks[1], after].concat())
}

fn rows_of(seen: &Value) -> &[Value] {
    seen["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
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

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let marks = ["<!-- a -->\n".to_owned(), "<!-- end -->\n".to_owned()];
        let [open, close] = &marks;
        let text = format!("a\n{open}old\n{close}b");
        assert_eq!(between(&text, &marks, "new\n").unwrap(), format!("a\n{open}new\n{close}b"));
        assert_eq!(between("nothing", &marks, "new"), None);
    }
}
