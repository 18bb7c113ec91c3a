//! The 1x1 convolution, which is nearly all of the arithmetic. Bound: multiply-adds, two vectors a cycle.
//!
//! Weights are packed in panels of one to three planes of output channels. A tile of pixels by a panel is summed in
//! registers over all input channels, in their order: a result depends on neither the tiles nor the panels.

use std::ops::Range;

use crate::ahead::{Ahead, ask_near};
use crate::arena::{Arena, Buffer};
use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;
use crate::planes::{Planes, PlanesMut};
use crate::tile::{Epilogue, Finish, Place, Stage, load, multiply};

/// `y[o] = bias[o] + weight[o] . x` for one pixel; `weight` is `[y.len(), x.len()]`. The truth, never hot.
/// # Panics
/// When a slice has another length than that.
pub fn reference(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    assert_eq!((weight.len(), bias.len()), (x.len() * y.len(), y.len()));
    for ((y, b), row) in y.iter_mut().zip(bias).zip(weight.chunks_exact(x.len())) {
        *y = b + row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
    }
}

/// Weights and bias of a 1x1 convolution, or of a fully connected layer, as one instruction set wants them.
#[derive(Debug)]
pub struct Packed {
    isa: Isa,
    c_in: usize,
    c_out: usize,
    panels: Vec<Panel>,
    values: Buffer,
}

/// Some planes of output channels: their bias, then their weights for each input channel.
#[derive(Clone, Debug)]
struct Panel {
    planes: Range<usize>,
    values: Range<usize>,
}

impl Packed {
    /// Packs `weight`, `[out, c_in]`, and `bias`, `[out]`, into memory of `arena`.
    /// # Panics
    /// When the lengths do not fit.
    pub fn new(arena: &mut Arena, isa: Isa, weight: &[f32], bias: &[f32], c_in: usize) -> Self {
        let (lanes, c_out) = (isa.lanes(), bias.len());
        assert_eq!(weight.len(), c_out * c_in);
        let panels = panels(c_out.div_ceil(lanes), c_in, lanes);
        let mut values = arena.zeros(panels.last().map_or(0, |p| p.values.end));
        for panel in &panels {
            let first = panel.planes.start * lanes;
            let rows = values[panel.values.clone()].chunks_exact_mut(panel.planes.len() * lanes);
            for (k, row) in rows.enumerate() {
                for (o, value) in (first..c_out).zip(row) {
                    *value = if k == 0 { bias[o] } else { weight[o * c_in + k - 1] };
                }
            }
        }
        Self { isa, c_in, c_out, panels, values }
    }

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Input channels.
    pub fn c_in(&self) -> usize {
        self.c_in
    }

    /// Output channels.
    pub fn c_out(&self) -> usize {
        self.c_out
    }

    /// Planes of output channels of each panel, in order.
    pub fn panels(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        self.panels.iter().map(|panel| panel.planes.clone())
    }

    /// `y[o] = act(bias[o] + sum over c of weight[o][c] * x[c]) + shortcut[o]` for the output channels of some panels.
    ///
    /// `y` has the planes of those panels and `x`'s pixels, in any rows; `x`'s rows lie side by side.
    /// # Panics
    /// When the extents do not fit.
    pub fn run(&self, panels: Range<usize>, x: Planes, y: PlanesMut, epilogue: &Epilogue) {
        assert_eq!((x.planes(), x.lanes()), (self.c_in.div_ceil(self.isa.lanes()), self.isa.lanes()));
        self.product(panels, x, y, epilogue);
    }

    pub(crate) fn product(&self, panels: Range<usize>, x: impl Scalars, y: PlanesMut, epilogue: &Epilogue) {
        let panels = &self.panels[panels];
        let planes = panels.iter().map(|panel| panel.planes.len()).sum();
        assert_eq!((y.planes(), y.lanes(), y.area()), (planes, self.isa.lanes(), x.pixels()));
        let first = panels.first().map_or(0, |panel| panel.planes.start);
        self.isa.run(Product { packed: self, panels, first, x, y, epilogue });
    }
}

/// Cuts planes into panels of three and two such that two threads can share them evenly: the threes first, none, one or
/// two of them.
fn panels(planes: usize, c_in: usize, lanes: usize) -> Vec<Panel> {
    let threes = match planes {
        0..3 => 0,
        _ if planes % 4 == 2 => 2,
        _ => planes % 2,
    };
    let mut panels: Vec<Panel> = Vec::new();
    let mut first = 0;
    while first < planes {
        let count = if panels.len() < threes { 3 } else { 2.min(planes) };
        let start = panels.last().map_or(0, |p| p.values.end);
        panels.push(Panel { planes: first..first + count, values: start..start + count * lanes * (c_in + 1) });
        first += count;
    }
    panels
}

/// What a product takes its scalars from.
pub(crate) trait Scalars {
    fn pixels(&self) -> usize;

    /// Adds to the sums of `MR` pixels from `pixel` on, for one input channel after the other, the pixels' values
    /// times the next `NV` vectors of weights; now and then asks for what lies ahead.
    fn sum<V: Lanes, const MR: usize, const NV: usize>(
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
    fn sum<V: Lanes, const MR: usize, const NV: usize>(
        &self,
        v: V,
        pixel: usize,
        weights: &[f32],
        ahead: &mut Ahead,
        sums: &mut [[V::F; NV]; MR],
    ) {
        let width = NV * V::N;
        for (x, weights) in self.runs(pixel, MR).zip(weights.chunks(V::N * width)) {
            ahead.ask(v);
            // The same pixels of the next plane: each lies on pages of its own, where the processor does not look ahead.
            ask_near(v, x.as_ptr().wrapping_add(self.stride()), MR * V::N);
            let x = &x[..MR * V::N];
            for (c, weights) in (0..V::N).zip(weights.chunks_exact(width)) {
                multiply(v, sums, weights, |pixel| x[pixel * V::N + c]);
            }
        }
    }
}

/// Some panels times all pixels of `x`.
pub(crate) struct Product<'a, X> {
    packed: &'a Packed,
    panels: &'a [Panel],
    /// The plane of output channels that is `y`'s first.
    first: usize,
    x: X,
    y: PlanesMut<'a>,
    epilogue: &'a Epilogue<'a>,
}

impl<X: Scalars> Kernel for Product<'_, X> {
    #[inline(always)]
    fn run<V: Lanes>(mut self, v: V) {
        let mut stage = Stage::new();
        for panel in self.panels {
            match (V::REGISTERS, panel.planes.len()) {
                (32, 3) => self.panel::<V, 9, 3>(v, panel, &mut stage),
                (32, 2) => self.panel::<V, 14, 2>(v, panel, &mut stage),
                (32, _) => self.panel::<V, 14, 1>(v, panel, &mut stage),
                (_, 3) => self.panel::<V, 4, 3>(v, panel, &mut stage),
                (_, 2) => self.panel::<V, 6, 2>(v, panel, &mut stage),
                (_, _) => self.panel::<V, 7, 1>(v, panel, &mut stage),
            }
        }
    }
}

impl<X: Scalars> Product<'_, X> {
    /// One panel with all pixels, `MR` at a time, then ever fewer.
    #[inline(always)]
    fn panel<V: Lanes, const MR: usize, const NV: usize>(&mut self, v: V, panel: &Panel, stage: &mut Stage) {
        let Panel { planes, values } = panel;
        let values = &self.packed.values[values.clone()];
        let (mut pixel, pixels) = (0, self.x.pixels());
        let mut ahead = Ahead::new(values, pixels.div_ceil(MR) * self.packed.c_in.div_ceil(V::N));
        while pixel < pixels {
            let place = Place { first: self.first, plane: planes.start, pixel };
            pixel += match pixels - pixel {
                n if n >= MR => self.tile::<V, MR, NV>(v, values, place, stage, &mut ahead),
                7.. if MR > 7 => self.tile::<V, 7, NV>(v, values, place, stage, &mut ahead),
                4.. if MR > 4 => self.tile::<V, 4, NV>(v, values, place, stage, &mut ahead),
                2.. => self.tile::<V, 2, NV>(v, values, place, stage, &mut ahead),
                _ => self.tile::<V, 1, NV>(v, values, place, stage, &mut ahead),
            };
        }
    }

    #[inline(always)]
    fn tile<V: Lanes, const MR: usize, const NV: usize>(
        &mut self,
        v: V,
        values: &[f32],
        place: Place,
        stage: &mut Stage,
        ahead: &mut Ahead,
    ) -> usize {
        let width = NV * V::N;
        let (bias, weights) = values.split_at(width);
        let bias: [V::F; NV] = load(v, bias);
        let mut sums = [bias; MR];
        self.x.sum(v, place.pixel, weights, ahead, &mut sums);
        stage.put(v, sums);
        let finish = Finish { stage, size: [MR, NV], y: &mut self.y, place, epilogue: self.epilogue };
        self.packed.isa.run(finish);
        MR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::every;
    use crate::planes::testing::{channels_of, planes_of};
    use crate::planes::values;
    use crate::window::testing::numbers;
    use crate::{Act, Map, Shortcut, Window, dense};

    /// Activation and shortcut on top of the dense reference.
    fn reference(x: &[f32], from: Map, weight: &[f32], bias: &[f32], act: Act, prefix: usize) -> Vec<f32> {
        let to = Map { c: bias.len(), ..from };
        let mut y = vec![0.0; to.len()];
        dense::reference(x, from, weight, bias, Window { kernel: 1, stride: 1, top: 0, left: 0 }, &mut y, to);
        for y in &mut y {
            *y = act.of(*y);
        }
        y.iter_mut().zip(&x[..prefix * from.area()]).for_each(|(y, x)| *y += x);
        y
    }

    fn check(isa: Isa, from: Map, c_out: usize, act: Act, prefix: usize) {
        let lanes = isa.lanes();
        let (x, weight, bias) = (numbers(from.len(), 1), numbers(from.c * c_out, 2), numbers(c_out, 3));
        let packed = Packed::new(&mut Arena::default(), isa, &weight, &bias, from.c);
        // What lies in lanes past the last channel must not matter.
        let blocked = planes_of(lanes, from, &x, f32::NAN);
        let input = Planes::new(&blocked, lanes, from.c.div_ceil(lanes), from.h, from.w);
        let (planes, to) = (c_out.div_ceil(lanes), Map { c: c_out, ..from });
        // The output lies within a larger map, whose border is a canary.
        let mut framed = vec![777.0; values(lanes, planes, from.h + 2, from.w + 2)];
        let mut whole = PlanesMut::new(&mut framed, lanes, planes, from.h + 2, from.w + 2);
        let shortcut = (prefix > 0).then_some(Shortcut { x: input, channels: prefix });
        let epilogue = Epilogue { act, shortcut };
        let inside = whole.view().part(0..planes, 1..from.h + 1, 1..from.w + 1);
        packed.run(0..packed.panels().len(), input, inside, &epilogue);
        let got = channels_of(whole.view().part(0..planes, 1..from.h + 1, 1..from.w + 1).shared(), to);
        let want = reference(&x, from, &weight, &bias, act, prefix);
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            assert!((got - want).abs() <= 1e-5, "{isa} {from:?} to {c_out} {act:?} at {i}: {got} {want}");
        }
        let border = (from.h + 2) * (from.w + 2) - from.area();
        assert_eq!(framed.iter().filter(|&&v| v == 777.0).count(), planes * lanes * border, "canaries");
    }

    #[test]
    fn odd_channels_and_pixels_equal_the_reference_on_every_isa() {
        every(|isa| {
            for c in 1..=2 * isa.lanes() + 1 {
                check(isa, Map { c, h: 3, w: 5 }, 2 * isa.lanes() + 2 - c, Act::Linear, 0);
            }
            for w in 1..=33 {
                check(isa, Map { c: 19, h: 1, w }, 38, Act::Silu, 0);
                check(isa, Map { c: 5, h: 2, w }, 61, Act::Relu6, 5);
            }
        });
    }
}
