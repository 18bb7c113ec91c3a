//! Weights are read once for each picture and come from far away: those that follow are asked for while there is
//! arithmetic to do, a few at a time.

use crate::lanes::Lanes;

/// Values in a cache line.
const LINE: usize = 16;
/// How far ahead of those in use the weights are that are asked for, in values. An arena has them in the order of use,
/// so that this reaches into the next layer.
const DISTANCE: usize = 32 << 10;

/// Lines to ask for during the tiles of a panel.
pub(crate) struct Ahead {
    next: *const f32,
    /// In each tile, and in each step of it.
    of_tile: usize,
    of_step: usize,
}

impl Ahead {
    /// Spreads what lies ahead of `panel` over so many tiles of so many steps.
    pub(crate) fn new(panel: &[f32], tiles: usize, steps: usize) -> Self {
        let of_tile = (panel.len() / LINE).div_ceil(tiles.max(1));
        let next = panel.as_ptr().wrapping_add(DISTANCE);
        Self { next, of_tile, of_step: of_tile.div_ceil(steps.max(1)) }
    }

    /// The weights of a tile step by step, some lines asked for at each.
    #[inline(always)]
    pub(crate) fn over<'a, V: Lanes>(
        &mut self,
        v: V,
        weights: impl Iterator<Item = &'a [f32]>,
    ) -> impl Iterator<Item = &'a [f32]> {
        let (mut next, mut left, of_step) = (self.next, self.of_tile, self.of_step);
        self.next = next.wrapping_add(left * LINE);
        weights.inspect(move |_| {
            if left > 0 {
                left = left.saturating_sub(of_step);
                for _ in 0..of_step {
                    v.prefetch(next);
                    next = next.wrapping_add(LINE);
                }
            }
        })
    }
}
