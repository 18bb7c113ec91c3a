//! The plan at work: pictures in, logits out.

use std::time::Duration;

use rexnet_kernels::{Arena, Buffer, Cuts, Epilogue, Isa, Map, Planes, PlanesMut, Precision, Team, peak, pool};
use rexnet_spec::{Graph, Quantization};

use crate::block::Input;
use crate::crew::{Crew, Room};
use crate::gauge::Gauge;
use crate::memory::Desk;
use crate::plan::{Plan, Source};
use crate::profile::StepTime;
use crate::{EngineError, Limits, Tensors, parse};

/// How an engine works; no choice changes which logits come out but the instruction set, by rounding.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Threads, the caller's among them. Logits are the same bits for any number.
    pub threads: usize,
    /// The instruction set.
    pub isa: Isa,
    /// What products are made of.
    pub precision: Precision,
    /// What int8 has to know.
    pub quantization: Option<&'a Quantization>,
}

impl Default for Options<'_> {
    /// As many threads as affinity and control group allow, the best instruction set of the machine.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, Into::into);
        Self { threads, isa: Isa::detect(), precision: Precision::F32, quantization: None }
    }
}

/// A network ready to run.
pub struct Engine {
    plan: Plan,
    team: Team,
    /// One for each thread.
    rooms: Vec<Room>,
    /// One for each picture that is worked on at the same time.
    desks: Vec<Desk>,
}

impl Engine {
    /// An engine with the default [`Options`].
    /// # Errors
    /// As [`Engine::with`].
    pub fn new(graph: &Graph, tensors: &mut Tensors) -> Result<Self, EngineError> {
        Self::with(graph, tensors, Options::default())
    }

    /// Plans `graph` and packs its tensors, asking `tensors` for one at a time.
    /// # Errors
    /// A tensor that cannot be had or has another size than declared, a graph that no lowering makes, a precision that
    /// the processor lacks, or int8 without a range for every layer.
    pub fn with(graph: &Graph, tensors: &mut Tensors, options: Options) -> Result<Self, EngineError> {
        let Options { isa, precision, quantization, .. } = options;
        let ways = isa.products(precision);
        let best = ways.into_iter().rev().find_map(|(products, has)| has.then_some(products));
        let products = best.ok_or(EngineError::Precision { isa, precision })?;
        let ranges = match (precision, quantization) {
            (Precision::Int8, None) => return Err(EngineError::Uncalibrated),
            (Precision::Int8, ranges) => ranges,
            _ => None,
        };
        let plan = parse::plan(graph, isa, products, ranges, tensors)?;
        let team = Team::new(options.threads);
        let mut arena = Arena::default();
        let desks = vec![plan.desk(&mut arena)];
        let rooms = (0..team.threads()).map(|_| plan.room(&mut arena)).collect();
        Ok(Self { plan, team, rooms, desks })
    }

    /// Number of logits of a picture.
    pub fn classes(&self) -> usize {
        self.plan.classes()
    }

    /// Number of features of a picture.
    pub fn width(&self) -> usize {
        self.plan.width()
    }

    /// The instruction set that it runs on.
    pub fn isa(&self) -> Isa {
        self.plan.isa
    }

    /// The name of the kernels that make its products.
    pub fn kernels(&self) -> &'static str {
        self.plan.products.kernels(self.plan.isa)
    }

    /// Threads that it runs on.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// Runs `batch` pictures: `pixels` is `[batch, channels, height, width]`, normalised; `logits` is `[batch, classes]`.
    /// # Errors
    /// `Buffer` when either has another length.
    pub fn run(&mut self, pixels: &[f32], batch: usize, logits: &mut [f32]) -> Result<(), EngineError> {
        self.work(pixels, batch, logits, None)
    }

    /// The same, with what the pool makes on the way: `features` is `[batch, width]`.
    /// # Errors
    /// As [`Engine::run`].
    pub fn embed(
        &mut self,
        pixels: &[f32],
        batch: usize,
        logits: &mut [f32],
        features: &mut [f32],
    ) -> Result<(), EngineError> {
        self.work(pixels, batch, logits, Some(features))
    }

    fn work(
        &mut self,
        pixels: &[f32],
        batch: usize,
        logits: &mut [f32],
        features: Option<&mut [f32]>,
    ) -> Result<(), EngineError> {
        let always = [("pixels", pixels.len(), self.plan.picture.len()), ("logits", logits.len(), self.classes())];
        let asked = features.as_ref().map(|features| ("features", features.len(), self.width()));
        for (what, found, each) in always.into_iter().chain(asked) {
            let wanted = batch * each;
            if found != wanted {
                return Err(EngineError::Buffer { what, found, wanted });
            }
        }
        if batch > 0 {
            let mut pooled = self.features(pixels, batch);
            if let Some(features) = features {
                self.plan.rows(&mut pooled, features, self.width());
            }
            self.logits(pooled, batch, logits);
        }
        Ok(())
    }

    /// Begins to count what products read.
    pub(crate) fn gauge(&mut self) {
        self.rooms.iter_mut().for_each(|room| room.bench.gauge = Some(Gauge::default()));
    }

    /// What was counted on all threads, by step.
    pub(crate) fn counted(&self) -> Gauge {
        let mut all = Gauge::default();
        self.rooms.iter().filter_map(|room| room.bench.gauge.as_ref()).for_each(|gauge| all.join(gauge));
        all
    }

    /// The name of a step.
    pub(crate) fn step(&self, step: usize) -> &str {
        &self.plan.steps[step].name
    }

    /// Runs one picture some times; for each step of the graph its least time of all runs.
    /// # Errors
    /// `Buffer` when `picture` has another length.
    pub fn profile(&mut self, picture: &[f32], runs: usize) -> Result<Vec<StepTime>, EngineError> {
        let mut least: Vec<Option<Duration>> = vec![None; self.plan.steps.len()];
        let mut logits = vec![0.0; self.classes()];
        for _ in 0..runs {
            self.rooms.iter_mut().for_each(|room| room.bench.watch.on(least.len()));
            let done = self.run(picture, 1, &mut logits);
            let spent: Vec<_> = self.rooms.iter_mut().map(|room| room.bench.watch.off()).collect();
            done?;
            for (step, least) in least.iter_mut().enumerate() {
                let spent = spent.iter().map(|thread| thread[step]).sum();
                *least = Some(least.map_or(spent, |least| least.min(spent)));
            }
        }
        let with_time = |(step, spent): (&StepTime, Option<Duration>)| StepTime {
            spent: spent.unwrap_or_default(),
            ..step.clone()
        };
        Ok(self.plan.steps.iter().zip(least).map(with_time).collect())
    }

    /// What its threads can do at most, measured now, in about a fifth of a second.
    pub fn limits(&mut self) -> Limits {
        let Self { plan, team, .. } = self;
        Limits { flops: peak::flops(plan.isa, plan.products, team), bytes: peak::bytes(plan.isa, team) }
    }

    /// What the head pools, a row for each picture. Whole pictures are shared out; those that are left over, fewer than
    /// there are threads, are worked on by all together.
    fn features(&mut self, pixels: &[f32], batch: usize) -> Buffer {
        let Self { plan, team, rooms, desks } = self;
        let map = Map { c: plan.width(), h: batch, w: 1 };
        let mut features = Buffer::zeros(plan.values(map));
        let mut rows = plan.map(&mut features, map);
        let picture = |number: usize| &pixels[number * plan.picture.len()..][..plan.picture.len()];
        let alone = if team.threads() == 1 { 0 } else { batch - batch % team.threads() };
        if alone > 0 {
            let mut arena = Arena::default();
            desks.resize_with(team.threads(), || plan.desk(&mut arena));
            let mut seats: Vec<_> = rooms.iter_mut().zip(desks.iter_mut()).collect();
            let each = Cuts::even(alone, alone);
            team.each(&mut seats, rows.view().rows_of(0..alone).bands(&each), |(room, desk), number, features| {
                plan.run_picture(picture(number), features, desk, &mut Crew::Alone(room));
            });
        }
        for number in alone..batch {
            let features = rows.view().rows_of(number..number + 1);
            plan.run_picture(picture(number), features, &mut desks[0], &mut Crew::Team(team, rooms));
        }
        features
    }

    /// The layers behind the pool, all pictures at once.
    fn logits(&mut self, features: Buffer, batch: usize, logits: &mut [f32]) {
        let Self { plan, team, rooms, .. } = self;
        let mut x = features;
        for layer in &plan.head.layers {
            let [from, to] = [layer.weights.c_in(), layer.weights.c_out()].map(|c| Map { c, h: batch, w: 1 });
            let mut next = Buffer::zeros(plan.values(to));
            let mut operand = Buffer::zeros(layer.operand(batch));
            let crew = &mut Crew::Team(team, rooms);
            layer.run(
                layer.read(plan.map(&mut x, from).into_shared(), &mut operand, crew),
                plan.map(&mut next, to),
                crew,
            );
            x = next;
        }
        plan.rows(&mut x, logits, plan.classes());
    }
}

impl Plan {
    /// Copies what lies in planes of one value a picture to rows of `values`, one for each picture.
    fn rows(&self, planes: &mut Buffer, rows: &mut [f32], values: usize) {
        let planes = self.map(planes, Map { c: values, h: rows.len() / values, w: 1 });
        for (picture, row) in rows.chunks_exact_mut(values).enumerate() {
            for (plane, row) in row.chunks_mut(self.isa.lanes()).enumerate() {
                row.copy_from_slice(&planes.shared().row(plane, picture)[..row.len()]);
            }
        }
    }

    fn run_picture(&self, picture: &[f32], features: PlanesMut, desk: &mut Desk, crew: &mut Crew) {
        let Desk { maps: [x, y], operand, middle } = desk;
        let mut from = if self.stem_is_fused() { Map { h: 0, ..self.stem.out } } else { self.stem.out };
        self.run_stem(picture, self.map(x, from), crew);
        for block in &self.blocks {
            let map = self.map(x, from).into_shared();
            let operand = match &block.source {
                Source::Expand(layer) => layer.read(map, operand, crew),
                _ => map,
            };
            self.run_block(block, Input { picture, map, operand }, self.map(y, block.out), middle, crew);
            std::mem::swap(x, y);
            from = block.out;
        }
        let map = self.map(x, from).into_shared();
        let map = self.head.conv.as_ref().map_or(map, |conv| conv.read(map, operand, crew));
        self.run_head(map, features, crew);
    }

    fn run_stem(&self, picture: &[f32], y: PlanesMut, crew: &mut Crew) {
        let bands = Cuts::even(y.rows(), 4 * crew.threads());
        crew.each(y.bands(&bands), |room, band, y| {
            let start = room.bench.watch.now();
            let first = bands.range(band).start;
            self.stem.dense.run(picture, self.picture, first, y, self.stem.act, &mut room.bench.strips);
            room.bench.watch.book(self.stem.step, start);
        });
    }

    /// Last convolution and pool, a panel at a time.
    fn run_head(&self, x: Planes, features: PlanesMut, crew: &mut Crew) {
        let Some(conv) = &self.head.conv else {
            return pool::run(self.isa, x, features);
        };
        let epilogue = Epilogue { act: conv.act, shortcut: None };
        crew.each(features.groups(conv.weights.panels()), |room, panel, features| {
            let map = Map { c: features.planes() * self.isa.lanes(), ..self.head.map };
            let mut y = self.map(&mut room.band, map);
            let start = room.bench.watch.now();
            conv.weights.run(panel..panel + 1, x, y.view(), &epilogue);
            room.bench.watch.book(conv.step, start);
            let start = room.bench.watch.now();
            pool::run(self.isa, y.shared(), features);
            room.bench.watch.book(self.head.step, start);
        });
    }
}
