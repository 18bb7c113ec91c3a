//! Cost: one fold over the graph. Integers computed from shapes; no tensor is built.

use std::ops::AddAssign;

use crate::{Graph, NetSpec, Node, Op, Shape, SpecError, Value};

/// What a network, or a part of it, costs on one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Learned numbers: weights, biases, batch-norm scales and shifts; no running statistics.
    pub params: u64,
    /// Multiply-adds of convolutions and linear layers; no bias, batch norm or activation. Equals hooks on timm's modules.
    pub macs: u64,
    /// Elements that convolutions and linear layers put out.
    pub activations: u64,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.params = self.params.saturating_add(other.params);
        self.macs = self.macs.saturating_add(other.macs);
        self.activations = self.activations.saturating_add(other.activations);
    }
}

/// One operation with its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerCost {
    /// Name of the node.
    pub name: String,
    /// What it computes, in a few characters: `conv 3x3 s2 dw`, `silu`.
    pub op: String,
    /// Channels of its (first) input.
    pub c_in: u32,
    /// Shape of its output.
    pub out: Shape,
    /// Its share.
    pub cost: Cost,
    /// d_in/d_out of a dense convolution or linear layer, the paper's dimension ratio.
    pub ratio: Option<f64>,
    /// Whether it is a batch norm or an activation, which executions fold into the layer before.
    pub is_epilogue: bool,
    /// Side in pixels of the square of the picture that one output depends on along convolutions; borders and gates
    /// aside. Behind the global pool the longer side of the picture.
    pub receptive_field: u32,
    /// Block it belongs to.
    pub block: Option<usize>,
}

impl NetSpec {
    /// Cost of one forward pass on one picture of `[height, width]` pixels.
    /// # Errors
    /// What [`NetSpec::graph`] finds.
    pub fn cost(&self, size: [u32; 2]) -> Result<Cost, SpecError> {
        Ok(self.graph_unnamed(size)?.cost())
    }
}

impl Graph {
    /// Sum over all operations.
    pub fn cost(&self) -> Cost {
        let mut sum = Cost::default();
        for node in &self.nodes {
            sum += self.node_cost(node);
        }
        sum
    }

    /// A row for each operation, in order of execution.
    pub fn layers(&self) -> Vec<LayerCost> {
        let fields = self.receptive_fields();
        self.nodes
            .iter()
            .zip(fields)
            .map(|(node, receptive_field)| LayerCost {
                name: node.name.clone(),
                op: describe(&node.op),
                c_in: self.shape(node.inputs[0]).c,
                out: node.out,
                cost: self.node_cost(node),
                ratio: self.ratio(node),
                is_epilogue: matches!(node.op, Op::Norm { .. } | Op::Act(_)),
                receptive_field,
                block: node.block,
            })
            .collect()
    }

    fn node_cost(&self, node: &Node) -> Cost {
        let c_in = u64::from(self.shape(node.inputs[0]).c);
        let c_out = u64::from(node.out.c);
        match &node.op {
            Op::Conv { kernel, groups, bias, .. } => {
                let taps = u64::from(*kernel).pow(2) * (c_in / u64::from(*groups));
                let bias = if bias.is_some() { c_out } else { 0 };
                Cost {
                    params: taps * c_out + bias,
                    macs: taps.saturating_mul(node.out.elements()),
                    activations: node.out.elements(),
                }
            }
            Op::Linear { .. } => Cost { params: c_in * c_out + c_out, macs: c_in * c_out, activations: c_out },
            Op::Norm { .. } => Cost { params: 2 * c_out, ..Cost::default() },
            Op::Act(_) | Op::Pool | Op::Scale | Op::Shortcut { .. } | Op::Dropout { .. } => Cost::default(),
        }
    }

    fn ratio(&self, node: &Node) -> Option<f64> {
        let dense = matches!(node.op, Op::Conv { groups: 1, .. } | Op::Linear { .. });
        dense.then(|| f64::from(self.shape(node.inputs[0]).c) / f64::from(node.out.c))
    }

    /// Receptive field of each node: a kernel of k widens it by k - 1 steps of the input's stride to the picture.
    fn receptive_fields(&self) -> Vec<u32> {
        let whole = self.input.h.max(self.input.w);
        let mut seen: Vec<(u32, u32)> = vec![(1, 1)]; // field and stride to the picture, by value
        for node in &self.nodes {
            let Value(first) = node.inputs[0];
            let (field, step) = seen[first];
            seen.push(match node.op {
                Op::Conv { kernel, stride, .. } => {
                    (field.saturating_add((kernel - 1).saturating_mul(step)), step.saturating_mul(stride))
                }
                Op::Pool => (whole, step),
                _ => (field, step),
            });
        }
        seen.into_iter().skip(1).map(|(field, _)| field).collect()
    }
}

fn describe(op: &Op) -> String {
    match op {
        Op::Conv { kernel, stride, groups, .. } => {
            let depthwise = if *groups > 1 { " dw" } else { "" };
            let stride = if *stride > 1 { format!(" s{stride}") } else { String::new() };
            format!("conv {kernel}x{kernel}{stride}{depthwise}")
        }
        Op::Norm { .. } => "batch norm".into(),
        Op::Act(act) => act.name().into(),
        Op::Pool => "global pool".into(),
        Op::Scale => "scale".into(),
        Op::Shortcut { channels } => format!("add {channels}"),
        Op::Dropout { p } => format!("dropout {p}"),
        Op::Linear { .. } => "linear".into(),
    }
}
