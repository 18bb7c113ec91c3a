//! Logits to probabilities.

/// Logarithm of `sum(exp(logits))`, in f64; not finite when a logit is NaN or `+inf`, or all are `-inf`.
pub(crate) fn log_sum_exp(logits: impl Iterator<Item = f32> + Clone) -> f64 {
    let top = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.map(|z| (f64::from(z) - f64::from(top)).exp()).sum();
    f64::from(top) + sum.ln()
}

/// Probabilities of all classes, logits divided by `temperature` first.
pub fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let scaled = logits.iter().map(|z| z / temperature);
    let total = log_sum_exp(scaled.clone());
    scaled.map(|z| (f64::from(z) - total).exp() as f32).collect()
}
