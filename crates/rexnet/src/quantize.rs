//! What a model file needs for int8: ranges found on pictures, and what each layer costs.

use std::collections::BTreeSet;

use rexnet_engine::{Calibration, Engine, Options, Precision, Selection};
use rexnet_spec::Quantization;
use rexnet_vision::data::{Source, Views};
use rexnet_weights::ModelFile;
use serde::Serialize;

use crate::{Error, Result, Run};

/// How far the logits move when one layer alone runs in eight bits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerCost {
    /// Name of the layer.
    pub layer: String,
    /// Distance of the logits from those in f32, over the distance of those from their means: 0 is none, 1 all is lost.
    pub cost: f64,
}

/// Finds the ranges of activations on pictures; those that cannot be read are left out. `each` is told how many of
/// them were looked at.
/// # Errors
/// A model that cannot run, or no picture that can be read.
pub fn calibrate(
    file: &ModelFile,
    run: &Run,
    sources: &[&Source],
    selection: Selection,
    each: &mut dyn FnMut(usize),
) -> Result<Quantization> {
    let (_, views, graph) = run.prepare(file)?;
    let binding = file.binding()?;
    let mut calibration = Calibration::new(&graph, &mut |name| Ok(binding.read_f32(name)?), run.options())?;
    let (mut seen, mut read) = (0, 0);
    for sources in sources.chunks(views.at_a_time()) {
        let (pixels, count) = pictures(&views, sources);
        calibration.run(&pixels, count, &mut vec![0.0; count * calibration.classes()])?;
        (seen, read) = (seen + sources.len(), read + count);
        each(seen);
    }
    if read == 0 {
        return Err(Error::failed("no picture could be read to calibrate on", "`rexnet data check DATA` says why"));
    }
    Ok(calibration.quantization(selection))
}

/// What each layer that `quantization` does not keep costs by itself on some pictures, the costliest first.
/// # Errors
/// A model that cannot run.
pub fn layer_costs(
    file: &ModelFile,
    run: &Run,
    quantization: &Quantization,
    sources: &[&Source],
    each: &mut dyn FnMut(usize),
) -> Result<Vec<LayerCost>> {
    let (_, views, graph) = run.prepare(file)?;
    let binding = file.binding()?;
    let (pixels, count) = pictures(&views, sources);
    let logits = |options: Options| -> Result<Vec<f32>> {
        let mut engine = Engine::with(&graph, &mut |name| Ok(binding.read_f32(name)?), options)?;
        let mut logits = vec![0.0; count * engine.classes()];
        engine.run(&pixels, count, &mut logits)?;
        Ok(logits)
    };
    let exact = logits(run.options())?;
    let all: BTreeSet<&String> = quantization.ranges.keys().collect();
    let judged = all.iter().filter(|name| !quantization.keep.contains(**name));
    let options = Run { precision: Precision::Int8, ..*run }.options();
    let mut costs = Vec::new();
    for (done, &layer) in judged.enumerate() {
        let keep = all.iter().filter(|name| **name != layer).map(|name| (*name).clone()).collect();
        let alone = Quantization { ranges: quantization.ranges.clone(), keep };
        let moved = logits(Options { quantization: Some(&alone), ..options })?;
        costs.push(LayerCost { layer: layer.clone(), cost: distance(&moved, &exact, exact.len() / count.max(1)) });
        each(done + 1);
    }
    costs.sort_by(|a, b| b.cost.total_cmp(&a.cost));
    Ok(costs)
}

/// The views of the pictures that can be read, and how many they are.
fn pictures(views: &Views, sources: &[&Source]) -> (Vec<f32>, usize) {
    let (pixels, errors) = views.read(sources);
    let good = pixels.chunks_exact(views.preprocess().values()).zip(&errors).filter(|(_, error)| error.is_none());
    (good.flat_map(|(pixels, _)| pixels).copied().collect(), errors.iter().filter(|error| error.is_none()).count())
}

fn distance(moved: &[f32], exact: &[f32], classes: usize) -> f64 {
    let (mut apart, mut spread) = (0.0, 0.0);
    for (moved, exact) in moved.chunks_exact(classes).zip(exact.chunks_exact(classes)) {
        let mean = exact.iter().map(|&x| f64::from(x)).sum::<f64>() / classes as f64;
        for (&moved, &exact) in moved.iter().zip(exact) {
            apart += (f64::from(moved) - f64::from(exact)).powi(2);
            spread += (f64::from(exact) - mean).powi(2);
        }
    }
    (apart / spread).sqrt()
}
