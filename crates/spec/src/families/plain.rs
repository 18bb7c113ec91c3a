//! The paper's plain network: MobileNetV1's pairs of depthwise and pointwise convolution, widths on a line, no
//! shortcut. Drawn in the paper, never published as code: batch norm after both convolutions, the activations
//! (SiLU after the pointwise convolution alone, by the paper's third rule) and the places of the strides are ours.

use crate::{Act, Block, Head, Input, Naming, NetSpec, Norm, Padding, Shortcut, Stem};

/// Outputs as printed, 114 included (a line would have 144).
const CHANNELS: [u32; 13] = [96, 114, 192, 240, 288, 336, 384, 432, 480, 528, 576, 624, 1024];
/// Blocks on maps of 56, 28, 14 and 7 pixels.
const STAGES: [u32; 4] = [2, 2, 6, 3];

/// The network of the drawing, which misses the printed cost (3.4M params, .56B): 4.96M params, .43G MACs.
pub(crate) fn rexnet_plain() -> NetSpec {
    let strides = STAGES.iter().flat_map(|&blocks| (0..blocks).map(|place| if place == 0 { 2 } else { 1 }));
    let block = |(&out, stride)| Block {
        out,
        hidden: None,
        kernel: 3,
        stride,
        act_expand: Act::Linear,
        act_dw: Act::Linear,
        act_out: Act::Silu,
        se: None,
        shortcut: Shortcut::None,
    };
    NetSpec {
        name: "rexnet_plain".into(),
        classes: 1000,
        naming: Naming::Rexnet,
        padding: Padding::Symmetric,
        norm: Norm::default(),
        input: Input::imagenet(),
        stem: Stem { out: 32, kernel: 3, stride: 2, act: Act::Silu },
        stages: STAGES.to_vec(),
        blocks: CHANNELS.iter().zip(strides).map(block).collect(),
        head: Head { channels: Some(1280), act: Act::Silu, hidden: None, dropout: 0.2 },
    }
}
