//! The moving average of the weights.

use crate::State;

/// timm's `ModelEmaV3` with warm-up (gamma 1, power 2/3): running statistics are averaged as weights are.
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    /// Decay that the warm-up ends at.
    decay: f64,
    /// The average, in the order of [`State`].
    pub(crate) values: Vec<Vec<f32>>,
}

impl Ema {
    /// An average that begins at `state`.
    pub fn new(decay: f64, state: &State) -> Self {
        Self { decay, values: state.values.clone() }
    }

    /// Decay behind update `update`, counted from 1: 0 at the first, so that the average is then the network itself.
    fn decay_at(&self, update: u64) -> f64 {
        match update.saturating_sub(1) {
            0 => 0.0,
            step => (1.0 - (1.0 + step as f64).powf(-2.0 / 3.0)).clamp(0.0, self.decay),
        }
    }

    /// Moves the average towards `state` behind update `update`, counted from 1.
    pub fn update(&mut self, update: u64, state: &State) {
        let weight = (1.0 - self.decay_at(update)) as f32;
        for (average, new) in self.values.iter_mut().flatten().zip(state.values.iter().flatten()) {
            *average = lerp(*average, *new, weight);
        }
    }

    /// `state` with the average in place of its values.
    pub(crate) fn applied_to(&self, state: &State) -> State {
        let (decls, counters) = (state.decls.clone(), state.counters.clone());
        State { decls, values: self.values.clone(), counters, batches: state.batches }
    }
}

/// From the nearer end, as `torch.lerp` does it: exact at both.
fn lerp(from: f32, to: f32, weight: f32) -> f32 {
    if weight < 0.5 { from + weight * (to - from) } else { to - (to - from) * (1.0 - weight) }
}
