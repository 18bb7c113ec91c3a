//! The dense convolution over a picture: the stem. Bound: multiply-adds.
//!
//! Rows of the picture are laid out with their padding, the columns of each phase of the stride side by side; under a tap
//! the outputs of a row are then a run of neighbours, and the rest is the product of the 1x1 convolution.

use crate::act::Act;
use crate::ahead::Ahead;
use crate::arena::{Arena, Buffer};
use crate::isa::{Isa, Products};
use crate::lanes::Lanes;
use crate::packed::Packed;
use crate::planes::PlanesMut;
use crate::pointwise::Scalars;
use crate::tile::{Arithmetic, Epilogue, multiply};
use crate::window::{Map, Window, correlate};

/// `y[o] = bias[o] + sum over c of weight[o][c] * x[c]`; `weight` is `[y.c, x.c, k, k]`. The truth, never hot.
/// # Panics
/// When a slice has another length than its map says.
pub fn reference(x: &[f32], from: Map, weight: &[f32], bias: &[f32], window: Window, y: &mut [f32], to: Map) {
    let taps = window.kernel * window.kernel;
    assert_eq!((x.len(), y.len(), bias.len(), weight.len()), (from.len(), to.len(), to.c, to.c * from.c * taps));
    for (o, plane) in y.chunks_exact_mut(to.area()).enumerate() {
        plane.fill(bias[o]);
        for (c, source) in x.chunks_exact(from.area()).enumerate() {
            let weights = &weight[(o * from.c + c) * taps..][..taps];
            correlate(source, from, weights, window, plane, to);
        }
    }
}

/// Weights and bias of a dense convolution, as one instruction set wants them.
#[derive(Debug)]
pub struct Dense {
    /// A product over `[c][i][j]`.
    packed: Packed,
    c_in: usize,
    window: Window,
}

impl Dense {
    /// Packs `weight`, `[out, c_in, kernel, kernel]`, and `bias`, `[out]`, into memory of
    /// `arena`.
    /// # Panics
    /// When the lengths do not fit.
    pub fn new(arena: &mut Arena, isa: Isa, weight: &[f32], bias: &[f32], c_in: usize, window: Window) -> Self {
        let taps = c_in * window.kernel * window.kernel;
        Self { packed: Packed::new(arena, isa, Products::Single, weight, bias, taps), c_in, window }
    }

    /// Output channels.
    pub fn c_out(&self) -> usize {
        self.packed.c_out()
    }

    /// `y[o] = act(bias[o] + sum over c of weight[o][c] * x[c])` for output rows from `first` on, all of `y`'s.
    /// `x` is a picture, `[c, height, width]`; `strips` is room that is kept from call to call.
    /// # Panics
    /// When `x` or `y` has another extent than that takes.
    pub fn run(&self, x: &[f32], from: Map, first: usize, mut y: PlanesMut, act: Act, strips: &mut Strips) {
        assert_eq!((x.len(), from.c), (from.len(), self.c_in));
        strips.lay(x, from, self.window, first * self.window.stride, [y.rows(), y.width()]);
        let epilogue = Epilogue { act, shortcut: None };
        for row in 0..y.rows() {
            let scalars = Line { values: strips.under(row), taps: &strips.taps, width: y.width() };
            let y = y.view().rows_of(row..row + 1);
            self.packed.product(0..self.packed.panels().count(), scalars, y, &epilogue);
        }
    }
}

/// Rows of a picture with their padding, `[c][row][phase][column / stride]`.
#[derive(Debug, Default)]
pub struct Strips {
    values: Buffer,
    /// From one output row to the next.
    step: usize,
    /// Where the first output of a row finds its value under each tap, `[c][i][j]`.
    taps: Vec<usize>,
}

impl Strips {
    /// Lays out what `rows` output rows of `width` pixels read, from padded row `first` on.
    fn lay(&mut self, x: &[f32], from: Map, window: Window, first: usize, [rows, width]: [usize; 2]) {
        let Window { kernel, stride, top, left } = window;
        let rows = rows.saturating_sub(1) * stride + kernel;
        let phase = width + (kernel - 1) / stride;
        let line = stride * phase;
        let values = from.c * rows * line;
        self.step = stride * line;
        self.taps.clear();
        for (c, i) in (0..from.c).flat_map(|c| (0..kernel).map(move |i| (c, i))) {
            self.taps.extend((0..kernel).map(|j| (c * rows + i) * line + j % stride * phase + j / stride));
        }
        if self.values.len() < values {
            self.values = Buffer::zeros(values);
        }
        for (i, strip) in self.values[..values].chunks_exact_mut(line).enumerate() {
            let (c, row) = (i / rows, first + i % rows);
            match row.checked_sub(top).filter(|&row| row < from.h) {
                Some(row) => lay_row(&x[(c * from.h + row) * from.w..][..from.w], left, stride, strip),
                None => strip.fill(0.0),
            }
        }
    }

    /// What an output row reads, from its first value on.
    fn under(&self, row: usize) -> &[f32] {
        &self.values[row * self.step..]
    }
}

/// One row: padded column `i * stride + phase` goes to `[phase][i]`.
fn lay_row(x: &[f32], left: usize, stride: usize, strip: &mut [f32]) {
    let length = strip.len() / stride;
    for (phase, strip) in strip.chunks_exact_mut(length).enumerate() {
        // The first output whose column is not left of the picture, and its column.
        let before = left.saturating_sub(phase).div_ceil(stride).min(length);
        let column = (before * stride + phase).saturating_sub(left).min(x.len());
        let (zeros, strip) = strip.split_at_mut(before);
        zeros.fill(0.0);
        let inside = (x.len() - column).div_ceil(stride).min(strip.len());
        let (strip, zeros) = strip.split_at_mut(inside);
        zeros.fill(0.0);
        // A stride that the compiler knows is one that it has instructions for.
        match stride {
            1 => strip.copy_from_slice(&x[column..][..inside]),
            2 => {
                let pairs = x[column..].chunks_exact(2);
                if let ([last], Some(to)) = (pairs.remainder(), strip.last_mut()) {
                    *to = *last;
                }
                strip.iter_mut().zip(pairs).for_each(|(to, x)| *to = x[0]);
            }
            _ => strip.iter_mut().zip(x[column..].chunks(stride)).for_each(|(to, x)| *to = x[0]),
        }
    }
}

/// What the outputs of one row read.
struct Line<'a> {
    values: &'a [f32],
    taps: &'a [usize],
    width: usize,
}

impl Scalars for Line<'_> {
    fn pixels(&self) -> usize {
        self.width
    }

    #[inline(always)]
    fn sum<V: Lanes, A: Arithmetic<V>, const MR: usize, const NV: usize>(
        &self,
        v: V,
        pixel: usize,
        weights: &[f32],
        _: &mut Ahead,
        sums: &mut [[V::F; NV]; MR],
    ) {
        for (tap, weights) in self.taps.iter().zip(weights.chunks_exact(NV * V::N)) {
            let x = &self.values[tap + pixel..][..MR];
            multiply::<V, A, MR, NV>(v, sums, weights, |pixel| x[pixel]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cuts;
    use crate::isa::every;
    use crate::planes::testing::channels_of;
    use crate::planes::values;
    use crate::window::testing::numbers;
    use proptest::prelude::*;

    /// One output straight from the definition, in f64.
    fn at(x: &[f32], from: Map, w: &[f32], window: Window, i: usize, j: usize) -> f64 {
        let k = window.kernel;
        let mut sum = 0.0;
        for (t, &tap) in w[..k * k].iter().enumerate() {
            let r = (i * window.stride + t / k) as isize - window.top as isize;
            let s = (j * window.stride + t % k) as isize - window.left as isize;
            if r >= 0 && s >= 0 && (r as usize) < from.h && (s as usize) < from.w {
                sum += f64::from(tap) * f64::from(x[r as usize * from.w + s as usize]);
            }
        }
        sum
    }

    proptest! {
        #[test]
        fn every_output_equals_the_definition(
            (h, w, kernel, stride, top, left) in (1usize..9, 1usize..9, prop::sample::select(vec![1usize, 3, 5]), 1usize..4, 0usize..3, 0usize..3),
            c in 1usize..3, o in 1usize..3, seed in 0u64..1000,
        ) {
            let (top, left) = (top.min(kernel / 2), left.min(kernel / 2));
            let window = Window { kernel, stride, top, left };
            let (from, to) = (Map { c, h, w }, Map { c: o, h: h.div_ceil(stride), w: w.div_ceil(stride) });
            let r = rexnet_random::Stream::new(seed);
            let numbers = |n: usize, k: u64| -> Vec<f32> { (0..n as u64).map(|i| r.at(k).uniform(i) as f32 - 0.5).collect() };
            let taps = kernel * kernel;
            let (x, weight, bias) = (numbers(from.len(), 0), numbers(o * c * taps, 1), numbers(o, 2));
            let mut y = vec![f32::NAN; to.len()];
            reference(&x, from, &weight, &bias, window, &mut y, to);
            for (index, &got) in y.iter().enumerate() {
                let (o, i, j) = (index / to.area(), index % to.area() / to.w, index % to.w);
                let want: f64 = (0..c).map(|c| at(&x[c * from.area()..], from, &weight[(o * from.c + c) * taps..], window, i, j)).sum::<f64>() + f64::from(bias[o]);
                prop_assert!((f64::from(got) - want).abs() < 1e-5, "{window:?} {from:?}: {got} {want}");
            }
        }
    }

    fn check(isa: Isa, from: Map, window: Window, to: Map) {
        let (lanes, planes) = (isa.lanes(), to.c.div_ceil(isa.lanes()));
        let taps = from.c * window.kernel * window.kernel;
        let (x, weight, bias) = (numbers(from.len(), 1), numbers(to.c * taps, 2), numbers(to.c, 3));
        let mut want = vec![0.0; to.len()];
        reference(&x, from, &weight, &bias, window, &mut want, to);
        let dense = Dense::new(&mut Arena::default(), isa, &weight, &bias, from.c, window);
        let mut y = vec![f32::NAN; values(lanes, planes, to.h, to.w)];
        let mut y = PlanesMut::new(&mut y, lanes, planes, to.h, to.w);
        let mut strips = Strips::default();
        // In bands, as a thread would: each begins at another padded row.
        for rows in Cuts::even(to.h, to.h.div_ceil(2)).ranges() {
            dense.run(&x, from, rows.start, y.view().rows_of(rows), Act::Relu, &mut strips);
        }
        for (i, (got, want)) in channels_of(y.shared(), to).iter().zip(&want).enumerate() {
            assert!((got - want.max(0.0)).abs() <= 1e-5, "{isa} {from:?} {window:?} at {i}: {got} {want}");
        }
    }

    #[test]
    fn odd_sizes_kernels_strides_and_paddings_equal_the_reference_on_every_isa() {
        every(|isa| {
            for (kernel, stride) in [(3, 2), (3, 1), (5, 2), (1, 2), (7, 3)] {
                for w in (1..=35).filter(|&w| w >= stride) {
                    let from = Map { c: 3, h: 7, w };
                    for (top, left) in [(kernel / 2, kernel / 2), (0, kernel / 4)] {
                        let to = Map { c: 19, h: from.h.div_ceil(stride), w: w.div_ceil(stride) };
                        check(isa, from, Window { kernel, stride, top, left }, to);
                    }
                }
            }
        });
    }
}
