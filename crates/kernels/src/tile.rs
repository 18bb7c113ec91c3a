//! The register tile of every product: sums of a few pixels by a few vectors of channels, and what is done to them.

use crate::act::{self, Act};
use crate::lanes::Lanes;
use crate::planes::{Planes, PlanesMut};

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
pub(crate) fn multiply<V: Lanes, const MR: usize, const NV: usize>(
    v: V,
    sums: &mut [[V::F; NV]; MR],
    weights: &[f32],
    x: impl Fn(usize) -> f32,
) {
    let weights: [V::F; NV] = load(v, weights);
    for (pixel, sums) in sums.iter_mut().enumerate() {
        let x = v.splat(x(pixel));
        for (sum, w) in sums.iter_mut().zip(weights) {
            *sum = v.fma(x, w, *sum);
        }
    }
}

/// Most values that the sums of a tile hold.
const LARGEST: usize = 28 * 16;

/// Where the sums of a tile rest on their way from registers to the map: `[pixel][j][lane]`.
#[repr(align(64))]
pub(crate) struct Stage([f32; LARGEST]);

impl Stage {
    pub(crate) fn new() -> Self {
        Self([0.0; LARGEST])
    }

    /// Plain stores and nothing else: sums that any other loop touched would be kept in memory throughout.
    #[inline(always)]
    pub(crate) fn put<V: Lanes, const MR: usize, const NV: usize>(&mut self, v: V, sums: [[V::F; NV]; MR]) {
        const { assert!(MR * NV * V::N <= LARGEST) };
        for (pixel, sums) in self.0.chunks_exact_mut(NV * V::N).zip(sums) {
            for (j, sum) in sums.into_iter().enumerate() {
                v.store(sum, &mut pixel[j * V::N..]);
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
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) first: usize,
    pub(crate) plane: usize,
    pub(crate) pixel: usize,
}

/// Finishes the staged sums of `pixels` pixels by `planes` planes and writes them to their place in `y`.
#[inline(always)]
pub(crate) fn finish<V: Lanes>(
    v: V,
    stage: &mut Stage,
    [pixels, planes]: [usize; 2],
    y: &mut PlanesMut,
    place: Place,
    epilogue: &Epilogue,
) {
    act::map(v, epilogue.act, &mut stage.0[..pixels * planes * V::N]);
    for j in 0..planes {
        let staged = stage.0[j * V::N..].chunks(planes * V::N);
        let mut staged = staged.take(pixels);
        let mut done = 0;
        let shortcut = epilogue.shortcut.and_then(|s| s.lanes_of(place.plane + j));
        while done < pixels {
            let pixel = place.pixel + done;
            let run = y.run(place.plane + j - place.first, pixel, pixels - done);
            done += run.len() / V::N;
            match shortcut {
                None => {
                    for (y, sum) in run.chunks_exact_mut(V::N).zip(&mut staged) {
                        v.store(v.load(sum), y);
                    }
                }
                Some((x, channels)) => {
                    let x = x[pixel * V::N..].chunks_exact(V::N);
                    for ((y, x), sum) in run.chunks_exact_mut(V::N).zip(x).zip(&mut staged) {
                        let x = if channels == V::N { v.load(x) } else { v.load_few(&x[..channels]) };
                        v.store(v.add(v.load(sum), x), y);
                    }
                }
            }
        }
    }
}

impl<'a> Shortcut<'a> {
    /// The plane, and how many of its lanes are channels; none past the last.
    fn lanes_of(&self, plane: usize) -> Option<(&'a [f32], usize)> {
        let lanes = self.x.lanes();
        let channels = self.channels.saturating_sub(plane * lanes).min(lanes);
        (channels > 0).then(|| (self.x.plane(plane), channels))
    }
}
