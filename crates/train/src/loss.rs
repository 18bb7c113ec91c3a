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

    /// Every picture's target mixed with that of the picture as far from the batch's end, which keeps `1 - lambda`: the
    /// loss of a batch that mixup or CutMix mixed with itself turned round.
    #[must_use]
    pub fn mixed(self, lambda: f32) -> Self {
        let partners = self.shares.rchunks_exact(self.classes).flatten();
        let shares = self.shares.iter().zip(partners).map(|(own, partner)| lambda * own + (1.0 - lambda) * partner);
        Self { shares: shares.collect(), ..self }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: &Targets, b: &[f32]) -> bool {
        a.shares.len() == b.len() && a.shares.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn a_mixed_target_holds_both_labels_and_the_smoothing_of_both() {
        let mixed = Targets::hard(&[0, 1, 2], 3, 0.3, None).mixed(0.75);
        // Hard rows are 0.8 and twice 0.1; the middle picture is its own partner. Each is a third of the mean.
        let rows = [[0.625, 0.1, 0.275], [0.1, 0.8, 0.1], [0.275, 0.1, 0.625]];
        assert!(close(&mixed, &rows.as_flattened().iter().map(|share| share / 3.0).collect::<Vec<f32>>()), "{mixed:?}");
        let whole = Targets::hard(&[0, 1, 2], 3, 0.3, None);
        assert_eq!(whole.clone().mixed(1.0), whole);
    }

    #[test]
    fn the_mixed_loss_is_the_two_weighted_losses_mixed() {
        let weights = Some(&[0.5, 2.0, 1.0][..]);
        let [own, partners] = [[0, 1, 1, 2], [2, 1, 1, 0]].map(|labels| Targets::hard(&labels, 3, 0.1, weights));
        let both: Vec<f32> = own.shares.iter().zip(&partners.shares).map(|(a, b)| 0.25 * a + 0.75 * b).collect();
        assert!(close(&own.mixed(0.25), &both));
    }
}
