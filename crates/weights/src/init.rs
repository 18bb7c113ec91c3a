//! Seeded random weights, distributed as timm's.

use rexnet_random::Stream;
use rexnet_spec::{NetSpec, Role, SpecError, TensorDecl};

use crate::{Data, Tensor, Tensors};

/// Fresh weights of a network, a function of the seed and each tensor's name. timm's scheme
/// (`efficientnet_init_weights`): convolutions normal with variance `2 / (k^2 out / groups)`, classifiers uniform
/// within `1 / sqrt(out)`, biases 0, batch norms the identity.
/// # Errors
/// What is impossible about the network.
pub fn init(spec: &NetSpec, seed: u64) -> Result<Tensors, SpecError> {
    let graph = spec.graph(spec.input.size)?;
    let tensors = graph.tensors();
    Ok(tensors
        .into_iter()
        .map(|decl| (decl.name.clone(), init_tensor(&decl, groups_of(&decl, &graph), seed)))
        .collect())
}

/// One tensor of [`init`]; `groups` are those of the convolution that owns it.
pub(crate) fn init_tensor(decl: &TensorDecl, groups: u32, seed: u64) -> Tensor {
    let n = decl.elements();
    let stream = Stream::new(seed).named(&decl.name);
    let data = match decl.role {
        Role::ConvWeight => {
            let fan_out = decl.shape[0] * decl.shape[2..].iter().product::<usize>() / groups as usize;
            let deviation = (2.0 / fan_out as f64).sqrt();
            (0..n as u64).map(|i| (deviation * stream.normal(i)) as f32).collect()
        }
        Role::LinearWeight => {
            let bound = 1.0 / (decl.shape[0] as f64).sqrt();
            (0..n as u64).map(|i| (bound * (2.0 * stream.uniform(i) - 1.0)) as f32).collect()
        }
        Role::NormWeight | Role::RunningVar => vec![1.0; n],
        Role::Bias | Role::NormBias | Role::RunningMean => vec![0.0; n],
        Role::BatchCount => return Tensor { shape: decl.shape.clone(), data: Data::I64(vec![0; n]) },
    };
    Tensor::f32(decl.shape.clone(), data)
}

fn groups_of(decl: &TensorDecl, graph: &rexnet_spec::Graph) -> u32 {
    match graph.nodes[decl.node].op {
        rexnet_spec::Op::Conv { groups, .. } => groups,
        _ => 1,
    }
}
