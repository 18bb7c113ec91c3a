//! Validation, as `eval` does it: through the engine.

use rexnet_engine::{Engine, Options};
use rexnet_score::Tally;
use rexnet_spec::{Graph, NetSpec, SpecError};
use rexnet_vision::Preprocess;
use rexnet_vision::data::{Dataset, Source, Views};

use crate::{State, TrainError};

/// Pictures to validate on, seen as evaluation sees them.
pub(crate) struct Validation {
    graph: Graph,
    data: Dataset,
    views: Views,
    threads: usize,
}

impl Validation {
    pub(crate) fn new(spec: &NetSpec, data: Dataset, threads: usize) -> Result<Self, SpecError> {
        let graph = spec.graph(spec.input.eval_size())?;
        Ok(Self { graph, data, views: Views::new(Preprocess::new(&spec.input), None), threads })
    }

    /// Whether there is nothing to validate on.
    pub(crate) fn is_empty(&self) -> bool {
        self.data.samples.is_empty()
    }

    /// Counts over every readable picture.
    pub(crate) fn tally(&self, state: &State) -> Result<Tally, TrainError> {
        let mut tensor =
            |name: &str| state.get(name).map(<[f32]>::to_vec).ok_or_else(|| format!("no tensor `{name}`").into());
        let options = Options { threads: self.threads, ..Options::default() };
        let mut engine = Engine::with(&self.graph, &mut tensor, options)?;
        let classes = engine.classes();
        let mut tally = Tally::new(classes);
        for samples in self.data.samples.chunks(self.views.at_a_time()) {
            let sources: Vec<&Source> = samples.iter().map(|sample| &sample.source).collect();
            let (pixels, errors) = self.views.read(&sources);
            let mut logits = vec![0.0; samples.len() * classes];
            engine.run(&pixels, samples.len(), &mut logits)?;
            let seen = samples.iter().zip(logits.chunks_exact(classes)).zip(errors);
            for ((sample, logits), _) in seen.filter(|(_, error)| error.is_none()) {
                tally.add(logits, &[sample.label]);
            }
        }
        Ok(tally)
    }
}
