//! `run.toml`: how to repeat a run.

use std::fs;
use std::io::Write;
use std::path::Path;

use rexnet_spec::NetSpec;
use rexnet_weights::write_atomic;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::{Recipe, TrainError};

/// Its name in a run's folder.
pub(super) const FILE: &str = "run.toml";

/// Everything that a run's result follows from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the program.
    pub version: String,
    /// Seed of weights, order and augmentation.
    pub seed: u64,
    /// The data, as they were named.
    pub data: String,
    /// Fingerprint of the training pictures' names and classes.
    pub train_fingerprint: String,
    /// The same of the pictures to validate on.
    pub val_fingerprint: String,
    /// Training pictures.
    pub train_pictures: usize,
    /// Pictures to validate on.
    pub val_pictures: usize,
    /// Weights that it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// The recipe, every key.
    pub recipe: Recipe,
    /// The network.
    pub net: NetSpec,
}

impl Record {
    /// The record of the run in `folder`; none where no run was begun.
    /// # Errors
    /// A file that cannot be read or is no record.
    pub fn read(folder: &Path) -> Result<Option<Self>, TrainError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(TrainError::file(&path))?;
        let read = toml::from_str(&text).map(Some);
        read.map_err(|error| TrainError::Damaged { path, reason: error.message().to_owned() })
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), TrainError> {
        write_atomic(path, |out| out.write_all(self.to_toml().as_bytes())).map_err(TrainError::file(path))
    }

    fn to_toml(&self) -> String {
        toml::to_string(self).expect("every field has a TOML form")
    }

    /// Holds the run at `path` to this one. Where the data lie, and by which version it was begun, may differ.
    pub(super) fn same_as(&self, path: &Path) -> Result<(), TrainError> {
        let damaged = |reason: String| TrainError::Damaged { path: path.into(), reason };
        let text = fs::read_to_string(path).map_err(TrainError::file(path))?;
        let theirs: Table = text.parse().map_err(|error: toml::de::Error| damaged(error.message().into()))?;
        // Through the text as well, in which numbers have lost their width.
        let ours: Table = self.to_toml().parse().expect("our own text is TOML");
        let mut differences = Vec::new();
        compare("", &Value::Table(theirs), &Value::Table(ours), &mut differences);
        differences.retain(|line| !line.starts_with("data ") && !line.starts_with("version "));
        if differences.is_empty() { Ok(()) } else { Err(TrainError::Changed { path: path.into(), differences }) }
    }
}

/// Lists `key old -> new` for every leaf that differs.
fn compare(key: &str, old: &Value, new: &Value, differences: &mut Vec<String>) {
    let (Value::Table(old), Value::Table(new)) = (old, new) else {
        if old != new {
            differences.push(format!("{key} {old} -> {new}"));
        }
        return;
    };
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let absent = Value::String("absent".into());
    for name in keys {
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        compare(&key, old.get(name).unwrap_or(&absent), new.get(name).unwrap_or(&absent), differences);
    }
}
