//! The one lowering: a network and a picture size to a flat list of operations.

use crate::check::MAX_SIDE;
use crate::graph::{Graph, Node, NormNames, Op, Pads, Shape, Value};
use crate::names::Part;
use crate::{Act, NetSpec, Padding, SpecError};

impl NetSpec {
    /// Lowers to operations for pictures of `[height, width]` pixels.
    /// # Errors
    /// What [`NetSpec::check`] finds, and `TooSmall` when a stride leaves an empty map.
    pub fn graph(&self, size: [u32; 2]) -> Result<Graph, SpecError> {
        self.lower(size, true)
    }

    /// The graph with every name empty: what the solver asks thousands of times, at a tenth of the time.
    pub(crate) fn graph_unnamed(&self, size: [u32; 2]) -> Result<Graph, SpecError> {
        self.lower(size, false)
    }

    fn lower(&self, size: [u32; 2], named: bool) -> Result<Graph, SpecError> {
        self.check()?;
        check_side("height", size[0])?;
        check_side("width", size[1])?;
        let input = Shape { c: self.input.channels, h: size[0], w: size[1] };
        let nodes = Vec::with_capacity(NODES_OF_BLOCK * (self.blocks.len() + 1));
        let mut b = Builder { spec: self, named, graph: Graph { input, nodes }, block: None };
        let mut x =
            b.conv_norm_act(Value(0), Part::Stem, self.stem.out, self.stem.kernel, self.stem.stride, self.stem.act)?;
        for i in 0..self.blocks.len() {
            b.block = Some(i);
            x = b.inverted_bottleneck(x, i)?;
        }
        b.block = None;
        b.head(x)?;
        Ok(b.graph)
    }
}

/// Most nodes of a block, and more than stem and head have.
const NODES_OF_BLOCK: usize = 18;

struct Builder<'a> {
    spec: &'a NetSpec,
    named: bool,
    graph: Graph,
    block: Option<usize>,
}

impl Builder<'_> {
    fn module(&self, part: Part) -> String {
        self.name(|| self.spec.module(part))
    }

    fn name(&self, make: impl FnOnce() -> String) -> String {
        if self.named { make() } else { String::new() }
    }

    fn push(&mut self, name: String, op: Op, inputs: &[Value], out: Shape) -> Value {
        self.graph.nodes.push(Node { name, op, inputs: inputs.to_vec(), out, block: self.block });
        Value(self.graph.nodes.len())
    }

    fn inverted_bottleneck(&mut self, x: Value, i: usize) -> Result<Value, SpecError> {
        let spec = self.spec;
        let block = &spec.blocks[i];
        let mut y = x;
        if let Some(hidden) = block.hidden {
            y = self.conv_norm_act(y, Part::Expand(i), hidden, 1, 1, block.act_expand)?;
        }
        let width = self.graph.shape(y).c;
        y = self.conv_norm(y, Part::Depthwise(i), width, block.kernel, block.stride)?;
        let after_act = block.se.is_some_and(|se| se.after_act);
        if after_act {
            y = self.act(y, Part::Depthwise(i), block.act_dw);
        }
        if let Some(se) = block.se {
            y = self.squeeze_excite(y, i, se)?;
        }
        if !after_act {
            y = self.act(y, Part::Depthwise(i), block.act_dw);
        }
        y = self.conv_norm_act(y, Part::Project(i), block.out, 1, 1, block.act_out)?;
        match spec.shortcut_channels(i) {
            0 => Ok(y),
            channels => {
                let out = self.graph.shape(y);
                let name = self.name(|| format!("{}.shortcut", spec.block_module(i)));
                Ok(self.push(name, Op::Shortcut { channels }, &[y, x], out))
            }
        }
    }

    fn squeeze_excite(&mut self, x: Value, i: usize, se: crate::Se) -> Result<Value, SpecError> {
        let whole = self.graph.shape(x);
        let name = |leaf: &str| self.name(|| format!("{}.se.{leaf}", self.spec.block_module(i)));
        let (pool, scale) = (name("pool"), name("scale"));
        let mut gate = self.push(pool, Op::Pool, &[x], Shape { h: 1, w: 1, ..whole });
        gate = self.conv(gate, Part::SeReduce(i), se.channels, 1, 1, true)?;
        if se.norm {
            gate = self.norm(gate, Part::SeReduce(i));
        }
        gate = self.act(gate, Part::SeReduce(i), se.act);
        gate = self.conv(gate, Part::SeExpand(i), whole.c, 1, 1, true)?;
        gate = self.act(gate, Part::SeExpand(i), Act::Sigmoid);
        Ok(self.push(scale, Op::Scale, &[x, gate], whole))
    }

    fn head(&mut self, mut x: Value) -> Result<(), SpecError> {
        let spec = self.spec;
        let head = spec.head;
        if let Some(channels) = head.channels {
            x = self.conv_norm_act(x, Part::HeadConv, channels, 1, 1, head.act)?;
        }
        let pooled = Shape { h: 1, w: 1, ..self.graph.shape(x) };
        x = self.push(self.name(|| "head.pool".into()), Op::Pool, &[x], pooled);
        if let Some(hidden) = head.hidden {
            x = self.linear(x, Part::HeadHidden, hidden.features);
            x = self.norm(x, Part::HeadHidden);
            x = self.act(x, Part::HeadHidden, hidden.act);
        }
        if head.dropout > 0.0 {
            let out = self.graph.shape(x);
            x = self.push(self.name(|| "head.dropout".into()), Op::Dropout { p: head.dropout }, &[x], out);
        }
        self.linear(x, Part::Classifier, spec.classes);
        Ok(())
    }

    fn conv_norm_act(
        &mut self,
        x: Value,
        part: Part,
        out: u32,
        kernel: u32,
        stride: u32,
        act: Act,
    ) -> Result<Value, SpecError> {
        let y = self.conv_norm(x, part, out, kernel, stride)?;
        Ok(self.act(y, part, act))
    }

    fn conv_norm(&mut self, x: Value, part: Part, out: u32, kernel: u32, stride: u32) -> Result<Value, SpecError> {
        let y = self.conv(x, part, out, kernel, stride, false)?;
        Ok(self.norm(y, part))
    }

    fn conv(
        &mut self,
        x: Value,
        part: Part,
        out: u32,
        kernel: u32,
        stride: u32,
        bias: bool,
    ) -> Result<Value, SpecError> {
        let shape = self.graph.shape(x);
        let module = self.module(part);
        let place = || self.spec.module(part);
        let too_small = || SpecError::TooSmall { place: place(), height: shape.h, width: shape.w, stride };
        let (h, top, bottom) = extent(self.spec.padding, shape.h, kernel, stride).ok_or_else(too_small)?;
        let (w, left, right) = extent(self.spec.padding, shape.w, kernel, stride).ok_or_else(too_small)?;
        let groups = if matches!(part, Part::Depthwise(_)) { shape.c } else { 1 };
        let op = Op::Conv {
            kernel,
            stride,
            pads: Pads { top, left, bottom, right },
            groups,
            weight: self.name(|| format!("{module}.weight")),
            bias: bias.then(|| self.name(|| format!("{module}.bias"))),
        };
        Ok(self.push(module, op, &[x], Shape { c: out, h, w }))
    }

    fn norm(&mut self, x: Value, part: Part) -> Value {
        let out = self.graph.shape(x);
        let crate::Norm { eps, momentum } = self.spec.norm;
        let module = self.name(|| self.spec.norm_module(part));
        let names = if self.named { NormNames::of(&module) } else { NormNames::default() };
        self.push(module, Op::Norm { names, eps, momentum }, &[x], out)
    }

    fn act(&mut self, x: Value, part: Part, act: Act) -> Value {
        if act == Act::Linear {
            return x;
        }
        let out = self.graph.shape(x);
        let name = self.name(|| format!("{}.act", self.spec.module(part)));
        self.push(name, Op::Act(act), &[x], out)
    }

    fn linear(&mut self, x: Value, part: Part, features: u32) -> Value {
        let module = self.module(part);
        let [weight, bias] = ["weight", "bias"].map(|leaf| self.name(|| format!("{module}.{leaf}")));
        let op = Op::Linear { weight, bias };
        self.push(module, op, &[x], Shape { c: features, h: 1, w: 1 })
    }
}

/// Output extent and zeros before and after, along one axis; none where nothing is left.
fn extent(padding: Padding, n: u32, kernel: u32, stride: u32) -> Option<(u32, u32, u32)> {
    match padding {
        Padding::Symmetric => {
            let pad = (kernel - 1) / 2;
            let span = (n + 2 * pad).checked_sub(kernel)?;
            Some((span / stride + 1, pad, pad))
        }
        Padding::Same => {
            let out = n.div_ceil(stride);
            let total = ((out - 1) * stride + kernel).saturating_sub(n);
            Some((out, total / 2, total - total / 2))
        }
    }
}

fn check_side(field: &str, side: u32) -> Result<(), SpecError> {
    if (1..=MAX_SIDE).contains(&side) {
        return Ok(());
    }
    let wanted = "from 1 to 32768 pixels";
    Err(SpecError::Impossible { field: field.into(), value: side.to_string(), wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_zero_last() {
        // TensorFlow's SAME, as timm's `pad_same` computes it: (size, kernel, stride) -> (out, before, after).
        for (n, kernel, stride, wanted) in [
            (224, 3, 2, (112, 0, 1)),
            (56, 5, 2, (28, 1, 2)),
            (7, 3, 1, (7, 1, 1)),
            (15, 3, 2, (8, 1, 1)),
            (4, 1, 2, (2, 0, 0)),
        ] {
            assert_eq!(extent(Padding::Same, n, kernel, stride), Some(wanted), "{n} {kernel} {stride}");
        }
    }

    #[test]
    fn symmetric_padding_is_pytorchs() {
        assert_eq!(extent(Padding::Symmetric, 224, 3, 2), Some((112, 1, 1)));
        assert_eq!(extent(Padding::Symmetric, 97, 5, 2), Some((49, 2, 2)));
        assert_eq!(extent(Padding::Symmetric, 1, 3, 2), Some((1, 1, 1)));
    }
}
