//! Checkpoints: all that a run has in memory, in one safetensors file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rexnet_weights::{Data, Store, Tensor, Tensors, safetensors};
use serde::{Deserialize, Serialize};

use crate::guard::Guard;
use crate::optim::{Optimizer, Rule};
use crate::{Ema, State, TrainError};

/// Folder of the checkpoints in a run.
pub(super) const FOLDER: &str = "checkpoints";
/// Checkpoints that are kept.
const KEPT: usize = 2;
const FORMAT: u32 = 1;
const PROGRESS: &str = "rexnet.progress";

/// Where a run is, tensors apart. Sums are kept as bits, so that they come back as they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) format: u32,
    /// Updates behind it.
    pub(crate) update: u64,
    /// Batches that the running statistics have seen.
    pub(crate) batches: i64,
    /// Steps of the optimizer; fewer than updates where some were skipped.
    pub(crate) steps: u64,
    pub(crate) guard: Guard,
    /// Bits of the sum of training losses since the last evaluation.
    pub(crate) loss_sum: u64,
    /// Pictures since the last evaluation, and those that were right.
    pub(crate) seen: u64,
    pub(crate) right: u64,
    /// Batches whose loss is in the sum.
    pub(crate) losses: u64,
    pub(crate) best: Option<Judged>,
    pub(crate) last: Option<Judged>,
    /// Epochs since the best.
    pub(crate) stale: u32,
}

/// An evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// Pictures recognised, of how many.
    pub(crate) right: u64,
    pub(crate) count: u64,
    pub(crate) epoch: u64,
}

impl Judged {
    pub(crate) fn top1(&self) -> f64 {
        100.0 * self.right as f64 / self.count as f64
    }
}

/// A point that a run continues from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checkpoint {
    pub(crate) progress: Progress,
    tensors: Tensors,
}

impl Checkpoint {
    pub(crate) fn new(progress: Progress, state: &State, rule: Rule, optimizer: &Optimizer, ema: Option<&Ema>) -> Self {
        let mut tensors = Tensors::new();
        let mut put = |part: &str, values: &[Vec<f32>]| {
            for (decl, values) in state.decls.iter().zip(values).filter(|(_, values)| !values.is_empty()) {
                tensors.insert(format!("{part}/{}", decl.name), Tensor::f32(decl.shape.clone(), values.clone()));
            }
        };
        put("net", &state.values);
        rule.slots().iter().zip(&optimizer.slots).for_each(|(slot, values)| put(slot, values));
        if let Some(ema) = ema {
            put("ema", &ema.values);
        }
        let progress = Progress { format: FORMAT, batches: state.batches, steps: optimizer.steps, ..progress };
        Self { progress, tensors }
    }

    /// Puts everything back where [`Checkpoint::new`] took it from.
    pub(crate) fn restore(
        mut self,
        state: &mut State,
        rule: Rule,
        optimizer: &mut Optimizer,
        ema: Option<&mut Ema>,
    ) -> Result<Progress, TrainError> {
        let names: Vec<String> = state.decls.iter().map(|decl| decl.name.clone()).collect();
        let mut take = |part: &str, values: &mut [Vec<f32>]| {
            for (name, values) in names.iter().zip(values).filter(|(_, values)| !values.is_empty()) {
                match self.tensors.remove(&format!("{part}/{name}")).map(|tensor| tensor.data) {
                    Some(Data::F32(saved)) if saved.len() == values.len() => *values = saved,
                    _ => return Err(format!("{part}/{name} is missing or has another size")),
                }
            }
            Ok(())
        };
        let all = || {
            take("net", &mut state.values)?;
            rule.slots().iter().zip(&mut optimizer.slots).try_for_each(|(slot, values)| take(slot, values))?;
            ema.map_or(Ok(()), |ema| take("ema", &mut ema.values))
        };
        all().map_err(|reason| TrainError::Damaged { path: FOLDER.into(), reason })?;
        state.batches = self.progress.batches;
        optimizer.steps = self.progress.steps;
        Ok(self.progress)
    }

    /// Writes it into a run's folder, atomically, and removes all but the newest.
    pub(super) fn save(&self, run: &Path) -> Result<PathBuf, TrainError> {
        let path = run.join(FOLDER).join(format!("step-{:010}.safetensors", self.progress.update));
        let progress = serde_json::to_string(&self.progress).expect("numbers have a JSON form");
        safetensors::save(&path, &BTreeMap::from([(PROGRESS.to_owned(), progress)]), &self.tensors)?;
        let mut all = all_in(run)?;
        all.truncate(all.len().saturating_sub(KEPT));
        all.into_iter().try_for_each(|old| fs::remove_file(&old).map_err(TrainError::file(old)))?;
        Ok(path)
    }

    /// The newest checkpoint of a run.
    pub(super) fn newest(run: &Path) -> Result<Option<Self>, TrainError> {
        let Some(path) = all_in(run)?.pop() else { return Ok(None) };
        let damaged = |reason: &str| TrainError::Damaged { path: path.clone(), reason: reason.into() };
        let store = Store::open(&path)?;
        let progress = store.metadata().get(PROGRESS).ok_or_else(|| damaged("no checkpoint of this program"))?;
        let progress: Progress = serde_json::from_str(progress).map_err(|error| damaged(&error.to_string()))?;
        if progress.format > FORMAT {
            return Err(damaged("written by a newer version of this program"));
        }
        let names: Vec<String> = store.names().map(str::to_owned).collect();
        let tensors = names.into_iter().map(|name| Ok((name.clone(), store.read(&name)?)));
        Ok(Some(Self { progress, tensors: tensors.collect::<Result<_, rexnet_weights::WeightsError>>()? }))
    }
}

/// Checkpoints of a run, oldest first.
pub(super) fn all_in(run: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let folder = run.join(FOLDER);
    let entries = fs::read_dir(&folder).map_err(TrainError::file(&folder))?;
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(TrainError::file(&folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("step-") && path.extension().is_some_and(|extension| extension == "safetensors") {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}
