//! Batch norm with PyTorch's running statistics.

use burn::tensor::Tensor;
use burn::tensor::module::{batch_norm, batch_norm_train};

use super::slice;
use crate::State;

/// Mean and biased variance of one batch at one batch norm, waiting to enter the running ones.
pub struct Statistics {
    /// Place of the running mean in [`State`]; the variance stands behind it.
    at: usize,
    momentum: f32,
    /// Values of a channel that the batch had.
    count: usize,
    mean: Tensor<1>,
    variance: Tensor<1>,
}

/// Scale, shift, running mean and running variance of a batch norm, `[channels]` each.
pub(crate) struct Tensors {
    pub(crate) weight: Tensor<1>,
    pub(crate) bias: Tensor<1>,
    pub(crate) mean: Tensor<1>,
    pub(crate) variance: Tensor<1>,
}

/// Normalises by the running statistics.
pub(crate) fn by_running(x: Tensor<4>, norm: Tensors, eps: f32) -> Tensor<4> {
    batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance, f64::from(eps))
}

/// Normalises by the batch's own statistics and remembers them for the running ones at `at`.
pub(crate) fn by_batch(x: Tensor<4>, norm: Tensors, eps: f32, momentum: f32, at: usize) -> (Tensor<4>, Statistics) {
    let [n, _, h, w] = x.dims();
    let out = batch_norm_train(x, norm.weight, norm.bias, f64::from(eps));
    let (mean, variance) = (out.mean, out.variance);
    (out.output, Statistics { at, momentum, count: n * h * w, mean, variance })
}

impl Statistics {
    /// Moves the running statistics by `momentum` towards the batch's; the variance as PyTorch's, unbiased.
    pub fn enter(&self, state: &mut State) {
        let unbias = self.count as f32 / (self.count as f32 - 1.0);
        for (at, batch, gain) in [(self.at, &self.mean, 1.0), (self.at + 1, &self.variance, unbias)] {
            for (running, new) in state.values[at].iter_mut().zip(slice(batch.clone())) {
                *running = (1.0 - self.momentum) * *running + self.momentum * (gain * new);
            }
        }
    }
}
