//! The 1x1 convolution, which is nearly all of the arithmetic. Bound: multiply-adds, two vectors a cycle.
//!
//! Weights are packed in panels of one to three planes of output channels. A tile of pixels by a panel is summed in
//! registers over all input channels, in their order: a result depends on neither the tiles nor the panels.

use std::ops::Range;

use crate::ahead::{Ahead, ask_near};
use crate::isa::{ByteKernel, Kernel, PairKernel, Products};
use crate::lanes::{Bytes, Lanes, Pairs};
use crate::packed::Packed;
use crate::planes::{Planes, PlanesMut};
use crate::tile::{Arithmetic, Epilogue, Finish, Paired, Place, Single, Whole, load, multiply};
#[cfg(target_arch = "x86_64")]
use crate::tiled;
use crate::way::{Staged, Straight, Way};

/// `y[o] = bias[o] + weight[o] . x` for one pixel; `weight` is `[y.len(), x.len()]`. The truth, never hot.
/// # Panics
/// When a slice has another length than that.
pub fn reference(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    assert_eq!((weight.len(), bias.len()), (x.len() * y.len(), y.len()));
    for ((y, b), row) in y.iter_mut().zip(bias).zip(weight.chunks_exact(x.len())) {
        *y = b + row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
    }
}

impl Packed {
    /// `y[o] = act(bias[o] + sum over c of weight[o][c] * x[c]) + shortcut[o]` for the output channels of some panels.
    ///
    /// `y` has the planes of those panels and `x`'s pixels, in any rows; `x`'s rows lie side by side.
    /// # Panics
    /// When the extents do not fit.
    pub fn run(&self, panels: Range<usize>, x: Planes, y: PlanesMut, epilogue: &Epilogue) {
        let planes = self.c_in().div_ceil(self.isa().lanes()).div_ceil(self.planes_of_a_plane());
        assert_eq!((x.planes(), x.lanes()), (planes, self.isa().lanes()));
        #[cfg(target_arch = "x86_64")]
        if self.products().in_tiles() {
            return tiled::run(self.prepare(panels, x, y, epilogue));
        }
        self.product(panels, x, y, epilogue);
    }

    fn prepare<'a, X: Scalars>(
        &'a self,
        panels: Range<usize>,
        x: X,
        y: PlanesMut<'a>,
        epilogue: &'a Epilogue,
    ) -> Product<'a, X> {
        let planes = self.panels().span(panels.clone());
        assert_eq!((y.planes(), y.lanes(), y.area()), (planes.len(), self.isa().lanes(), x.pixels()));
        Product { packed: self, panels, first: planes.start, x, y: y.in_lines(), epilogue }
    }

    pub(crate) fn product<X: Scalars>(&self, panels: Range<usize>, x: X, y: PlanesMut, epilogue: &Epilogue) {
        let product = self.prepare(panels, x, y, epilogue);
        match epilogue.act.bounds() {
            Some(bounds) => self.multiply(Through(product, Straight(bounds))),
            None => self.multiply(Through(product, Staged::default())),
        }
    }

    fn multiply(&self, product: impl Kernel + PairKernel + ByteKernel) {
        match self.products() {
            Products::Single => self.isa().run(product),
            Products::Pairs => self.isa().run_pairs(product),
            Products::Words | Products::Vnni => self.isa().run_bytes(self.products(), product),
            Products::Tiles | Products::QuadTiles => unreachable!("a narrow map is multiplied by `tiled`"),
        }
    }
}

/// What a product takes its scalars from.
pub(crate) trait Scalars {
    fn pixels(&self) -> usize;

    /// Adds to the sums of `MR` pixels from `pixel` on, for one input channel after the other, the pixels' values
    /// times the next `NV` vectors of weights; now and then asks for what lies ahead.
    fn sum<V: Lanes, A: Arithmetic<V>, const MR: usize, const NV: usize>(
        &self,
        v: V,
        pixel: usize,
        weights: &[f32],
        ahead: &mut Ahead,
        sums: &mut [[V::F; NV]; MR],
    );
}

impl Scalars for Planes<'_> {
    fn pixels(&self) -> usize {
        self.area()
    }

    #[inline(always)]
    fn sum<V: Lanes, A: Arithmetic<V>, const MR: usize, const NV: usize>(
        &self,
        v: V,
        pixel: usize,
        weights: &[f32],
        ahead: &mut Ahead,
        sums: &mut [[V::F; NV]; MR],
    ) {
        let plane = V::N * NV * V::N;
        for (x, weights) in self.runs(pixel, MR).zip(weights.chunks(plane)) {
            ahead.ask(v);
            // The same pixels of the next plane: each lies on pages of its own, where the processor does not look ahead.
            ask_near(v, x.as_ptr().wrapping_add(self.stride()), MR * V::N);
            match weights.get(..plane) {
                // How many they are, the compiler then knows.
                Some(whole) if !A::WHOLE => channels::<V, A, MR, NV>(v, x, whole, sums),
                _ => channels::<V, A, MR, NV>(v, x, weights, sums),
            }
        }
    }
}

/// Adds the products of a plane's channels, as many as there are weights for.
#[inline(always)]
fn channels<V: Lanes, A: Arithmetic<V>, const MR: usize, const NV: usize>(
    v: V,
    x: &[f32],
    weights: &[f32],
    sums: &mut [[V::F; NV]; MR],
) {
    let x = &x[..MR * V::N];
    for (c, weights) in (0..V::N).zip(weights.chunks_exact(NV * V::N)) {
        multiply::<V, A, MR, NV>(v, sums, weights, |pixel| x[pixel * V::N + c]);
    }
}

/// Some panels times all pixels of `x`.
pub(crate) struct Product<'a, X> {
    pub(crate) packed: &'a Packed,
    pub(crate) panels: Range<usize>,
    /// The plane of output channels that is `y`'s first.
    pub(crate) first: usize,
    pub(crate) x: X,
    pub(crate) y: PlanesMut<'a>,
    pub(crate) epilogue: &'a Epilogue<'a>,
}

/// A product with the way that its sums take from registers to the map: a text for each, since sums that two ways are
/// open to would be kept in memory.
struct Through<'a, X, W>(Product<'a, X>, W);

impl<X: Scalars, W: Way> Kernel for Through<'_, X, W> {
    #[inline(always)]
    fn run<V: Lanes>(self, v: V) {
        self.work::<V, Single>(v);
    }
}

impl<X: Scalars, W: Way> PairKernel for Through<'_, X, W> {
    #[inline(always)]
    fn run<V: Pairs>(self, v: V) {
        self.work::<V, Paired>(v);
    }
}

impl<X: Scalars, W: Way> ByteKernel for Through<'_, X, W> {
    #[inline(always)]
    fn run<V: Bytes>(self, v: V) {
        self.work::<V, Whole>(v);
    }
}

impl<X: Scalars, W: Way> Through<'_, X, W> {
    #[inline(always)]
    fn work<V: Lanes, A: Arithmetic<V>>(mut self, v: V) {
        for panel in self.0.panels.clone() {
            let planes = self.0.packed.panels().range(panel);
            match (V::REGISTERS, planes.len()) {
                (32, 3) => self.panel::<V, A, 9, 3>(v, planes),
                (32, 2) => self.panel::<V, A, 14, 2>(v, planes),
                (32, _) => self.panel::<V, A, 14, 1>(v, planes),
                (_, 2) => self.panel::<V, A, 6, 2>(v, planes),
                (_, _) => self.panel::<V, A, 7, 1>(v, planes),
            }
        }
    }

    /// One panel with all pixels, at most `MR` at a time.
    #[inline(always)]
    fn panel<V: Lanes, A: Arithmetic<V>, const MR: usize, const NV: usize>(&mut self, v: V, planes: Range<usize>) {
        let Self(product, way) = self;
        let (bias, weights) = product.packed.values(&planes);
        let bias: [V::F; NV] = load(v, bias);
        let [lines, pixels] =
            if W::OVER_ROWS { [1, product.x.pixels()] } else { [product.y.rows(), product.y.width()] };
        let mut ahead = Ahead::new(weights, lines * pixels.div_ceil(MR) * (weights.len() / (NV * V::N)).div_ceil(V::N));
        let mut tile = Tile { v, bias, weights, way, ahead: &mut ahead };
        for line in 0..lines {
            let mut column = 0;
            while column < pixels {
                let pixel = line * pixels + column;
                let place = Place { first: product.first, plane: planes.start, line, column, pixel };
                column += match pixels_of_tile::<V, MR>(pixels - column) {
                    n if n == MR => tile.run::<A, X, MR>(product, place),
                    7 if MR > 7 => tile.run::<A, X, 7>(product, place),
                    6 if MR == 7 => tile.run::<A, X, 6>(product, place),
                    5 if MR < 9 => tile.run::<A, X, 5>(product, place),
                    4 => tile.run::<A, X, 4>(product, place),
                    3 if MR < 9 => tile.run::<A, X, 3>(product, place),
                    2 => tile.run::<A, X, 2>(product, place),
                    _ => tile.run::<A, X, 1>(product, place),
                };
            }
        }
        way.end::<V, X, NV>(v, product);
    }
}

/// How many of the pixels that are left go into the next tile, `MR` at most. Small tiles are made about equally large, none
/// of them so small that its sums wait for each other; of large ones there is a choice, where four sevens are quicker
/// than three nines and a single pixel.
#[inline(always)]
fn pixels_of_tile<V: Lanes, const MR: usize>(left: usize) -> usize {
    if V::REGISTERS < 32 {
        return left.div_ceil(left.div_ceil(MR));
    }
    let largest = if MR == 9 && left.is_multiple_of(7) && left <= 28 { 7 } else { MR };
    [largest, 7, 4, 2].into_iter().find(|&n| n <= left).unwrap_or(1)
}

impl<X: Scalars> Product<'_, X> {
    /// Finishes staged sums of so many pixels and planes, which lie `pitch` values apart.
    #[inline(always)]
    pub(crate) fn finish(&mut self, staged: &[f32], pitch: usize, size: [usize; 2], place: Place) {
        let worth = self.packed.worth(place.plane);
        let near = self.packed.products() != Products::Single;
        let finish = Finish { staged, pitch, size, worth, near, y: &mut self.y, place, epilogue: self.epilogue };
        self.packed.isa().run(finish);
    }
}

/// What the tiles of a panel share.
struct Tile<'a, V: Lanes, W, const NV: usize> {
    v: V,
    bias: [V::F; NV],
    weights: &'a [f32],
    way: &'a mut W,
    ahead: &'a mut Ahead,
}

impl<V: Lanes, W: Way, const NV: usize> Tile<'_, V, W, NV> {
    #[inline(always)]
    fn run<A: Arithmetic<V>, X: Scalars, const MR: usize>(&mut self, product: &mut Product<X>, place: Place) -> usize {
        let mut sums = [self.bias; MR];
        product.x.sum::<V, A, MR, NV>(self.v, place.pixel, self.weights, self.ahead, &mut sums);
        self.way.take::<V, A, X, MR, NV>(self.v, product, place, sums);
        MR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{every, every_bf16, every_int8};
    use crate::planes::testing::{channels_of, planes_of};
    use crate::planes::values;
    use crate::share::{Cuts, Share};
    use crate::window::testing::numbers;
    use crate::{Act, Arena, Buffer, Isa, Map, Scale, Shortcut, Window, dense, narrow};

    /// Activation and shortcut on top of the dense reference.
    fn reference(x: &[f32], from: Map, weight: &[f32], bias: &[f32], act: Act, shortcut: &[f32]) -> Vec<f32> {
        let to = Map { c: bias.len(), ..from };
        let mut y = vec![0.0; to.len()];
        dense::reference(x, from, weight, bias, Window { kernel: 1, stride: 1, top: 0, left: 0 }, &mut y, to);
        for y in &mut y {
            *y = act.of(*y);
        }
        y.iter_mut().zip(shortcut).for_each(|(y, x)| *y += x);
        y
    }

    fn check(isa: Isa, products: Products, from: Map, c_out: usize, act: Act, prefix: usize) {
        let lanes = isa.lanes();
        let (mut x, mut weight, bias) = (numbers(from.len(), 1), numbers(from.c * c_out, 2), numbers(c_out, 3));
        let packed = Packed::new(&mut Arena::default(), isa, products, &weight, &bias, from.c);
        let planes = from.c.div_ceil(lanes);
        // What lies in lanes past the last channel must not matter; in narrow maps it is finite.
        let past = if products == Products::Single { f32::NAN } else { 7.0 };
        let blocked = planes_of(lanes, from, &x, past);
        let original = Planes::new(&blocked, lanes, planes, from.h, from.w);
        let mut rounded = Buffer::zeros(values(lanes, narrow::planes(planes), from.h, from.w));
        let mut rounded = PlanesMut::new(&mut rounded, lanes, narrow::planes(planes), from.h, from.w);
        let shortcut = (prefix > 0).then_some(Shortcut { x: original, channels: prefix });
        let epilogue = Epilogue { act, shortcut };
        let (planes, to) = (c_out.div_ceil(lanes), Map { c: c_out, ..from });
        // The output lies within a larger map, whose border is a canary.
        let mut framed = vec![777.0; values(lanes, planes, from.h + 2, from.w + 2)];
        let mut whole = PlanesMut::new(&mut framed, lanes, planes, from.h + 2, from.w + 2);
        let inside = whole.view().part(0..planes, 1..from.h + 1, 1..from.w + 1);
        let all = 0..packed.panels().count();
        let shortcut = x[..prefix * from.area()].to_vec();
        if products == Products::Single {
            packed.run(all, original, inside, &epilogue);
        } else {
            narrow::run(isa, original, rounded.view());
            packed.run(all, rounded.shared(), inside, &epilogue);
            x.iter_mut().chain(&mut weight).for_each(|v| *v = narrow::round(*v));
        }
        let got = channels_of(whole.view().part(0..planes, 1..from.h + 1, 1..from.w + 1).shared(), to);
        let want = reference(&x, from, &weight, &bias, act, &shortcut);
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            let what = || format!("{isa} {products:?} {from:?} to {c_out} {act:?} at {i}: {got} {want}");
            let near = if products == Products::Single || act != Act::Silu { 0.0 } else { want.abs() / 4096.0 };
            assert!((got - want).abs() <= 1e-5 + near, "{}", what());
        }
        let border = (from.h + 2) * (from.w + 2) - from.area();
        assert_eq!(framed.iter().filter(|&&v| v == 777.0).count(), planes * lanes * border, "canaries");
    }

    #[test]
    fn odd_channels_and_pixels_equal_the_reference_on_every_isa() {
        every(|isa| {
            for c in 1..=2 * isa.lanes() + 1 {
                check(isa, Products::Single, Map { c, h: 3, w: 5 }, 2 * isa.lanes() + 2 - c, Act::Linear, 0);
            }
            for w in 1..=33 {
                check(isa, Products::Single, Map { c: 19, h: 1, w }, 38, Act::Silu, 0);
                check(isa, Products::Single, Map { c: 5, h: 2, w }, 61, Act::Relu6, 5);
            }
        });
    }

    #[test]
    fn odd_channels_and_pixels_in_bf16_equal_the_reference_on_rounded_numbers() {
        every_bf16(|isa, products| {
            for c in 1..=4 * isa.lanes() + 1 {
                check(isa, products, Map { c, h: 3, w: 11 }, 4 * isa.lanes() + 2 - c, Act::Linear, 0);
            }
            for w in 1..=67 {
                check(isa, products, Map { c: 19, h: 1, w }, 38, Act::Silu, 0);
                check(isa, products, Map { c: 37, h: 2, w }, 9, Act::Relu6, 5);
            }
        });
    }

    #[test]
    fn a_product_has_the_same_bits_however_its_pixels_are_cut() {
        let cases = |isa: Isa, products: Products| {
            let (lanes, area, c) = (isa.lanes(), 70, 33);
            let (weight, bias) = (numbers(c * 40, 2), numbers(40, 3));
            let mut arena = Arena::default();
            let packed = match products {
                Products::Single | Products::Pairs | Products::Tiles => {
                    Packed::new(&mut arena, isa, products, &weight, &bias, c)
                }
                _ => {
                    let input = Scale { step: 0.1, zero: 3 };
                    Packed::quantised(&mut arena, isa, products, [&weight, &bias], c, input)
                }
            };
            let inner = packed.c_in().div_ceil(lanes).div_ceil(packed.planes_of_a_plane());
            let outer = packed.c_out().div_ceil(lanes);
            let x: Vec<f32> = (0..values(lanes, inner, area, 1)).map(|i| (i % 7) as f32 * 0.25 - 0.7).collect();
            let x = Planes::new(&x, lanes, inner, area, 1);
            let cut = |height: usize| {
                let mut y = vec![f32::NAN; values(lanes, outer, area, 1)];
                let rows = Cuts::of((0..area).step_by(height).map(|first| height.min(area - first)));
                let bands = PlanesMut::new(&mut y, lanes, outer, area, 1).bands(&rows);
                for (rows, y) in rows.ranges().zip(bands.parts()) {
                    packed.run(0..packed.panels().count(), x.rows_of(rows), y, &Epilogue::default());
                }
                y
            };
            for height in [1, 5, 15, 16, 17, 31, 33, 64] {
                assert!(cut(height) == cut(area), "{isa} {products:?} in bands of {height}");
            }
        };
        every(|isa| cases(isa, Products::Single));
        every_bf16(cases);
        every_int8(cases);
    }
}
