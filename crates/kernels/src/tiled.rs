//! The 1x1 convolution through the matrix unit. Bound: a tile product in sixteen cycles, activations beside it.
//!
//! Pixels are taken in blocks of the unit's sixteen; the last block begins early enough to be whole and sums some
//! pixels twice, to the same bits. A map of fewer pixels is copied into one of sixteen.

use std::ops::Range;

use crate::ahead::Ahead;
use crate::arena::Buffer;
use crate::isa::Products;
use crate::planes::Planes;
use crate::pointwise::Product;
use crate::tile::{Place, Stage};
use crate::tiles::{Dot, PairDot, QuadDot, ROWS, Sum, Tiles};

/// Some panels times all pixels of `x`.
pub(crate) fn run(product: Product<Planes>) {
    match product.packed.products() {
        Products::QuadTiles => work::<QuadDot>(product),
        _ => work::<PairDot>(product),
    }
}

fn work<D: Dot>(mut product: Product<Planes>) {
    let (x, planes) = (product.x, product.x.planes());
    let mut copy = Buffer::default();
    if x.area() < ROWS {
        copy = Buffer::zeros(planes * ROWS * x.lanes());
        for plane in 0..planes {
            copy[plane * ROWS * x.lanes()..][..x.area() * x.lanes()].copy_from_slice(x.plane(plane));
        }
    }
    let padded = if x.area() < ROWS { Planes::new(&copy, x.lanes(), planes, 1, ROWS) } else { x };
    let (tiles, mut stage) = (Tiles::new(), Stage::new());
    for panel in product.panels.clone() {
        let planes = product.packed.panels().range(panel);
        panel_of::<D>(&mut product, planes, padded, &tiles, &mut stage);
    }
}

fn panel_of<D: Dot>(product: &mut Product<Planes>, planes: Range<usize>, x: Planes, tiles: &Tiles, stage: &mut Stage) {
    let (bias, weights) = product.packed.values(&planes);
    let row = bias.len();
    // Blocks of pixels that the unit sums at once.
    let block = match (planes.len(), x.area() / ROWS) {
        (1, 4..) => 4 * ROWS,
        (2, 2..) => 2 * ROWS,
        _ => ROWS,
    };
    let mut ahead = Ahead::new(weights, x.area().div_ceil(block));
    for first in (0..x.area()).step_by(block) {
        let pixel = first.min(x.area() - block);
        ahead.next().for_each(Tiles::prefetch);
        let sum = |plane: usize| {
            let at = plane * ROWS;
            Sum { bias: &bias[at..], weights: &weights[at..], row, x, pixel }
        };
        let out = stage.values_mut();
        match (planes.len(), block / ROWS) {
            (2, 2) => D::two_by_two(tiles, &sum(0), out),
            (1, 4) => D::four_by_one(tiles, &sum(0), out),
            (count, _) => {
                for plane in 0..count {
                    D::one_by_one(tiles, &sum(plane), &mut out[plane * ROWS * ROWS..]);
                }
            }
        }
        let place = Place { first: product.first, plane: planes.start, pixel: first, line: 0, column: first };
        let (again, pitch) = (first - pixel, block * x.lanes());
        product.finish(&stage.values()[again * x.lanes()..], pitch, [block - again, planes.len()], place);
    }
}
