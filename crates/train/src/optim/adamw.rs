//! Adam with decoupled weight decay (Loshchilov and Hutter 2019).

pub(super) struct AdamW {
    keep: f32,
    /// Shares of the new gradient in the first and second moment.
    shares: [f32; 2],
    square_keep: f32,
    step_size: f32,
    root_correction: f32,
    eps: f32,
}

impl AdamW {
    /// Step number `step`, counted from 1; factors are computed in f64 and then rounded, as PyTorch's are.
    pub(super) fn new(lr: f64, betas: [f64; 2], eps: f64, decay: f64, step: u64) -> Self {
        let correction = betas.map(|beta| 1.0 - beta.powf(step as f64));
        Self {
            keep: (1.0 - lr * decay) as f32,
            shares: betas.map(|beta| (1.0 - beta) as f32),
            square_keep: betas[1] as f32,
            step_size: (lr / correction[0]) as f32,
            root_correction: correction[1].sqrt() as f32,
            eps: eps as f32,
        }
    }

    pub(super) fn step(&self, values: &mut [f32], gradient: &[f32], [mean, square]: [&mut [f32]; 2]) {
        let [first, second] = self.shares;
        for (((w, g), m), s) in values.iter_mut().zip(gradient).zip(mean).zip(square) {
            *w *= self.keep;
            *m += first * (g - *m);
            *s = self.square_keep * *s + second * (g * g);
            *w -= self.step_size * (*m / (s.sqrt() / self.root_correction + self.eps));
        }
    }
}
