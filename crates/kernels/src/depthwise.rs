//! The depthwise convolution. Bound: a multiply-add for each tap, inputs in the first cache.
//!
//! The fast text reads a framed map, whose zeros around the picture are there in memory, so that no output is special.
//! Taps are summed row by row: a result does not depend on how a row is cut into steps.

use std::ops::Range;

use crate::act::{self, Act, clamp};
use crate::arena::{Arena, Buffer};
use crate::isa::{Isa, Kernel, PairKernel};
use crate::lanes::{Lanes, Pairs};
use crate::narrow;
use crate::planes::{Planes, PlanesMut};
use crate::tile::load;
use crate::window::{Map, Window, correlate};

/// `y[c] = bias[c] + weight[c] * x[c]`; `weight` is `[c, 1, k, k]`. The truth, never hot.
/// # Panics
/// When a slice has another length than its map says.
pub fn reference(x: &[f32], from: Map, weight: &[f32], bias: &[f32], window: Window, y: &mut [f32], to: Map) {
    let taps = window.kernel * window.kernel;
    assert_eq!((from.c, x.len(), y.len()), (to.c, from.len(), to.len()));
    assert_eq!((bias.len(), weight.len()), (to.c, to.c * taps));
    for (c, plane) in y.chunks_exact_mut(to.area()).enumerate() {
        plane.fill(bias[c]);
        correlate(&x[c * from.area()..][..from.area()], from, &weight[c * taps..][..taps], window, plane, to);
    }
}

/// Weights and bias of a depthwise convolution, as one instruction set wants them.
#[derive(Debug)]
pub struct Taps {
    isa: Isa,
    kernel: usize,
    stride: usize,
    /// For each plane of channels its bias, then its taps.
    values: Buffer,
}

impl Taps {
    /// Packs `weight`, `[c, 1, kernel, kernel]`, and `bias`, `[c]`, into memory of `arena`.
    /// # Panics
    /// When the lengths do not fit.
    pub fn new(arena: &mut Arena, isa: Isa, weight: &[f32], bias: &[f32], [kernel, stride]: [usize; 2]) -> Self {
        let (lanes, taps) = (isa.lanes(), kernel * kernel);
        assert_eq!(weight.len(), bias.len() * taps);
        let mut values = arena.zeros(bias.len().div_ceil(lanes) * (1 + taps) * lanes);
        for (c, (bias, weight)) in bias.iter().zip(weight.chunks_exact(taps)).enumerate() {
            let plane = &mut values[c / lanes * (1 + taps) * lanes + c % lanes..];
            plane[0] = *bias;
            for (tap, weight) in weight.iter().enumerate() {
                plane[(1 + tap) * lanes] = *weight;
            }
        }
        Self { isa, kernel, stride, values }
    }

    /// Side of the kernel.
    pub fn kernel(&self) -> usize {
        self.kernel
    }

    /// Stride in both directions.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// `y = act(bias + weight * x)` for some of the planes.
    ///
    /// `x` and `y` have those planes; output row `i` reads `x`'s rows from `i * stride` on, columns likewise.
    /// # Panics
    /// When `x` has fewer rows or columns than that takes.
    pub fn run(&self, planes: Range<usize>, x: Planes, y: PlanesMut, act: Act) {
        assert_eq!([y.planes(), y.lanes()], [planes.len(), self.isa.lanes()]);
        self.isa.run(self.depthwise(planes, x, y, act));
    }

    /// The same, rounded to bf16 at once: `y` is a narrow map of those planes.
    /// # Panics
    /// As `run`; when `rounds` says that it cannot.
    pub fn run_rounded(&self, planes: Range<usize>, x: Planes, y: PlanesMut, act: Act) {
        assert!(self.rounds(act) && y.planes() == narrow::planes(planes.len()) && y.lanes() == self.isa.lanes());
        self.isa.run_pairs(Rounded(self.depthwise(planes, x, y, act)));
    }

    /// Whether there is a text for rounding at once: where sums are only clamped, under the kernels that networks have.
    pub fn rounds(&self, act: Act) -> bool {
        act.bounds().is_some() && matches!((self.kernel, self.stride), (3 | 5, 1 | 2))
    }

    fn depthwise<'a>(&'a self, planes: Range<usize>, x: Planes<'a>, y: PlanesMut<'a>, act: Act) -> Depthwise<'a> {
        let reach = |outputs: usize| outputs.saturating_sub(1) * self.stride + self.kernel;
        assert_eq!([x.planes(), x.lanes()], [planes.len(), self.isa.lanes()]);
        assert!(x.rows() >= reach(y.rows()) && x.width() >= reach(y.width()), "{x:?} for {y:?}");
        let plane = (1 + self.kernel * self.kernel) * self.isa.lanes();
        let values = &self.values[planes.start * plane..planes.end * plane];
        Depthwise { values, kernel: self.kernel, stride: self.stride, x, y, act }
    }
}

struct Depthwise<'a> {
    values: &'a [f32],
    kernel: usize,
    stride: usize,
    x: Planes<'a>,
    y: PlanesMut<'a>,
    act: Act,
}

impl Kernel for Depthwise<'_> {
    #[inline(always)]
    fn run<V: Lanes>(mut self, v: V) {
        match (self.kernel, self.stride) {
            (3, 1) => self.rows::<V, 3, 1>(v),
            (3, 2) => self.rows::<V, 3, 2>(v),
            (5, 1) => self.rows::<V, 5, 1>(v),
            (5, 2) => self.rows::<V, 5, 2>(v),
            _ => self.any(v),
        }
    }
}

impl Depthwise<'_> {
    #[inline(always)]
    fn rows<V: Lanes, const K: usize, const S: usize>(&mut self, v: V) {
        let bounds = if self.act == Act::Linear { None } else { self.act.bounds() };
        for (plane, values) in self.values.chunks_exact((1 + K * K) * V::N).enumerate() {
            let (x, pitch, width) = (self.x.plane(plane), self.x.width() * V::N, self.y.width() * V::N);
            for (row, y) in self.y.plane(plane).chunks_exact_mut(width).enumerate() {
                let x = &x[row * S * pitch..][..K * pitch];
                let x = std::array::from_fn(|i| &x[i * pitch..][..pitch]);
                if let Some(bounds) = bounds {
                    cut::<V, K, S>(v, values, x, y, Some(bounds));
                } else {
                    cut::<V, K, S>(v, values, x, y, None);
                    act::map(v, self.act, y);
                }
            }
        }
    }

    /// Any other kernel and stride, an output at a time.
    #[inline(always)]
    fn any<V: Lanes>(&mut self, v: V) {
        let (side, stride) = (self.kernel, self.stride);
        for (plane, values) in self.values.chunks_exact((1 + side * side) * V::N).enumerate() {
            let (bias, taps) = values.split_at(V::N);
            for row in 0..self.y.rows() {
                let y = self.y.row(plane, row);
                for (column, y) in y.chunks_exact_mut(V::N).enumerate() {
                    let mut sum = v.load(bias);
                    for (i, taps) in taps.chunks_exact(side * V::N).enumerate() {
                        let x = &self.x.row(plane, row * stride + i)[column * stride * V::N..];
                        for (x, tap) in x.chunks_exact(V::N).zip(taps.chunks_exact(V::N)) {
                            sum = v.fma(v.load(x), v.load(tap), sum);
                        }
                    }
                    v.store(sum, y);
                }
                act::map(v, self.act, y);
            }
        }
    }
}

/// One row, many outputs a step as long as there are, then ever fewer.
#[inline(always)]
fn cut<V: Lanes, const K: usize, const S: usize>(
    v: V,
    values: &[f32],
    x: [&[f32]; K],
    y: &mut [f32],
    bounds: Option<(f32, f32)>,
) {
    let width = y.len() / V::N;
    let mut column = 0;
    while column < width {
        column += match width - column {
            14.. if V::REGISTERS == 32 => step::<V, K, S, 14>(v, values, x, y, column, bounds),
            7.. => step::<V, K, S, 7>(v, values, x, y, column, bounds),
            4.. => step::<V, K, S, 4>(v, values, x, y, column, bounds),
            2.. => step::<V, K, S, 2>(v, values, x, y, column, bounds),
            _ => step::<V, K, S, 1>(v, values, x, y, column, bounds),
        };
    }
}

/// `U` outputs from `column` on, their sums in registers.
#[inline(always)]
fn step<V: Lanes, const K: usize, const S: usize, const U: usize>(
    v: V,
    values: &[f32],
    x: [&[f32]; K],
    y: &mut [f32],
    column: usize,
    bounds: Option<(f32, f32)>,
) -> usize {
    let sums = sums::<V, K, S, U>(v, values, x, column);
    let y = &mut y[column * V::N..][..U * V::N];
    for (sum, y) in sums.into_iter().zip(y.chunks_exact_mut(V::N)) {
        let sum = match bounds {
            Some((low, high)) => clamp(v, low, high, sum),
            None => sum,
        };
        v.store(sum, y);
    }
    U
}

/// Sums of `U` outputs from `column` on.
#[inline(always)]
fn sums<V: Lanes, const K: usize, const S: usize, const U: usize>(
    v: V,
    values: &[f32],
    x: [&[f32]; K],
    column: usize,
) -> [V::F; U] {
    let (bias, taps) = values.split_at(V::N);
    let mut sums = [v.load(bias); U];
    for (x, taps) in x.into_iter().zip(taps.chunks_exact(K * V::N)) {
        let x = &x[column * S * V::N..][..((U - 1) * S + K) * V::N];
        let taps: [V::F; K] = load(v, taps);
        for (u, sum) in sums.iter_mut().enumerate() {
            for (k, tap) in taps.into_iter().enumerate() {
                *sum = v.fma(v.load(&x[(u * S + k) * V::N..]), tap, *sum);
            }
        }
    }
    sums
}

/// Two planes at a time, into one plane of a narrow map.
struct Rounded<'a>(Depthwise<'a>);

impl PairKernel for Rounded<'_> {
    #[inline(always)]
    fn run<V: Pairs>(mut self, v: V) {
        match (self.0.kernel, self.0.stride) {
            (3, 1) => self.rows::<V, 3, 1>(v),
            (3, 2) => self.rows::<V, 3, 2>(v),
            (5, 1) => self.rows::<V, 5, 1>(v),
            (_, _) => self.rows::<V, 5, 2>(v),
        }
    }
}

impl Rounded<'_> {
    #[inline(always)]
    fn rows<V: Pairs, const K: usize, const S: usize>(&mut self, v: V) {
        let Depthwise { values, x, y, act, .. } = &mut self.0;
        let bounds = act.bounds().unwrap_or((f32::NEG_INFINITY, f32::INFINITY));
        let (pitch, plane) = (x.width() * V::N, (1 + K * K) * V::N);
        for (pair, values) in values.chunks(2 * plane).enumerate() {
            let planes = [2 * pair, (2 * pair + 1).min(x.planes() - 1)].map(|plane| x.plane(plane));
            for row in 0..y.rows() {
                let x = planes.map(|plane| {
                    let rows = &plane[row * S * pitch..][..K * pitch];
                    std::array::from_fn(|i| &rows[i * pitch..][..pitch])
                });
                let y = y.row(pair, row);
                let mut column = 0;
                while column < y.len() / V::N {
                    let left = y.len() / V::N - column;
                    column += match left {
                        7.. => round::<V, K, S, 7>(v, values, x, y, column, bounds),
                        4.. => round::<V, K, S, 4>(v, values, x, y, column, bounds),
                        2.. => round::<V, K, S, 2>(v, values, x, y, column, bounds),
                        _ => round::<V, K, S, 1>(v, values, x, y, column, bounds),
                    };
                }
            }
        }
    }
}

/// `U` outputs of two planes, of one where `values` are one's, from `column` on.
#[inline(always)]
fn round<V: Pairs, const K: usize, const S: usize, const U: usize>(
    v: V,
    values: &[f32],
    x: [[&[f32]; K]; 2],
    y: &mut [f32],
    column: usize,
    (low, high): (f32, f32),
) -> usize {
    let (first, second) = values.split_at((1 + K * K) * V::N);
    let y = &mut y[column * V::N..][..U * V::N];
    let first = sums::<V, K, S, U>(v, first, x[0], column);
    if second.is_empty() {
        for (sum, y) in first.into_iter().zip(y.chunks_exact_mut(V::N)) {
            v.store(v.narrow(clamp(v, low, high, sum), v.splat(0.0)), y);
        }
        return U;
    }
    let second = sums::<V, K, S, U>(v, second, x[1], column);
    for ((first, second), y) in first.into_iter().zip(second).zip(y.chunks_exact_mut(V::N)) {
        v.store(v.narrow(clamp(v, low, high, first), clamp(v, low, high, second)), y);
    }
    U
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{every, every_bf16};
    use crate::planes::testing::{channels_of, planes_of};
    use crate::planes::values;
    use crate::window::testing::numbers;

    fn check(isa: Isa, from: Map, window: Window, to: Map, act: Act) {
        let (lanes, planes) = (isa.lanes(), from.c.div_ceil(isa.lanes()));
        let taps = window.kernel * window.kernel;
        let (x, weight, bias) = (numbers(from.len(), 1), numbers(from.c * taps, 2), numbers(from.c, 3));
        let mut want = vec![0.0; to.len()];
        reference(&x, from, &weight, &bias, window, &mut want, to);
        let reach = |n: usize| (n - 1) * window.stride + window.kernel;
        let [rows, width] = [reach(to.h).max(window.top + from.h), reach(to.w).max(window.left + from.w)];
        let blocked = planes_of(lanes, from, &x, f32::NAN);
        let map = Planes::new(&blocked, lanes, planes, from.h, from.w);
        let mut frame = vec![f32::NAN; values(lanes, planes, rows, width)];
        let mut frame = PlanesMut::new(&mut frame, lanes, planes, rows, width);
        let inside = [window.top..window.top + from.h, window.left..window.left + from.w];
        frame.clear_around(inside[0].clone(), inside[1].clone());
        frame.view().part(0..planes, inside[0].clone(), inside[1].clone()).copy(map);
        let mut y = vec![f32::NAN; values(lanes, planes, to.h, to.w)];
        let mut y = PlanesMut::new(&mut y, lanes, planes, to.h, to.w);
        let taps = Taps::new(&mut Arena::default(), isa, &weight, &bias, [window.kernel, window.stride]);
        taps.run(0..planes, frame.shared(), y.view(), act);
        for (i, (got, want)) in channels_of(y.shared(), to).iter().zip(&want).enumerate() {
            let want = act.of(*want);
            assert!((got - want).abs() <= 1e-5, "{isa} {from:?} {window:?} {act:?} at {i}: {got} {want}");
        }
    }

    #[test]
    fn odd_widths_kernels_strides_and_paddings_equal_the_reference_on_every_isa() {
        every(|isa| {
            for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (3, 3), (1, 2)] {
                for w in (1..=31).filter(|&w| w >= stride) {
                    let from = Map { c: isa.lanes() + 3, h: 4.max(stride), w };
                    for (top, left) in [(kernel / 2, kernel / 2), (0, kernel / 2 / 2)] {
                        let to = Map { h: from.h.div_ceil(stride), w: w.div_ceil(stride), ..from };
                        check(isa, from, Window { kernel, stride, top, left }, to, Act::Linear);
                    }
                }
            }
        });
    }

    #[test]
    fn rounding_at_once_gives_the_bits_of_rounding_afterwards() {
        every_bf16(|isa, _| {
            let lanes = isa.lanes();
            for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
                for (planes, w) in [(1, 1), (2, 7), (3, 12), (2, 29), (5, 6)] {
                    let reach = |n: usize| (n - 1) * stride + kernel;
                    let (rows, width, c) = (reach(3), reach(w), planes * lanes);
                    let x = numbers(values(lanes, planes, rows, width), 1);
                    let x = Planes::new(&x, lanes, planes, rows, width);
                    let (weight, bias) = (numbers(c * kernel * kernel, 2), numbers(c, 3));
                    let taps = Taps::new(&mut Arena::default(), isa, &weight, &bias, [kernel, stride]);
                    let [mut y, mut once, mut after] = [planes, narrow::planes(planes), narrow::planes(planes)]
                        .map(|planes| vec![f32::NAN; values(lanes, planes, 3, w)]);
                    let mut y = PlanesMut::new(&mut y, lanes, planes, 3, w);
                    taps.run(0..planes, x, y.view(), Act::Relu6);
                    let map = |values| PlanesMut::new(values, lanes, narrow::planes(planes), 3, w);
                    narrow::run(isa, y.shared(), map(&mut after));
                    taps.run_rounded(0..planes, x, map(&mut once), Act::Relu6);
                    let same = once.iter().zip(&after).all(|(once, after)| once.to_bits() == after.to_bits());
                    assert!(same, "{isa} {kernel} {stride} {planes} {w}");
                }
            }
        });
    }

    #[test]
    fn any_activation_follows_on_every_isa() {
        every(|isa| {
            for act in [Act::Relu, Act::Relu6, Act::Silu, Act::HardSwish] {
                for kernel in [3, 7] {
                    let map = Map { c: 2 * isa.lanes() + 1, h: 5, w: 9 };
                    check(isa, map, Window { kernel, stride: 1, top: kernel / 2, left: kernel / 2 }, map, act);
                }
            }
        });
    }

    #[test]
    #[should_panic(expected = "for PlanesMut")]
    fn a_frame_that_is_too_narrow_is_refused() {
        let isa = Isa::PORTABLE;
        let (x, mut y) = (vec![0.0; values(4, 1, 5, 4)], vec![0.0; values(4, 1, 3, 3)]);
        let taps = Taps::new(&mut Arena::default(), isa, &[0.0; 9], &[0.0], [3, 1]);
        taps.run(0..1, Planes::new(&x, 4, 1, 5, 4), PlanesMut::new(&mut y, 4, 1, 3, 3), Act::Linear);
    }
}
