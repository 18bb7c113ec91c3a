//! Pictures from their files on: how many become views, and how many answers, in a second.

use std::path::Path;
use std::time::{Duration, Instant};

use rexnet::{Error, Result, likeliest};
use rexnet_engine::Engine;
use rexnet_kernels::keep_freed_memory;
use rexnet_spec::Input;
use rexnet_vision::Preprocess;
use rexnet_vision::data::{Source, Views, pictures_under};
use serde::Serialize;

/// Pictures a second.
#[derive(Serialize)]
pub(super) struct Rates {
    /// Read, decoded, resized, cropped and normalised.
    pub(super) views_per_s: f64,
    /// The same, run, and their five likeliest classes found.
    pub(super) answers_per_s: f64,
}

/// Goes through the pictures under `folder` again and again, for `long` each time.
pub(super) fn rates(engine: &mut Engine, input: &Input, folder: &Path, long: Duration) -> Result<Rates> {
    let (sources, report) = pictures_under(folder);
    let views = Views::new(Preprocess::new(input), None);
    if sources.is_empty() {
        return Err(Error::failed(format!("{}: no picture in it: {report}", folder.display()), ""));
    }
    keep_freed_memory();
    let together = views.at_a_time();
    let views_per_s = per_second(&sources, together, long, &mut |sources| {
        views.read(sources);
        Ok(())
    })?;
    let answers_per_s = per_second(&sources, together, long, &mut |sources| {
        let (pixels, _) = views.read(sources);
        let mut logits = vec![0.0; sources.len() * engine.classes()];
        engine.run(&pixels, sources.len(), &mut logits)?;
        logits.chunks_exact(engine.classes()).for_each(|logits| drop(likeliest(logits, 5)));
        Ok(())
    })?;
    Ok(Rates { views_per_s, answers_per_s })
}

/// Whole passes over the pictures, some at a time, the first of them not timed.
fn per_second(
    sources: &[Source],
    together: usize,
    long: Duration,
    work: &mut dyn FnMut(&[&Source]) -> Result<()>,
) -> Result<f64> {
    let mut pass = || {
        let mut parts = sources.chunks(together).map(|part| part.iter().collect::<Vec<_>>());
        parts.try_for_each(|part| work(&part))
    };
    pass()?;
    let (start, mut passes) = (Instant::now(), 0);
    while passes == 0 || start.elapsed() < long {
        pass()?;
        passes += 1;
    }
    Ok((passes * sources.len()) as f64 / start.elapsed().as_secs_f64())
}
