//! The register tile of every product: sums of a few pixels by a few vectors of channels, and what is done to them.

use crate::act::{self, Act, Function, Path};
use crate::isa::Kernel;
use crate::lanes::{Bytes, Lanes, Pairs};
use crate::planes::{Planes, PlanesMut};

/// How a scalar of the input and a vector of weights make a product.
pub(crate) trait Arithmetic<V: Lanes> {
    /// Whether sums are whole numbers: their worth is still to come in, and the compiler may add them in any order, for
    /// which it runs out of registers where it sees many at once.
    const WHOLE: bool = false;

    /// `sum + x * w`.
    fn multiply_add(v: V, x: V::F, w: V::F, sum: V::F) -> V::F;
}

/// A value of f32 by values of f32.
pub(crate) struct Single;

impl<V: Lanes> Arithmetic<V> for Single {
    #[inline(always)]
    fn multiply_add(v: V, x: V::F, w: V::F, sum: V::F) -> V::F {
        v.fma(x, w, sum)
    }
}

/// A pair of bf16 by pairs of bf16.
pub(crate) struct Paired;

impl<V: Pairs> Arithmetic<V> for Paired {
    #[inline(always)]
    fn multiply_add(v: V, x: V::F, w: V::F, sum: V::F) -> V::F {
        v.dot(x, w, sum)
    }
}

/// Two or four numbers of eight bits by as many.
pub(crate) struct Whole;

impl<V: Bytes> Arithmetic<V> for Whole {
    const WHOLE: bool = true;

    #[inline(always)]
    fn multiply_add(v: V, x: V::F, w: V::F, sum: V::F) -> V::F {
        v.dot(x, w, sum)
    }
}

/// `NV` vectors that lie side by side.
#[inline(always)]
pub(crate) fn load<V: Lanes, const NV: usize>(v: V, from: &[f32]) -> [V::F; NV] {
    let mut vectors = [v.splat(0.0); NV];
    for (vector, from) in vectors.iter_mut().zip(from.chunks_exact(V::N)) {
        *vector = v.load(from);
    }
    vectors
}

/// `sums[pixel][j] += x(pixel) * weights[j]`, `weights` being `NV` vectors.
#[inline(always)]
pub(crate) fn multiply<V: Lanes, A: Arithmetic<V>, const MR: usize, const NV: usize>(
    v: V,
    sums: &mut [[V::F; NV]; MR],
    weights: &[f32],
    x: impl Fn(usize) -> f32,
) {
    let weights: [V::F; NV] = load(v, weights);
    for (pixel, sums) in sums.iter_mut().enumerate() {
        let x = v.splat(x(pixel));
        for (sum, w) in sums.iter_mut().zip(weights) {
            *sum = A::multiply_add(v, x, w, *sum);
        }
    }
}

/// Where the sums of a tile, or of some neighbours, rest on their way from registers to the map: `[j][pixel][lane]`.
#[repr(align(64))]
pub(crate) struct Stage([f32; Self::VALUES]);

impl Stage {
    /// Those of the largest tile.
    pub(crate) const VALUES: usize = 64 * 16;

    pub(crate) fn new() -> Self {
        Self([0.0; Self::VALUES])
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.0
    }

    /// Its values, for those who write them another way.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }

    /// Puts a tile on the pixels from `first` on, of `pixels`. Plain stores and nothing else: sums that any other loop
    /// touched would be kept in memory throughout.
    #[inline(always)]
    pub(crate) fn put<V: Lanes, const MR: usize, const NV: usize>(
        &mut self,
        v: V,
        sums: [[V::F; NV]; MR],
        first: usize,
        pixels: usize,
    ) {
        for j in 0..NV {
            let to = &mut self.0[(j * pixels + first) * V::N..][..MR * V::N];
            for (sums, to) in sums.iter().zip(to.chunks_exact_mut(V::N)) {
                v.store(sums[j], to);
            }
        }
    }
}

/// What follows the sums: an activation, then the partial shortcut.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Applied first.
    pub act: Act,
    /// Added last, on its own channels alone.
    pub shortcut: Option<Shortcut<'a>>,
}

/// A map that is added to the first channels of another.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut<'a> {
    /// As many pixels as the other, rows side by side.
    pub x: Planes<'a>,
    /// Its channels.
    pub channels: usize,
}

/// Where a tile goes: pixels from `pixel` on of planes from `plane` on. The map's first plane is number `first`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) first: usize,
    pub(crate) plane: usize,
    pub(crate) pixel: usize,
    /// The pixel as a row and a column, where tiles keep to rows.
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Finishes staged sums on their way to their place in `y`. A function of its own, for which registers are given out
/// anew: inlined behind every tile it would slow them all down.
pub(crate) struct Finish<'a, 'b> {
    pub(crate) staged: &'a [f32],
    /// Staged values from a plane to the next.
    pub(crate) pitch: usize,
    /// Pixels and planes that are staged; pixels past the map's last are dropped.
    pub(crate) size: [usize; 2],
    /// Of sums that are whole numbers, for each plane a vector of what a unit is worth and one of bias.
    pub(crate) worth: Option<&'a [f32]>,
    /// Whether activations may be as rough as what products read.
    pub(crate) near: bool,
    pub(crate) y: &'a mut PlanesMut<'b>,
    pub(crate) place: Place,
    pub(crate) epilogue: &'a Epilogue<'a>,
}

impl Kernel for Finish<'_, '_> {
    #[inline(always)]
    fn run<V: Lanes>(self, v: V) {
        let act = self.epilogue.act;
        if self.near { act::dispatch_near(v, act, self) } else { act::dispatch(v, act, self) }
    }
}

impl<V: Lanes> Path<V> for Finish<'_, '_> {
    #[inline(always)]
    fn each(self, v: V, f: impl Function) {
        let Self { staged, pitch, size: [pixels, planes], worth, y, place, epilogue, .. } = self;
        let first = place.plane - place.first;
        let end = y.area().min(place.pixel + pixels);
        y.runs(
            first..first + planes,
            place.pixel..end,
            #[inline(always)]
            |plane, pixel, run| {
                let staged = &staged[(plane - first) * pitch + (pixel - place.pixel) * V::N..];
                let sums = staged.chunks_exact(V::N).zip(run.chunks_exact_mut(V::N));
                if let Some(worth) = worth {
                    let [unit, bias] = load(v, &worth[2 * (plane - first) * V::N..]);
                    for (sum, y) in sums {
                        v.store(f.of(v, v.fma(v.float(v.load(sum)), unit, bias)), y);
                    }
                } else {
                    for (sum, y) in sums {
                        v.store(f.of(v, v.load(sum)), y);
                    }
                }
                if let Some(shortcut) = &epilogue.shortcut {
                    shortcut.add(v, plane + place.first, pixel, run);
                }
            },
        );
    }
}

impl Shortcut<'_> {
    /// Adds the channels that a plane has to a run of its pixels.
    #[inline(always)]
    pub(crate) fn add<V: Lanes>(&self, v: V, plane: usize, pixel: usize, run: &mut [f32]) {
        let channels = self.channels.saturating_sub(plane * V::N).min(V::N);
        if channels == 0 {
            return;
        }
        let x = self.x.plane(plane)[pixel * V::N..].chunks_exact(V::N);
        for (y, x) in run.chunks_exact_mut(V::N).zip(x) {
            let x = if channels == V::N { v.load(x) } else { v.load_few(&x[..channels]) };
            v.store(v.add(v.load(y), x), y);
        }
    }
}
