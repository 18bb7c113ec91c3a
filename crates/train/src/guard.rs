//! What becomes of a step that is not finite.

use serde::{Deserialize, Serialize};

use crate::{State, TrainError};

/// Steps in a row that end a run.
const PATIENCE: u64 = 5;

/// Counts steps that gave no finite number; such a step changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guard {
    /// Of the whole run.
    pub(crate) skipped: u64,
    /// Since the last good one.
    pub(crate) in_a_row: u64,
}

impl Guard {
    /// Whether a step of that loss and gradient norm may change the network.
    /// # Errors
    /// `Diverged` for the fifth in a row, with the first tensor whose gradient is not finite.
    pub(crate) fn accepts(
        &mut self,
        step: u64,
        lr: f64,
        loss: f64,
        norm: f64,
        state: &State,
        gradients: &[Vec<f32>],
    ) -> Result<bool, TrainError> {
        if loss.is_finite() && norm.is_finite() {
            self.in_a_row = 0;
            return Ok(true);
        }
        self.skipped += 1;
        self.in_a_row += 1;
        if self.in_a_row < PATIENCE {
            return Ok(false);
        }
        let bad = gradients.iter().position(|slice| slice.iter().any(|g| !g.is_finite()));
        let tensor = bad.map_or_else(|| "the loss".into(), |at| format!("the gradient of `{}`", state.decls[at].name));
        Err(TrainError::Diverged { step, lr, steps: PATIENCE, tensor, checkpoint: None })
    }
}
