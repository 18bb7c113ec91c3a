//! The lowered network: a flat list of operations with shapes, attributes and tensor names.

use crate::Act;

/// Channels, height and width of a value; the batch is free. Behind the global pool height and width are 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Channels.
    pub c: u32,
    /// Height.
    pub h: u32,
    /// Width.
    pub w: u32,
}

impl Shape {
    /// Elements of one picture.
    pub fn elements(self) -> u64 {
        u64::from(self.c) * u64::from(self.h) * u64::from(self.w)
    }
}

/// Index of a value: 0 is the picture, `i + 1` is the output of node `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub usize);

/// Zeros around a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pads {
    /// Rows above.
    pub top: u32,
    /// Columns to the left.
    pub left: u32,
    /// Rows below.
    pub bottom: u32,
    /// Columns to the right.
    pub right: u32,
}

/// Names of one batch norm's four tensors, each `[channels]`, and of its batch counter (a scalar integer).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NormNames {
    /// Scale.
    pub weight: String,
    /// Shift.
    pub bias: String,
    /// Running mean.
    pub mean: String,
    /// Running (unbiased) variance.
    pub var: String,
    /// `num_batches_tracked`.
    pub count: String,
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Convolution; weight `[out, in / groups, kernel, kernel]`, bias `[out]`. `groups` is 1 or the channel count.
    Conv {
        /// Side of the square kernel.
        kernel: u32,
        /// Stride in both directions.
        stride: u32,
        /// Zeros around the input.
        pads: Pads,
        /// 1, or the number of channels for a depthwise convolution.
        groups: u32,
        /// Name of the weight.
        weight: String,
        /// Name of the bias.
        bias: Option<String>,
    },
    /// Batch norm over the channel.
    Norm {
        /// Its tensors.
        names: NormNames,
        /// Added to the variance.
        eps: f32,
        /// Share of the new batch in the running statistics.
        momentum: f32,
    },
    /// Element-wise activation.
    Act(Act),
    /// Global average pool to 1x1.
    Pool,
    /// Input 0 times input 1, a `[c, 1, 1]` gate.
    Scale,
    /// Input 0 plus input 1 on its first `channels` channels; drop-path acts on input 0 in training (timm's place).
    Shortcut {
        /// Channels of input 1, all of them added.
        channels: u32,
    },
    /// Dropout, training only.
    Dropout {
        /// Probability of a zero.
        p: f32,
    },
    /// Classifier; weight `[out, in]` (a `[out, in, 1, 1]` file is accepted), bias `[out]`.
    Linear {
        /// Name of the weight.
        weight: String,
        /// Name of the bias.
        bias: String,
    },
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Module name in the reference's terms, unique: `features.3.conv_dw.conv`, `features.3.act_dw`.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Values it reads.
    pub inputs: Vec<Value>,
    /// Shape of its output.
    pub out: Shape,
    /// Block it belongs to; none for stem and head.
    pub block: Option<usize>,
}

/// What a tensor is for. Weight decay, initialisation and freezing ask this, never the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Weight of a convolution.
    ConvWeight,
    /// Weight of a fully connected layer.
    LinearWeight,
    /// Bias of either.
    Bias,
    /// Scale of a batch norm.
    NormWeight,
    /// Shift of a batch norm.
    NormBias,
    /// Running mean (not a parameter).
    RunningMean,
    /// Running variance (not a parameter).
    RunningVar,
    /// Batch counter, a scalar i64 (not a parameter).
    BatchCount,
}

impl Role {
    /// Whether training learns it; the rest are buffers.
    pub fn is_param(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVar | Self::BatchCount)
    }
}

/// A tensor that the network owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorDecl {
    /// Name in the model file.
    pub name: String,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// What it is for.
    pub role: Role,
    /// Node that owns it.
    pub node: usize,
}

impl TensorDecl {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A network at one input size, in order of execution; the last node's output is the logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Shape of the picture.
    pub input: Shape,
    /// Operations; each reads only values made before it.
    pub nodes: Vec<Node>,
}

impl Graph {
    /// Shape of a value.
    pub fn shape(&self, value: Value) -> Shape {
        if value.0 == 0 { self.input } else { self.nodes[value.0 - 1].out }
    }

    /// Every tensor of the network in execution order, buffers included (413 for rexnet_100).
    pub fn tensors(&self) -> Vec<TensorDecl> {
        let mut all = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let mut add = |name: &str, shape: Vec<usize>, role| {
                all.push(TensorDecl { name: name.to_owned(), shape, role, node: index });
            };
            let out = node.out.c as usize;
            let c_in = self.shape(node.inputs[0]).c;
            match &node.op {
                Op::Conv { kernel, groups, weight, bias, .. } => {
                    let k = *kernel as usize;
                    add(weight, vec![out, (c_in / groups) as usize, k, k], Role::ConvWeight);
                    if let Some(bias) = bias {
                        add(bias, vec![out], Role::Bias);
                    }
                }
                Op::Linear { weight, bias } => {
                    add(weight, vec![out, c_in as usize], Role::LinearWeight);
                    add(bias, vec![out], Role::Bias);
                }
                Op::Norm { names, .. } => {
                    add(&names.weight, vec![out], Role::NormWeight);
                    add(&names.bias, vec![out], Role::NormBias);
                    add(&names.mean, vec![out], Role::RunningMean);
                    add(&names.var, vec![out], Role::RunningVar);
                    add(&names.count, vec![], Role::BatchCount);
                }
                Op::Act(_) | Op::Pool | Op::Scale | Op::Shortcut { .. } | Op::Dropout { .. } => {}
            }
        }
        all
    }
}
