//! Batch norm folded into the weights in front of it, in f64.

use rexnet_spec::{Graph, Op};

use crate::join::Step;
use crate::{EngineError, Tensors};

/// Weight and bias of a step, `[out, rest]` and `[out]`.
pub(crate) struct Weights {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// Reads and folds the tensors of a convolution or fully connected layer; of any other step there are none.
pub(crate) fn weights(graph: &Graph, step: &Step, tensors: &mut Tensors) -> Result<Weights, EngineError> {
    let node = &graph.nodes[step.node];
    let out = node.out.c as usize;
    let c_in = graph.shape(node.inputs[0]).c as usize;
    let (weight, bias, fan_in) = match &node.op {
        Op::Conv { kernel, groups, weight, bias, .. } => {
            (weight, bias.as_ref(), c_in / *groups as usize * (*kernel * *kernel) as usize)
        }
        Op::Linear { weight, bias } => (weight, Some(bias), c_in),
        _ => return Ok(Weights { weight: Vec::new(), bias: Vec::new() }),
    };
    let mut weight = read(tensors, weight, out * fan_in)?;
    let mut bias = bias.map_or_else(|| Ok(vec![0.0; out]), |name| read(tensors, name, out))?;
    if let Some((names, eps)) = &step.norm {
        let [scale, shift] = [read(tensors, &names.weight, out)?, read(tensors, &names.bias, out)?];
        let [mean, var] = [read(tensors, &names.mean, out)?, read(tensors, &names.var, out)?];
        for (o, row) in weight.chunks_exact_mut(fan_in).enumerate() {
            let gain = f64::from(scale[o]) / (f64::from(var[o]) + f64::from(*eps)).sqrt();
            for w in row {
                *w = (f64::from(*w) * gain) as f32;
            }
            bias[o] = ((f64::from(bias[o]) - f64::from(mean[o])) * gain + f64::from(shift[o])) as f32;
        }
    }
    Ok(Weights { weight, bias })
}

fn read(tensors: &mut Tensors, name: &str, wanted: usize) -> Result<Vec<f32>, EngineError> {
    let values = tensors(name).map_err(|source| EngineError::Tensor { name: name.into(), source })?;
    if values.len() == wanted {
        Ok(values)
    } else {
        Err(EngineError::Size { name: name.into(), found: values.len(), wanted })
    }
}
