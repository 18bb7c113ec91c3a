//! A model judged on a data set.

use rexnet_score::Tally;
use rexnet_vision::data::{Dataset, Source};

use crate::{Error, Model, Result};

/// Pictures that are read and run together; changes no result.
pub const CHUNK: usize = 64;

/// What an evaluation saw.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Counts over the pictures that could be read.
    pub tally: Tally,
    /// Names of the others, and what is wrong with them.
    pub skipped: Vec<(String, String)>,
}

/// Runs every picture of `dataset`, whose labels are `model`'s (see [`align`]). Loss and calibration are judged at the
/// temperature that the model carries, as `predict` shows it. `each` is told the place and the logits of
/// every picture in turn.
/// # Errors
/// None that a picture can cause.
pub fn evaluate(model: &mut Model, dataset: &Dataset, each: &mut dyn FnMut(usize, &[f32])) -> Result<Evaluation> {
    let classes = model.classes();
    let tally = Tally::new(classes).with_temperature(model.meta().temperature.unwrap_or(1.0));
    let mut seen = Evaluation { tally, skipped: Vec::new() };
    for (chunk, samples) in dataset.samples.chunks(CHUNK).enumerate() {
        let sources: Vec<&Source> = samples.iter().map(|sample| &sample.source).collect();
        let (logits, errors) = model.logits(&sources)?;
        for (i, ((sample, logits), error)) in samples.iter().zip(logits.chunks_exact(classes)).zip(errors).enumerate() {
            if let Some(error) = error {
                seen.skipped.push((sample.source.name().into_owned(), error.to_string()));
                continue;
            }
            seen.tally.add(logits, &[sample.label]);
            each(chunk * CHUNK + i, logits);
        }
    }
    Ok(seen)
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
