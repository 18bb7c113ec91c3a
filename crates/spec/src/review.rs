//! The paper's three design rules, and where a network breaks them.

use crate::{Act, NetSpec};

/// A rule of the paper's rank study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesignRule {
    /// The first 1x1 of a block expands at most sixfold: more costs rank.
    Expansion,
    /// A block around a depthwise convolution keeps d_in/d_out near 1. The paper's bad example has .22, its good one
    /// .8 and no step of its own networks less than .58; the bound is ours.
    Ratio,
    /// ELU, SiLU and their like belong after dense convolutions, not after the depthwise one, whose ratio is 1
    /// already. The paper's own networks keep ReLU6 there, so that is no break.
    ActAfterDepthwise,
}

/// Largest expansion that the paper advises.
const MAX_EXPANSION: f64 = 6.0;
/// Smallest d_in/d_out of a block.
const MIN_RATIO: f64 = 0.55;

impl DesignRule {
    /// The rule as a key.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expansion => "expansion",
            Self::Ratio => "ratio",
            Self::ActAfterDepthwise => "act_after_depthwise",
        }
    }
}

/// One break of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Break {
    /// Index of the block.
    pub block: usize,
    /// The rule.
    pub rule: DesignRule,
    /// Channels that enter the block.
    pub c_in: u32,
    /// Width around the depthwise convolution for `Expansion`, else the block's output.
    pub c_out: u32,
    /// The activation after the depthwise convolution.
    pub act: Act,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (c_in, c_out) = (f64::from(self.c_in), f64::from(self.c_out));
        match self.rule {
            DesignRule::Expansion => {
                write!(f, "expands {} to {}, {:.1} times; over {MAX_EXPANSION} costs rank", c_in, c_out, c_out / c_in)
            }
            DesignRule::Ratio => {
                write!(f, "{c_in} to {c_out} is a ratio of {:.2} around a depthwise convolution; low", c_in / c_out)
            }
            DesignRule::ActAfterDepthwise => {
                write!(f, "{} after the depthwise convolution, where it adds no rank", self.act.name())
            }
        }
    }
}

impl NetSpec {
    /// Every break of the paper's design rules, block by block.
    pub fn breaks(&self) -> Vec<Break> {
        let mut found = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let c_in = self.block_input(index);
            let mut report = |rule, c_out| found.push(Break { block: index, rule, c_in, c_out, act: block.act_dw });
            if let Some(hidden) = block.hidden.filter(|&hidden| f64::from(hidden) > MAX_EXPANSION * f64::from(c_in)) {
                report(DesignRule::Expansion, hidden);
            }
            if f64::from(c_in) < MIN_RATIO * f64::from(block.out) {
                report(DesignRule::Ratio, block.out);
            }
            if matches!(block.act_dw, Act::Elu | Act::Silu | Act::HardSwish | Act::Softplus) {
                report(DesignRule::ActAfterDepthwise, block.out);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ZOO;

    fn breaks(name: &str) -> Vec<(usize, DesignRule)> {
        NetSpec::named(name).unwrap().breaks().iter().map(|b| (b.block, b.rule)).collect()
    }

    #[test]
    fn the_papers_networks_break_none_of_its_rules() {
        for entry in ZOO.iter().filter(|entry| entry.family() == "rexnet") {
            assert_eq!(breaks(entry.name), [], "{}", entry.name);
        }
    }

    #[test]
    fn mobilenet_doubles_its_width_twice() {
        // 32 to 64 in its 7th block, 160 to 320 in its last.
        assert_eq!(breaks("mobilenetv2_100"), [(6, DesignRule::Ratio), (16, DesignRule::Ratio)]);
    }

    #[test]
    fn swish_after_depthwise_and_wide_expansions_are_named_by_block() {
        assert_eq!(breaks("efficientnet_b0").iter().filter(|b| b.1 == DesignRule::ActAfterDepthwise).count(), 16);
        let mut net = NetSpec::named("rexnet_100").unwrap();
        net.blocks[4].hidden = Some(6 * net.blocks[3].out + 1);
        let found = net.breaks();
        assert_eq!((found.len(), found[0].block, found[0].rule), (1, 4, DesignRule::Expansion));
        assert_eq!(found[0].to_string(), "expands 50 to 301, 6.0 times; over 6 costs rank");
    }
}
