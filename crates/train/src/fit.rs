//! The training loop. Every part is a function of the step, so continuing is only another start.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use rexnet_random::Stream;
use rexnet_vision::data::{Loader, LoaderOptions, Training};
use rexnet_weights::{ModelFile, ModelMeta};
use serde_json::json;

use crate::evaluate::Validation;
use crate::learner::{Learner, Pass};
use crate::run::{Judged, Progress, Record, Row, Run};
use crate::{State, TrainError, memory};

/// Time between two checkpoints within an epoch.
const BETWEEN_SAVES: Duration = Duration::from_mins(5);

/// What is to be trained, on what, and where.
pub struct Job {
    /// Network, recipe and seed, as they are written down so that the run can be repeated.
    pub record: Record,
    /// Weights to begin with.
    pub state: State,
    /// Pictures.
    pub data: Training,
    /// Where, how long and by what means.
    pub conduct: Conduct,
}

/// What of a run changes no result: where it lies, how long it goes, what computes it.
#[derive(Clone, Debug)]
pub struct Conduct {
    /// The run's folder.
    pub out: PathBuf,
    /// Whether a run that is there is continued.
    pub resume: bool,
    /// Whether it may be continued with other settings.
    pub accept_changes: bool,
    /// Time after which the run saves and ends.
    pub max_time: Option<Duration>,
    /// Threads.
    pub threads: usize,
    /// Bytes of memory that the process may take.
    pub memory: u64,
    /// Where to compute.
    pub device: Device,
}

impl Conduct {
    /// A new run in `out`, to its end, on the processor.
    pub fn new(out: PathBuf, threads: usize, memory: u64) -> Self {
        Self { out, resume: false, accept_changes: false, max_time: None, threads, memory, device: Device::flex() }
    }
}

/// What a run tells on the way.
#[derive(Clone, Debug)]
pub enum News {
    /// It begins, or goes on, behind so many of all updates.
    Begun {
        /// Updates behind it.
        update: u64,
        /// Updates in all.
        updates: u64,
    },
    /// An update was made.
    Step {
        /// Updates behind it.
        update: u64,
        /// Loss of its pictures.
        loss: f64,
    },
    /// A step was not finite and changed nothing.
    Skipped {
        /// The update.
        update: u64,
    },
    /// An epoch ended.
    Epoch(Row),
    /// A picture cannot be read and another takes its place.
    Broken(String),
    /// A checkpoint was saved, in the middle of an epoch or because it was asked for.
    Saved(PathBuf),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Epochs that were finished.
    pub epochs: u64,
    /// Best top-1 in percent, and its epoch.
    pub best: Option<(f64, u64)>,
    /// Last top-1 in percent, and its epoch.
    pub last: Option<(f64, u64)>,
    /// Training pictures a second.
    pub images_per_s: f64,
    /// Seconds.
    pub seconds: f64,
    /// Whether it ended before its last epoch because it was told to.
    pub interrupted: bool,
}

/// Trains until the last epoch, until patience or time run out, or until `stop` says so; then everything is saved.
/// # Errors
/// `Memory` before the first step, `Diverged`, and what is wrong with data or folder.
pub fn fit(job: Job, stop: &dyn Fn() -> bool, tell: &mut dyn FnMut(News)) -> Result<Outcome, TrainError> {
    let mut session = Session::begin(job)?;
    let updates = session.learner.schedule.updates;
    tell(News::Begun { update: session.progress.update, updates });
    while session.progress.update < updates && !session.is_stale() {
        if stop() || session.is_late() {
            let path = session.save()?;
            tell(News::Saved(path));
            return session.outcome(true);
        }
        session.update(tell)?;
        if session.progress.update.is_multiple_of(session.per_epoch) {
            let row = session.evaluate()?;
            session.save()?;
            tell(News::Epoch(row));
        } else if session.saved.elapsed() > BETWEEN_SAVES {
            let path = session.save()?;
            tell(News::Saved(path));
        }
    }
    session.outcome(false)
}

/// A run at work.
struct Session {
    learner: Learner,
    loader: Loader,
    validation: Validation,
    run: Run,
    progress: Progress,
    meta: ModelMeta,
    patience: u32,
    max_time: Option<Duration>,
    /// Updates of an epoch.
    per_epoch: u64,
    begun: Instant,
    begun_at: u64,
    saved: Instant,
    told_broken: usize,
}

impl Session {
    fn begin(job: Job) -> Result<Self, TrainError> {
        rexnet_kernels::keep_freed_memory();
        let Job { record, state, data: Training { train, val, .. }, conduct } = job;
        let Record { net, recipe, seed, .. } = &record;
        let meta =
            ModelMeta { classes: (!train.numbered).then(|| train.classes.clone()), ..ModelMeta::new(net.clone()) };
        let options = LoaderOptions {
            seed: *seed,
            batch: recipe.batch,
            threads: conduct.threads,
            augment: recipe.augment.clone(),
            input: net.input.clone(),
        };
        let counts = train.counts();
        let loader = Loader::new(train, options)?;
        let graph = net.graph(net.input.size)?;
        memory::check(&graph, loader.batch(), conduct.memory)?;
        let per_epoch = loader.batches().div_ceil(recipe.accumulate as u64);
        let validation = Validation::new(net, val, conduct.threads)?;
        let noise = Stream::new(*seed).named("noise");
        let (patience, max_time) = (recipe.patience, conduct.max_time);
        let (run, checkpoint) = Run::open(&record, &conduct)?;
        let mut learner = Learner::new(&graph, record.recipe, state, &counts, per_epoch, noise, conduct.device);
        let progress = checkpoint.map_or(Ok(Progress::default()), |checkpoint| learner.restore(checkpoint))?;
        let now = Instant::now();
        Ok(Self {
            learner,
            loader,
            validation,
            run,
            begun_at: progress.update,
            progress,
            meta,
            patience,
            max_time,
            per_epoch,
            begun: now,
            saved: now,
            told_broken: 0,
        })
    }

    /// One update: some batches, their mean gradient, and, where that is finite, a step.
    fn update(&mut self, tell: &mut dyn FnMut(News)) -> Result<(), TrainError> {
        let update = self.progress.update;
        let (epoch, within) = (update / self.per_epoch, update % self.per_epoch);
        let first = epoch * self.loader.batches() + within * self.learner.accumulate();
        let last = (first + self.learner.accumulate()).min((epoch + 1) * self.loader.batches());
        let mut pass = Pass::default();
        for step in first..last {
            self.learner.add(&mut pass, step, self.loader.at(step)?)?;
        }
        let accepted = self.learner.step(update, &mut pass, &mut self.progress.guard);
        self.progress.update += 1;
        if accepted.map_err(|error| self.with_checkpoint(error))? {
            self.progress.losses += 1;
            self.progress.loss_sum = (f64::from_bits(self.progress.loss_sum) + pass.loss()).to_bits();
            self.progress.right += pass.right;
            self.progress.seen += pass.pictures;
            tell(News::Step { update: update + 1, loss: pass.loss() });
            let scalars = [("step/loss", pass.loss()), ("step/lr", self.learner.schedule.at(update))];
            self.run.scalars(update + 1, &scalars)?;
        } else {
            self.run.note("skipped", &json!({ "step": update + 1, "loss": pass.loss().to_string() }))?;
            tell(News::Skipped { update: update + 1 });
        }
        let broken = self.loader.broken();
        for name in &broken[self.told_broken.min(broken.len())..] {
            self.run.note("broken", &json!({ "picture": name }))?;
            tell(News::Broken(name.clone()));
        }
        self.told_broken = broken.len();
        Ok(())
    }

    fn with_checkpoint(&mut self, error: TrainError) -> TrainError {
        let _ = self.run.note("failed", &json!({ "error": error.to_string() })); // the error itself is told
        match error {
            TrainError::Diverged { step, lr, steps, tensor, .. } => {
                TrainError::Diverged { step, lr, steps, tensor, checkpoint: self.run.newest() }
            }
            other => other,
        }
    }

    /// Judges what is saved, writes the line, and keeps the best.
    fn evaluate(&mut self) -> Result<Row, TrainError> {
        let epoch = self.progress.update / self.per_epoch;
        let learner = &self.learner;
        let mut row = Row {
            step: self.progress.update,
            epoch,
            lr: learner.schedule.at(self.progress.update - 1),
            loss: f64::from_bits(self.progress.loss_sum) / self.progress.losses as f64,
            train_top1: 100.0 * self.progress.right as f64 / self.progress.seen as f64,
            skipped: self.progress.guard.skipped,
            images_per_s: self.images_per_s(),
            seconds: self.begun.elapsed().as_secs_f64(),
            ..Row::default()
        };
        let mut is_best = self.validation.is_empty();
        if !self.validation.is_empty() {
            let tally = self.validation.tally(&learner.saved())?;
            let scores = tally.scores();
            (row.top1, row.top5, row.val_loss) = (scores.top1, scores.top5, scores.loss);
            if learner.has_ema() {
                row.raw_top1 = self.validation.tally(&learner.state)?.scores().top1;
            }
            is_best = self.progress.best.is_none_or(|best| tally.right() > best.right);
            self.progress.last = Some(Judged { right: tally.right(), count: tally.count(), epoch });
            if is_best {
                self.progress.best = self.progress.last;
            }
        }
        self.progress.stale = if is_best { 0 } else { self.progress.stale + 1 };
        self.save_models(&row, is_best)?;
        self.run.row(&row)?;
        (self.progress.loss_sum, self.progress.losses, self.progress.right, self.progress.seen) = (0, 0, 0, 0);
        Ok(row)
    }

    fn save_models(&mut self, row: &Row, is_best: bool) -> Result<(), TrainError> {
        self.meta.training = Some(json!({
            "epochs": row.epoch,
            "updates": row.step,
            "top1": row.top1,
            "val_loss": row.val_loss,
            "weights": if self.learner.has_ema() { "moving average" } else { "as trained" },
        }));
        let tensors = self.learner.saved().tensors();
        ModelFile::save(self.run.folder().join("last.safetensors"), &self.meta, &tensors)?;
        if is_best {
            ModelFile::save(self.run.folder().join("best.safetensors"), &self.meta, &tensors)?;
        }
        Ok(())
    }

    fn save(&mut self) -> Result<PathBuf, TrainError> {
        self.saved = Instant::now();
        self.run.save(&self.learner.checkpoint(self.progress))
    }

    fn is_stale(&self) -> bool {
        self.patience > 0 && self.progress.stale >= self.patience
    }

    fn is_late(&self) -> bool {
        self.max_time.is_some_and(|most| self.begun.elapsed() >= most)
    }

    fn images_per_s(&self) -> f64 {
        let pictures = (self.progress.update - self.begun_at) * self.learner.accumulate() * self.loader.batch() as u64;
        pictures as f64 / self.begun.elapsed().as_secs_f64().max(1e-9)
    }

    fn outcome(mut self, interrupted: bool) -> Result<Outcome, TrainError> {
        self.run
            .note(if interrupted { "interrupted" } else { "finished" }, &json!({ "step": self.progress.update }))?;
        let judged = |judged: Judged| (judged.top1(), judged.epoch);
        Ok(Outcome {
            epochs: self.progress.update / self.per_epoch,
            best: self.progress.best.map(judged),
            last: self.progress.last.map(judged),
            images_per_s: self.images_per_s(),
            seconds: self.begun.elapsed().as_secs_f64(),
            interrupted,
        })
    }
}
