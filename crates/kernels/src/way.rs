//! From registers to the map: what becomes of a tile's sums.

use crate::act;
use crate::lanes::Lanes;
use crate::pointwise::{Product, Scalars};
use crate::tile::{Arithmetic, Place, Stage, load};

/// How the sums of a tile come to their place, finished.
pub(crate) trait Way {
    /// Whether a tile may go on in the next row where rows lie apart.
    const OVER_ROWS: bool;

    fn take<V: Lanes, A: Arithmetic<V>, X: Scalars, const MR: usize, const NV: usize>(
        &mut self,
        v: V,
        product: &mut Product<X>,
        place: Place,
        sums: [[V::F; NV]; MR],
    );

    /// Called when a panel has all its tiles.
    fn end<V: Lanes, X: Scalars, const NV: usize>(&mut self, _: V, _: &mut Product<X>) {}
}

/// By way of a stage, finished when that is full: for what would take the tile's registers.
pub(crate) struct Staged {
    stage: Stage,
    /// Of the pixels that are on it the first, and how many.
    place: Place,
    pixels: usize,
}

impl Default for Staged {
    fn default() -> Self {
        Self { stage: Stage::new(), place: Place::default(), pixels: 0 }
    }
}

impl Way for Staged {
    const OVER_ROWS: bool = true;

    #[inline(always)]
    fn take<V: Lanes, A: Arithmetic<V>, X: Scalars, const MR: usize, const NV: usize>(
        &mut self,
        v: V,
        product: &mut Product<X>,
        place: Place,
        sums: [[V::F; NV]; MR],
    ) {
        if V::REGISTERS == 32 {
            // A tile is half a stage.
            self.stage.put(v, sums, 0, MR);
            return product.finish(self.stage.values(), MR * V::N, [MR, NV], place);
        }
        let room = room::<V, NV>();
        if self.pixels + MR > room {
            self.end::<V, X, NV>(v, product);
        }
        if self.pixels == 0 {
            self.place = place;
        }
        self.stage.put(v, sums, self.pixels, room);
        self.pixels += MR;
    }

    #[inline(always)]
    fn end<V: Lanes, X: Scalars, const NV: usize>(&mut self, _: V, product: &mut Product<X>) {
        let pixels = std::mem::take(&mut self.pixels);
        if pixels > 0 {
            product.finish(self.stage.values(), room::<V, NV>() * V::N, [pixels, NV], self.place);
        }
    }
}

/// Pixels that a stage has room for.
#[inline(always)]
fn room<V: Lanes, const NV: usize>() -> usize {
    Stage::VALUES / (NV * V::N)
}

/// Clamped in registers, between these bounds, and stored once.
pub(crate) struct Straight(pub(crate) (f32, f32));

impl Way for Straight {
    const OVER_ROWS: bool = false;

    #[inline(always)]
    fn take<V: Lanes, A: Arithmetic<V>, X: Scalars, const MR: usize, const NV: usize>(
        &mut self,
        v: V,
        product: &mut Product<X>,
        place: Place,
        sums: [[V::F; NV]; MR],
    ) {
        let worth = if A::WHOLE { product.packed.worth(place.plane) } else { None };
        let one = [v.splat(1.0), v.splat(0.0)];
        for j in 0..NV {
            let y = product.y.piece(place.plane - place.first + j, place.line, place.column, MR);
            let [unit, bias] = worth.map_or(
                one,
                #[inline(always)]
                |worth| load(v, &worth[2 * j * V::N..]),
            );
            for (sums, y) in sums.iter().zip(y.chunks_exact_mut(V::N)) {
                let sum = if A::WHOLE { v.fma(v.float(sums[j]), unit, bias) } else { sums[j] };
                v.store(act::clamp(v, self.0.0, self.0.1, sum), y);
            }
        }
        if let Some(shortcut) = &product.epilogue.shortcut {
            for j in 0..NV {
                let y = product.y.piece(place.plane - place.first + j, place.line, place.column, MR);
                shortcut.add(v, place.plane + j, place.pixel, y);
            }
        }
    }
}
