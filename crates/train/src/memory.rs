//! What a training step needs.

use rexnet_spec::Graph;

use crate::TrainError;

/// Copies of every value of a pass that are alive at its peak: outputs kept for the way back, gradients, and what the
/// operations of a batch norm, an activation or a convolution keep beside them.
const COPIES: u64 = 4;
/// Copies of every parameter: values, leaves, gradients, two moments, the moving average.
const PARAM_COPIES: u64 = 6;

/// Bytes of a step of `batch` pictures, from the graph alone.
fn need(graph: &Graph, batch: usize) -> u64 {
    let values: u64 = graph.nodes.iter().map(|node| node.out.elements()).sum();
    let params: u64 = graph.tensors().iter().map(|decl| decl.elements() as u64).sum();
    4 * (COPIES * batch as u64 * (values + graph.input.elements()) + PARAM_COPIES * params)
}

/// Refuses a batch that the memory which is available cannot hold.
/// # Errors
/// `Memory`, with a batch that would fit.
pub(crate) fn check(graph: &Graph, batch: usize, available: u64) -> Result<(), TrainError> {
    let need_of = |batch| need(graph, batch);
    let need = need_of(batch);
    if need <= available {
        return Ok(());
    }
    let fits = (2..batch).rev().find(|&fewer| need_of(fewer) <= available);
    let (height, width) = (graph.input.h, graph.input.w);
    Err(TrainError::Memory { batch, height, width, need, available, fits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_spec::NetSpec;

    #[test]
    fn a_batch_that_does_not_fit_is_refused_with_one_that_does() {
        let graph = NetSpec::named("rexnet_100").expect("in the zoo").graph([224, 224]).expect("a size it takes");
        match check(&graph, 4096, 8 << 30) {
            Err(TrainError::Memory { batch: 4096, fits: Some(fits), .. }) => {
                assert!(check(&graph, fits, 8 << 30).is_ok() && check(&graph, fits + 1, 8 << 30).is_err());
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(check(&graph, 64, 1 << 20), Err(TrainError::Memory { fits: None, .. })));
    }
}
