//! ReXNet: arXiv 2007.00992 and clovaai/rexnet; rexnetr is timm's variant with rounded widths.

use super::{Family, Growth, Layout, Width};
use crate::rule::{Rounding, Rule};
use crate::{Act, Input, Shortcut};

impl Family {
    /// ReXNet: widths on a line, 16 to 196 over sixteen blocks, SiLU after the expanding convolutions, ReLU6 after
    /// the depthwise ones. Multipliers below 1 shrink the slope and the last 1x1 only.
    pub fn rexnet() -> Self {
        Self {
            name: "rexnet".into(),
            depth: 16,
            rule: Rule::Linear,
            rounding: Rounding::Nearest,
            stem: Width::new(32.0, Growth::UpOnly),
            first: Width::new(16.0, Growth::UpOnly),
            gain: 180.0,
            gain_steps: 16.0,
            pen: Some(Width::new(1280.0, Growth::Free)),
            layout: Layout::REXNET,
            stem_stride: 2,
            first_expansion: 1,
            expansion: 6,
            act: Act::Silu,
            act_dw: Act::Relu6,
            se: true,
            shortcut: Shortcut::Partial,
            head_hidden: None,
            dropout: 0.2,
            classes: 1000,
            input: Input::imagenet(),
        }
    }

    /// timm's rexnetr: every width a multiple of `divisor` (8; 16 for `rexnetr_300`).
    pub fn rexnetr(divisor: u32) -> Self {
        Self { name: "rexnetr".into(), rounding: Rounding::Multiple(divisor), ..Self::rexnet() }
    }

    /// The family over another number of blocks: the same first and last width, the slope `180 / depth`.
    #[must_use]
    pub fn with_depth(self, depth: u32) -> Self {
        let gain_steps = self.gain_steps + f64::from(depth) - f64::from(self.depth);
        Self { depth, gain_steps, ..self }
    }
}
