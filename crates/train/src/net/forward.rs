//! One pass over the graph.

use burn::tensor::module::{conv2d, linear};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData, activation};
use rexnet_random::Stream;
use rexnet_spec::{Act, Node, Op, Pads};

use super::norm::{self, Statistics};
use super::{Net, Noise};

/// A pass: values as they are made, dropped after their last reader.
pub(super) struct Forward<'a> {
    net: &'a Net,
    leaves: &'a [Tensor<1>],
    noise: Option<Noise>,
    statistics: Vec<Statistics>,
}

impl<'a> Forward<'a> {
    /// In training mode with `noise`, in evaluation mode without.
    pub(super) fn new(net: &'a Net, leaves: &'a [Tensor<1>], noise: Option<Noise>) -> Self {
        Self { net, leaves, noise, statistics: Vec::new() }
    }

    /// Logits `[batch, classes]`.
    pub(super) fn logits(&mut self, pixels: Tensor<4>) -> Tensor<2> {
        self.map(pixels).flatten(1, 3)
    }

    /// The last node's output, `[batch, channels, height, width]`.
    pub(super) fn map(&mut self, pixels: Tensor<4>) -> Tensor<4> {
        let nodes = &self.net.graph.nodes;
        let mut last_reader = vec![0; nodes.len() + 1];
        for (at, node) in nodes.iter().enumerate() {
            node.inputs.iter().for_each(|value| last_reader[value.0] = at);
        }
        let mut values = vec![Some(pixels)];
        for (at, node) in nodes.iter().enumerate() {
            let inputs = node.inputs.iter().map(|value| {
                let slot = &mut values[value.0];
                let input = if last_reader[value.0] == at { slot.take() } else { slot.clone() };
                input.expect("a graph reads only what is made before")
            });
            let inputs: Vec<_> = inputs.collect();
            values.push(Some(self.node(at, node, inputs)));
        }
        values.pop().flatten().expect("a graph has nodes")
    }

    pub(super) fn into_statistics(self) -> Vec<Statistics> {
        self.statistics
    }

    fn node(&mut self, at: usize, node: &Node, inputs: Vec<Tensor<4>>) -> Tensor<4> {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().expect("the lowering gives every input");
        let x = next();
        match &node.op {
            Op::Conv { kernel, stride, pads, groups, bias, .. } => {
                let [k, s, g] = [*kernel, *stride, *groups].map(|n| n as usize);
                let weight = self.tensor(at, 0).reshape([node.out.c as usize, x.dims()[1] / g, k, k]);
                conv2d(x, weight, bias.is_some().then(|| self.tensor(at, 1)), options(s, *pads, g))
            }
            Op::Linear { .. } => {
                let x: Tensor<2> = x.flatten(1, 3);
                let weight = self.tensor(at, 0).reshape([node.out.c as usize, x.dims()[1]]).transpose();
                let y = linear(x, weight, Some(self.tensor(at, 1)));
                let [n, c] = y.dims();
                y.reshape([n, c, 1, 1])
            }
            Op::Norm { eps, momentum, .. } => self.norm(at, x, *eps, *momentum),
            Op::Act(act) => activate(*act, x),
            Op::Pool => x.mean_dim(3).mean_dim(2),
            Op::Scale => x * next(),
            Op::Shortcut { channels } => self.shortcut(node, x, next(), *channels as usize),
            Op::Dropout { p } => self.dropout(node, x, *p),
        }
    }

    fn tensor(&self, node: usize, index: usize) -> Tensor<1> {
        self.leaves[self.net.first[node] + index].clone()
    }

    fn norm(&mut self, at: usize, x: Tensor<4>, eps: f32, momentum: f32) -> Tensor<4> {
        let [weight, bias, mean, variance] = [0, 1, 2, 3].map(|i| self.tensor(at, i));
        let tensors = norm::Tensors { weight, bias, mean, variance };
        if self.noise.is_none() || !self.net.trainable[self.net.first[at]] {
            return norm::by_running(x, tensors, eps);
        }
        let (y, statistics) = norm::by_batch(x, tensors, eps, momentum, self.net.first[at] + 2);
        self.statistics.push(statistics);
        y
    }

    /// `x` with `shortcut` added to its first channels; whole pictures of `x` drop out (drop-path) in training.
    fn shortcut(&self, node: &Node, x: Tensor<4>, shortcut: Tensor<4>, channels: usize) -> Tensor<4> {
        let x = self.drop_path(node, x);
        let [_, c, ..] = x.dims();
        if c == channels {
            return x + shortcut;
        }
        let head = x.clone().narrow(1, 0, channels) + shortcut;
        Tensor::cat(vec![head, x.narrow(1, channels, c - channels)], 1)
    }

    fn drop_path(&self, node: &Node, x: Tensor<4>) -> Tensor<4> {
        let (Some(noise), Some(block)) = (self.noise, node.block) else { return x };
        let rate = noise.drop_path * block as f32 / (self.net.blocks - 1).max(1) as f32;
        let n = x.dims()[0];
        mask(noise.stream.named(&node.name), rate, n)
            .map_or(x.clone(), |mask| x.clone() * Tensor::from_data(TensorData::new(mask, [n, 1, 1, 1]), &x.device()))
    }

    fn dropout(&self, node: &Node, x: Tensor<4>, p: f32) -> Tensor<4> {
        let Some(noise) = self.noise else { return x };
        let dims = x.dims();
        let mask = mask(noise.stream.named(&node.name), noise.dropout.unwrap_or(p), dims.iter().product());
        mask.map_or(x.clone(), |mask| x.clone() * Tensor::from_data(TensorData::new(mask, dims), &x.device()))
    }
}

/// Zeros with probability `rate`, else the factor that keeps the mean; none where nothing is dropped.
fn mask(stream: Stream, rate: f32, n: usize) -> Option<Vec<f32>> {
    let keep = 1.0 - rate;
    (rate > 0.0)
        .then(|| (0..n as u64).map(|i| if stream.uniform(i) < f64::from(keep) { 1.0 / keep } else { 0.0 }).collect())
}

fn options(stride: usize, pads: Pads, groups: usize) -> ConvOptions<2> {
    let [top, bottom, left, right] = [pads.top, pads.bottom, pads.left, pads.right].map(|n| n as usize);
    ConvOptions::new_with_padding([stride; 2], [(top, bottom), (left, right)], [1, 1], groups)
}

/// Activations as PyTorch defines them.
fn activate(act: Act, x: Tensor<4>) -> Tensor<4> {
    match act {
        Act::Linear => x,
        Act::Relu => activation::relu(x),
        Act::Relu6 => x.clamp(0.0, 6.0),
        Act::LeakyRelu => activation::leaky_relu(x, 0.01),
        Act::Elu => activation::elu(x, 1.0),
        Act::Softplus => activation::softplus(x, 1.0),
        Act::HardSwish => x.clone() * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Act::Silu => activation::silu(x),
        Act::Sigmoid => activation::sigmoid(x),
    }
}
