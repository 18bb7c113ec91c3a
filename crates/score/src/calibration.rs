//! Confidence against accuracy.

use serde::Serialize;

/// Bins of equal width over confidence.
const BINS: usize = 15;

/// Pictures by the confidence of their first class (Guo et al. 2017).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Bins of equal width from 0 to 1.
    pub bins: [Bin; BINS],
}

/// Pictures of similar confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Pictures.
    pub count: u64,
    /// Those recognised.
    pub right: u64,
    /// Sum of their confidences.
    pub confidence: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { bins: [Bin::default(); BINS] }
    }
}

impl Calibration {
    /// A bin holds what is above its lower bound, up to its upper one. Confidence that is no number is not counted.
    pub(crate) fn add(&mut self, confidence: f64, right: bool) {
        if confidence.is_nan() {
            return;
        }
        let at = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let bin = &mut self.bins[at];
        bin.count += 1;
        bin.right += u64::from(right);
        bin.confidence += confidence;
    }

    /// Expected calibration error: the gap between confidence and accuracy, weighted by pictures.
    pub fn ece(&self) -> Option<f64> {
        let count: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let gap: f64 = self.bins.iter().map(|bin| (bin.confidence - bin.right as f64).abs()).sum();
        (count > 0).then(|| gap / count as f64)
    }
}
