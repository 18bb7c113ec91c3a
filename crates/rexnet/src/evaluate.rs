//! A model judged on a data set.

use rexnet_score::Tally;
use rexnet_vision::data::{Dataset, Source};

use crate::{Error, Model, Result};

/// What an evaluation saw.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Names of the classes, or their numbers where nobody names them.
    pub classes: Vec<String>,
    /// Counts over the pictures that could be read.
    pub tally: Tally,
    /// What the model said to each of them, in their order.
    pub answers: Vec<Answer>,
    /// Names of the others, and what is wrong with them.
    pub skipped: Vec<(String, String)>,
}

/// The likeliest class of one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Number of the picture in its data set.
    pub sample: usize,
    /// The class that it belongs to.
    pub label: usize,
    /// The class that the model gives.
    pub class: usize,
    /// How likely the model holds that to be, from 0 to 1.
    pub score: f32,
}

/// Runs every picture of `dataset`, whose labels are `model`'s (see [`align`]). Loss and calibration are judged at the
/// temperature that the model carries, as `predict` shows it. `each` is told the place and the logits of
/// every picture in turn.
/// # Errors
/// None that a picture can cause.
pub fn evaluate(model: &mut Model, dataset: &Dataset, each: &mut dyn FnMut(usize, &[f32])) -> Result<Evaluation> {
    let n = model.classes();
    let known = dataset.classes.iter().take(n).cloned();
    let classes = known.chain((dataset.classes.len()..n).map(|number| number.to_string())).collect();
    let tally = Tally::new(n).with_temperature(model.meta().temperature.unwrap_or(1.0));
    let mut seen = Evaluation { classes, tally, answers: Vec::new(), skipped: Vec::new() };
    let together = model.at_a_time();
    for (chunk, samples) in dataset.samples.chunks(together).enumerate() {
        let sources: Vec<&Source> = samples.iter().map(|sample| &sample.source).collect();
        let (logits, errors) = model.logits(&sources)?;
        for (i, ((sample, logits), error)) in samples.iter().zip(logits.chunks_exact(n)).zip(errors).enumerate() {
            if let Some(error) = error {
                seen.skipped.push((sample.source.name().into_owned(), error.to_string()));
                continue;
            }
            let (place, label) = (chunk * together + i, sample.label);
            seen.tally.add(logits, &[label]);
            let first = model.top(logits, 1);
            seen.answers.extend(first.iter().map(|p| Answer { sample: place, label, class: p.index, score: p.score }));
            each(place, logits);
        }
    }
    Ok(seen)
}

impl Evaluation {
    /// Pairs of class and wrong answer with how often each came, the most frequent first.
    pub fn confused(&self) -> Vec<(usize, usize, u64)> {
        let n = self.classes.len();
        let pairs = self.tally.confusion().iter().enumerate().map(|(at, &count)| (at / n, at % n, count));
        let mut wrong: Vec<_> = pairs.filter(|&(label, class, count)| label != class && count > 0).collect();
        wrong.sort_by_key(|&(label, class, count)| (std::cmp::Reverse(count), label, class));
        wrong
    }
}

/// Gives `dataset` the class numbers of the model: names are matched by name, bare numbers by number. A model without
/// names takes the classes of the data in their order when there are as many.
/// # Errors
/// A class that the model does not have.
pub fn align(dataset: Dataset, model: &Model) -> Result<Dataset> {
    if let Some(names) = &model.meta().classes {
        return Ok(dataset.with_classes(names)?);
    }
    let (here, there) = (dataset.classes.len(), model.classes());
    if here == there || (dataset.numbered && here <= there) {
        return Ok(dataset);
    }
    Err(Error::failed(
        format!("the data have {here} classes, the model {there} and no names"),
        "name a model trained on these classes, or give a CSV with `class_index`",
    ))
}
