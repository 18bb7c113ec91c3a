//! Weights as products want them: in panels of one to three planes of output channels, a vector a plane and row.

use std::ops::Range;

use crate::arena::{Arena, Buffer};
use crate::isa::{Isa, Products};
use crate::narrow;
use crate::planes::{Planes, PlanesMut};
use crate::quantised::{self, Scale};
use crate::share::Cuts;

/// Weights and bias of a 1x1 convolution, or of a fully connected layer, as one instruction set wants them.
#[derive(Debug)]
pub struct Packed {
    isa: Isa,
    products: Products,
    c_in: usize,
    c_out: usize,
    /// Planes of output channels in panels.
    panels: Cuts,
    /// For each plane what its sums begin with, then a row of its weights for each input channel, or pair, or four of
    /// them; the planes of a panel row by row.
    values: Buffer,
    /// Rows of weights of each plane.
    rows: usize,
    whole: Option<Whole>,
}

/// What stands around sums of whole numbers.
#[derive(Debug)]
struct Whole {
    /// Of the map they are made from.
    input: Scale,
    /// For each plane a vector of what a sum's unit is worth, then its bias.
    worth: Buffer,
}

impl Packed {
    /// Packs `weight`, `[out, c_in]`, and `bias`, `[out]`, into memory of `arena`, for products of f32 or bf16.
    /// # Panics
    /// When the lengths do not fit.
    pub fn new(arena: &mut Arena, isa: Isa, products: Products, weight: &[f32], bias: &[f32], c_in: usize) -> Self {
        assert_eq!(weight.len(), bias.len() * c_in);
        Self::pack(arena, isa, products, c_in, bias, |o, k| entry(products, &weight[o * c_in..][..c_in], k))
    }

    /// The same for products of eight bits: weights are quantised by output channel, and `input` says how the map is
    /// that they multiply.
    /// # Panics
    /// When the lengths do not fit, or there are so many inputs (65,000) that a sum could leave 32 bits.
    pub fn quantised(
        arena: &mut Arena,
        isa: Isa,
        products: Products,
        [weight, bias]: [&[f32]; 2],
        c_in: usize,
        input: Scale,
    ) -> Self {
        assert_eq!(weight.len(), bias.len() * c_in);
        assert!(i32::try_from(c_in * 255 * 128).is_ok(), "{c_in} inputs");
        let (lanes, c_out) = (isa.lanes(), bias.len());
        let mut worth = arena.zeros(2 * c_out.next_multiple_of(lanes));
        let (mut whole, mut start) = (Vec::with_capacity(weight.len()), Vec::with_capacity(c_out));
        for (o, bias) in bias.iter().enumerate() {
            let (row, step) = quantised::symmetric(&weight[o * c_in..][..c_in]);
            let sum: i32 = row.iter().map(|&w| i32::from(w)).sum();
            start.push(f32::from_bits((-i32::from(input.zero) * sum) as u32));
            whole.extend(row);
            let plane = &mut worth[o / lanes * 2 * lanes + o % lanes..];
            (plane[0], plane[lanes]) = (step * input.step, *bias);
        }
        let count = products.planes_of_a_plane();
        let row = |o: usize, k: usize| whole_entry(&whole[o * c_in..][..c_in], count, k);
        let packed = Self::pack(arena, isa, products, c_in, &start, row);
        Self { whole: Some(Whole { input, worth }), ..packed }
    }

    /// `start` is what sums begin with, `entry(o, k)` row `k` of output channel `o`.
    fn pack(
        arena: &mut Arena,
        isa: Isa,
        products: Products,
        c_in: usize,
        start: &[f32],
        entry: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let (lanes, c_out, count) = (isa.lanes(), start.len(), products.planes_of_a_plane());
        // The matrix unit takes whole planes.
        let rows = if products.in_tiles() { c_in.div_ceil(count * lanes) * lanes } else { c_in.div_ceil(count) };
        let widest = if products == Products::Single && isa.registers() == 32 { 3 } else { 2 };
        let panels = panels(c_out.div_ceil(lanes), widest);
        let mut values = arena.zeros(panels.whole() * (1 + rows) * lanes);
        for planes in panels.ranges() {
            let first = planes.start * lanes;
            let (head, rows) = values[values_of(&planes, rows, lanes)].split_at_mut(planes.len() * lanes);
            for (o, value) in (first..c_out).zip(&mut *head) {
                *value = start[o];
            }
            for (k, row) in rows.chunks_exact_mut(head.len()).enumerate() {
                for (o, value) in (first..c_out).zip(row) {
                    *value = entry(o, k);
                }
            }
        }
        Self { isa, products, c_in, c_out, panels, values, rows, whole: None }
    }

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// How its products are made.
    pub fn products(&self) -> Products {
        self.products
    }

    /// Input channels.
    pub fn c_in(&self) -> usize {
        self.c_in
    }

    /// Output channels.
    pub fn c_out(&self) -> usize {
        self.c_out
    }

    /// Planes of output channels in panels.
    pub fn panels(&self) -> &Cuts {
        &self.panels
    }

    /// [`Products::planes_of_a_plane`] of its products.
    pub fn planes_of_a_plane(&self) -> usize {
        self.products.planes_of_a_plane()
    }

    /// Makes of `x` the map `y` that its products read, where that is another. Lanes past the last channel must be finite.
    /// # Panics
    /// When the extents do not fit, rows do not lie side by side, or its products read maps of f32.
    pub fn narrow(&self, x: Planes, y: PlanesMut) {
        match &self.whole {
            Some(Whole { input, .. }) => quantised::run(self.isa, self.products, *input, x, y),
            None => narrow::run(self.isa, x, y),
        }
    }

    /// What the sums of a panel's planes begin with, and their weights.
    pub(crate) fn values(&self, planes: &Range<usize>) -> (&[f32], &[f32]) {
        let lanes = self.isa.lanes();
        self.values[values_of(planes, self.rows, lanes)].split_at(planes.len() * lanes)
    }

    /// Where sums are whole numbers, what they are worth, from a plane on.
    pub(crate) fn worth(&self, plane: usize) -> Option<&[f32]> {
        self.whole.as_ref().map(|whole| &whole.worth[2 * plane * self.isa.lanes()..])
    }
}

/// Where the values of some planes lie, with so many rows of weights each.
fn values_of(planes: &Range<usize>, rows: usize, lanes: usize) -> Range<usize> {
    let plane = (1 + rows) * lanes;
    planes.start * plane..planes.end * plane
}

/// What row `k` has of an output channel's weights: one of f32, or two of bf16 in its place.
fn entry(products: Products, weights: &[f32], k: usize) -> f32 {
    let pair = |i: usize| weights.get(i).map_or(0, |&w| u32::from(narrow::bits(w)));
    if products == Products::Single { weights[k] } else { f32::from_bits(pair(2 * k) | pair(2 * k + 1) << 16) }
}

/// Row `k` of an output channel's weights in whole numbers: `count` of them in the place of an f32.
fn whole_entry(weights: &[i8], count: usize, k: usize) -> f32 {
    let number = |i: usize| weights.get(count * k + i).map_or(0, |&w| w);
    let bits = 32 / count;
    let place =
        (0..count).rev().fold(0, |all, i| all << bits | (i32::from(number(i)) as u32 & u32::MAX >> (32 - bits)));
    f32::from_bits(place)
}

/// Planes in panels of two. Where there may be threes, one or two of them take the place of a last single one, each the
/// first of a half: either half of the panels then has as many planes as the other.
fn panels(planes: usize, widest: usize) -> Cuts {
    let threes = match planes {
        _ if widest < 3 => 0,
        0..3 => 0,
        _ if planes % 4 == 2 => 2,
        _ => planes % 2,
    };
    let count = threes + (planes - 3 * threes).div_ceil(2);
    let is_three = |panel| (threes > 0 && panel == 0) || (threes > 1 && panel == count / 2);
    let mut left = planes;
    let panel = |panel| {
        let planes = left.min(if is_three(panel) { 3 } else { 2 });
        left -= planes;
        planes
    };
    Cuts::of((0..count).map(panel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::every_int8;
    use crate::planes::testing::{channels_of, planes_of};
    use crate::planes::values;
    use crate::quantised::testing::numbers_in;
    use crate::window::testing::numbers;
    use crate::{Act, Epilogue, Map, Shortcut, pointwise};

    /// One product of eight bits with all that it was made from.
    struct Case {
        from: Map,
        to: Map,
        x: Vec<f32>,
        weight: Vec<f32>,
        bias: Vec<f32>,
        input: Scale,
        /// Whole numbers of `x`, `[pixel][channel]`.
        whole: Vec<Vec<u8>>,
        y: Vec<f32>,
    }

    impl Case {
        fn new(isa: Isa, products: Products, from: Map, c_out: usize, epilogue: (Act, usize)) -> Self {
            let (lanes, to) = (isa.lanes(), Map { c: c_out, ..from });
            let (x, weight, bias) = (numbers(from.len(), 1), numbers(from.c * c_out, 2), numbers(c_out, 3));
            // Some of the numbers lie outside.
            let input = Scale::of([-0.37, 0.45]);
            let packed = Packed::quantised(&mut Arena::default(), isa, products, [&weight, &bias], from.c, input);
            let planes = from.c.div_ceil(lanes);
            let blocked = planes_of(lanes, from, &x, 7.0);
            let map = Planes::new(&blocked, lanes, planes, from.h, from.w);
            let count = packed.planes_of_a_plane();
            let inner = planes.div_ceil(count);
            let mut narrow = Buffer::zeros(values(lanes, inner, from.h, from.w));
            packed.narrow(map, PlanesMut::new(&mut narrow, lanes, inner, from.h, from.w));
            let number = |c: usize, pixel: usize| {
                let (plane, at) = (c / (count * lanes), c % (count * lanes));
                numbers_in(narrow[(plane * from.area() + pixel) * lanes + at / count], products)[at % count]
            };
            let whole = (0..from.area()).map(|pixel| (0..from.c).map(|c| number(c, pixel)).collect()).collect();
            let outer = c_out.div_ceil(lanes);
            let mut y = Buffer::zeros(values(lanes, outer, from.h, from.w));
            let mut y = PlanesMut::new(&mut y, lanes, outer, from.h, from.w);
            let shortcut = (epilogue.1 > 0).then_some(Shortcut { x: map, channels: epilogue.1 });
            let operand = Planes::new(&narrow, lanes, inner, from.h, from.w);
            packed.run(0..packed.panels().count(), operand, y.view(), &Epilogue { act: epilogue.0, shortcut });
            let y = channels_of(y.shared(), to);
            Self { from, to, x, weight, bias, input, whole, y }
        }

        /// Sums in i32, then everything else in f64.
        fn reference(&self, o: usize, pixel: usize, (act, prefix): (Act, usize)) -> f64 {
            let (row, step) = quantised::symmetric(&self.weight[o * self.from.c..][..self.from.c]);
            let zero = i32::from(self.input.zero);
            let sum: i32 =
                row.iter().zip(&self.whole[pixel]).map(|(&w, &x)| i32::from(w) * (i32::from(x) - zero)).sum();
            let y = f64::from(sum) * f64::from(step) * f64::from(self.input.step) + f64::from(self.bias[o]);
            let shortcut = if o < prefix { self.x[o * self.from.area() + pixel] } else { 0.0 };
            f64::from(act.of(y as f32)) + f64::from(shortcut)
        }
    }

    fn check(isa: Isa, products: Products, from: Map, c_out: usize, act: Act, prefix: usize) {
        let case = Case::new(isa, products, from, c_out, (act, prefix));
        for (i, &got) in case.y.iter().enumerate() {
            let want = case.reference(i / from.area(), i % from.area(), (act, prefix));
            let what = || format!("{isa} {products:?} {from:?} to {c_out} {act:?} at {i}: {got} {want}");
            let near = if act == Act::Silu { want.abs() / 4096.0 } else { 0.0 };
            assert!((f64::from(got) - want).abs() <= 2e-6 + near, "{}", what());
        }
    }

    #[test]
    fn either_half_of_the_panels_has_as_many_planes_as_the_other_and_none_is_alone() {
        for planes in 4..100 {
            let cuts = panels(planes, 3);
            assert_eq!(cuts.whole(), planes);
            assert!(cuts.ranges().all(|panel| (2..=3).contains(&panel.len())), "{cuts:?}");
            let half = cuts.span(0..cuts.count() / 2).len();
            // With an odd number of panels one half has a panel more.
            let more = if cuts.count().is_multiple_of(2) { 1 } else { 2 };
            assert!(half.abs_diff(planes - half) <= more, "{planes}: {half} in the first half, {cuts:?}");
        }
    }

    #[test]
    fn odd_channels_and_pixels_in_eight_bits_equal_whole_numbers_on_every_isa() {
        every_int8(|isa, products| {
            for c in (1..=8 * isa.lanes() + 1).step_by(3) {
                check(isa, products, Map { c, h: 3, w: 11 }, (8 * isa.lanes() + 2 - c).div_ceil(2), Act::Linear, 0);
            }
            for w in 1..=67 {
                check(isa, products, Map { c: 19, h: 1, w }, 38, Act::Silu, 0);
                check(isa, products, Map { c: 67, h: 2, w }, 9, Act::Relu6, 5);
            }
        });
    }

    #[test]
    fn eight_bits_are_off_by_no_more_than_what_was_rounded_away_on_every_isa() {
        every_int8(|isa, products| {
            let case = Case::new(isa, products, Map { c: 97, h: 3, w: 5 }, 41, (Act::Linear, 0));
            let (area, c_in) = (case.from.area(), case.from.c);
            let [low, high] = [0, 255].map(|q| case.input.value(q));
            for (o, row) in case.weight.chunks_exact(c_in).enumerate() {
                let (whole, step) = quantised::symmetric(row);
                for pixel in 0..area {
                    let x: Vec<f32> = (0..c_in).map(|c| case.x[c * area + pixel].clamp(low, high)).collect();
                    let mut exact = [0.0];
                    pointwise::reference(&x, row, &case.bias[o..=o], &mut exact);
                    // (w + e)(x + d) - w x, where |d| is half a step at most.
                    let d = 0.5 * case.input.step;
                    let e = |i: usize| (f32::from(whole[i]) * step - row[i]).abs();
                    let most: f32 = (0..c_in).map(|i| row[i].abs() * d + (x[i].abs() + d) * e(i)).sum();
                    let off = (case.y[o * area + pixel] - exact[0]).abs();
                    assert!(off <= 1.001 * most, "{isa} {products:?} {o} {pixel}: off by {off}, {most} allowed");
                }
            }
            assert_eq!(case.y.len(), case.to.len());
        });
    }
}
