//! Logits to probabilities.

/// Logarithm of `sum(exp(logits))`, in f64.
fn log_sum_exp(logits: &[f32]) -> f64 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&z| (f64::from(z) - f64::from(top)).exp()).sum();
    f64::from(top) + sum.ln()
}

/// Logarithm of the probability of class `at`; not finite when the logits are not.
/// # Panics
/// When there is no such class.
pub fn log_softmax_at(logits: &[f32], at: usize) -> f64 {
    f64::from(logits[at]) - log_sum_exp(logits)
}

/// Probabilities of all classes, logits divided by `temperature` first.
pub fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let scaled: Vec<f32> = logits.iter().map(|z| z / temperature).collect();
    let total = log_sum_exp(&scaled);
    scaled.iter().map(|&z| (f64::from(z) - total).exp() as f32).collect()
}
