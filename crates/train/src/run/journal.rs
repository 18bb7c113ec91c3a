//! `events.jsonl`: what happened when, a JSON object a line. Append-only; a torn last line is dropped.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::TrainError;

pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    pub(super) fn open(path: &Path) -> Result<Self, TrainError> {
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(TrainError::file(path))?;
        let text = fs::read(path).map_err(TrainError::file(path))?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(whole as u64).map_err(TrainError::file(path))?;
        Ok(Self { path: path.into(), file })
    }

    pub(super) fn append(&mut self, event: &str, facts: &Value) -> Result<(), TrainError> {
        let mut line = json!({ "event": event, "time": seconds() });
        if let (Some(line), Some(facts)) = (line.as_object_mut(), facts.as_object()) {
            line.extend(facts.clone());
        }
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(TrainError::file(&self.path))
    }
}

/// Seconds since 1970.
pub(super) fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
