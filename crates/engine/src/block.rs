//! A block at work. Its widest map is never stored: some planes of it at a time lie framed on a thread's bench.

use std::ops::Range;

use rexnet_kernels::{Buffer, Cuts, Epilogue, Map, Planes, PlanesMut, Share, Shortcut, gate, pool};

use crate::crew::{Bench, Crew, Room};
use crate::memory::pixel;
use crate::plan::{Block, Gate, Groups, Layer, Plan, Source};

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
        let bands = self.bands(block, crew.threads());
        crew.each(y.bands(&bands), |Room { band, operand, bench }, number, y| {
            let rows = bands.range(number);
            let mid = Map { h: rows.len(), ..block.mid };
            let groups = &block.groups.planes;
            let mid = if block.project.is_narrow() {
                let mut operand = block.project.operand_map(operand, mid);
                let operands = operand.view().groups(&block.groups.operand);
                for (group, operand) in operands.parts().enumerate() {
                    if block.rounds {
                        self.widen_part(block, group, x, rows.clone(), operand, bench);
                        continue;
                    }
                    let c = groups.range(group).len() * self.isa.lanes();
                    let mut mid = self.map(band, Map { c, ..mid });
                    self.widen(block, group, x, rows.clone(), mid.view(), bench);
                    block.project.narrow(mid.shared(), operand, bench);
                }
                operand.into_shared()
            } else {
                let mut mid = self.map(band, mid);
                for (group, mid) in mid.view().groups(groups).parts().enumerate() {
                    self.widen(block, group, x, rows.clone(), mid, bench);
                }
                bench.see(&block.project, mid.shared());
                mid.into_shared()
            };
            let start = bench.watch.now();
            project(block, 0..block.project.weights.panels().count(), mid, x, rows, y);
            bench.watch.book(block.project.step, start);
        });
    }

    /// Planes pass through expansion and depthwise convolution, and under a gate its pool; then, when all are there,
    /// through gate and projection.
    fn whole(&self, block: &Block, x: Input, y: PlanesMut, room: &mut Middle, crew: &mut Crew) {
        let Middle { mid, operand, means, hidden, gates, vector } = room;
        let mut mid = self.map(mid, block.mid);
        let mut operand = block.project.is_narrow().then(|| block.project.operand_map(operand, block.mid));
        let groups = &block.groups;
        if let Some(gate) = &block.gate {
            let mut means = self.map(means, pixel(block.mid.c));
            let parts = (mid.view().groups(&groups.planes), means.view().groups(&groups.planes));
            crew.each(parts, |room, group, (mut mid, means)| {
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
            let operands = operand.as_mut().map(|map| map.view().groups(&groups.operand));
            crew.each((mid.view().groups(&groups.planes), operands), |room, group, (mut mid, operand)| {
                let (rows, bench) = (0..block.mid.h, &mut room.bench);
                match operand {
                    Some(operand) if block.rounds => self.widen_part(block, group, x, rows, operand, bench),
                    Some(operand) => {
                        self.widen(block, group, x, rows, mid.view(), bench);
                        block.project.narrow(mid.shared(), operand, bench);
                    }
                    None => self.widen(block, group, x, rows, mid, bench),
                }
            });
        }
        crew.bench().see(&block.project, mid.shared());
        let mid = operand.as_ref().map_or(mid.shared(), PlanesMut::shared);
        let (bands, panels) = (bands_of_pieces(block, crew.threads()), block.project.weights.panels());
        crew.each(y.pieces(&bands, panels), |room, piece, y| {
            let start = room.bench.watch.now();
            let (rows, panel) = (bands.range(piece / panels.count()), piece % panels.count());
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
        let Groups { planes, parts, .. } = &gate.groups;
        let operands = operand.map(|map| map.view().groups(&gate.groups.operand));
        let share = (gates.groups(planes), mid.groups(planes), operands);
        crew.each(share, |room, group, (mut gates, mut mid, operand)| {
            let start = room.bench.watch.now();
            weights.run(parts.range(group), hidden, gates.view(), &epilogue);
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
    fn widen(&self, block: &Block, group: usize, x: Input, rows: Range<usize>, mut y: PlanesMut, bench: &mut Bench) {
        let first = block.groups.planes.range(group).start;
        for part in block.groups.parts.range(group) {
            let planes = block.parts.range(part);
            let y = y.view().planes_of(planes.start - first..planes.end - first);
            self.widen_part(block, part, x, rows.clone(), y, bench);
        }
    }

    /// The same for one part, as the projection reads it if the block rounds at once.
    fn widen_part(&self, block: &Block, part: usize, x: Input, rows: Range<usize>, y: PlanesMut, bench: &mut Bench) {
        let planes = block.parts.range(part);
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
        if block.rounds {
            block.taps.run_rounded(planes, frame.shared(), y, block.act);
        } else {
            block.taps.run(planes, frame.shared(), y, block.act);
        }
        bench.watch.book(block.step, start);
    }
}

/// Rows of the pieces that a projection is cut into: enough pieces that no thread waits long for another's last.
fn bands_of_pieces(block: &Block, threads: usize) -> Cuts {
    let panels = block.project.weights.panels().count();
    Cuts::even(block.out.h, if threads == 1 { 1 } else { (4 * threads).div_ceil(panels) })
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
        crew.each(y.groups(self.weights.panels()), |room, panel, y| {
            let start = room.bench.watch.now();
            self.weights.run(panel..panel + 1, x, y, &epilogue);
            room.bench.watch.book(self.step, start);
        });
    }
}
