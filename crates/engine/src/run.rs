//! The plan at work.

use rexnet_kernels::{Act, Map, Window, act, conv, reduce};
use rexnet_spec::{self as spec, Graph, Op, Shape, Value};

use crate::fold::{self, Weights};
use crate::join::{self, Step};
use crate::plan::{self, Slots};
use crate::{EngineError, Tensors};

/// A network ready to run, one picture after the other. Its logits are the last step's output.
pub struct Engine {
    graph: Graph,
    steps: Vec<(Step, Option<Weights>)>,
    slots: Slots,
    arena: Vec<Vec<f32>>,
}

impl Engine {
    /// Plans `graph` and folds its tensors, asking `tensors` for one at a time.
    /// # Errors
    /// A tensor that cannot be had or has another size than declared.
    pub fn new(graph: &Graph, tensors: &mut Tensors) -> Result<Self, EngineError> {
        let steps = join::steps(graph)?;
        let slots = plan::slots(graph, &steps);
        let arena = slots.sizes.iter().map(|&n| vec![0.0; n]).collect();
        let load =
            |step: Step| Ok((fold::weights(graph, &step, tensors)?, step)).map(|(weights, step)| (step, weights));
        let steps = steps.into_iter().map(load).collect::<Result<_, EngineError>>()?;
        Ok(Self { graph: graph.clone(), steps, slots, arena })
    }

    /// Number of logits of a picture.
    pub fn classes(&self) -> usize {
        self.graph.nodes.last().map_or(0, |node| node.out.c as usize)
    }

    /// Runs `batch` pictures: `pixels` is `[batch, channels, height, width]`, normalised; `logits` is `[batch, classes]`.
    /// # Errors
    /// `Buffer` when either has another length.
    pub fn run(&mut self, pixels: &[f32], batch: usize, logits: &mut [f32]) -> Result<(), EngineError> {
        let (picture, classes) = (self.graph.input.elements() as usize, self.classes());
        for (what, found, wanted) in
            [("pixels", pixels.len(), batch * picture), ("logits", logits.len(), batch * classes)]
        {
            if found != wanted {
                return Err(EngineError::Buffer { what, found, wanted });
            }
        }
        for (pixels, logits) in pixels.chunks_exact(picture).zip(logits.chunks_exact_mut(classes)) {
            let input = self.slots.of(Value(0));
            self.arena[input][..picture].copy_from_slice(pixels);
            for at in 0..self.steps.len() {
                self.step(at);
            }
            let last = self.steps.last().map_or(Value(0), |(step, _)| step.out);
            logits.copy_from_slice(&self.arena[self.slots.of(last)][..classes]);
        }
        Ok(())
    }

    fn step(&mut self, at: usize) {
        let (step, weights) = &self.steps[at];
        let slot = self.slots.of(step.out);
        // The planner never gives a step's output the slot of an input.
        let mut buffer = std::mem::take(&mut self.arena[slot]);
        let to = map(self.graph.shape(step.out));
        let y = &mut buffer[..to.len()];
        let input = |i: usize| {
            let value = step.inputs[i];
            let map = map(self.graph.shape(value));
            (&self.arena[self.slots.of(value)][..map.len()], map)
        };
        let (x, from) = input(0);
        match (&self.graph.nodes[step.node].op, weights) {
            (Op::Conv { kernel, stride, pads, groups, .. }, Some(Weights { weight, bias })) => {
                let [kernel, stride, top, left] = [*kernel, *stride, pads.top, pads.left].map(|n| n as usize);
                let convolve = if *groups == 1 { conv::dense } else { conv::depthwise };
                convolve(x, from, weight, bias, Window { kernel, stride, top, left }, y, to);
            }
            (Op::Linear { .. }, Some(Weights { weight, bias })) => conv::linear(x, weight, bias, y),
            (Op::Pool, _) => reduce::pool(x, from, y),
            (Op::Scale, _) => {
                y.copy_from_slice(x);
                reduce::scale(y, to, input(1).0);
            }
            (Op::Shortcut { .. }, _) => {
                y.copy_from_slice(x);
                reduce::add_prefix(y, input(1).0);
            }
            _ => y.copy_from_slice(x),
        }
        act::apply(activation(step.act), y);
        self.arena[slot] = buffer;
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
