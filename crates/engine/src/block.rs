//! A block at work. Its widest map is never stored: some planes of it at a time lie framed on a thread's bench.

use std::ops::Range;

use rexnet_kernels::{Buffer, Epilogue, Map, Planes, PlanesMut, Shortcut, gate, pool};

use crate::crew::{Bench, Crew};
use crate::memory::pixel;
use crate::plan::{Block, Gate, Layer, Plan, Source};

/// What a block reads: its input map, and the picture where the block begins with the stem.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) picture: &'a [f32],
    pub(crate) map: Planes<'a>,
}

/// Maps of a block with squeeze-excitation.
pub(crate) struct Gated {
    pub(crate) mid: Buffer,
    pub(crate) means: Buffer,
    pub(crate) hidden: Buffer,
    pub(crate) gates: Buffer,
}

impl Plan {
    pub(crate) fn run_block(&self, block: &Block, x: Input, y: PlanesMut, gated: &mut Gated, crew: &mut Crew) {
        match &block.gate {
            None => self.banded(block, x, y, crew),
            Some(gate) => self.gated(block, gate, x, y, gated, crew),
        }
    }

    /// Without a gate each band of rows passes through the whole block.
    fn banded(&self, block: &Block, x: Input, y: PlanesMut, crew: &mut Crew) {
        let height = self.height_of_band(block, crew.threads());
        crew.each(y.bands(height).enumerate(), |room, (i, y)| {
            let rows = i * height..i * height + y.rows();
            let mut mid = self.map(&mut room.band, Map { h: rows.len(), ..block.mid });
            for (group, mid) in mid.view().groups(sizes(block)).enumerate() {
                self.widen(block, group, x, rows.clone(), mid, &mut room.bench);
            }
            let start = room.bench.watch.now();
            project(block, mid.shared(), x, rows, y);
            room.bench.watch.book(block.project.step, start);
        });
    }

    /// With a gate the pool stands between: planes pass through expansion, depthwise convolution and pool, then bands
    /// of rows through gate and projection.
    fn gated(&self, block: &Block, gate: &Gate, x: Input, y: PlanesMut, room: &mut Gated, crew: &mut Crew) {
        let Gated { mid, means, hidden, gates } = room;
        let mut mid = self.map(mid, block.mid);
        let mut means = self.map(means, pixel(block.mid.c));
        let parts = mid.view().groups(sizes(block)).zip(means.view().groups(sizes(block)));
        crew.each(parts.enumerate(), |room, (group, (mut mid, means))| {
            self.widen(block, group, x, 0..block.mid.h, mid.view(), &mut room.bench);
            let start = room.bench.watch.now();
            pool::run(self.isa, mid.shared(), means);
            room.bench.watch.book(gate.steps[0], start);
        });
        let mut hidden = self.map(hidden, pixel(gate.reduce.weights.c_out()));
        gate.reduce.run(means.shared(), hidden.view(), crew);
        let mut gates = self.map(gates, pixel(block.mid.c));
        gate.expand.run(hidden.shared(), gates.view(), crew);
        let height = block.out.h.div_ceil(crew.threads());
        crew.each(mid.bands(height).zip(y.bands(height)).enumerate(), |room, (i, (mut mid, y))| {
            let start = room.bench.watch.now();
            gate::run(self.isa, mid.view(), gates.shared(), gate.act);
            room.bench.watch.book(gate.steps[1], start);
            let start = room.bench.watch.now();
            project(block, mid.shared(), x, i * height..i * height + y.rows(), y);
            room.bench.watch.book(block.project.step, start);
        });
    }

    /// Output rows `rows` of the depthwise convolution for the planes of one group.
    fn widen(&self, block: &Block, group: usize, x: Input, rows: Range<usize>, y: PlanesMut, bench: &mut Bench) {
        let planes = block.groups[group].clone();
        let [height, width] = block.frame(rows.len());
        let mut frame = self.map(&mut bench.frame, Map { c: planes.len() * self.isa.lanes(), h: height, w: width });
        // The frame's first row is a row of zeros above the map, or one of the map's.
        let padded = rows.start * block.taps.stride();
        let (above, first) = (block.top.saturating_sub(padded), padded.saturating_sub(block.top));
        let last = block.wide.h.min(first + height - above);
        let (inside, columns) = (above..above + last - first, block.left..block.left + block.wide.w);
        frame.clear_around(inside.clone(), columns.clone());
        let mut inner = frame.view().part(0..planes.len(), inside, columns);
        let start = bench.watch.now();
        match &block.source {
            Source::Stem => {
                self.stem.dense.run(x.picture, self.picture, first, inner, self.stem.act, &mut bench.strips);
                bench.watch.book(self.stem.step, start);
            }
            Source::Input => {
                inner.copy(x.map.planes_of(planes.clone()).rows_of(first..last));
            }
            Source::Expand(Layer { step, weights, act }) => {
                let epilogue = Epilogue { act: *act, shortcut: None };
                weights.run(group..group + 1, x.map.rows_of(first..last), inner, &epilogue);
                bench.watch.book(*step, start);
            }
        }
        let start = bench.watch.now();
        block.taps.run(planes, frame.shared(), y, block.act);
        bench.watch.book(block.step, start);
    }
}

/// Planes of each group.
fn sizes(block: &Block) -> impl Iterator<Item = usize> + Send + '_ {
    block.groups.iter().map(ExactSizeIterator::len)
}

/// Projection and shortcut of output rows `rows`.
fn project(block: &Block, mid: Planes, x: Input, rows: Range<usize>, y: PlanesMut) {
    let shortcut = (block.shortcut > 0).then(|| Shortcut { x: x.map.rows_of(rows), channels: block.shortcut });
    let Layer { weights, act, .. } = &block.project;
    weights.run(0..weights.panels().len(), mid, y, &Epilogue { act: *act, shortcut });
}

impl Layer {
    /// The layer with all its panels shared out.
    pub(crate) fn run(&self, x: Planes, y: PlanesMut, crew: &mut Crew) {
        let epilogue = Epilogue { act: self.act, shortcut: None };
        let sizes = self.weights.panels().map(|panel| panel.len());
        crew.each(y.groups(sizes).enumerate(), |room, (panel, y)| {
            let start = room.bench.watch.now();
            self.weights.run(panel..panel + 1, x, y, &epilogue);
            room.bench.watch.book(self.step, start);
        });
    }
}
