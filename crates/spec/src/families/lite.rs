//! ReXNet-lite: clovaai/rexnet, `rexnetv1_lite.py`. No squeeze-excitation, ReLU6 everywhere, widths of 8, a
//! hidden layer of 1024 in the head.

use super::{Family, Growth, Width};
use crate::rule::Rounding;
use crate::{Act, HeadHidden};

impl Family {
    /// ReXNet-lite: 16 to 180 over sixteen blocks; the last 1x1 never goes below 1280.
    pub fn rexnet_lite() -> Self {
        Self {
            name: "rexnet_lite".into(),
            rounding: Rounding::Multiple(8),
            gain: 164.0,
            gain_steps: 15.0,
            pen: Some(Width::new(1280.0, Growth::UpOnly)),
            act: Act::Relu6,
            act_dw: Act::Relu6,
            se: false,
            head_hidden: Some(HeadHidden { features: 1024, act: Act::Relu6 }),
            ..Self::rexnet()
        }
    }
}
