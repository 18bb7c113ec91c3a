//! The network as Burn operations: an interpreter of the graph, on any device.
//!
//! Parameters enter as flat leaves and are shaped where they are used, so that gradients come back as plain slices in
//! the order of [`State`]. Batch norm keeps its running statistics here, with PyTorch's unbiased variance.

mod forward;
mod norm;
#[cfg(test)]
mod tests;

use burn::tensor::{Device, Tensor, TensorData};
use rexnet_random::Stream;
use rexnet_spec::{Graph, Role, Shape, TensorDecl};

use crate::loss::Targets;
use crate::{State, TrainError};
use forward::Forward;
pub use norm::Statistics;

/// A graph ready to be run forward and backward.
pub struct Net {
    graph: Graph,
    device: Device,
    trainable: Vec<bool>,
    /// Place in [`State`] of each node's first tensor.
    first: Vec<usize>,
    /// Blocks, for the drop-path rate that grows with depth.
    blocks: usize,
}

/// What makes a training step random, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// Stream of this step; masks are a function of it, the layer, and the picture's place in the batch.
    pub stream: Stream,
    /// Drop-path rate of the last block; earlier ones have their share by depth, as timm scales it.
    pub drop_path: f32,
    /// Dropout in front of the classifier; none takes the network's own.
    pub dropout: Option<f32>,
}

/// What one pass forward and backward gives.
pub struct Gradients {
    /// Mean loss of the batch.
    pub loss: f32,
    /// Logits, `[batch, classes]`.
    pub logits: Vec<f32>,
    /// One slice a tensor of [`State`]; empty for what is not trained.
    pub slices: Vec<Vec<f32>>,
    /// Batch statistics of every batch norm that follows the batch.
    pub statistics: Vec<Statistics>,
}

impl Net {
    /// An interpreter of `graph` in which the tensors that `trainable` picks are learned. A batch norm whose scale is
    /// not learned uses its running statistics and leaves them alone.
    pub fn new(graph: &Graph, device: Device, trainable: impl Fn(&TensorDecl) -> bool) -> Self {
        let mut decls = graph.tensors();
        decls.retain(|decl| decl.role != Role::BatchCount);
        let trainable = decls.iter().map(|decl| decl.role.is_param() && trainable(decl)).collect();
        let mut first = vec![usize::MAX; graph.nodes.len()];
        decls.iter().enumerate().rev().for_each(|(at, decl)| first[decl.node] = at);
        let blocks = graph.nodes.iter().filter_map(|node| node.block).max().map_or(0, |last| last + 1);
        Self { graph: graph.clone(), device, trainable, first, blocks }
    }

    /// Which tensors of [`State`] are learned.
    pub fn trainable(&self) -> &[bool] {
        &self.trainable
    }

    /// The graph that is run.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Runs a batch in training mode and back. `pixels` is `[batch, channels, height, width]`, normalised.
    /// # Errors
    /// `OnePicture` for a batch of one, which has no variance behind the global pool.
    /// # Panics
    /// When `pixels` is no whole number of pictures or targets are for another batch.
    pub fn gradients(
        &self,
        state: &State,
        pixels: Vec<f32>,
        targets: &Targets,
        noise: Noise,
    ) -> Result<Gradients, TrainError> {
        if targets.batch() < 2 {
            return Err(TrainError::OnePicture);
        }
        let leaves = self.leaves(state, true);
        let mut forward = Forward::new(self, &leaves, Some(noise));
        let logits = forward.logits(self.picture(pixels, true));
        let loss = targets.loss(&logits);
        let mut tape = loss.backward();
        let gradient = |leaf: &Tensor<1>| leaf.grad_remove(&mut tape).map_or_else(Vec::new, slice);
        Ok(Gradients {
            slices: leaves.iter().map(gradient).collect(),
            loss: slice(loss.inner())[0],
            logits: slice(logits.inner()),
            statistics: forward.into_statistics(),
        })
    }

    /// Logits in evaluation mode, `[batch, classes]`.
    /// # Panics
    /// When `pixels` is no whole number of pictures.
    pub fn logits(&self, state: &State, pixels: Vec<f32>) -> Vec<f32> {
        let leaves = self.leaves(state, false);
        slice(Forward::new(self, &leaves, None).logits(self.picture(pixels, false)))
    }

    fn leaves(&self, state: &State, learn: bool) -> Vec<Tensor<1>> {
        let device = self.device(learn);
        state
            .values
            .iter()
            .zip(&self.trainable)
            .map(|(values, &trainable)| {
                let leaf = Tensor::from_data(TensorData::new(values.clone(), [values.len()]), &device);
                if learn && trainable { leaf.require_grad() } else { leaf }
            })
            .collect()
    }

    fn device(&self, learn: bool) -> Device {
        if learn { self.device.clone().autodiff() } else { self.device.clone() }
    }

    fn picture(&self, pixels: Vec<f32>, learn: bool) -> Tensor<4> {
        let Shape { c, h, w } = self.graph.input;
        let [c, h, w] = [c, h, w].map(|n| n as usize);
        let batch = pixels.len() / (c * h * w);
        Tensor::from_data(TensorData::new(pixels, [batch, c, h, w]), &self.device(learn))
    }
}

/// The values of a tensor; f32 on every device that this room makes.
pub(crate) fn slice<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().expect("f32 tensors")
}
