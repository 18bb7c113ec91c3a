//! The gate of squeeze-excitation: channels times their gates, then the activation. Bound: the map once in and out.

use crate::act::{self, Act};
use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;
use crate::planes::{Planes, PlanesMut};
use crate::window::Map;

/// Multiplies each channel of `[c, height, width]` by its gate. The truth, never hot.
/// # Panics
/// When a slice has another length than its map says.
pub fn reference(x: &mut [f32], map: Map, gates: &[f32]) {
    assert_eq!((x.len(), gates.len()), (map.len(), map.c));
    for (plane, gate) in x.chunks_exact_mut(map.area()).zip(gates) {
        for v in plane {
            *v *= gate;
        }
    }
}

/// `x = act(gate * x)` in place; `gates` is a map of one pixel.
/// # Panics
/// When the planes are not as many, or the rows of `x` do not lie side by side.
pub fn run(isa: Isa, x: PlanesMut, gates: Planes, act: Act) {
    assert_eq!([x.lanes(), gates.lanes(), gates.planes(), gates.area()], [isa.lanes(), isa.lanes(), x.planes(), 1]);
    isa.run(Gate { x, gates, act });
}

struct Gate<'a> {
    x: PlanesMut<'a>,
    gates: Planes<'a>,
    act: Act,
}

/// Vectors that are multiplied before the activation passes over them, still in the first cache.
const STEP: usize = 64;

impl Kernel for Gate<'_> {
    #[inline(always)]
    fn run<V: Lanes>(mut self, v: V) {
        for plane in 0..self.x.planes() {
            let gate = v.load(self.gates.plane(plane));
            for step in self.x.plane(plane).chunks_mut(STEP * V::N) {
                for x in step.chunks_exact_mut(V::N) {
                    v.store(v.mul(v.load(x), gate), x);
                }
                act::map(v, self.act, step);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::every;
    use crate::planes::testing::{channels_of, planes_of};
    use crate::window::testing::numbers;

    #[test]
    fn gated_maps_equal_the_reference_on_every_isa() {
        every(|isa| {
            for (w, act) in (1..=20).map(|w| (w, Act::Relu6)).chain([(99, Act::Linear), (99, Act::Silu)]) {
                let map = Map { c: isa.lanes() + 3, h: 2, w };
                let (x, planes) = (numbers(map.len(), 1), map.c.div_ceil(isa.lanes()));
                let mut gates = numbers(planes * isa.lanes(), 2);
                let mut want = x.clone();
                reference(&mut want, map, &gates[..map.c]);
                gates[map.c..].fill(f32::NAN);
                let mut blocked = planes_of(isa.lanes(), map, &x, 0.0);
                let mut y = PlanesMut::new(&mut blocked, isa.lanes(), planes, 2, w);
                run(isa, y.view(), Planes::new(&gates, isa.lanes(), planes, 1, 1), act);
                for (i, (got, want)) in channels_of(y.shared(), map).iter().zip(&want).enumerate() {
                    let want = act.of(*want);
                    assert!((got - want).abs() <= 1e-6, "{isa} {map:?} {act:?} at {i}: {got} {want}");
                }
            }
        });
    }
}
