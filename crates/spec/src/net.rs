//! A network as data: what a `net.toml` holds.

use serde::{Deserialize, Serialize};

use crate::{Act, Input, Naming};

/// A classification network of inverted-bottleneck blocks, every width resolved to an integer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetSpec {
    /// What people call it; never decides anything.
    pub name: String,
    /// Outputs of the classifier.
    pub classes: u32,
    /// Pattern of the tensor names.
    pub naming: Naming,
    /// Spatial padding of strided convolutions.
    #[serde(default)]
    pub padding: Padding,
    /// Batch-norm constants, the same in the whole network.
    #[serde(default)]
    pub norm: Norm,
    /// The input contract.
    pub input: Input,
    /// First convolution.
    pub stem: Stem,
    /// Number of blocks in each stage; sums to `blocks.len()`. Stages are groups of one resolution for names and rules.
    pub stages: Vec<u32>,
    /// Blocks in order of execution.
    pub blocks: Vec<Block>,
    /// From the last block to the logits.
    pub head: Head,
}

/// First convolution, with batch norm and activation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stem {
    /// Output channels.
    pub out: u32,
    /// Side of the square kernel.
    pub kernel: u32,
    /// Stride in both directions.
    pub stride: u32,
    /// After the batch norm.
    pub act: Act,
}

/// `[1x1 expand, BN, act] -> depthwise, BN, [SE], act -> 1x1 project, BN, act`, plus the shortcut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Output channels.
    pub out: u32,
    /// Width of the depthwise convolution after an expanding 1x1; absent: no expanding convolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<u32>,
    /// Side of the depthwise kernel.
    pub kernel: u32,
    /// Stride of the depthwise convolution.
    pub stride: u32,
    /// After the expanding convolution's batch norm.
    #[serde(default)]
    pub act_expand: Act,
    /// After the depthwise convolution's batch norm (and squeeze-excitation where `se.after_act` is false).
    #[serde(default)]
    pub act_dw: Act,
    /// After the projecting convolution's batch norm; linear in every inverted bottleneck.
    #[serde(default)]
    pub act_out: Act,
    /// Squeeze-excitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se: Option<Se>,
    /// Whether and how the block's input is added to its output.
    #[serde(default)]
    pub shortcut: Shortcut,
}

/// Squeeze-excitation: pool, 1x1 with bias, `[BN]`, activation, 1x1 with bias, sigmoid, scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Se {
    /// Width between the two 1x1 convolutions.
    pub channels: u32,
    /// Between the two 1x1 convolutions.
    pub act: Act,
    /// Whether a batch norm follows the first (rexnet's way).
    pub norm: bool,
    /// Whether it stands after the depthwise activation (EfficientNet) or before it (rexnet).
    pub after_act: bool,
}

/// Rule for adding a block's input to its output. Applies to blocks of stride 1 only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortcut {
    /// Never.
    #[default]
    None,
    /// Where input and output have the same width.
    Equal,
    /// Where the input is no wider than the output: added to its first channels (rexnet).
    Partial,
}

/// `[1x1, BN, act] -> global average pool -> [hidden] -> dropout -> classifier`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Width of the last 1x1 convolution (the "penultimate" or "1280" one); absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
    /// After that convolution's batch norm.
    #[serde(default)]
    pub act: Act,
    /// A second hidden layer behind the pool (rexnet_lite).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HeadHidden>,
    /// Probability of dropping an input of the classifier in training.
    #[serde(default)]
    pub dropout: f32,
}

/// Fully connected layer with bias, batch norm and activation between the pool and the classifier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadHidden {
    /// Output features.
    pub features: u32,
    /// After its batch norm.
    pub act: Act,
}

/// Batch-norm constants, PyTorch's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Norm {
    /// Added to the variance.
    pub eps: f32,
    /// Share of the new batch in the running statistics.
    pub momentum: f32,
}

impl Default for Norm {
    fn default() -> Self {
        Self { eps: 1e-5, momentum: 0.1 }
    }
}

/// Where the zeros go around a convolution of kernel k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// `(k - 1) / 2` on every side (PyTorch networks).
    #[default]
    Symmetric,
    /// TensorFlow's SAME: output `ceil(n / stride)`, the odd zero at the end.
    Same,
}

impl NetSpec {
    /// Channels that enter block `i`.
    pub fn block_input(&self, i: usize) -> u32 {
        if i == 0 { self.stem.out } else { self.blocks[i - 1].out }
    }

    /// Channels of `shortcut` actually added in block `i`: 0 when the rule does not apply there.
    pub fn shortcut_channels(&self, i: usize) -> u32 {
        let (block, c_in) = (&self.blocks[i], self.block_input(i));
        let applies = block.stride == 1
            && match block.shortcut {
                Shortcut::None => false,
                Shortcut::Equal => c_in == block.out,
                Shortcut::Partial => c_in <= block.out,
            };
        if applies { c_in } else { 0 }
    }

    /// Features that enter the classifier.
    pub fn features(&self) -> u32 {
        let pooled = self.head.channels.unwrap_or_else(|| self.blocks.last().map_or(self.stem.out, |b| b.out));
        self.head.hidden.map_or(pooled, |h| h.features)
    }
}
