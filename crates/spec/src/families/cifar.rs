//! The networks of the paper's channel search on CIFAR (its Table 3). The paper prints channel vectors and budgets;
//! stem, strides and head were fitted to the budgets.

use super::{Family, Growth, Layout, Width};
use crate::{Act, Input, NetSpec};

impl Family {
    /// The CIFAR search network: 32x32 pictures, stem of 16 at stride 1, expansion 6 in every block, 1x1 to 1280,
    /// ReLU6 throughout, no squeeze-excitation. Only the block outputs are free.
    pub fn cifar() -> Self {
        let input = Input {
            size: [32, 32],
            mean: vec![0.5071, 0.4865, 0.4409],
            std: vec![0.2673, 0.2564, 0.2762],
            crop_pct: 1.0,
            ..Input::imagenet()
        };
        Self {
            name: "cifar".into(),
            stem: Width::new(16.0, Growth::Fixed),
            first: Width::new(16.0, Growth::Free),
            pen: Some(Width::new(1280.0, Growth::Fixed)),
            layout: Layout::CIFAR,
            stem_stride: 1,
            first_expansion: 6,
            act: Act::Relu6,
            se: false,
            dropout: 0.0,
            classes: 100,
            input,
            ..Self::rexnet()
        }
    }
}

impl NetSpec {
    /// The CIFAR search network with these block outputs.
    pub fn cifar(channels: &[u32], classes: u32) -> Self {
        let widths: Vec<String> = channels.iter().map(u32::to_string).collect();
        let mut net = Family { classes, ..Family::cifar() }.with_channels(16, channels, Some(1280));
        net.name = format!("cifar_{}", widths.join("-"));
        net
    }
}

/// `34-34-45-55-66`, and `36x4-83` for a width repeated, as the paper writes them; 100 classes.
pub(crate) fn parse(vector: &str) -> Option<NetSpec> {
    let mut channels: Vec<u32> = Vec::new();
    for part in vector.split('-') {
        let (width, times) = part.split_once('x').unwrap_or((part, "1"));
        let (width, times) = (width.parse::<u32>().ok()?, times.parse::<usize>().ok()?);
        if times == 0 || channels.len() + times > crate::check::MAX_BLOCKS {
            return None;
        }
        channels.extend(std::iter::repeat_n(width, times));
    }
    Some(NetSpec::cifar(&channels, 100))
}
