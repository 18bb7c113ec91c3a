//! `metrics.csv`: a line for every evaluation.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use rexnet_weights::write_atomic;

use crate::TrainError;

/// One evaluation. `top1` and `top5` are percent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Updates so far.
    pub step: u64,
    /// Epochs so far.
    pub epoch: u64,
    /// Rate of the last update.
    pub lr: f64,
    /// Mean training loss since the last evaluation.
    pub loss: f64,
    /// Of the weights that are saved: the moving average where the recipe has one.
    pub top1: Option<f64>,
    /// The same, of five.
    pub top5: Option<f64>,
    /// Mean cross entropy of the pictures to validate on.
    pub val_loss: Option<f64>,
    /// Of the weights themselves, where a moving average is saved.
    pub raw_top1: Option<f64>,
    /// Training pictures that the network got right on the way.
    pub train_top1: f64,
    /// Steps of the run that were not finite and changed nothing.
    pub skipped: u64,
    /// Training pictures a second.
    pub images_per_s: f64,
    /// Seconds since the run was begun or continued.
    pub seconds: f64,
}

/// Names of the columns.
const HEAD: &str = "step,epoch,lr,loss,top1,top5,val_loss,raw_top1,train_top1,skipped,images_per_s,seconds";

impl Row {
    fn line(&self) -> String {
        let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        format!(
            "{},{},{},{},{},{},{},{},{},{},{:.1},{:.1}",
            self.step,
            self.epoch,
            self.lr,
            self.loss,
            optional(self.top1),
            optional(self.top5),
            optional(self.val_loss),
            optional(self.raw_top1),
            self.train_top1,
            self.skipped,
            self.images_per_s,
            self.seconds,
        )
    }

    /// What TensorBoard shows of it.
    pub(super) fn scalars(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = [
            ("train/loss", Some(self.loss)),
            ("train/top1", Some(self.train_top1)),
            ("train/lr", Some(self.lr)),
            ("val/top1", self.top1),
            ("val/top5", self.top5),
            ("val/loss", self.val_loss),
            ("val/raw_top1", self.raw_top1),
            ("speed/images_per_s", Some(self.images_per_s)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

pub(super) struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Opens the table; lines behind `step`, which a continued run writes again, are dropped.
    pub(super) fn open(path: &Path, step: u64) -> Result<Self, TrainError> {
        let old = if path.exists() { fs::read_to_string(path).map_err(TrainError::file(path))? } else { String::new() };
        let kept = old.split_inclusive('\n').skip(1).filter(|line| {
            let of = line.split(',').next().and_then(|step| step.parse::<u64>().ok());
            line.ends_with('\n') && of.is_some_and(|of| of <= step)
        });
        let text: String = [HEAD, "\n"].into_iter().chain(kept).collect();
        write_atomic(path, |out| out.write_all(text.as_bytes())).map_err(TrainError::file(path))?;
        let file = OpenOptions::new().append(true).open(path).map_err(TrainError::file(path))?;
        Ok(Self { path: path.into(), file })
    }

    pub(super) fn append(&mut self, row: &Row) -> Result<(), TrainError> {
        self.file.write_all(format!("{}\n", row.line()).as_bytes()).map_err(TrainError::file(&self.path))
    }
}
