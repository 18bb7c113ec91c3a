//! The baselines: MobileNetV2 (arXiv 1801.04381), EfficientNet-B0 (1905.11946) and EfficientNet-Lite0, as timm's
//! `efficientnet.py` builds them. Widths are multiples of 8.

use crate::rule::multiple_of;
use crate::{Act, Block, Head, Input, Naming, NetSpec, Norm, Padding, Se, Shortcut, Stem};

/// A stage of the published tables.
struct Row {
    expansion: u32,
    out: u32,
    blocks: u32,
    stride: u32,
    kernel: u32,
}

const fn row(expansion: u32, out: u32, blocks: u32, stride: u32, kernel: u32) -> Row {
    Row { expansion, out, blocks, stride, kernel }
}

const MOBILENET_V2: [Row; 7] = [
    row(1, 16, 1, 1, 3),
    row(6, 24, 2, 2, 3),
    row(6, 32, 3, 2, 3),
    row(6, 64, 4, 2, 3),
    row(6, 96, 3, 1, 3),
    row(6, 160, 3, 2, 3),
    row(6, 320, 1, 1, 3),
];

const EFFICIENTNET: [Row; 7] = [
    row(1, 16, 1, 1, 3),
    row(6, 24, 2, 2, 3),
    row(6, 40, 2, 2, 5),
    row(6, 80, 3, 2, 3),
    row(6, 112, 3, 1, 5),
    row(6, 192, 4, 2, 5),
    row(6, 320, 1, 1, 3),
];

/// What the three differ in beside their tables.
struct Style {
    act: Act,
    se: bool,
    fixed_ends: bool,
    padding: Padding,
    eps: f32,
    input: Input,
}

/// MobileNetV2: ReLU6, no squeeze-excitation.
pub(crate) fn mobilenet_v2(width: f64) -> NetSpec {
    let style = Style {
        act: Act::Relu6,
        se: false,
        fixed_ends: false,
        padding: Padding::Symmetric,
        eps: 1e-5,
        input: Input::imagenet(),
    };
    let mut net = build(super::width_name("mobilenetv2", width), &MOBILENET_V2, width, style);
    net.head.channels = net.head.channels.map(|pen| pen.max(1280));
    net
}

/// EfficientNet-B0's blocks at a width multiplier: SiLU, squeeze-excitation of a quarter of the block's input.
pub(crate) fn efficientnet_b0(width: f64) -> NetSpec {
    let style = Style {
        act: Act::Silu,
        se: true,
        fixed_ends: false,
        padding: Padding::Symmetric,
        eps: 1e-5,
        input: Input::imagenet(),
    };
    build(super::width_name("efficientnet", width), &EFFICIENTNET, width, style)
}

/// EfficientNet-Lite0's blocks at a width multiplier: ReLU6, fixed stem and head, TensorFlow's padding and epsilon.
pub(crate) fn efficientnet_lite0(width: f64) -> NetSpec {
    let style = Style {
        act: Act::Relu6,
        se: false,
        fixed_ends: true,
        padding: Padding::Same,
        eps: 1e-3,
        input: Input { mean: vec![0.5; 3], std: vec![0.5; 3], ..Input::imagenet() },
    };
    build(super::width_name("efficientnet_lite", width), &EFFICIENTNET, width, style)
}

fn build(name: String, table: &[Row], width: f64, style: Style) -> NetSpec {
    let scaled = |channels: u32| multiple_of(f64::from(channels) * width, 8);
    let end = |channels: u32| if style.fixed_ends { channels } else { scaled(channels) };
    let stem = end(32);
    let mut blocks = Vec::new();
    let mut c_in = stem;
    for row in table {
        for place in 0..row.blocks {
            let out = scaled(row.out);
            let hidden = (row.expansion > 1).then_some(c_in * row.expansion);
            blocks.push(Block {
                out,
                hidden,
                kernel: row.kernel,
                stride: if place == 0 { row.stride } else { 1 },
                act_expand: if hidden.is_some() { style.act } else { Act::Linear },
                act_dw: style.act,
                act_out: Act::Linear,
                se: style.se.then_some(Se { channels: c_in / 4, act: style.act, norm: false, after_act: true }),
                shortcut: Shortcut::Equal,
            });
            c_in = out;
        }
    }
    NetSpec {
        name,
        classes: 1000,
        naming: Naming::Efficientnet,
        padding: style.padding,
        norm: Norm { eps: style.eps, ..Norm::default() },
        input: style.input,
        stem: Stem { out: stem, kernel: 3, stride: 2, act: style.act },
        stages: table.iter().map(|row| row.blocks).collect(),
        blocks,
        head: Head { channels: Some(end(1280)), act: style.act, hidden: None, dropout: 0.2 },
    }
}
