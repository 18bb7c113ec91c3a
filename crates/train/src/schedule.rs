//! The learning rate of an update: a linear warm-up, then half a cosine.

use std::f64::consts::PI;

/// timm's `CosineLRScheduler` with `t_in_epochs=False` and no warm-up prefix: the cosine runs over all updates, the
/// warm-up replaces its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Rate at the top of the cosine.
    pub lr: f64,
    /// Rate of the first update of the warm-up.
    pub warmup_lr: f64,
    /// Rate at the end of the cosine.
    pub min_lr: f64,
    /// Updates of the warm-up.
    pub warmup: u64,
    /// Updates in all.
    pub updates: u64,
}

impl Schedule {
    /// The rate of update `at`, counted from 0.
    pub fn at(&self, at: u64) -> f64 {
        if at < self.warmup {
            return self.warmup_lr + at as f64 * (self.lr - self.warmup_lr) / self.warmup as f64;
        }
        if at >= self.updates {
            return self.min_lr;
        }
        self.min_lr + 0.5 * (self.lr - self.min_lr) * (1.0 + (PI * at as f64 / self.updates as f64).cos())
    }
}
