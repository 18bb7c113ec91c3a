//! Joins operations: batch norm and activation into what they follow, dropout away.

use rexnet_spec::{Act, Graph, NormNames, Op, Value};

use crate::EngineError;

/// One step of the plan: a node with what was joined to it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Index of the node whose operation it is.
    pub(crate) node: usize,
    /// Values it reads, joined ones traced back to the step that makes them.
    pub(crate) inputs: Vec<Value>,
    /// Value it makes.
    pub(crate) out: Value,
    /// Batch norm folded into its weights.
    pub(crate) norm: Option<(NormNames, f32)>,
    /// Applied to its result.
    pub(crate) act: Act,
}

/// The steps of a graph in order of execution.
pub(crate) fn steps(graph: &Graph) -> Result<Vec<Step>, EngineError> {
    let readers = readers(graph);
    let mut made_by: Vec<Value> = vec![Value(0)];
    let mut steps: Vec<Step> = Vec::new();
    for (node, n) in graph.nodes.iter().enumerate() {
        let inputs: Vec<Value> = n.inputs.iter().map(|v| made_by[v.0]).collect();
        let alone = readers[n.inputs[0].0] == 1;
        let last = steps.last_mut().filter(|step| step.out == inputs[0] && alone && step.act == Act::Linear);
        let joined = match (&n.op, last) {
            (Op::Dropout { .. }, _) => true,
            (Op::Norm { names, eps, .. }, Some(step))
                if step.norm.is_none() && has_weights(&graph.nodes[step.node].op) =>
            {
                step.norm = Some((names.clone(), *eps));
                true
            }
            (Op::Norm { .. }, _) => return Err(EngineError::LoneNorm { name: n.name.clone() }),
            (Op::Act(act), Some(step)) => {
                step.act = *act;
                true
            }
            _ => false,
        };
        if joined {
            made_by.push(inputs[0]);
        } else {
            let out = Value(node + 1);
            made_by.push(out);
            steps.push(Step { node, inputs, out, norm: None, act: Act::Linear });
        }
    }
    Ok(steps)
}

fn has_weights(op: &Op) -> bool {
    matches!(op, Op::Conv { .. } | Op::Linear { .. })
}

/// How many nodes read each value.
fn readers(graph: &Graph) -> Vec<u32> {
    let mut count = vec![0; graph.nodes.len() + 1];
    for value in graph.nodes.iter().flat_map(|n| &n.inputs) {
        count[value.0] += 1;
    }
    count
}
