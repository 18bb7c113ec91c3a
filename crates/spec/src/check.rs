//! What no network can be. The limits keep hostile descriptions from asking for absurd amounts of memory.

use std::fmt::Display;

use crate::{Act, Block, Family, Input, NetSpec, Rule, SpecError};

/// Most channels of any layer.
pub(crate) const MAX_WIDTH: u32 = 1 << 20;
/// Most blocks.
pub(crate) const MAX_BLOCKS: usize = 1000;
/// Longest side of a picture.
pub(crate) const MAX_SIDE: u32 = 1 << 15;
/// Largest kernel.
const MAX_KERNEL: u32 = 31;
/// Largest stride.
const MAX_STRIDE: u32 = 8;

impl NetSpec {
    /// Refuses what no network can be.
    /// # Errors
    /// `Impossible`, naming the field, for widths, strides, kernels or classes that are zero or beyond reason, even
    /// kernels, stages that do not sum to the blocks, an activation without its layer, and an input contract that
    /// does not fit the planes.
    pub fn check(&self) -> Result<(), SpecError> {
        width("classes", self.classes)?;
        width("stem.out", self.stem.out)?;
        kernel("stem.kernel", self.stem.kernel)?;
        stride("stem.stride", self.stem.stride)?;
        let staged = self.stages.iter().fold(0_u64, |sum, &blocks| sum + u64::from(blocks));
        demand(staged == self.blocks.len() as u64, "stages", staged, "must sum to the number of blocks")?;
        demand(self.blocks.len() <= MAX_BLOCKS, "blocks", self.blocks.len(), "at most 1000 blocks")?;
        for (index, block) in self.blocks.iter().enumerate() {
            block.check().map_err(|error| in_block(index, error))?;
        }
        if let Some(channels) = self.head.channels {
            width("head.channels", channels)?;
        }
        if let Some(hidden) = self.head.hidden {
            width("head.hidden.features", hidden.features)?;
        }
        let bare_act = self.head.channels.is_none() && self.head.act != Act::Linear;
        demand(!bare_act, "head.act", "an activation", "needs `head.channels`")?;
        demand((0.0..1.0).contains(&self.head.dropout), "head.dropout", self.head.dropout, "from 0 to under 1")?;
        demand(self.norm.eps > 0.0 && self.norm.eps.is_finite(), "norm.eps", self.norm.eps, "must be above 0")?;
        demand((0.0..=1.0).contains(&self.norm.momentum), "norm.momentum", self.norm.momentum, "from 0 to 1")?;
        self.input.check()
    }
}

impl Family {
    /// Refuses what would make no network at any scale.
    /// # Errors
    /// `Impossible`, naming the field.
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        demand((1..=MAX_BLOCKS).contains(&(self.depth as usize)), "depth", self.depth, "from 1 to 1000 blocks")?;
        let slope = self.gain / self.gain_steps;
        demand(slope >= 0.0 && slope.is_finite(), "gain", slope, "a slope that does not fall")?;
        if let Rule::Piecewise { breaks } = &self.rule {
            let placed = breaks.is_sorted() && breaks.iter().all(|at| at.is_finite());
            demand(placed, "breaks", format!("{breaks:?}"), "block numbers in ascending order")?;
        }
        self.at(1.0).check()
    }
}

impl Block {
    fn check(&self) -> Result<(), SpecError> {
        width("out", self.out)?;
        kernel("kernel", self.kernel)?;
        stride("stride", self.stride)?;
        if let Some(hidden) = self.hidden {
            width("hidden", hidden)?;
        }
        if let Some(se) = self.se {
            width("se.channels", se.channels)?;
        }
        let bare_act = self.hidden.is_none() && self.act_expand != Act::Linear;
        demand(!bare_act, "act_expand", "an activation", "needs `hidden`, the expanding convolution")
    }
}

/// Names the block; only where something is wrong, since the solver checks thousands of networks.
fn in_block(index: usize, error: SpecError) -> SpecError {
    match error {
        SpecError::Impossible { field, value, wanted } => {
            SpecError::Impossible { field: format!("blocks[{index}].{field}"), value, wanted }
        }
        other => other,
    }
}

impl Input {
    fn check(&self) -> Result<(), SpecError> {
        demand(matches!(self.channels, 1 | 3), "input.channels", self.channels, "1 or 3")?;
        for side in self.size.into_iter().chain(self.eval_size()) {
            demand((1..=MAX_SIDE).contains(&side), "input.size", side, "from 1 to 32768 pixels")?;
        }
        for (field, planes) in [("input.mean", &self.mean), ("input.std", &self.std)] {
            demand(planes.len() == self.channels as usize, field, planes.len(), "one number for each of `channels`")?;
            demand(planes.iter().all(|x| x.is_finite()), field, "not finite", "finite numbers")?;
        }
        demand(self.std.iter().all(|&x| x > 0.0), "input.std", "zero or less", "must be above 0")?;
        demand(self.crop_pct > 0.0 && self.crop_pct <= 1.0, "input.crop_pct", self.crop_pct, "above 0, at most 1")
    }
}

fn demand(holds: bool, field: &str, value: impl Display, wanted: &'static str) -> Result<(), SpecError> {
    if holds { Ok(()) } else { Err(SpecError::Impossible { field: field.into(), value: value.to_string(), wanted }) }
}

fn width(field: &str, value: u32) -> Result<(), SpecError> {
    demand((1..=MAX_WIDTH).contains(&value), field, value, "from 1 to 1048576")
}

fn kernel(field: &str, value: u32) -> Result<(), SpecError> {
    demand(value % 2 == 1 && value <= MAX_KERNEL, field, value, "odd, at most 31")
}

fn stride(field: &str, value: u32) -> Result<(), SpecError> {
    demand((1..=MAX_STRIDE).contains(&value), field, value, "from 1 to 8")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The field that `spoil` makes the check complain of.
    fn complaint(spoil: impl FnOnce(&mut NetSpec)) -> String {
        let mut net = NetSpec::named("rexnet_100").unwrap();
        spoil(&mut net);
        match net.graph([224, 224]) {
            Err(SpecError::Impossible { field, .. }) => field,
            other => panic!("accepted: {:?}", other.map(|graph| graph.nodes.len())),
        }
    }

    #[test]
    fn each_impossible_field_is_named() {
        assert_eq!(complaint(|net| net.blocks[7].out = 0), "blocks[7].out");
        assert_eq!(complaint(|net| net.blocks[7].hidden = Some(u32::MAX)), "blocks[7].hidden");
        assert_eq!(complaint(|net| net.blocks[3].kernel = 4), "blocks[3].kernel");
        assert_eq!(complaint(|net| net.blocks[3].stride = 0), "blocks[3].stride");
        assert_eq!(complaint(|net| net.blocks[0].act_expand = Act::Silu), "blocks[0].act_expand");
        assert_eq!(complaint(|net| net.stages[5] = 4), "stages");
        assert_eq!(complaint(|net| net.stages = vec![u32::MAX; 3]), "stages");
        assert_eq!(complaint(|net| net.classes = 0), "classes");
        assert_eq!(complaint(|net| net.head.channels = None), "head.act");
        assert_eq!(complaint(|net| net.head.dropout = 1.0), "head.dropout");
        assert_eq!(complaint(|net| net.norm.eps = f32::NAN), "norm.eps");
        assert_eq!(complaint(|net| net.input.std = vec![0.2, 0.0, 0.2]), "input.std");
        assert_eq!(complaint(|net| net.input.mean = vec![0.5]), "input.mean");
        assert_eq!(complaint(|net| net.input.crop_pct = 0.0), "input.crop_pct");
        assert_eq!(complaint(|net| net.input.test_size = Some([0, 9])), "input.size");
    }

    #[test]
    fn a_picture_too_small_or_too_large_is_an_error() {
        let net = NetSpec::named("rexnet_100").unwrap();
        assert!(matches!(net.graph([0, 224]), Err(SpecError::Impossible { .. })));
        assert!(matches!(net.graph([224, u32::MAX]), Err(SpecError::Impossible { .. })));
        assert!(net.graph([1, 1]).is_ok(), "symmetric padding keeps one pixel");
    }
}
