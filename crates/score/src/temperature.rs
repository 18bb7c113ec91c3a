//! Temperature scaling (Guo et al. 2017).

use crate::softmax::log_sum_exp;

/// The divisor of logits, from 0.05 to 20, with the least mean cross entropy; none without a finite one. `logits` is
/// `[pictures, classes]`.
/// # Panics
/// When the lengths do not fit.
pub fn fit_temperature(logits: &[f32], labels: &[usize], classes: usize) -> Option<f32> {
    assert_eq!(logits.len(), labels.len() * classes);
    let loss = |log_beta: f64| -> f64 {
        let beta = log_beta.exp() as f32;
        let rows = logits.chunks_exact(classes).zip(labels);
        rows.map(|(row, &label)| log_sum_exp(row.iter().map(|z| z * beta)) - f64::from(row[label] * beta)).sum()
    };
    // Convex in the inverse temperature, hence unimodal in its logarithm: golden section.
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let [mut low, mut high] = [-(20.0_f64.ln()), 20.0_f64.ln()];
    let [mut a, mut b] = [high - golden * (high - low), low + golden * (high - low)];
    let [mut at_a, mut at_b] = [loss(a), loss(b)];
    if labels.is_empty() || !at_a.is_finite() {
        return None;
    }
    while high - low > 1e-5 {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = loss(b);
        }
    }
    Some((-f64::midpoint(low, high)).exp() as f32)
}
