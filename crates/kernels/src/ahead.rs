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
    /// Each time.
    lines: usize,
}

impl Ahead {
    /// Spreads what lies ahead of `panel` over so many times.
    pub(crate) fn new(panel: &[f32], times: usize) -> Self {
        let lines = (panel.len() / LINE).div_ceil(times.max(1));
        Self { next: panel.as_ptr().wrapping_add(DISTANCE), lines }
    }

    /// Asks for the next of them.
    #[inline(always)]
    pub(crate) fn ask<V: Lanes>(&mut self, v: V) {
        self.next().for_each(
            #[inline(always)]
            |line| v.prefetch_far(line),
        );
    }

    /// Where the next of them are.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> impl Iterator<Item = *const f32> + use<> {
        let first = self.next;
        self.next = first.wrapping_add(self.lines * LINE);
        (0..self.lines).map(move |i| first.wrapping_add(i * LINE))
    }
}

/// Asks for the cache lines of `values` values at an address, which need not be anyone's.
#[inline(always)]
pub(crate) fn ask_near<V: Lanes>(v: V, address: *const f32, values: usize) {
    for line in (0..values).step_by(LINE) {
        v.prefetch(address.wrapping_add(line));
    }
}
