//! What the tests of several rooms share: weights, statistics and pictures from one counter generator keyed by name,
//! the same short text as `tools/counter.py`, so that fixtures hold the reference's outputs only.
#![forbid(unsafe_code)]

use rexnet_random::Stream;
use rexnet_spec::{Role, TensorDecl};

/// Uniform in `[low, high)`, a function of `name` and the position.
pub fn uniform(name: &str, n: usize, low: f32, high: f32) -> Vec<f32> {
    let stream = Stream::new(0).named(name);
    (0..n as u64).map(|i| (f64::from(low) + (f64::from(high) - f64::from(low)) * stream.uniform(i)) as f32).collect()
}

/// A tensor with shaken statistics: convolutions keep the variance, batch norms are far from the identity.
pub fn shaken(tensor: &TensorDecl) -> Vec<f32> {
    let (low, high) = match tensor.role {
        Role::ConvWeight | Role::LinearWeight => {
            let fan_in: usize = tensor.shape[1..].iter().product();
            let bound = (6.0 / fan_in as f64).sqrt() as f32;
            (-bound, bound)
        }
        Role::Bias | Role::NormBias | Role::RunningMean => (-0.2, 0.2),
        Role::NormWeight | Role::RunningVar => (0.5, 1.5),
        Role::BatchCount => return vec![1.0],
    };
    uniform(&tensor.name, tensor.elements(), low, high)
}

/// `n` bytes, a function of `name`: pictures and their kin.
pub fn bytes(name: &str, n: usize) -> Vec<u8> {
    let stream = Stream::new(0).named(name);
    (0..n as u64).map(|i| (stream.bits(i) >> 56) as u8).collect()
}
