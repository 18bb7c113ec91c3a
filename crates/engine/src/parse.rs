//! Reads a lowered graph as what it is: a stem, blocks, a head. Anything else is an error that names the node.

use rexnet_kernels::{Act, Arena, Cuts, Dense, Isa, Map, Packed, Products, Scale, Taps, Window};
use rexnet_spec::{self as spec, Graph, Op, Quantization, Shape, Value};

use crate::fold::{self, Weights};
use crate::join::{self, Step};
use crate::plan::{Block, Gate, Groups, Head, Layer, Plan, Source, Stem};
use crate::{EngineError, Tensors, profile};

/// Plans a graph, asking for its tensors in order of execution.
pub(crate) fn plan(
    graph: &Graph,
    isa: Isa,
    products: Products,
    quantization: Option<&Quantization>,
    tensors: &mut Tensors,
) -> Result<Plan, EngineError> {
    let steps = join::steps(graph)?;
    let mut reader = Reader {
        graph,
        isa,
        products,
        quantization,
        tensors,
        arena: &mut Arena::default(),
        steps: steps.len(),
        left: &steps,
        step: 0,
        value: Value(0),
    };
    let stem = reader.stem()?;
    let mut blocks = Vec::new();
    while let Some(block) = reader.block(blocks.is_empty())? {
        blocks.push(block);
    }
    let head = reader.head()?;
    let steps = profile::steps(graph, &steps);
    Ok(Plan { isa, products, picture: map(graph.input), stem, blocks, head, steps })
}

/// What a step computes, as far as the grammar cares.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Dense,
    Pointwise,
    Depthwise,
    Pool,
    Scale,
    Shortcut,
    Linear,
    Other,
}

struct Reader<'a, 't> {
    graph: &'a Graph,
    isa: Isa,
    products: Products,
    /// What layers of eight bits have to know; none where products are of another kind.
    quantization: Option<&'a Quantization>,
    tensors: &'a mut Tensors<'t>,
    arena: &'a mut Arena,
    /// How many there are, and those that are left to read.
    steps: usize,
    left: &'a [Step],
    /// Number of the last one that was read, and what it made.
    step: usize,
    value: Value,
}

impl<'a> Reader<'a, '_> {
    /// `stem := dense`
    fn stem(&mut self) -> Result<Stem, EngineError> {
        let c_in = self.map().c;
        // A kernel of one pixel is a convolution over the picture like any other.
        let kind = if self.kind(0) == Some(Kind::Pointwise) { Kind::Pointwise } else { Kind::Dense };
        let step = self.take(kind, &[self.value])?;
        let (window, weights) = (self.window(step), fold::weights(self.graph, step, self.tensors)?);
        let dense = Dense::new(self.arena, self.isa, &weights.weight, &weights.bias, c_in, window);
        Ok(Stem { step: self.step, dense, act: activation(step.act), out: self.map() })
    }

    /// `block := [pointwise] depthwise [gate] pointwise [shortcut]`; none where none begins.
    fn block(&mut self, first: bool) -> Result<Option<Block>, EngineError> {
        let input = self.value;
        let expand = match (self.kind(0), self.kind(1)) {
            (Some(Kind::Depthwise), _) => None,
            (Some(Kind::Pointwise), Some(Kind::Depthwise)) => Some(self.layer(Kind::Pointwise, self.value)?),
            _ => return Ok(None),
        };
        let wide = self.map();
        let step = self.take(Kind::Depthwise, &[self.value])?;
        let (number, Window { kernel, stride, top, left }) = (self.step, self.window(step));
        let weights = fold::weights(self.graph, step, self.tensors)?;
        let taps = Taps::new(self.arena, self.isa, &weights.weight, &weights.bias, [kernel, stride]);
        let mid = self.map();
        let mut gate = if self.kind(0) == Some(Kind::Pool) { Some(self.gate()?) } else { None };
        let project = self.layer(Kind::Pointwise, self.value)?;
        let multiple = project.weights.planes_of_a_plane();
        if let Some(gate) = &mut gate {
            gate.groups = Groups::of(gate.expand.weights.panels(), multiple);
        }
        let out = self.map();
        let shortcut = if self.kind(0) == Some(Kind::Shortcut) { self.shortcut(input)? } else { 0 };
        let source = match expand {
            Some(layer) => Source::Expand(layer),
            None if first && gate.is_none() && shortcut == 0 => Source::Stem,
            None => Source::Input,
        };
        let parts = parts(&source, wide.c.div_ceil(self.isa.lanes()));
        let groups = Groups::of(&parts, multiple);
        let (step, act) = (number, activation(step.act));
        let alone = groups.planes == parts && gate.is_none();
        let rounds = alone && project.weights.products().reads_pairs() && taps.rounds(act);
        let block = Block {
            source,
            wide,
            top,
            left,
            step,
            taps,
            act,
            mid,
            gate,
            project,
            shortcut,
            out,
            parts,
            groups,
            rounds,
        };
        Ok(Some(block))
    }

    /// `gate := pool pointwise pointwise scale`
    fn gate(&mut self) -> Result<Gate, EngineError> {
        let x = self.value;
        self.plain(Kind::Pool, &[x])?;
        let pool = self.step;
        let reduce = self.layer(Kind::Pointwise, self.value)?;
        let expand = self.layer(Kind::Pointwise, self.value)?;
        let scale = self.take(Kind::Scale, &[x, self.value])?;
        Ok(Gate { steps: [pool, self.step], reduce, expand, act: activation(scale.act), groups: Groups::default() })
    }

    fn shortcut(&mut self, input: Value) -> Result<usize, EngineError> {
        self.plain(Kind::Shortcut, &[self.value, input])?;
        Ok(self.graph.shape(input).c as usize)
    }

    /// `head := [pointwise] pool linear*`, and nothing behind it.
    fn head(&mut self) -> Result<Head, EngineError> {
        let conv = match self.kind(0) {
            Some(Kind::Pointwise) => Some(self.layer(Kind::Pointwise, self.value)?),
            _ => None,
        };
        let map = self.map();
        self.plain(Kind::Pool, &[self.value])?;
        let step = self.step;
        let mut layers = Vec::new();
        while !self.left.is_empty() {
            layers.push(self.layer(Kind::Linear, self.value)?);
        }
        Ok(Head { conv, step, map, layers })
    }

    /// A 1x1 convolution or a fully connected layer of `x`.
    fn layer(&mut self, kind: Kind, x: Value) -> Result<Layer, EngineError> {
        let step = self.take(kind, &[x])?;
        let weights = fold::weights(self.graph, step, self.tensors)?;
        let from = map(self.graph.shape(x));
        let products = if from.area() == 1 { self.products.of_a_pixel() } else { self.products };
        let weights = self.pack(&self.graph.nodes[step.node].name, products, &weights, from.c)?;
        Ok(Layer { step: self.step, weights, act: activation(step.act) })
    }

    fn pack(&mut self, name: &str, products: Products, weights: &Weights, c_in: usize) -> Result<Packed, EngineError> {
        let Weights { weight, bias } = weights;
        let new = |arena: &mut Arena, products| Packed::new(arena, self.isa, products, weight, bias, c_in);
        let Some(Quantization { ranges, keep }) = self.quantization else {
            return Ok(new(self.arena, products));
        };
        if keep.contains(name) {
            return Ok(new(self.arena, Products::Single));
        }
        let range = ranges.get(name).filter(|range| range.iter().all(|end| end.is_finite()));
        let input = Scale::of(*range.ok_or_else(|| EngineError::Range { name: name.into() })?);
        Ok(Packed::quantised(self.arena, self.isa, products, [weight, bias], c_in, input))
    }

    /// A step that no activation was joined to.
    fn plain(&mut self, kind: Kind, inputs: &[Value]) -> Result<(), EngineError> {
        match self.left.first() {
            Some(step) if step.act != spec::Act::Linear => Err(self.unplanned()),
            _ => self.take(kind, inputs).map(|_| ()),
        }
    }

    fn take(&mut self, kind: Kind, inputs: &[Value]) -> Result<&'a Step, EngineError> {
        match self.left.split_first() {
            Some((step, left)) if self.kind(0) == Some(kind) && step.inputs == inputs => {
                self.step = self.steps - self.left.len();
                (self.left, self.value) = (left, step.out);
                Ok(step)
            }
            _ => Err(self.unplanned()),
        }
    }

    fn unplanned(&self) -> EngineError {
        let name = self.left.first().map_or("the end", |step| &self.graph.nodes[step.node].name);
        EngineError::Unplanned { name: name.into() }
    }

    /// What the next step but `ahead` computes.
    fn kind(&self, ahead: usize) -> Option<Kind> {
        let step = self.left.get(ahead)?;
        let node = &self.graph.nodes[step.node];
        let c_in = self.graph.shape(step.inputs[0]).c;
        Some(match node.op {
            Op::Conv { groups, kernel, stride, .. } => match (groups, kernel, stride) {
                (1, 1, 1) => Kind::Pointwise,
                _ if groups == c_in && node.out.c == c_in => Kind::Depthwise,
                (1, ..) => Kind::Dense,
                _ => Kind::Other,
            },
            Op::Pool => Kind::Pool,
            Op::Scale => Kind::Scale,
            Op::Shortcut { .. } => Kind::Shortcut,
            Op::Linear { .. } => Kind::Linear,
            Op::Norm { .. } | Op::Act(_) | Op::Dropout { .. } => Kind::Other,
        })
    }

    fn window(&self, step: &Step) -> Window {
        match &self.graph.nodes[step.node].op {
            Op::Conv { kernel, stride, pads, .. } => {
                let [kernel, stride, top, left] = [*kernel, *stride, pads.top, pads.left].map(|n| n as usize);
                Window { kernel, stride, top, left }
            }
            _ => Window { kernel: 1, stride: 1, top: 0, left: 0 },
        }
    }

    /// Extents of what the last step made.
    fn map(&self) -> Map {
        map(self.graph.shape(self.value))
    }
}

/// The stem makes all planes at once, an expansion a panel; planes that lie there are taken in twos.
fn parts(source: &Source, planes: usize) -> Cuts {
    match source {
        Source::Stem => Cuts::even(planes, 1),
        Source::Input => Cuts::of((0..planes).step_by(2).map(|first| 2.min(planes - first))),
        Source::Expand(layer) => layer.weights.panels().clone(),
    }
}

fn map(shape: Shape) -> Map {
    Map { c: shape.c as usize, h: shape.h as usize, w: shape.w as usize }
}

fn activation(act: spec::Act) -> Act {
    match act {
        spec::Act::Linear => Act::Linear,
        spec::Act::Relu => Act::Relu,
        spec::Act::Relu6 => Act::Relu6,
        spec::Act::LeakyRelu => Act::LeakyRelu,
        spec::Act::Elu => Act::Elu,
        spec::Act::Softplus => Act::Softplus,
        spec::Act::HardSwish => Act::HardSwish,
        spec::Act::Silu => Act::Silu,
        spec::Act::Sigmoid => Act::Sigmoid,
    }
}
