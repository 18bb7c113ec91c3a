//! The graph as ONNX operators, one network operation after the other.

use rexnet_spec::{Act, Graph, Node, NormNames, Op, Pads};

use super::builder::{Attr, Builder};
use super::fold::{self, Affine};
use super::{OnnxError, ReadError};

type Read<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<f32>, ReadError>;

/// Prints every node of `graph`; the caller closes the result with its input and output.
pub(super) fn print(graph: &Graph, read: Read) -> Result<Builder, OnnxError> {
    let folds = fold::norms(graph);
    let picture = Printed { name: super::INPUT.into(), flat: false };
    let mut printer = Printer { graph, values: vec![picture], out: Builder::default(), read };
    for (index, node) in graph.nodes.iter().enumerate() {
        let absorbed = folds.contains(&Some(index));
        let value = if absorbed { printer.input(node, 0).clone() } else { printer.node(node, folds[index])? };
        printer.values.push(value);
    }
    Ok(printer.out)
}

/// A value of the network in the file.
#[derive(Clone)]
struct Printed {
    name: String,
    /// `[batch, channels]`, behind a fully connected layer; otherwise `[batch, channels, height, width]`.
    flat: bool,
}

struct Printer<'a> {
    graph: &'a Graph,
    /// By [`rexnet_spec::Value`].
    values: Vec<Printed>,
    out: Builder,
    read: Read<'a>,
}

impl Printer<'_> {
    fn input(&self, node: &Node, nth: usize) -> &Printed {
        &self.values[node.inputs[nth].0]
    }

    /// Prints one node; `norm` is the batch norm that it absorbs.
    fn node(&mut self, node: &Node, norm: Option<usize>) -> Result<Printed, OnnxError> {
        let x = self.input(node, 0).clone();
        let name = match &node.op {
            Op::Conv { .. } => self.conv(node, &x.name, norm)?,
            Op::Linear { .. } => return self.linear(node, &x, norm),
            Op::Norm { names, eps, .. } => self.norm(node, &x.name, names, *eps)?,
            Op::Act(act) => self.act(&node.name, &x.name, *act),
            Op::Pool => self.out.node("GlobalAveragePool", &node.name, &[&x.name], &[]),
            Op::Scale => {
                let gate = self.input(node, 1).name.clone();
                self.out.node("Mul", &node.name, &[&x.name, &gate], &[])
            }
            Op::Shortcut { channels } => self.shortcut(node, &x.name, *channels),
            Op::Dropout { .. } => x.name,
        };
        Ok(Printed { name, flat: x.flat })
    }

    fn conv(&mut self, node: &Node, x: &str, norm: Option<usize>) -> Result<String, OnnxError> {
        let Op::Conv { kernel, stride, pads, groups, weight, bias } = &node.op else { unreachable!("a convolution") };
        let c_in = self.graph.shape(node.inputs[0]).c;
        let dims = [node.out.c, c_in / groups, *kernel, *kernel].map(i64::from);
        let bias = bias.as_deref();
        let inputs = self.layer(node, weight, bias, &dims, norm)?;
        let inputs: Vec<&str> = std::iter::once(x).chain(inputs.iter().map(String::as_str)).collect();
        let Pads { top, left, bottom, right } = *pads;
        let attributes = [
            ("group", Attr::Int(i64::from(*groups))),
            ("kernel_shape", Attr::Ints(&[i64::from(*kernel); 2])),
            ("pads", Attr::Ints(&[top, left, bottom, right].map(i64::from))),
            ("strides", Attr::Ints(&[i64::from(*stride); 2])),
        ];
        Ok(self.out.node("Conv", &node.name, &inputs, &attributes))
    }

    fn linear(&mut self, node: &Node, x: &Printed, norm: Option<usize>) -> Result<Printed, OnnxError> {
        let Op::Linear { weight, bias } = &node.op else { unreachable!("a fully connected layer") };
        let x = if x.flat {
            x.name.clone()
        } else {
            self.out.node("Flatten", &format!("{}.flatten", node.name), &[&x.name], &[("axis", Attr::Int(1))])
        };
        let dims = [node.out.c, self.graph.shape(node.inputs[0]).c].map(i64::from);
        let inputs = self.layer(node, weight, Some(bias), &dims, norm)?;
        let inputs: Vec<&str> = std::iter::once(&x).chain(&inputs).map(String::as_str).collect();
        let name = self.out.node("Gemm", &node.name, &inputs, &[("transB", Attr::Int(1))]);
        Ok(Printed { name, flat: true })
    }

    /// Constants of a convolution or fully connected layer, its batch norm absorbed: the weight, and the bias if any.
    fn layer(
        &mut self,
        node: &Node,
        weight: &str,
        bias: Option<&str>,
        dims: &[i64],
        norm: Option<usize>,
    ) -> Result<Vec<String>, OnnxError> {
        let out = node.out.c as usize;
        let mut values = self.tensor(weight, dims.iter().product::<i64>() as usize)?;
        let mut shift = bias.map(|name| self.tensor(name, out)).transpose()?;
        if let Some(Op::Norm { names, eps, .. }) = norm.map(|index| &self.graph.nodes[index].op) {
            let affine = Affine::read(names, *eps, |name| self.tensor(name, out))?;
            affine.absorb(&mut values, shift.get_or_insert_with(|| vec![0.0; out]));
        }
        let mut inputs = vec![self.out.floats(weight, dims, &values)];
        if let Some(shift) = shift {
            inputs.push(self.out.floats(&format!("{}.bias", node.name), &[out as i64], &shift));
        }
        Ok(inputs)
    }

    /// A batch norm that no layer absorbs.
    fn norm(&mut self, node: &Node, x: &str, names: &NormNames, eps: f32) -> Result<String, OnnxError> {
        let channels = node.out.c;
        let mut inputs = vec![x.to_owned()];
        for name in [&names.weight, &names.bias, &names.mean, &names.var] {
            let values = self.tensor(name, channels as usize)?;
            inputs.push(self.out.floats(name, &[i64::from(channels)], &values));
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok(self.out.node("BatchNormalization", &node.name, &inputs, &[("epsilon", Attr::Float(eps))]))
    }

    fn act(&mut self, name: &str, x: &str, act: Act) -> String {
        match act {
            Act::Linear => x.to_owned(),
            Act::Relu => self.out.node("Relu", name, &[x], &[]),
            Act::Relu6 => {
                let (low, high) = (self.out.scalar("relu6.low", 0.0), self.out.scalar("relu6.high", 6.0));
                self.out.node("Clip", name, &[x, &low, &high], &[])
            }
            Act::LeakyRelu => self.out.node("LeakyRelu", name, &[x], &[("alpha", Attr::Float(0.01))]),
            Act::Elu => self.out.node("Elu", name, &[x], &[("alpha", Attr::Float(1.0))]),
            Act::Softplus => self.out.node("Softplus", name, &[x], &[]),
            Act::HardSwish => self.out.node("HardSwish", name, &[x], &[]),
            Act::Silu => {
                let gate = self.out.node("Sigmoid", &format!("{name}.sigmoid"), &[x], &[]);
                self.out.node("Mul", name, &[x, &gate], &[])
            }
            Act::Sigmoid => self.out.node("Sigmoid", name, &[x], &[]),
        }
    }

    /// Adds the block's input to the first channels: the input is widened by zeros where it is narrower.
    fn shortcut(&mut self, node: &Node, x: &str, channels: u32) -> String {
        let mut skip = self.input(node, 1).name.clone();
        let missing = i64::from(node.out.c - channels);
        if missing > 0 {
            let pads = self.out.ints(&format!("{}.pads", node.name), &[0, 0, 0, 0, 0, missing, 0, 0]);
            skip = self.out.node("Pad", &format!("{}.pad", node.name), &[&skip, &pads], &[]);
        }
        self.out.node("Add", &node.name, &[x, &skip], &[])
    }

    fn tensor(&mut self, name: &str, wanted: usize) -> Result<Vec<f32>, OnnxError> {
        let values = (self.read)(name).map_err(|source| OnnxError::Read { name: name.to_owned(), source })?;
        if values.len() != wanted {
            return Err(OnnxError::Elements { name: name.to_owned(), wanted, got: values.len() });
        }
        Ok(values)
    }
}
