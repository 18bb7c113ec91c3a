//! The channel rule: how widths grow from block to block, and how they become integers.

use serde::{Deserialize, Serialize};

/// Shape of the widths along the depth. Width of block `i` is `intercept + slope * shape[i]`, rounded; a shape never
/// falls, so with a slope of zero or more neither do the widths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A straight line over the block number (the paper's finding).
    #[default]
    Linear,
    /// One width a stage, steps of equal height (the convention that the paper argues against).
    Stagewise,
    /// Flat up to the first break, rising to the second, flat to the third, and so on. Breaks are block numbers
    /// counted from 1 and may lie between blocks; two thirds of the paper's searched vectors are one such hinge.
    Piecewise {
        /// Where flat and rising stretches meet, ascending.
        breaks: Vec<f64>,
    },
}

impl Rule {
    /// One value for each block, 0 for the first of a line; all but a flat shape end at `depth - 1`, so that rules
    /// of one slope and intercept share their first and last width.
    pub fn shape(&self, stages: &[u32]) -> Vec<f64> {
        let depth: u32 = stages.iter().sum();
        let raw: Vec<f64> = match self {
            Self::Linear => return (0..depth).map(f64::from).collect(),
            Self::Stagewise => stages
                .iter()
                .enumerate()
                .flat_map(|(stage, &blocks)| std::iter::repeat_n(stage as f64, blocks as usize))
                .collect(),
            Self::Piecewise { breaks } => (1..=depth).map(|block| risen(breaks, f64::from(block))).collect(),
        };
        let last = raw.last().copied().unwrap_or(0.0);
        if last <= 0.0 {
            return raw;
        }
        let end = f64::from(depth - 1);
        raw.iter().map(|value| value * end / last).collect()
    }
}

/// Length of the rising stretches below `block`.
fn risen(breaks: &[f64], block: f64) -> f64 {
    breaks
        .chunks(2)
        .map(|stretch| {
            let end = stretch.get(1).copied().unwrap_or(f64::INFINITY).min(block);
            (end - stretch[0]).max(0.0)
        })
        .sum()
}

/// How a width becomes an integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest, ties to even (rexnet).
    #[default]
    Nearest,
    /// To a multiple, but never by more than a tenth down (rexnetr, rexnet_lite, MobileNet, EfficientNet).
    Multiple(u32),
}

impl Rounding {
    /// The smallest step between two widths.
    pub(crate) fn step(self) -> u32 {
        match self {
            Self::Nearest => 1,
            Self::Multiple(divisor) => divisor.max(1),
        }
    }

    /// A width; 1 at least.
    pub fn width(self, value: f64) -> u32 {
        self.settle(value.round_ties_even())
    }

    /// The width of a last layer, which the reference cuts off instead of rounding; 1 at least.
    pub(crate) fn floor(self, value: f64) -> u32 {
        match self {
            Self::Nearest => self.settle(value.floor()),
            Self::Multiple(_) => self.settle(value),
        }
    }

    /// Applies the multiple, if there is one, to a value that is already whole or may stay a fraction.
    fn settle(self, value: f64) -> u32 {
        match self {
            Self::Nearest => (value as u32).max(1),
            Self::Multiple(divisor) => multiple_of(value, divisor),
        }
    }
}

/// The nearest multiple of `divisor`, at least one of it, and one more where that loses over a tenth of `value`.
pub(crate) fn multiple_of(value: f64, divisor: u32) -> u32 {
    let divisor = divisor.max(1);
    let near = (((value + f64::from(divisor / 2)) as u32) / divisor * divisor).max(divisor);
    if f64::from(near) < 0.9 * value { near.saturating_add(divisor) } else { near }
}

/// Splits `total` in proportion to `shares` by largest remainder (the earlier first among equals), at least one each.
/// `total` must be at least the number of shares.
pub(crate) fn apportion(total: u32, shares: &[u32]) -> Vec<u32> {
    let whole: u32 = shares.iter().sum();
    let mut parts: Vec<u32> = shares.iter().map(|share| total * share / whole).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(total * shares[i] % whole));
    let left = total - parts.iter().sum::<u32>();
    for &i in order.iter().take(left as usize) {
        parts[i] += 1;
    }
    while let Some(empty) = parts.iter().position(|&part| part == 0) {
        let largest = (0..parts.len()).rev().max_by_key(|&i| parts[i]).unwrap_or(empty);
        parts[largest] -= 1;
        parts[empty] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_blocks_and_every_rule_ends_where_it_does() {
        let stages = [1, 2, 2, 3, 3, 5];
        let line = Rule::Linear.shape(&stages);
        assert_eq!(line, (0..16).map(f64::from).collect::<Vec<_>>());
        for rule in
            [Rule::Stagewise, Rule::Piecewise { breaks: vec![3.75] }, Rule::Piecewise { breaks: vec![2.0, 7.5] }]
        {
            let shape = rule.shape(&stages);
            assert!(shape.is_sorted(), "{rule:?} falls: {shape:?}");
            assert_eq!((shape[0], shape[15]), (0.0, 15.0), "{rule:?}");
        }
    }

    #[test]
    fn one_width_holds_through_a_stage() {
        assert_eq!(Rule::Stagewise.shape(&[1, 2, 2]), [0.0, 2.0, 2.0, 4.0, 4.0]);
    }

    #[test]
    fn a_hinge_is_flat_before_its_break_and_a_second_break_ends_the_rise() {
        // The paper's best vector of budget (a), 34-34-45-55-66: knee at block 2.
        let shape = Rule::Piecewise { breaks: vec![2.0] }.shape(&[1, 1, 3]);
        let widths: Vec<u32> = shape.iter().map(|x| Rounding::Nearest.width(34.0 + 10.6 * 3.0 / 4.0 * x)).collect();
        assert_eq!(widths, [34, 34, 45, 55, 66]);
        assert_eq!(Rule::Piecewise { breaks: vec![1.0, 3.0] }.shape(&[5]), [0.0, 2.0, 4.0, 4.0, 4.0]);
    }

    #[test]
    fn a_break_behind_the_last_block_leaves_all_flat() {
        assert_eq!(Rule::Piecewise { breaks: vec![9.0] }.shape(&[4]), [0.0; 4]);
        assert_eq!(Rule::Piecewise { breaks: vec![] }.shape(&[4]), [0.0; 4]);
    }

    #[test]
    fn a_multiple_never_takes_more_than_a_tenth() {
        // From timm's make_divisible(v, 8).
        for (value, wanted) in [(27.0, 32), (38.0, 40), (16.0, 16), (3.0, 8), (12.0, 16), (61.0, 64), (41.6, 40)] {
            assert_eq!(multiple_of(value, 8), wanted, "{value}");
        }
    }

    #[test]
    fn blocks_are_shared_out_by_largest_remainder() {
        let shares = [1, 2, 2, 3, 3, 5];
        assert_eq!(apportion(16, &shares), shares);
        assert_eq!(apportion(32, &shares), [2, 4, 4, 6, 6, 10]);
        assert_eq!(apportion(6, &shares), [1; 6]);
        assert_eq!(apportion(20, &shares), [1, 3, 2, 4, 4, 6]);
        for total in 6..200 {
            let parts = apportion(total, &shares);
            assert_eq!(parts.iter().sum::<u32>(), total);
            assert!(parts.iter().all(|&part| part > 0));
        }
    }
}
