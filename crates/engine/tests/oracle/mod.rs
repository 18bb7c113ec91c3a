//! A graph node by node with the scalar references: nothing folded, joined, packed or fused.

use rexnet_kernels::{Act, Map, Window, dense, depthwise, gate, pointwise, pool};
use rexnet_spec::{self as spec, Graph, NormNames, Op, Shape};

/// Logits of one picture, `[c, height, width]`.
pub(crate) fn logits(graph: &Graph, tensor: &dyn Fn(&str) -> Vec<f32>, picture: &[f32]) -> Vec<f32> {
    let mut values = vec![picture.to_vec()];
    for node in &graph.nodes {
        let (x, from) = (&values[node.inputs[0].0], map(graph.shape(node.inputs[0])));
        let to = map(node.out);
        let mut y = vec![0.0; to.len()];
        match &node.op {
            Op::Conv { kernel, stride, pads, groups, weight, bias } => {
                let [kernel, stride, top, left] = [*kernel, *stride, pads.top, pads.left].map(|n| n as usize);
                let bias = bias.as_ref().map_or_else(|| vec![0.0; to.c], |name| tensor(name));
                let convolve = if *groups == 1 { dense::reference } else { depthwise::reference };
                convolve(x, from, &tensor(weight), &bias, Window { kernel, stride, top, left }, &mut y, to);
            }
            Op::Norm { names, eps, .. } => y = normalised(x, from, names, *eps, tensor),
            Op::Act(act) => y = x.iter().map(|&x| activation(*act).of(x)).collect(),
            Op::Pool => pool::reference(x, from, &mut y),
            Op::Scale => {
                y.copy_from_slice(x);
                gate::reference(&mut y, to, &values[node.inputs[1].0]);
            }
            Op::Shortcut { .. } => {
                y.copy_from_slice(x);
                y.iter_mut().zip(&values[node.inputs[1].0]).for_each(|(y, x)| *y += x);
            }
            Op::Dropout { .. } => y.copy_from_slice(x),
            Op::Linear { weight, bias } => pointwise::reference(x, &tensor(weight), &tensor(bias), &mut y),
        }
        values.push(y);
    }
    values.pop().unwrap_or_default()
}

fn normalised(x: &[f32], map: Map, names: &NormNames, eps: f32, tensor: &dyn Fn(&str) -> Vec<f32>) -> Vec<f32> {
    let [scale, shift, mean, var] = [&names.weight, &names.bias, &names.mean, &names.var].map(|name| tensor(name));
    let channel = |(c, plane): (usize, &[f32])| -> Vec<f32> {
        let deviation = (var[c] + eps).sqrt();
        plane.iter().map(|x| (x - mean[c]) / deviation * scale[c] + shift[c]).collect()
    };
    x.chunks_exact(map.area()).enumerate().flat_map(channel).collect()
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
