//! Families: networks that differ only in a scale. A family is data; one function turns it and a scale into a
//! [`NetSpec`]. Each file holds one family and names its source.

mod cifar;
mod efficientnet;
mod lite;
mod plain;
mod rexnet;
mod stages;

pub use stages::Layout;

use crate::rule::{Rounding, Rule};
use crate::{Act, Block, Head, HeadHidden, Input, Naming, NetSpec, Norm, Padding, Se, Shortcut, Stem};
pub(crate) use cifar::parse as cifar_named;
pub(crate) use efficientnet::{efficientnet_b0, efficientnet_lite0, mobilenet_v2};
pub(crate) use plain::rexnet_plain;

/// A base value and what the width multiplier does to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width {
    /// Channels at multiplier 1.
    pub base: f64,
    /// What multipliers do to them.
    pub growth: Growth,
}

/// How a width follows the multiplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Not at all.
    Fixed,
    /// Up, but not below its base.
    UpOnly,
    /// In proportion.
    Free,
}

impl Width {
    /// So many channels at multiplier 1.
    pub const fn new(base: f64, growth: Growth) -> Self {
        Self { base, growth }
    }

    /// The width at a multiplier.
    fn at(self, scale: Scale) -> f64 {
        let held = self.held(scale.width);
        let grown = if held { self.base } else { self.base * scale.width };
        if self.growth == Growth::Fixed { grown } else { grown * scale.narrow }
    }

    /// The number that gives the width when multiplied by the multiplier: the reference multiplies last, and at
    /// ties the order of operations decides.
    fn before(self, scale: Scale) -> f64 {
        let base = if self.held(scale.width) { self.base / scale.width } else { self.base };
        if self.growth == Growth::Fixed { base } else { base * scale.narrow }
    }

    fn held(self, width: f64) -> bool {
        self.growth == Growth::Fixed || (self.growth == Growth::UpOnly && width < 1.0)
    }
}

/// A point on the axes along which a family moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    /// The width multiplier.
    pub(crate) width: f64,
    /// Factor on what `UpOnly` holds: 1, or less where even that must shrink.
    pub(crate) narrow: f64,
    /// Slope against intercept, turned around the middle of the network: -1 is flat, 1 halves the intercept.
    pub(crate) tilt: f64,
}

impl Scale {
    pub(crate) fn of(width: f64) -> Self {
        Self { width, narrow: 1.0, tilt: 0.0 }
    }
}

/// Inverted-bottleneck networks whose widths follow one rule, with everything but the scale decided.
///
/// ```
/// use rexnet_spec::{Act, Family, Shortcut};
/// let mut family = Family::rexnet();
/// family.act = Act::Relu6; // a row of the paper's activation table
/// family.shortcut = Shortcut::Equal;
/// assert_eq!(family.at(1.0).blocks[15].out, 185);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// First part of the networks' names.
    pub name: String,
    /// Number of blocks; [`Family::with_depth`] changes it and keeps first and last width.
    pub depth: u32,
    /// Shape of the widths along the blocks.
    pub rule: Rule,
    /// How widths become integers.
    pub rounding: Rounding,
    /// Output of the stem.
    pub stem: Width,
    /// Output of the first block: the intercept of the rule.
    pub first: Width,
    /// Channels gained over `gain_steps` units of the rule's shape.
    pub gain: f64,
    /// Units of the shape over which `gain` is won; the slope is `gain / gain_steps`.
    pub gain_steps: f64,
    /// The last 1x1 convolution ("penultimate", "the 1280"); none: the pool follows the last block.
    pub pen: Option<Width>,
    /// How blocks fall into stages and where strides stand.
    pub layout: Layout,
    /// Stride of the stem.
    pub stem_stride: u32,
    /// Expansion of the first block; 1 is no expanding convolution.
    pub first_expansion: u32,
    /// Expansion of every other block.
    pub expansion: u32,
    /// After the stem, each expanding convolution and the last 1x1.
    pub act: Act,
    /// After each depthwise convolution.
    pub act_dw: Act,
    /// Squeeze-excitation with a twelfth of the hidden width, from the third stage on.
    pub se: bool,
    /// Rule of the shortcuts.
    pub shortcut: Shortcut,
    /// A hidden layer between pool and classifier.
    pub head_hidden: Option<HeadHidden>,
    /// Dropout before the classifier.
    pub dropout: f32,
    /// Outputs of the classifier.
    pub classes: u32,
    /// The input contract.
    pub input: Input,
}

/// Squeeze-excitation narrows the hidden width by this.
const SE_REDUCTION: u32 = 12;
/// Stages before this one have no squeeze-excitation.
const SE_FROM_STAGE: usize = 2;

impl Family {
    /// The network at a width multiplier, named after it (`rexnet_140`).
    pub fn at(&self, width: f64) -> NetSpec {
        let mut net = self.at_scale(Scale::of(width));
        net.name = width_name(&self.name, width);
        net
    }

    /// The network with these block outputs in place of the rule's; `depth` must be their number.
    pub fn with_channels(&self, stem: u32, channels: &[u32], pen: Option<u32>) -> NetSpec {
        let stages = self.layout.stages(channels.len() as u32);
        let mut blocks = Vec::with_capacity(channels.len());
        let mut c_in = stem;
        for (index, stage) in stages.iter().enumerate() {
            for place in 0..stage.blocks {
                let stride = if place == 0 { stage.stride } else { 1 };
                let out = channels[blocks.len()];
                blocks.push(self.block(blocks.len(), c_in, out, stride, index >= SE_FROM_STAGE));
                c_in = out;
            }
        }
        NetSpec {
            name: self.name.clone(),
            classes: self.classes,
            naming: Naming::Rexnet,
            padding: Padding::Symmetric,
            norm: Norm::default(),
            input: self.input.clone(),
            stem: Stem { out: stem, kernel: 3, stride: self.stem_stride, act: self.act },
            stages: stages.iter().map(|stage| stage.blocks).collect(),
            blocks,
            head: Head {
                channels: pen,
                act: if pen.is_some() { self.act } else { Act::Linear },
                hidden: self.head_hidden,
                dropout: self.dropout,
            },
        }
    }

    pub(crate) fn at_scale(&self, scale: Scale) -> NetSpec {
        let stem = self.rounding.width(self.stem.at(scale));
        let pen = self.pen.map(|pen| self.rounding.floor(pen.at(scale)));
        self.with_channels(stem, &self.channels(scale), pen)
    }

    /// Rise of each block in units of the slope.
    pub(crate) fn shape(&self) -> Vec<f64> {
        let stages: Vec<u32> = self.layout.stages(self.depth).iter().map(|stage| stage.blocks).collect();
        self.rule.shape(&stages)
    }

    /// Output of each block: `(intercept + slope * shape) * width`. Summed block by block and multiplied last, as the
    /// reference does it: at ties (83.5 at width 0.6) the order of operations decides.
    fn channels(&self, scale: Scale) -> Vec<u32> {
        let shape = self.shape();
        let (mut value, slope) = self.line(scale, shape.last().copied().unwrap_or(0.0));
        let mut before = 0.0;
        let width = |x: f64| {
            value += slope * (x - before);
            before = x;
            self.rounding.width(value * scale.width)
        };
        shape.into_iter().map(width).collect()
    }

    /// Intercept and slope before the multiplier, for a shape that ends at `end`.
    fn line(&self, scale: Scale, end: f64) -> (f64, f64) {
        let (intercept, slope) = (self.first.before(scale), self.gain / self.gain_steps);
        let tilt = scale.tilt;
        if tilt > 0.0 && end > 0.0 {
            (intercept * (1.0 - tilt / 2.0), slope + tilt * intercept / end)
        } else {
            let tilt = tilt.min(0.0);
            (intercept - tilt * slope * end / 2.0, slope * (1.0 + tilt))
        }
    }

    fn block(&self, index: usize, c_in: u32, out: u32, stride: u32, se_stage: bool) -> Block {
        let expansion = if index == 0 { self.first_expansion } else { self.expansion };
        let hidden = (expansion != 1).then(|| self.rounding.width(f64::from(c_in) * f64::from(expansion)));
        let width = hidden.unwrap_or(c_in);
        let se = (self.se && se_stage).then(|| Se {
            channels: self.rounding.width(f64::from(width / SE_REDUCTION)),
            act: Act::Relu,
            norm: true,
            after_act: false,
        });
        Block {
            out,
            hidden,
            kernel: 3,
            stride,
            act_expand: if hidden.is_some() { self.act } else { Act::Linear },
            act_dw: self.act_dw,
            act_out: Act::Linear,
            se,
            shortcut: self.shortcut,
        }
    }
}

/// `rexnet_140` for 1.4, `rexnet_1.234` for what hundredths cannot say.
fn width_name(family: &str, width: f64) -> String {
    let hundredths = (width * 100.0).round();
    if (width * 100.0 - hundredths).abs() < 1e-9 {
        format!("{family}_{hundredths:03}")
    } else {
        format!("{family}_{width}")
    }
}
