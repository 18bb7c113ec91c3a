//! The length of a gradient over all tensors, and its limit.

/// Euclidean norm over all tensors, summed in f64. Not finite when any value is not.
pub fn norm(gradients: &[Vec<f32>]) -> f64 {
    gradients.iter().flatten().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt()
}

/// Shortens a gradient of length `norm` to `limit`, as `torch.nn.utils.clip_grad_norm_` does.
pub fn clip(gradients: &mut [Vec<f32>], norm: f64, limit: f64) {
    let factor = (limit / (norm + 1e-6)).min(1.0) as f32;
    if factor < 1.0 {
        gradients.iter_mut().flatten().for_each(|g| *g *= factor);
    }
}
