//! Optimizers over plain slices, with PyTorch's semantics.

mod adamw;
mod clip;
mod sgd;
#[cfg(test)]
mod tests;

use rexnet_spec::{Role, TensorDecl};

use crate::State;
pub use clip::{clip, norm};

/// How a gradient becomes a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// `torch.optim.SGD` without dampening; weight decay is added to the gradient.
    Sgd {
        /// Share of the last change that is kept.
        momentum: f32,
        /// Whether the gradient is taken ahead of the change (Nesterov).
        nesterov: bool,
    },
    /// `torch.optim.AdamW`; weight decay shrinks the weights by themselves.
    AdamW {
        /// Decay of the first and second moment.
        betas: [f64; 2],
        /// Added to the root of the second moment.
        eps: f64,
    },
}

impl Rule {
    /// Names of what is remembered for each tensor.
    pub fn slots(&self) -> &'static [&'static str] {
        match self {
            Self::Sgd { .. } => &["momentum"],
            Self::AdamW { .. } => &["exp_avg", "exp_avg_sq"],
        }
    }
}

/// An optimizer and what it remembers of each learned tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
    rule: Rule,
    /// Weight decay of each tensor of the [`State`].
    decay: Vec<f32>,
    /// For each slot of the rule one slice a tensor; empty for what is not learned.
    pub(crate) slots: Vec<Vec<Vec<f32>>>,
    /// Steps taken.
    pub(crate) steps: u64,
}

impl Optimizer {
    /// An optimizer that remembers nothing yet. With `decay_all` norms and biases decay as well.
    pub fn new(rule: Rule, weight_decay: f32, decay_all: bool, state: &State, trainable: &[bool]) -> Self {
        let decays = |decl: &TensorDecl| decay_all || matches!(decl.role, Role::ConvWeight | Role::LinearWeight);
        let decay = state.decls.iter().map(|decl| if decays(decl) { weight_decay } else { 0.0 }).collect();
        let zeros = || {
            let each = state.values.iter().zip(trainable);
            each.map(|(values, &trainable)| if trainable { vec![0.0; values.len()] } else { Vec::new() }).collect()
        };
        Self { rule, decay, slots: rule.slots().iter().map(|_| zeros()).collect(), steps: 0 }
    }

    /// Changes `values` along `gradients`, one slice a tensor; tensors with an empty gradient stay.
    pub fn step(&mut self, lr: f64, values: &mut [Vec<f32>], gradients: &[Vec<f32>]) {
        self.steps += 1;
        for (at, (values, gradient)) in values.iter_mut().zip(gradients).enumerate() {
            if gradient.is_empty() {
                continue;
            }
            let decay = self.decay[at];
            match (self.rule, &mut self.slots[..]) {
                (Rule::Sgd { momentum, nesterov }, [velocity]) => {
                    let sgd = sgd::Sgd { lr: lr as f32, momentum, nesterov, decay };
                    sgd.step(values, gradient, &mut velocity[at]);
                }
                (Rule::AdamW { betas, eps }, [mean, square]) => {
                    let adamw = adamw::AdamW::new(lr, betas, eps, f64::from(decay), self.steps);
                    adamw.step(values, gradient, [&mut mean[at], &mut square[at]]);
                }
                _ => unreachable!("an optimizer has the slots of its rule"),
            }
        }
    }
}
