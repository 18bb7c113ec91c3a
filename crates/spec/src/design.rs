//! The solver: the largest network of a family that meets limits, on the exact cost.
//!
//! The family moves along one axis, its scale, until the next step would break a limit. With a second limit the
//! widths' slope is then turned against their intercept, rescaling all the while, until that limit is used up too.
//! Where the last step of the scale is too coarse for the budget, late blocks widen a little beyond it.

use crate::families::Scale;
use crate::{Cost, Family, Limit, Limits, NetSpec, SpecError};

/// A network and its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Costed {
    /// The network.
    pub net: NetSpec,
    /// Its cost at its own input size.
    pub cost: Cost,
}

/// The answer of [`design`].
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// The largest network within the limits.
    pub best: Costed,
    /// The limit that stops it: what one step more would break.
    pub binding: Limit,
    /// The network one step of the scale down; none below the least.
    pub smaller: Option<Costed>,
    /// The network one step of the scale up, over a limit.
    pub larger: Costed,
}

/// The largest network of `family` within `limits`, at the family's input size, depth and rule.
///
/// ```
/// use rexnet_spec::{Family, Limits, design};
/// let found = design(&Family::rexnet(), &Limits::macs(400_000_000))?;
/// assert!((398_000_000..=400_000_000).contains(&found.best.cost.macs));
/// # Ok::<(), rexnet_spec::SpecError>(())
/// ```
/// # Errors
/// `OverBudget` with the least network's cost where even that is over a limit; `Impossible` without a limit, with one
/// beyond every network that can be described, or for a family that describes no network.
pub fn design(family: &Family, limits: &Limits) -> Result<Design, SpecError> {
    family.check()?;
    if limits.is_empty() {
        return Err(impossible("none", "at least one of MACs and params"));
    }
    let solver = Solver { family, limits };
    let least = solver.costed(SMALLEST, 0.0)?;
    if !limits.hold(least.cost) {
        let Cost { macs: min_macs, params: min_params, .. } = least.cost;
        return Err(SpecError::OverBudget { depth: family.depth, min_macs, min_params });
    }
    let holds = |cost| limits.hold(cost);
    let level = solver.last_step(0.0, 1.0, FINE, &holds);
    let tilt = solver.tilt(solver.binding(level.over, 0.0)?, level.fits);
    let reach = if tilt == 0.0 { level } else { solver.last_step(tilt, level.fits, FINE, &holds) };
    let step = solver.costed(reach.fits, tilt)?;
    let filled = solver.fill(&step)?;
    Ok(Design {
        binding: solver.binding(reach.over, tilt)?,
        smaller: if filled.is_some() { Some(step.clone()) } else { solver.step_down(reach.fits, tilt) },
        larger: solver.costed(reach.over, tilt)?,
        best: filled.unwrap_or(step),
    })
}

/// Below this scale stem and intercept shrink with the rest. The smallest width with a reference is 0.5; the paper's
/// own scaling keeps both at 32 and 16 however small the budget, which leaves most small budgets without a network.
const NARROW_BELOW: f64 = 0.5;
/// A scale at which every width is at its floor.
const SMALLEST: f64 = 1e-4;
/// Where a search upwards gives up; a family that grows is too wide to be described long before.
const LARGEST: f64 = 1e9;
/// A share of a limit that needs no filling.
const ENOUGH: f64 = 0.995;
/// Steps that a block may be wider than its rule by filling.
const FILL_ROUNDS: u32 = 2;
/// Relative width of the gap in which the last step is looked for. Steps of one channel lie over 1e-5 apart.
const FINE: f64 = 1e-10;
/// The same while the tilt is still moving.
const COARSE: f64 = 1e-5;
/// Published widths have one decimal; scales of up to three are tried by themselves.
const DECIMALS: f64 = 1e3;
/// The tilt's range. Not 1: a power of two times a half would put widths that the scale holds (14.5 of 16) on a tie,
/// where rounding errors decide and a larger scale may give a narrower block.
const MOST_TILT: f64 = 0.999;
/// Halvings of the tilt's range.
const TILT_HALVINGS: u32 = 12;

struct Solver<'a> {
    family: &'a Family,
    limits: &'a Limits,
}

/// Two scales with one step between them.
#[derive(Clone, Copy)]
struct Gap {
    fits: f64,
    over: f64,
}

impl Solver<'_> {
    fn net(&self, scale: f64, tilt: f64) -> NetSpec {
        self.family.at_scale(Scale { width: scale, narrow: (scale / NARROW_BELOW).min(1.0), tilt })
    }

    fn cost(&self, scale: f64, tilt: f64) -> Result<Cost, SpecError> {
        self.net(scale, tilt).cost(self.family.input.size)
    }

    fn costed(&self, scale: f64, tilt: f64) -> Result<Costed, SpecError> {
        self.named(self.net(scale, tilt))
    }

    fn named(&self, mut net: NetSpec) -> Result<Costed, SpecError> {
        let cost = net.cost(self.family.input.size)?;
        net.name = format!("{}_{}", self.family.name, short(cost.macs));
        Ok(Costed { net, cost })
    }

    /// The last step of the scale that `fits`, searched outwards from `near`. The least network must fit.
    fn last_step(&self, tilt: f64, near: f64, tolerance: f64, fits: &dyn Fn(Cost) -> bool) -> Gap {
        // A network too wide to be described has no cost and does not fit; nor may a family without growth run away.
        let fits = |scale: f64| scale < LARGEST && self.cost(scale, tilt).is_ok_and(fits);
        let mut stride = 1.05;
        let mut gap = Gap { fits: near, over: near };
        if fits(near) {
            while fits(gap.over) {
                gap = Gap { fits: gap.over, over: gap.over * stride };
                stride *= stride;
            }
        } else {
            while gap.fits > SMALLEST && !fits(gap.fits) {
                gap = Gap { fits: (gap.fits / stride).max(SMALLEST), over: gap.fits };
                stride *= stride;
            }
        }
        gap.close(tolerance, fits)
    }

    /// The limit that the network at `over` breaks, the most used if it breaks several.
    fn binding(&self, over: f64, tilt: f64) -> Result<Limit, SpecError> {
        let too_wide = |_| impossible("beyond every network that can be described", "smaller limits");
        let cost = self.cost(over, tilt).map_err(too_wide)?;
        let most_used = self.limits.iter().max_by(|a, b| a.used(cost).total_cmp(&b.used(cost)));
        most_used.ok_or_else(|| impossible("none", "at least one of MACs and params"))
    }

    /// How far the slope can turn, at the largest scale that `binding` allows, before another limit binds.
    fn tilt(&self, binding: Limit, near: f64) -> f64 {
        if self.limits.iter().all(|limit| limit.quantity == binding.quantity) {
            return 0.0;
        }
        let direction = binding.quantity.tilt();
        let holds = |amount: f64| {
            let tilt = amount * direction;
            let reach = self.last_step(tilt, near, COARSE, &|cost| binding.slack(cost).is_some());
            self.cost(reach.fits, tilt).is_ok_and(|cost| self.limits.hold(cost))
        };
        if holds(MOST_TILT) {
            return MOST_TILT * direction;
        }
        let mut gap = Gap { fits: 0.0, over: MOST_TILT };
        for _ in 0..TILT_HALVINGS {
            gap.split(f64::midpoint(gap.fits, gap.over), holds);
        }
        gap.fits * direction
    }

    /// Where the last step of the scale leaves more than half a percent unused (a step of stem and first block costs
    /// 2 % of a network of 70M MACs): widens block by block from the last, where a step is cheapest and order is
    /// kept. Blocks that the rule holds equal widen together.
    fn fill(&self, step: &Costed) -> Result<Option<Costed>, SpecError> {
        let shape = self.family.shape();
        let mut channels: Vec<u32> = step.net.blocks.iter().map(|block| block.out).collect();
        let (stem, pen) = (step.net.stem.out, step.net.head.channels);
        let mut cost = step.cost;
        for _ in 0..FILL_ROUNDS {
            if self.limits.iter().any(|limit| limit.used(cost) >= ENOUGH) {
                break;
            }
            let mut end = channels.len();
            for level in shape.chunk_by(|a, b| a == b).rev() {
                let start = end - level.len();
                let mut wider = channels.clone();
                wider[start..end].iter_mut().for_each(|width| *width += self.family.rounding.step());
                end = start;
                let wider_cost = self.family.with_channels(stem, &wider, pen).cost(self.family.input.size)?;
                if wider.is_sorted() && self.limits.hold(wider_cost) {
                    (channels, cost) = (wider, wider_cost);
                }
            }
        }
        if cost == step.cost {
            return Ok(None);
        }
        self.named(self.family.with_channels(stem, &channels, pen)).map(Some)
    }

    /// The next different network below.
    fn step_down(&self, scale: f64, tilt: f64) -> Option<Costed> {
        let here = self.net(scale, tilt);
        let differs = |scale: f64| self.net(scale, tilt) != here;
        let (mut gap, mut stride) = (Gap { fits: scale, over: scale }, 1e-6);
        while !differs(gap.fits) {
            if gap.fits <= SMALLEST {
                return None;
            }
            gap = Gap { fits: (gap.fits * (1.0 - stride)).max(SMALLEST), over: gap.fits };
            stride = (stride * 2.0).min(0.5);
        }
        self.costed(gap.close(FINE, differs).fits, tilt).ok()
    }
}

impl Gap {
    /// Closes in on the step. A short decimal in what remains is tried last: at scale 1 several widths lie on a tie, and
    /// the published network exists at that very point only.
    fn close(mut self, tolerance: f64, fits: impl Fn(f64) -> bool) -> Self {
        while self.over - self.fits > tolerance * self.over {
            self.split(f64::midpoint(self.fits, self.over), &fits);
        }
        let decimal = (self.over * DECIMALS).round() / DECIMALS;
        if self.fits < decimal && decimal < self.over {
            self.split(decimal, &fits);
        }
        self
    }

    fn split(&mut self, at: f64, fits: impl Fn(f64) -> bool) {
        if fits(at) {
            self.fits = at;
        } else {
            self.over = at;
        }
    }
}

fn impossible(value: &str, wanted: &'static str) -> SpecError {
    SpecError::Impossible { field: "limits".into(), value: value.into(), wanted }
}

/// `300M`, `1.25G`, `820k`: three digits at most.
fn short(count: u64) -> String {
    let (value, unit) = match count {
        0..1_000_000 => (count as f64 / 1e3, "k"),
        1_000_000..1_000_000_000 => (count as f64 / 1e6, "M"),
        _ => (count as f64 / 1e9, "G"),
    };
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        for (count, text) in [(299_900_000, "300M"), (1_250_000_000, "1.25G"), (820_400, "820k"), (12_340_000, "12.3M")]
        {
            assert_eq!(short(count), text);
        }
    }
}
