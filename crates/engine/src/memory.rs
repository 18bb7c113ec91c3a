//! Memory planned once: what a picture and a thread need, for the largest of the blocks.

use rexnet_kernels::{Arena, Buffer, Cuts, Map, Planes, PlanesMut, Strips, planes};

use crate::block::Middle;
use crate::crew::{Bench, Crew, Room};
use crate::plan::{Block, Gate, Layer, Plan, Source};
use crate::profile::Watch;

/// Maps of one picture, kept from picture to picture.
pub(crate) struct Desk {
    /// Input and output of a block in turn.
    pub(crate) maps: [Buffer; 2],
    /// What products read of a map, where that is another.
    pub(crate) operand: Buffer,
    pub(crate) middle: Middle,
}

/// Values of frame and band that stay in the second cache beside weights and input.
const CACHED: usize = 200_000;

impl Plan {
    /// Maps for a picture.
    pub(crate) fn desk(&self, arena: &mut Arena) -> Desk {
        let stem = if self.stem_is_fused() { 0 } else { self.values(self.stem.out) };
        let map = self.largest(|block| self.values(block.out)).max(stem);
        let mid = self.largest(|b| if self.is_kept(b) { self.values(b.mid) } else { 0 });
        let of_gate = |values: &dyn Fn(&Gate, usize) -> usize| {
            self.largest(|b| b.gate.as_ref().map_or(0, |gate| values(gate, b.mid.c)))
        };
        let expand = self.largest(|b| match &b.source {
            Source::Expand(layer) => layer.operand(b.wide.area()),
            _ => 0,
        });
        let head = self.head.conv.as_ref().map_or(0, |conv| conv.operand(self.head.map.area()));
        Desk {
            maps: [arena.zeros(map), arena.zeros(map)],
            operand: arena.zeros(expand.max(head)),
            middle: Middle {
                mid: arena.zeros(mid),
                operand: arena
                    .zeros(self.largest(|b| if self.is_kept(b) { b.project.operand(b.mid.area()) } else { 0 })),
                vector: arena.zeros(of_gate(&|gate, _| gate.reduce.operand(1).max(gate.expand.operand(1)))),
                means: arena.zeros(of_gate(&|_, c| self.values(pixel(c)))),
                hidden: arena.zeros(of_gate(&|gate, _| self.values(pixel(gate.reduce.weights.c_out())))),
                gates: arena.zeros(of_gate(&|_, c| self.values(pixel(c)))),
            },
        }
    }

    /// Room for a thread; most takes the one that is alone with a picture, but for small blocks, which threads share.
    pub(crate) fn room(&self, arena: &mut Arena) -> Room {
        let band_of = |block: &Block| Map { h: self.bands(block, 1).longest(), ..block.mid };
        let rows = |block: &Block| if self.is_small(block) { block.mid.h } else { band_of(block).h };
        let frame = self.largest(|block| self.frame(block, rows(block)));
        let banded = |values: &dyn Fn(&Block) -> usize| self.largest(|b| if b.gate.is_none() { values(b) } else { 0 });
        let panel = self.head.conv.as_ref().map_or(0, |conv| conv.weights.panels().longest());
        let panel = panel * self.head.map.area() * self.isa.lanes();
        Room {
            band: arena.zeros(banded(&|b| self.band(b, band_of(b))).max(panel)),
            operand: arena.zeros(banded(&|b| b.project.operand(band_of(b).area()))),
            bench: Bench { frame: arena.zeros(frame), strips: Strips::default(), watch: Watch::default(), gauge: None },
        }
    }

    /// Whether the middle of a block is ever kept whole.
    fn is_kept(&self, block: &Block) -> bool {
        block.gate.is_some() || self.is_small(block)
    }

    /// Whether the middle of a block stays in the second cache while threads share it.
    pub(crate) fn is_small(&self, block: &Block) -> bool {
        self.values(block.mid) <= CACHED && !matches!(block.source, Source::Stem)
    }

    /// Rows that pass through expansion and depthwise convolution together: all under a gate, else as many as stay in
    /// the cache, and of several threads as many for each as for the others.
    pub(crate) fn bands(&self, block: &Block, threads: usize) -> Cuts {
        let rows = block.mid.h;
        let fits = |bands: &Cuts| {
            let mid = Map { h: bands.longest(), ..block.mid };
            self.frame(block, mid.h) + self.band(block, mid) + block.project.operand(mid.area()) <= CACHED
        };
        if block.gate.is_some() {
            return Cuts::even(rows, 1);
        }
        let least = if threads == 1 { 1 } else { 2 * threads };
        let mut bands = (least..=rows).step_by(threads).map(|count| Cuts::even(rows, count));
        bands.find(fits).unwrap_or_else(|| Cuts::even(rows, rows))
    }

    /// Values between depthwise convolution and projection: of all planes, or of a group, which is narrowed at once, or none.
    fn band(&self, block: &Block, band: Map) -> usize {
        if block.rounds {
            return 0;
        }
        let c = if block.project.is_narrow() { block.groups.planes.longest() * self.isa.lanes() } else { band.c };
        self.values(Map { c, ..band })
    }

    /// Values of the framed planes under so many rows.
    fn frame(&self, block: &Block, rows: usize) -> usize {
        let [height, width] = block.frame(rows);
        planes::values(self.isa.lanes(), block.parts.longest(), height, width)
    }

    /// Whether the first block begins with the stem.
    pub(crate) fn stem_is_fused(&self) -> bool {
        matches!(self.blocks.first().map(|block| &block.source), Some(Source::Stem))
    }

    fn largest(&self, values: impl Fn(&Block) -> usize) -> usize {
        self.blocks.iter().map(values).max().unwrap_or(0)
    }

    /// A map in a buffer that holds it.
    pub(crate) fn map<'a>(&self, buffer: &'a mut Buffer, map: Map) -> PlanesMut<'a> {
        PlanesMut::new(buffer, self.isa.lanes(), self.planes(map), map.h, map.w)
    }
}

impl Layer {
    /// What it reads of a map of these extents, where that is another.
    pub(crate) fn operand_map<'a>(&self, buffer: &'a mut Buffer, map: Map) -> PlanesMut<'a> {
        let lanes = self.weights.isa().lanes();
        PlanesMut::new(buffer, lanes, self.planes(map.c.div_ceil(lanes)), map.h, map.w)
    }

    /// What it reads of `x`: that map itself, or another in `buffer`, made by all together.
    pub(crate) fn read<'a>(&self, x: Planes<'a>, buffer: &'a mut Buffer, crew: &mut Crew) -> Planes<'a> {
        crew.bench().see(self, x);
        if !self.is_narrow() {
            return x;
        }
        let map = Map { c: self.weights.c_in(), h: x.rows(), w: x.width() };
        if map.area() == 1 {
            self.weights.narrow(x, self.operand_map(buffer, map));
        } else {
            let rows = Cuts::even(map.h, crew.threads());
            crew.each(self.operand_map(buffer, map).bands(&rows), |room, band, y| {
                self.narrow(x.rows_of(rows.range(band)), y, &mut room.bench);
            });
        }
        self.operand_map(buffer, map).into_shared()
    }

    /// Makes what it reads of `x`, on its own account.
    pub(crate) fn narrow(&self, x: Planes, y: PlanesMut, bench: &mut Bench) {
        let start = bench.watch.now();
        self.weights.narrow(x, y);
        bench.watch.book(self.step, start);
    }
}

/// A vector of channels as a map.
pub(crate) fn pixel(c: usize) -> Map {
    Map { c, h: 1, w: 1 }
}
