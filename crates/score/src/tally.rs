//! What is gathered picture by picture.

use crate::calibration::Calibration;
use crate::scores::{ClassScore, Scores};
use crate::softmax::log_sum_exp;

/// Largest k of top-k.
const TOP: usize = 5;

/// Counts over pictures, in the order in which they are added; how they are batched does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    classes: usize,
    temperature: f32,
    /// `[label][predicted]`, row by row.
    confusion: Vec<u64>,
    /// Pictures of each class whose logits give no probabilities.
    undecided: Vec<u64>,
    top5: u64,
    loss: f64,
    calibration: Calibration,
}

impl Tally {
    /// Nothing gathered yet.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            temperature: 1.0,
            confusion: vec![0; classes * classes],
            undecided: vec![0; classes],
            top5: 0,
            loss: 0.0,
            calibration: Calibration::default(),
        }
    }

    /// Divides logits by `temperature`, which changes loss and calibration and no order of classes.
    #[must_use]
    pub fn with_temperature(self, temperature: f32) -> Self {
        Self { temperature, ..self }
    }

    /// Adds pictures: `logits` is `[pictures, classes]`. A picture is right at top-k when fewer than k classes stand before
    /// its label; of equal logits the lower class number stands first, as in a stable sort. A picture whose logits give no
    /// probabilities (NaN, `+inf`, or `-inf` alone) counts as wrong, is taken for no class, and makes the loss NaN.
    /// # Panics
    /// When the lengths do not fit or a label is no class.
    pub fn add(&mut self, logits: &[f32], labels: &[usize]) {
        assert_eq!(logits.len(), labels.len() * self.classes, "{} classes", self.classes);
        for (logits, &label) in logits.chunks_exact(self.classes).zip(labels) {
            self.add_one(logits, label);
        }
    }

    /// Adds a picture. Loss and confidence are summed picture by picture, so that batches cannot change a bit.
    fn add_one(&mut self, logits: &[f32], label: usize) {
        let probability = |total: f64, class: usize| f64::from(logits[class] / self.temperature) - total;
        let total = log_sum_exp(logits.iter().map(|z| z / self.temperature));
        if !total.is_finite() {
            self.undecided[label] += 1;
            self.loss = f64::NAN;
            return;
        }
        let predicted = best(logits);
        self.confusion[label * self.classes + predicted] += 1;
        self.top5 += u64::from(rank(logits, label) < TOP);
        self.loss -= probability(total, label);
        self.calibration.add(probability(total, predicted).exp(), predicted == label);
    }

    /// Pictures added.
    pub fn count(&self) -> u64 {
        self.confusion.iter().chain(&self.undecided).sum()
    }

    /// Pictures whose first class is the right one.
    pub fn right(&self) -> u64 {
        (0..self.classes).map(|class| self.at(class, class)).sum()
    }

    /// Pictures with their label among the first five.
    pub fn right_in_five(&self) -> u64 {
        self.top5
    }

    /// Pictures by class and by what they were taken for: `[label][predicted]`, row by row.
    pub fn confusion(&self) -> &[u64] {
        &self.confusion
    }

    /// Pictures of class `label` that were taken for `predicted`.
    pub fn at(&self, label: usize, predicted: usize) -> u64 {
        self.confusion[label * self.classes + predicted]
    }

    /// Everything that follows from the counts.
    pub fn scores(&self) -> Scores {
        let count = self.count();
        let percent = |n: u64| (count > 0).then(|| 100.0 * n as f64 / count as f64);
        let per_class: Vec<ClassScore> = (0..self.classes).map(|class| self.class(class)).collect();
        Scores {
            count,
            top1: percent(self.right()),
            top5: percent(self.top5).filter(|_| self.classes > TOP),
            undecided: self.undecided.iter().sum(),
            loss: (count > 0).then(|| self.loss / count as f64),
            ece: self.calibration.ece(),
            mean_recall: mean(per_class.iter().map(|class| class.recall)),
            mean_precision: mean(per_class.iter().map(|class| class.precision)),
            defined: per_class.iter().filter(|class| class.recall.is_some()).count(),
            predicted: per_class.iter().filter(|class| class.precision.is_some()).count(),
            per_class,
        }
    }

    /// Confidence against accuracy.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    fn class(&self, class: usize) -> ClassScore {
        let right = self.at(class, class);
        let decided: u64 = (0..self.classes).map(|predicted| self.at(class, predicted)).sum();
        let count = decided + self.undecided[class];
        let predicted = (0..self.classes).map(|label| self.at(label, class)).sum();
        let share = |of: u64| (of > 0).then(|| right as f64 / of as f64);
        ClassScore { count, predicted, right, recall: share(count), precision: share(predicted) }
    }
}

/// The class of the largest logit; the lowest of equals.
fn best(logits: &[f32]) -> usize {
    (1..logits.len()).fold(0, |best, class| if logits[class] > logits[best] { class } else { best })
}

/// Classes that stand before `label`.
fn rank(logits: &[f32], label: usize) -> usize {
    let stands_before = |(class, z): (usize, &f32)| *z > logits[label] || (*z == logits[label] && class < label);
    logits.iter().enumerate().filter(|&entry| stands_before(entry)).count()
}

fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let defined: Vec<f64> = values.flatten().collect();
    (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
}
