//! Stochastic gradient descent with momentum.

pub(super) struct Sgd {
    pub(super) lr: f32,
    pub(super) momentum: f32,
    pub(super) nesterov: bool,
    pub(super) decay: f32,
}

impl Sgd {
    /// `v = momentum v + g`, `w -= lr v`; with Nesterov `w -= lr (g + momentum v)`; `g` is the gradient plus `decay w`.
    pub(super) fn step(&self, values: &mut [f32], gradient: &[f32], velocity: &mut [f32]) {
        for ((w, g), v) in values.iter_mut().zip(gradient).zip(velocity) {
            let g = g + self.decay * *w;
            *v = self.momentum * *v + g;
            *w -= self.lr * if self.nesterov { g + self.momentum * *v } else { *v };
        }
    }
}
