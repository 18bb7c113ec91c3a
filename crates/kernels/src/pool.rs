//! The global average pool. Bound: reading the map once.

use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;
use crate::planes::{Planes, PlanesMut};
use crate::window::Map;

/// Mean of each channel of `[c, height, width]`, summed in f64. The truth, never hot.
/// # Panics
/// When a slice has another length than its map says.
pub fn reference(x: &[f32], from: Map, means: &mut [f32]) {
    assert_eq!((x.len(), means.len()), (from.len(), from.c));
    for (mean, plane) in means.iter_mut().zip(x.chunks_exact(from.area())) {
        *mean = (plane.iter().map(|&v| f64::from(v)).sum::<f64>() / from.area() as f64) as f32;
    }
}

/// Mean of each channel; `means` is a map of one pixel.
/// # Panics
/// When the planes are not as many, or the rows of `x` do not lie side by side.
pub fn run(isa: Isa, x: Planes, means: PlanesMut) {
    assert_eq!([x.lanes(), means.lanes(), means.planes(), means.area()], [isa.lanes(), isa.lanes(), x.planes(), 1]);
    isa.run(Pool { x, means });
}

struct Pool<'a> {
    x: Planes<'a>,
    means: PlanesMut<'a>,
}

/// Sums that grow side by side, so that none waits for its last addition.
const SUMS: usize = 8;

impl Kernel for Pool<'_> {
    #[inline(always)]
    fn run<V: Lanes>(mut self, v: V) {
        let share = v.splat(1.0 / self.x.area() as f32);
        for plane in 0..self.x.planes() {
            let mut sums = [v.splat(0.0); SUMS];
            let mut steps = self.x.plane(plane).chunks_exact(SUMS * V::N);
            for step in &mut steps {
                for (sum, x) in sums.iter_mut().zip(step.chunks_exact(V::N)) {
                    *sum = v.add(*sum, v.load(x));
                }
            }
            for x in steps.remainder().chunks_exact(V::N) {
                sums[0] = v.add(sums[0], v.load(x));
            }
            let [a, b, c, d, e, f, g, h] = sums;
            let [ab, cd, ef, gh] = [v.add(a, b), v.add(c, d), v.add(e, f), v.add(g, h)];
            v.store(v.mul(share, v.add(v.add(ab, cd), v.add(ef, gh))), self.means.plane(plane));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::every;
    use crate::planes::testing::planes_of;
    use crate::window::testing::numbers;

    #[test]
    fn means_of_odd_maps_equal_the_reference_on_every_isa() {
        every(|isa| {
            for (h, w) in (1..=20).map(|w| (1, w)).chain([(7, 7), (13, 9), (112, 111)]) {
                let map = Map { c: isa.lanes() + 3, h, w };
                let (x, planes) = (numbers(map.len(), 1), map.c.div_ceil(isa.lanes()));
                let mut want = vec![0.0; map.c];
                reference(&x, map, &mut want);
                let blocked = planes_of(isa.lanes(), map, &x, f32::NAN);
                let mut got = vec![f32::NAN; planes * isa.lanes()];
                let means = PlanesMut::new(&mut got, isa.lanes(), planes, 1, 1);
                run(isa, Planes::new(&blocked, isa.lanes(), planes, h, w), means);
                for (c, (got, want)) in got.iter().zip(&want).enumerate() {
                    assert!((got - want).abs() <= 1e-6, "{isa} {map:?} channel {c}: {got} {want}");
                }
            }
        });
    }
}
