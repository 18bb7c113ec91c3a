//! Batch norm folded into the layer before it.

use rexnet_spec::{Graph, NormNames, Op, Value};

/// For each node, the batch norm that its weights absorb: the only reader of its output. The engine folds the same ones.
pub(super) fn norms(graph: &Graph) -> Vec<Option<usize>> {
    let mut readers = vec![Vec::new(); graph.nodes.len() + 1];
    for (index, node) in graph.nodes.iter().enumerate() {
        for &Value(input) in &node.inputs {
            readers[input].push(index);
        }
    }
    let folds = |index: usize| match (&graph.nodes[index].op, readers[index + 1].as_slice()) {
        (Op::Conv { .. } | Op::Linear { .. }, &[reader]) => {
            matches!(graph.nodes[reader].op, Op::Norm { .. }).then_some(reader)
        }
        _ => None,
    };
    (0..graph.nodes.len()).map(folds).collect()
}

/// What a batch norm in evaluation does to each channel: `scale x + shift`, in f64.
pub(super) struct Affine {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

impl Affine {
    /// Reads the four tensors, each of `channels` elements.
    pub(super) fn read<E>(
        names: &NormNames,
        eps: f32,
        mut tensor: impl FnMut(&str) -> Result<Vec<f32>, E>,
    ) -> Result<Self, E> {
        let (weight, bias) = (tensor(&names.weight)?, tensor(&names.bias)?);
        let (mean, var) = (tensor(&names.mean)?, tensor(&names.var)?);
        let scale: Vec<f64> =
            weight.iter().zip(&var).map(|(&w, &v)| f64::from(w) / (f64::from(v) + f64::from(eps)).sqrt()).collect();
        let shift = bias.iter().zip(&mean).zip(&scale).map(|((&b, &m), &s)| f64::from(b) - f64::from(m) * s).collect();
        Ok(Self { scale, shift })
    }

    /// Absorbs into weights of `[channels, ...]` and a bias of `[channels]`.
    pub(super) fn absorb(&self, weight: &mut [f32], bias: &mut [f32]) {
        let row = weight.len() / self.scale.len();
        for (row, &scale) in weight.chunks_exact_mut(row).zip(&self.scale) {
            for w in row {
                *w = (f64::from(*w) * scale) as f32;
            }
        }
        for ((bias, &scale), &shift) in bias.iter_mut().zip(&self.scale).zip(&self.shift) {
            *bias = (f64::from(*bias) * scale + shift) as f32;
        }
    }
}
