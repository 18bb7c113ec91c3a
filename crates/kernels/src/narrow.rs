//! Maps in bf16: what the products of that precision read. Bound: reading the map once.
//!
//! A narrow map has a plane for every two of f32 and two values in the place of each f32: those of the first plane's
//! lanes, then of the second's. Lanes past the last channel must be finite.

use crate::isa::{Isa, PairKernel};
use crate::lanes::Pairs;
use crate::planes::{Planes, PlanesMut};

/// `x` rounded to bf16, to the nearest, ties to even. The truth, never hot.
pub fn round(x: f32) -> f32 {
    f32::from_bits(u32::from(bits(x)) << 16)
}

/// The bits of `x` in bf16.
pub(crate) fn bits(x: f32) -> u16 {
    if x.is_nan() {
        return (x.to_bits() >> 16) as u16 | 0x40;
    }
    let even = x.to_bits() >> 16 & 1;
    ((x.to_bits() + 0x7fff + even) >> 16) as u16
}

/// Planes of a narrow map.
pub fn planes(of_f32: usize) -> usize {
    of_f32.div_ceil(2)
}

/// Rounds `x` into the narrow map `y`.
/// # Panics
/// When the extents do not fit, rows do not lie side by side, or `isa` has no bf16.
pub fn run(isa: Isa, x: Planes, y: PlanesMut) {
    assert_eq!([y.planes(), y.area(), x.lanes(), y.lanes()], [planes(x.planes()), x.area(), isa.lanes(), isa.lanes()]);
    isa.run_pairs(Narrow { x, y });
}

struct Narrow<'a> {
    x: Planes<'a>,
    y: PlanesMut<'a>,
}

impl PairKernel for Narrow<'_> {
    #[inline(always)]
    fn run<V: Pairs>(mut self, v: V) {
        for plane in 0..self.y.planes() {
            let first = self.x.plane(2 * plane).chunks_exact(V::N);
            let pixels = self.y.plane(plane).chunks_exact_mut(V::N).zip(first);
            if 2 * plane + 1 < self.x.planes() {
                let second = self.x.plane(2 * plane + 1).chunks_exact(V::N);
                for ((y, a), b) in pixels.zip(second) {
                    v.store(v.narrow(v.load(a), v.load(b)), y);
                }
            } else {
                for (y, a) in pixels {
                    v.store(v.narrow(v.load(a), v.splat(0.0)), y);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::every_bf16;
    use crate::planes::testing::planes_of;
    use crate::window::testing::numbers;
    use crate::{Buffer, Map};

    #[test]
    fn rounding_is_to_the_nearest_and_ties_go_to_even() {
        for (x, want) in [
            (1.0, 1.0),
            (1.0 + 1.0 / 256.0, 1.0),
            (1.0 + 3.0 / 256.0, 1.0 + 4.0 / 256.0),
            (1.0 + 1.01 / 256.0, 1.0 + 2.0 / 256.0),
            (-0.0, -0.0),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
        ] {
            assert_eq!(round(x).to_bits(), f32::to_bits(want), "{x}");
        }
        assert!(round(f32::from_bits(0x7f80_0001)).is_nan());
    }

    #[test]
    fn narrow_maps_hold_the_rounded_values_of_two_planes() {
        every_bf16(|isa, _| {
            let lanes = isa.lanes();
            for planes in 1..=4 {
                let map = Map { c: planes * lanes, h: 3, w: 5 };
                let x = planes_of(lanes, map, &numbers(map.len(), 1), 0.0);
                let mut y = Buffer::zeros(super::planes(planes) * map.area() * lanes);
                let from = Planes::new(&x, lanes, planes, map.h, map.w);
                run(isa, from, PlanesMut::new(&mut y, lanes, super::planes(planes), map.h, map.w));
                for (i, y) in y.iter().enumerate() {
                    let (plane, pixel, slot) = (i / lanes / map.area(), i / lanes % map.area(), i % lanes);
                    let (of, lane) = (2 * plane + 2 * slot / lanes, 2 * slot % lanes);
                    let at = |lane: usize| if of < planes { x[(of * map.area() + pixel) * lanes + lane] } else { 0.0 };
                    let want = u32::from(bits(at(lane))) | u32::from(bits(at(lane + 1))) << 16;
                    assert_eq!(y.to_bits(), want, "{planes} planes, value {i}");
                }
            }
        });
    }
}
