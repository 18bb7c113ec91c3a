//! Cross entropy with label smoothing, class weights and mixed targets, with PyTorch's semantics.

use burn::tensor::{Tensor, TensorData, activation};

/// What a batch should have said: a share for each class of each picture, scaled so that the loss is one sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    classes: usize,
    /// `[batch, classes]`; the loss is `-sum(shares * log_softmax(logits))`.
    shares: Vec<f32>,
}

impl Targets {
    /// Hard labels. With `weights`, the mean is weighted as `torch.nn.CrossEntropyLoss` weights it: the label's term by
    /// the label's weight, each smoothed term by its own class's, divided by the sum of the labels' weights.
    /// # Panics
    /// When a label is no class.
    pub fn hard(labels: &[usize], classes: usize, smoothing: f32, weights: Option<&[f32]>) -> Self {
        let weight = |class: usize| weights.map_or(1.0, |w| f64::from(w[class]));
        let total: f64 = labels.iter().map(|&label| weight(label)).sum();
        let smoothing = f64::from(smoothing);
        let mut shares = Vec::with_capacity(labels.len() * classes);
        for &label in labels {
            assert!(label < classes, "label {label} of {classes} classes");
            shares.extend((0..classes).map(|class| {
                let share = if class == label { 1.0 - smoothing } else { 0.0 } + smoothing / classes as f64;
                (share * weight(class) / total) as f32
            }));
        }
        Self { classes, shares }
    }

    /// Mixed targets, `[batch, classes]`, each row summing to 1.
    pub fn soft(mut shares: Vec<f32>, classes: usize) -> Self {
        let batch = (shares.len() / classes) as f32;
        for share in &mut shares {
            *share /= batch;
        }
        Self { classes, shares }
    }

    /// Pictures.
    pub(crate) fn batch(&self) -> usize {
        self.shares.len() / self.classes
    }

    /// The loss of logits `[batch, classes]`, on their device.
    pub(crate) fn loss(&self, logits: &Tensor<2>) -> Tensor<1> {
        let shape = [self.batch(), self.classes];
        let shares = Tensor::from_data(TensorData::new(self.shares.clone(), shape), &logits.device());
        (activation::log_softmax(logits.clone(), 1) * shares).sum().neg()
    }
}
