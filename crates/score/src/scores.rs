//! What a tally says. What is undefined is absent, never NaN.

use serde::Serialize;

/// Measures over all pictures. `top1` and `top5` are percent, other shares fractions of 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Pictures.
    pub count: u64,
    /// Pictures whose first class is right, in percent.
    pub top1: Option<f64>,
    /// Pictures with their label among the first five, in percent; absent for five classes or fewer.
    pub top5: Option<f64>,
    /// Pictures whose logits give no probabilities; each counts as wrong and makes the loss NaN.
    pub undecided: u64,
    /// Mean cross entropy.
    pub loss: Option<f64>,
    /// Expected calibration error.
    pub ece: Option<f64>,
    /// Mean recall over the classes that have pictures.
    pub mean_recall: Option<f64>,
    /// Mean precision over the classes that were predicted.
    pub mean_precision: Option<f64>,
    /// Classes that have pictures, which `mean_recall` runs over.
    pub defined: usize,
    /// Classes that were predicted, which `mean_precision` runs over.
    pub predicted: usize,
    /// Measures of each class.
    pub per_class: Vec<ClassScore>,
}

/// Measures of one class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassScore {
    /// Pictures of the class.
    pub count: u64,
    /// Pictures taken for it.
    pub predicted: u64,
    /// Pictures of both.
    pub right: u64,
    /// Share of its pictures that were recognised; absent without pictures.
    pub recall: Option<f64>,
    /// Share of what was taken for it that is of it; absent when nothing was.
    pub precision: Option<f64>,
}
