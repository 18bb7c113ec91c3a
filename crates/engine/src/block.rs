//! A block at work. Its widest map is never stored: some planes of it at a time lie framed on a thread's bench.

use std::ops::Range;

use rexnet_kernels::{Buffer, Epilogue, Map, Planes, PlanesMut, Shortcut, gate, pool};

use crate::crew::{Bench, Crew, Room};
use crate::memory::pixel;
use crate::plan::{Block, Gate, Group, Layer, Plan, Source};

/// What a block reads: its input map, that map as its expansion wants it, and the picture where the block begins with
/// the stem.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) picture: &'a [f32],
    pub(crate) map: Planes<'a>,
    pub(crate) operand: Planes<'a>,
}

/// Maps of a block whose middle is kept whole; all but the first are squeeze-excitation's.
pub(crate) struct Middle {
    pub(crate) mid: Buffer,
    /// What the projection reads of it, where that is another map.
    pub(crate) operand: Buffer,
    pub(crate) means: Buffer,
    pub(crate) hidden: Buffer,
    pub(crate) gates: Buffer,
    /// What a layer of the gate reads, where that is another map.
    pub(crate) vector: Buffer,
}

impl Plan {
    pub(crate) fn run_block(&self, block: &Block, x: Input, y: PlanesMut, room: &mut Middle, crew: &mut Crew) {
        if block.gate.is_some() || (crew.threads() > 1 && self.is_small(block)) {
            self.whole(block, x, y, room, crew);
        } else {
            self.banded(block, x, y, crew);
        }
    }

    /// Each band of rows passes through the whole block; rows that two bands read are made twice.
    fn banded(&self, block: &Block, x: Input, y: PlanesMut, crew: &mut Crew) {
        let height = self.height_of_band(block, crew.threads());
        crew.each(y.bands(height).enumerate(), |Room { band, operand, bench }, (i, y)| {
            let rows = i * height..i * height + y.rows();
            let mid = Map { h: rows.len(), ..block.mid };
            let mid = if block.project.is_narrow() {
                let mut operand = block.project.operand_map(operand, mid);
                let operands = operand.view().groups(narrow_sizes(&block.project, &block.groups));
                for (group, operand) in block.groups.iter().zip(operands) {
                    let c = group.planes.len() * self.isa.lanes();
                    let mut mid = self.map(band, Map { c, ..mid });
                    self.widen(block, group, x, rows.clone(), mid.view(), bench);
                    block.project.narrow(mid.shared(), operand, bench);
                }
                operand.into_shared()
            } else {
                let mut mid = self.map(band, mid);
                for (group, mid) in block.groups.iter().zip(mid.view().groups(sizes(&block.groups))) {
                    self.widen(block, group, x, rows.clone(), mid, bench);
                }
                bench.see(&block.project, mid.shared());
                mid.into_shared()
            };
            let start = bench.watch.now();
            project(block, 0..block.project.weights.panels().len(), mid, x, rows, y);
            bench.watch.book(block.project.step, start);
        });
    }

    /// Planes pass through expansion and depthwise convolution, and under a gate its pool; then, when all are there,
    /// through gate and projection.
    fn whole(&self, block: &Block, x: Input, y: PlanesMut, room: &mut Middle, crew: &mut Crew) {
        let Middle { mid, operand, means, hidden, gates, vector } = room;
        let mut mid = self.map(mid, block.mid);
        let mut operand = block.project.is_narrow().then(|| block.project.operand_map(operand, block.mid));
        if let Some(gate) = &block.gate {
            let mut means = self.map(means, pixel(block.mid.c));
            let parts = mid.view().groups(sizes(&block.groups)).zip(means.view().groups(sizes(&block.groups)));
            crew.each(block.groups.iter().zip(parts), |room, (group, (mut mid, means))| {
                self.widen(block, group, x, 0..block.mid.h, mid.view(), &mut room.bench);
                let start = room.bench.watch.now();
                pool::run(self.isa, mid.shared(), means);
                room.bench.watch.book(gate.steps[0], start);
            });
            let mut hidden = self.map(hidden, pixel(gate.reduce.weights.c_out()));
            gate.reduce.run(gate.reduce.read(means.shared(), vector, crew), hidden.view(), crew);
            let hidden = gate.expand.read(hidden.shared(), vector, crew);
            self.scale(block, gate, hidden, self.map(gates, pixel(block.mid.c)), mid.view(), operand.as_mut(), crew);
        } else {
            let operands = groups_of(operand.as_mut(), narrow_sizes(&block.project, &block.groups));
            let parts = mid.view().groups(sizes(&block.groups)).zip(operands);
            crew.each(block.groups.iter().zip(parts), |room, (group, (mut mid, operand))| {
                self.widen(block, group, x, 0..block.mid.h, mid.view(), &mut room.bench);
                if let Some(operand) = operand {
                    block.project.narrow(mid.shared(), operand, &mut room.bench);
                }
            });
        }
        crew.bench().see(&block.project, mid.shared());
        let mid = operand.as_ref().map_or(mid.shared(), PlanesMut::shared);
        let height = height_of_piece(block, crew.threads());
        let pieces = y.bands(height).enumerate().flat_map(|(i, y)| {
            let sizes = block.project.weights.panels().map(|panel| panel.len());
            y.groups(sizes).enumerate().map(move |(panel, y)| (i * height, panel, y))
        });
        crew.each(pieces, |room, (first, panel, y)| {
            let start = room.bench.watch.now();
            let rows = first..first + y.rows();
            project(block, panel..panel + 1, mid.rows_of(rows.clone()), x, rows, y);
            room.bench.watch.book(block.project.step, start);
        });
    }

    /// Gates for some planes, and those planes through them, into `operand` where the projection reads that.
    #[allow(clippy::too_many_arguments, reason = "maps of a block, each of another lifetime")]
    fn scale(
        &self,
        block: &Block,
        gate: &Gate,
        hidden: Planes,
        gates: PlanesMut,
        mid: PlanesMut,
        operand: Option<&mut PlanesMut>,
        crew: &mut Crew,
    ) {
        let Layer { step, weights, act } = &gate.expand;
        let epilogue = Epilogue { act: *act, shortcut: None };
        let operands = groups_of(operand, narrow_sizes(&block.project, &gate.groups));
        let parts = gates.groups(sizes(&gate.groups)).zip(mid.groups(sizes(&gate.groups))).zip(operands);
        crew.each(gate.groups.iter().zip(parts), |room, (group, ((mut gates, mut mid), operand))| {
            let start = room.bench.watch.now();
            weights.run(group.parts.clone(), hidden, gates.view(), &epilogue);
            room.bench.watch.book(*step, start);
            let start = room.bench.watch.now();
            gate::run(self.isa, mid.view(), gates.shared(), gate.act);
            room.bench.watch.book(gate.steps[1], start);
            if let Some(operand) = operand {
                block.project.narrow(mid.shared(), operand, &mut room.bench);
            }
        });
    }

    /// Output rows `rows` of the depthwise convolution for the planes of one group.
    fn widen(&self, block: &Block, group: &Group, x: Input, rows: Range<usize>, y: PlanesMut, bench: &mut Bench) {
        let sizes = block.parts[group.parts.clone()].iter().map(ExactSizeIterator::len);
        for (part, y) in group.parts.clone().zip(y.groups(sizes)) {
            self.widen_part(block, part, x, rows.clone(), y, bench);
        }
    }

    fn widen_part(&self, block: &Block, part: usize, x: Input, rows: Range<usize>, y: PlanesMut, bench: &mut Bench) {
        let planes = &block.parts[part];
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
                weights.run(part..part + 1, x.operand.rows_of(first..last), inner, &epilogue);
                bench.watch.book(*step, start);
            }
        }
        let start = bench.watch.now();
        block.taps.run(planes.clone(), frame.shared(), y, block.act);
        bench.watch.book(block.step, start);
    }
}

/// The groups of what a projection reads, if it is another map than the middle.
fn groups_of<'a>(
    map: Option<&'a mut PlanesMut>,
    sizes: impl Iterator<Item = usize> + Send + 'a,
) -> impl Iterator<Item = Option<PlanesMut<'a>>> + Send {
    let groups = map.map(|map| map.view().groups(sizes));
    groups.into_iter().flatten().map(Some).chain(std::iter::repeat_with(|| None))
}

/// Planes of each group.
fn sizes(groups: &[Group]) -> impl Iterator<Item = usize> + Send + '_ {
    groups.iter().map(|group| group.planes.len())
}

/// Planes of each group in the map that a projection reads.
fn narrow_sizes<'a>(project: &'a Layer, groups: &'a [Group]) -> impl Iterator<Item = usize> + Send + 'a {
    sizes(groups).map(|planes| project.planes(planes))
}

/// Rows of the pieces that a projection is cut into: enough pieces that no thread waits long for another's last.
fn height_of_piece(block: &Block, threads: usize) -> usize {
    let (panels, rows) = (block.project.weights.panels().len(), block.out.h);
    let bands = if threads == 1 { 1 } else { (4 * threads).div_ceil(panels) };
    rows.div_ceil(bands)
}

/// Some panels of projection and shortcut, output rows `rows`.
fn project(block: &Block, panels: Range<usize>, mid: Planes, x: Input, rows: Range<usize>, y: PlanesMut) {
    let shortcut = (block.shortcut > 0).then(|| Shortcut { x: x.map.rows_of(rows), channels: block.shortcut });
    let Layer { weights, act, .. } = &block.project;
    weights.run(panels, mid, y, &Epilogue { act: *act, shortcut });
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
