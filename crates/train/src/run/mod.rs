//! The run folder: everything that a run leaves behind, and everything that continuing it needs.
//!
//! `run.toml` says how to repeat it, `checkpoints/` how to continue it, `metrics.csv` and TensorBoard's event files how it
//! went, `events.jsonl` what happened when; `last.safetensors` and `best.safetensors` are model files.

mod checkpoint;
mod journal;
mod metrics;
mod record;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use checkpoint::{Checkpoint, Judged, Progress};
pub use metrics::Row;
pub use record::Record;
use rexnet_report::{EventError, EventFile};

use crate::{Conduct, TrainError};
use journal::{Journal, seconds};
use metrics::Metrics;

/// Scalars for TensorBoard, which looks for this name.
const EVENTS: &str = "events.out.tfevents.rexnet";

/// Whether the run in `folder` can be continued.
pub fn has_checkpoint(folder: &Path) -> bool {
    checkpoint::all_in(folder).is_ok_and(|all| !all.is_empty())
}

/// An open run folder.
pub(crate) struct Run {
    folder: PathBuf,
    journal: Journal,
    metrics: Metrics,
    events: EventFile,
}

impl Run {
    /// Begins a run in its folder, or continues the one that is there.
    /// # Errors
    /// `RunExists` when a run is there and none is to be continued, `Changed` when it was begun with other settings.
    pub(crate) fn open(record: &Record, conduct: &Conduct) -> Result<(Self, Option<Checkpoint>), TrainError> {
        let folder = conduct.out.as_path();
        let description = folder.join(record::FILE);
        if description.exists() {
            if !conduct.resume {
                return Err(TrainError::RunExists { path: folder.into() });
            }
            if !conduct.accept_changes {
                record.same_as(&description)?;
            }
        }
        fs::create_dir_all(folder.join(checkpoint::FOLDER)).map_err(TrainError::file(folder))?;
        record.write(&description)?;
        let checkpoint = Checkpoint::newest(folder)?;
        let step = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.progress.update);
        let events = folder.join(EVENTS);
        let mut run = Self {
            folder: folder.into(),
            journal: Journal::open(&folder.join("events.jsonl"))?,
            metrics: Metrics::open(&folder.join("metrics.csv"), step)?,
            events: EventFile::append(&events, step + 1, seconds()).map_err(events_error(&events))?,
        };
        run.note(if step > 0 { "resumed" } else { "started" }, &serde_json::json!({ "step": step }))?;
        Ok((run, checkpoint))
    }

    /// The newest checkpoint.
    pub(crate) fn newest(&self) -> Option<PathBuf> {
        checkpoint::all_in(&self.folder).ok()?.pop()
    }

    /// Where it lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes an event into the journal.
    pub(crate) fn note(&mut self, event: &str, facts: &serde_json::Value) -> Result<(), TrainError> {
        self.journal.append(event, facts)
    }

    /// Writes the line of an evaluation.
    pub(crate) fn row(&mut self, row: &Row) -> Result<(), TrainError> {
        self.metrics.append(row)?;
        let scalars: Vec<_> = row.scalars().collect();
        self.scalars(row.step, &scalars)?;
        self.note("evaluated", &serde_json::json!({ "step": row.step, "epoch": row.epoch, "top1": row.top1 }))
    }

    /// Writes scalars of a step for TensorBoard, which may be reading.
    pub(crate) fn scalars(&mut self, step: u64, scalars: &[(&str, f64)]) -> Result<(), TrainError> {
        let mut put = |(name, value): &(&str, f64)| self.events.scalar(name, step, *value as f32, seconds());
        let written = scalars.iter().try_for_each(&mut put).and_then(|()| self.events.flush());
        written.map_err(events_error(&self.folder.join(EVENTS)))
    }

    /// Saves a checkpoint; older ones but the one before are removed.
    pub(crate) fn save(&mut self, checkpoint: &Checkpoint) -> Result<PathBuf, TrainError> {
        let path = checkpoint.save(&self.folder)?;
        self.note("saved", &serde_json::json!({ "step": checkpoint.progress.update }))?;
        Ok(path)
    }
}

fn events_error(path: &Path) -> impl FnOnce(EventError) -> TrainError {
    let path = path.to_owned();
    move |error| TrainError::Damaged { path, reason: error.to_string() }
}
