//! Maps in eight bits: what the products of that precision read. Bound: reading the map once.
//!
//! A quantised map has a plane for every two or four of f32 ([`Products::planes_of_a_plane`]) and as many values in the
//! place of each f32: those of the first plane's lanes, then of the second's, and so on.

use crate::isa::{ByteKernel, Isa, Products};
use crate::lanes::Bytes;
use crate::planes::{Planes, PlanesMut};

/// How numbers of a range become 0 to 255: `step * (q - zero)` stands for `x`. Zero itself is exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Distance of two neighbours.
    pub step: f32,
    /// What zero becomes.
    pub zero: u8,
}

impl Scale {
    /// The scale for numbers from `low` to `high`, which is made to hold zero. A range of nothing has steps of 1.
    /// # Panics
    /// When an end is not finite.
    pub fn of([low, high]: [f32; 2]) -> Self {
        assert!(low.is_finite() && high.is_finite(), "{low} to {high}");
        let (low, high) = (low.min(0.0), high.max(0.0));
        let step = high / 255.0 - low / 255.0;
        let step = if step >= f32::MIN_POSITIVE { step } else { 1.0 };
        Self { step, zero: (-low / step).round() as u8 }
    }

    /// `x` as a whole number, to the nearest, ties to even, cut to 0 to 255. The truth, never hot.
    pub fn quantise(self, x: f32) -> u8 {
        (f64::from(x) * f64::from(1.0 / self.step) + f64::from(self.zero)).round_ties_even() as u8
    }

    /// What a whole number stands for.
    pub fn value(self, q: u8) -> f32 {
        self.step * (i32::from(q) - i32::from(self.zero)) as f32
    }
}

/// The weights of one output channel: whole numbers from -127 to 127, symmetric around zero, and their step.
///
/// Each is rounded to the nearest, but that some which lie about half way go the other way, so that all errors together
/// come to half a step at most: activations are mostly of one sign, and what is rounded away of every weight would
/// otherwise add up.
pub fn symmetric(weights: &[f32]) -> (Vec<i8>, f32) {
    let largest = weights.iter().fold(0.0f32, |most, w| most.max(w.abs()));
    let step = if largest > 0.0 && largest.is_finite() { largest / 127.0 } else { 1.0 };
    let mut whole: Vec<i8> = weights.iter().map(|w| (w / step).round() as i8).collect();
    let mut errors: Vec<(f32, usize)> =
        weights.iter().zip(&whole).map(|(w, &q)| w / step - f32::from(q)).zip(0..).collect();
    let sum: f32 = errors.iter().map(|error| error.0).sum();
    let (sign, many) = (sum.signum(), sum.abs().round() as usize);
    if many > 0 {
        errors.select_nth_unstable_by(many - 1, |a, b| (sign * b.0).total_cmp(&(sign * a.0)).then(a.1.cmp(&b.1)));
    }
    for &(_, at) in &errors[..many] {
        whole[at] = (whole[at] + sign as i8).clamp(-127, 127);
    }
    (whole, step)
}

/// Quantises `x` into `y`, for products that [`Products`] names.
/// # Panics
/// When the extents do not fit, rows do not lie side by side, or `isa` has no such products.
pub(crate) fn run(isa: Isa, products: Products, scale: Scale, x: Planes, y: PlanesMut) {
    let planes = x.planes().div_ceil(products.planes_of_a_plane());
    assert_eq!([y.planes(), y.area(), x.lanes(), y.lanes()], [planes, x.area(), isa.lanes(), isa.lanes()]);
    isa.run_bytes(products, Quantise { scale, x, y });
}

struct Quantise<'a> {
    scale: Scale,
    x: Planes<'a>,
    y: PlanesMut<'a>,
}

impl ByteKernel for Quantise<'_> {
    #[inline(always)]
    fn run<V: Bytes>(mut self, v: V) {
        for plane in 0..self.y.planes() {
            match V::PLANES.min(self.x.planes() - V::PLANES * plane) {
                1 => self.plane::<V, 1>(v, plane),
                2 => self.plane::<V, 2>(v, plane),
                3 => self.plane::<V, 3>(v, plane),
                _ => self.plane::<V, 4>(v, plane),
            }
        }
    }
}

impl Quantise<'_> {
    /// One plane from the `COUNT` of f32 that there are for it.
    #[inline(always)]
    fn plane<V: Bytes, const COUNT: usize>(&mut self, v: V, plane: usize) {
        let (factor, zero) = (v.splat(1.0 / self.scale.step), v.splat(f32::from(self.scale.zero)));
        let planes = self.x;
        let x = |i: usize| planes.plane(V::PLANES * plane + i.min(COUNT - 1)).chunks_exact(V::N);
        // Lock step instead of indices, which would each be checked.
        let pixels = self.y.plane(plane).chunks_exact_mut(V::N).zip(x(0)).zip(x(1)).zip(x(2)).zip(x(3));
        for ((((y, a), b), c), d) in pixels {
            let mut scaled = [zero; 4];
            for (to, x) in scaled.iter_mut().zip([a, b, c, d]).take(COUNT) {
                *to = v.fma(v.load(x), factor, zero);
            }
            v.store(v.pack(&scaled[..V::PLANES]), y);
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// The whole numbers in the place of an f32.
    pub(crate) fn numbers_in(place: f32, products: Products) -> Vec<u8> {
        let bytes = place.to_bits().to_le_bytes();
        let apart = 4 / products.planes_of_a_plane();
        assert!(
            bytes.iter().enumerate().all(|(i, &byte)| i % apart == 0 || byte == 0),
            "a number of more than eight bits"
        );
        bytes.into_iter().step_by(apart).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::numbers_in;
    use super::*;
    use crate::isa::every_int8;
    use crate::planes::testing::planes_of;
    use crate::window::testing::numbers;
    use crate::{Buffer, Map};

    #[test]
    fn zero_is_exact_and_the_ends_of_a_range_are_half_a_step_off_at_most() {
        for range in [[0.0, 6.0], [-0.28, 9.0], [-3.0, 3.0], [2.0, 5.0], [-7.0, -1.0], [-1e-30, 1e30]] {
            let scale = Scale::of(range);
            assert_eq!(scale.value(scale.quantise(0.0)), 0.0);
            for x in [range[0], range[1], 0.3 * range[0] + 0.7 * range[1]] {
                let off = (scale.value(scale.quantise(x)) - x).abs();
                assert!(off <= 0.501 * scale.step, "{range:?}: {x} is off by {off}");
            }
        }
        assert_eq!(Scale::of([0.0, 0.0]), Scale { step: 1.0, zero: 0 });
    }

    #[test]
    fn weights_are_rounded_so_that_their_errors_come_to_nothing() {
        for (n, stream) in [(1, 1), (2, 2), (9, 3), (99, 4), (1000, 5)] {
            let weights = numbers(n, stream);
            let (whole, step) = symmetric(&weights);
            assert_eq!(whole.iter().map(|w| w.unsigned_abs()).max(), Some(127));
            let off: Vec<f32> = whole.iter().zip(&weights).map(|(&q, w)| f32::from(q) - w / step).collect();
            assert!(off.iter().all(|off| off.abs() <= 0.75), "{n}: what goes the other way lies about half way");
            let many = off.iter().filter(|off| off.abs() > 0.5001).count();
            assert!(many * 10 <= n + 10, "{n}: {many} go the other way");
            assert!(off.iter().sum::<f32>().abs() <= 0.501, "{n}");
        }
        assert_eq!(symmetric(&[0.0, -0.0]), (vec![0, 0], 1.0));
    }

    #[test]
    fn quantised_maps_hold_the_values_of_several_planes() {
        every_int8(|isa, products| {
            let (lanes, count) = (isa.lanes(), products.planes_of_a_plane());
            let scale = Scale::of([-0.31, 0.44]);
            for planes in 1..=9 {
                let map = Map { c: planes * lanes, h: 3, w: 5 };
                let x = planes_of(lanes, map, &numbers(map.len(), 1), 0.0);
                let mut y = Buffer::zeros(planes.div_ceil(count) * map.area() * lanes);
                let from = Planes::new(&x, lanes, planes, map.h, map.w);
                let to = PlanesMut::new(&mut y, lanes, planes.div_ceil(count), map.h, map.w);
                run(isa, products, scale, from, to);
                let numbers = y.iter().flat_map(|&x| numbers_in(x, products));
                for (i, number) in numbers.enumerate() {
                    let pixel = i / (count * lanes);
                    let plane = pixel / map.area() * count + i / lanes % count;
                    if plane < planes {
                        let x = x[(plane * map.area() + pixel % map.area()) * lanes + i % lanes];
                        assert_eq!(number, scale.quantise(x), "{isa} {products:?} {planes} planes, number {i}: {x}");
                    }
                }
            }
        });
    }
}
