//! What a step changes: weights, running statistics, momentum, moving average.

use std::borrow::Cow;

use burn::tensor::Device;
use rexnet_random::Stream;
use rexnet_spec::{Graph, Op, TensorDecl};
use rexnet_vision::data::Batch;

use crate::guard::Guard;
use crate::optim::{Optimizer, Rule, clip, norm};
use crate::recipe::{ClassWeights, Freeze};
use crate::run::{Checkpoint, Progress};
use crate::{Ema, Net, Noise, Recipe, Schedule, State, Statistics, Targets, TrainError};

pub(crate) struct Learner {
    net: Net,
    recipe: Recipe,
    rule: Rule,
    optimizer: Optimizer,
    ema: Option<Ema>,
    classes: usize,
    class_weights: Option<Vec<f32>>,
    noise: Stream,
    pub(crate) state: State,
    pub(crate) schedule: Schedule,
}

/// What the batches of one update add up to.
#[derive(Default)]
pub(crate) struct Pass {
    batches: u64,
    loss: f64,
    /// Sum of the batches' gradients.
    slices: Vec<Vec<f32>>,
    statistics: Vec<Vec<Statistics>>,
    /// Pictures, and those whose label had the largest logit.
    pub(crate) pictures: u64,
    pub(crate) right: u64,
}

impl Pass {
    /// Mean loss of its batches.
    pub(crate) fn loss(&self) -> f64 {
        self.loss / self.batches as f64
    }
}

impl Learner {
    /// `counts` are the pictures of each class, `per_epoch` the updates of an epoch.
    pub(crate) fn new(
        graph: &Graph,
        recipe: Recipe,
        state: State,
        counts: &[usize],
        per_epoch: u64,
        noise: Stream,
        device: Device,
    ) -> Self {
        let head = graph.nodes.iter().rposition(|node| node.op == Op::Pool).unwrap_or(0);
        let learned = |decl: &TensorDecl| recipe.freeze == Freeze::None || decl.node > head;
        let net = Net::new(graph, device, learned);
        let rule = recipe.rule();
        Self {
            optimizer: Optimizer::new(rule, recipe.weight_decay, recipe.decay_all, &state, net.trainable()),
            ema: (recipe.ema > 0.0).then(|| Ema::new(recipe.ema, &state)),
            classes: counts.len(),
            class_weights: (recipe.class_weights == ClassWeights::Balanced).then(|| balanced(counts)),
            schedule: recipe.schedule(per_epoch),
            net,
            recipe,
            rule,
            noise,
            state,
        }
    }

    /// Batches of an update.
    pub(crate) fn accumulate(&self) -> u64 {
        self.recipe.accumulate as u64
    }

    /// Runs a batch and adds what it gives to `pass`.
    pub(crate) fn add(&self, pass: &mut Pass, step: u64, batch: Batch) -> Result<(), TrainError> {
        let Batch { pixels, labels, lambda } = batch;
        let (smoothing, weights) = (self.recipe.label_smoothing, self.class_weights.as_deref());
        let targets = Targets::hard(&labels, self.classes, smoothing, weights).mixed(lambda);
        let noise =
            Noise { stream: self.noise.at(step), drop_path: self.recipe.drop_path, dropout: self.recipe.dropout };
        let found = self.net.gradients(&self.state, pixels, &targets, noise)?;
        pass.batches += 1;
        pass.loss += f64::from(found.loss);
        pass.pictures += labels.len() as u64;
        let rows = found.logits.chunks_exact(self.classes).zip(&labels);
        pass.right += rows.filter(|(logits, label)| logits.iter().all(|&z| z <= logits[**label])).count() as u64;
        pass.statistics.push(found.statistics);
        if pass.slices.is_empty() {
            pass.slices = found.slices;
        } else {
            pass.slices.iter_mut().flatten().zip(found.slices.iter().flatten()).for_each(|(sum, g)| *sum += g);
        }
        Ok(())
    }

    /// Steps along the mean gradient; whether it was finite. One that is not changes nothing.
    /// # Errors
    /// `Diverged`.
    pub(crate) fn step(&mut self, update: u64, pass: &mut Pass, guard: &mut Guard) -> Result<bool, TrainError> {
        if pass.batches > 1 {
            let share = 1.0 / pass.batches as f32;
            pass.slices.iter_mut().flatten().for_each(|g| *g *= share);
        }
        let (lr, length) = (self.schedule.at(update), norm(&pass.slices));
        if !guard.accepts(update + 1, lr, pass.loss(), length, &self.state, &pass.slices)? {
            return Ok(false);
        }
        if self.recipe.clip_norm > 0.0 {
            clip(&mut pass.slices, length, self.recipe.clip_norm);
        }
        self.optimizer.step(lr, &mut self.state.values, &pass.slices);
        for statistics in &pass.statistics {
            for statistics in statistics {
                statistics.enter(&mut self.state);
            }
            self.state.batches += i64::from(!statistics.is_empty());
        }
        if let Some(ema) = &mut self.ema {
            ema.update(update + 1, &self.state);
        }
        Ok(true)
    }

    pub(crate) fn has_ema(&self) -> bool {
        self.ema.is_some()
    }

    /// What is evaluated and saved: the moving average where there is one.
    pub(crate) fn saved(&self) -> Cow<'_, State> {
        self.ema.as_ref().map_or(Cow::Borrowed(&self.state), |ema| Cow::Owned(ema.applied_to(&self.state)))
    }

    pub(crate) fn checkpoint(&self, progress: Progress) -> Checkpoint {
        Checkpoint::new(progress, &self.state, self.rule, &self.optimizer, self.ema.as_ref())
    }

    pub(crate) fn restore(&mut self, checkpoint: Checkpoint) -> Result<Progress, TrainError> {
        checkpoint.restore(&mut self.state, self.rule, &mut self.optimizer, self.ema.as_mut())
    }
}

/// Weights inverse to the number of pictures, 1 on average over the pictures; 0 for a class without any.
fn balanced(counts: &[usize]) -> Vec<f32> {
    let (total, classes) = (counts.iter().sum::<usize>() as f64, counts.iter().filter(|&&n| n > 0).count() as f64);
    counts.iter().map(|&n| if n > 0 { (total / (classes * n as f64)) as f32 } else { 0.0 }).collect()
}
