//! From what a user asks for to a training that can begin: recipe, data, network, first weights, record.

use std::fs;
use std::path::{Path, PathBuf};

use rexnet_spec::NetSpec;
use rexnet_train::{Conduct, Job, Recipe, Record, State, has_checkpoint};
use rexnet_vision::data::Training;
use rexnet_weights::{NewHead, Store, WeightsError, resolve};

use crate::{Error, Progress, Result, open_model};

/// What is asked for. Where a run is continued, what is left out is taken from the run.
pub struct Request {
    /// The network; that of `init` where absent.
    pub net: Option<NetSpec>,
    /// Text of the recipe.
    pub recipe: Option<String>,
    /// `key=value` pairs that come after it.
    pub set: Vec<String>,
    /// Weights to begin with: a model, or with `net` a file of weights alone.
    pub init: Option<String>,
    /// Height and width of the pictures.
    pub size: Option<[u32; 2]>,
    /// Seed of everything that is random.
    pub seed: Option<u64>,
    /// Where, how long and by what means.
    pub conduct: Conduct,
}

impl Request {
    /// Nothing asked for yet but a run.
    pub fn new(conduct: Conduct) -> Self {
        Self { net: None, recipe: None, set: Vec::new(), init: None, size: None, seed: None, conduct }
    }

    /// Opens everything and makes the job. `data` gives the name of the data and the pictures, once it is told the share
    /// to validate on and the seed. With the job comes what the user should know about it.
    /// # Errors
    /// Whatever is wrong with recipe, data, network or weights; nothing is written yet.
    pub fn prepare(
        self,
        data: impl FnOnce(f64, u64) -> Result<(String, Training)>,
        progress: Progress,
    ) -> Result<(Job, Vec<String>)> {
        let earlier = if self.conduct.resume { Record::read(&self.conduct.out)? } else { None };
        let text = self.recipe.or_else(|| earlier.as_ref().map(|run| run.recipe.to_toml())).unwrap_or_default();
        let recipe = Recipe::parse(&text, &self.set)?;
        let seed = self.seed.or_else(|| earlier.as_ref().map(|run| run.seed)).unwrap_or(0);
        let init = self.init.or_else(|| earlier.as_ref().and_then(|run| run.init.clone()));
        let (name, data) = data(recipe.val_split, seed)?;

        // A checkpoint replaces the first weights, which may have gone since.
        let wanted = init.as_deref().filter(|_| !(self.conduct.resume && has_checkpoint(&self.conduct.out)));
        let weights = wanted.map(|init| Initial::open(init, self.net.is_some(), progress)).transpose()?;
        let of_init = || weights.as_ref().and_then(|weights| weights.spec.clone());
        let net = self.net.or_else(|| earlier.map(|run| run.net)).or_else(of_init);
        let mut spec = net.ok_or_else(no_net)?;
        spec.classes = data.train.classes.len() as u32;
        if let Some(size) = self.size {
            (spec.input.size, spec.input.test_size) = (size, None);
        }
        let mut notes = Vec::new();
        let state = match &weights {
            Some(weights) => weights.state(&spec, seed, &mut notes)?,
            None => State::init(&spec, seed)?,
        };
        let record = Record {
            version: env!("CARGO_PKG_VERSION").into(),
            seed,
            data: name,
            train_fingerprint: format!("{:016x}", data.train.fingerprint()),
            val_fingerprint: format!("{:016x}", data.val.fingerprint()),
            train_pictures: data.train.samples.len(),
            val_pictures: data.val.samples.len(),
            init,
            recipe,
            net: spec,
        };
        Ok((Job { record, state, data, conduct: self.conduct }, notes))
    }
}

/// Weights to begin with.
struct Initial {
    store: Store,
    spec: Option<NetSpec>,
}

impl Initial {
    /// A file of weights alone will do where the network is named.
    fn open(init: &str, named: bool, progress: Progress) -> Result<Self> {
        if named && Path::new(init).is_file() {
            return Ok(Self { store: Store::open(init)?, spec: None });
        }
        match open_model(init, None, progress) {
            Ok(file) => Ok(Self { store: file.store, spec: Some(file.meta.spec) }),
            Err(Error::Weights(error)) if lacks_spec(&error) => Err(Error::usage(
                format!("{init}: weights without a network"),
                "name the network as well: `--net rexnet_100`",
            )),
            Err(error) => Err(error),
        }
    }

    fn state(&self, spec: &NetSpec, seed: u64, notes: &mut Vec<String>) -> Result<State> {
        let binding = resolve(spec, &self.store, NewHead::Seeded(seed))?;
        notes.extend(binding.new_head().map(|change| change.to_string()));
        Ok(State::read(&spec.graph(spec.input.size)?, &binding)?)
    }
}

fn lacks_spec(error: &WeightsError) -> bool {
    match error {
        WeightsError::NoSpec => true,
        WeightsError::File { source, .. } => lacks_spec(source),
        _ => false,
    }
}

fn no_net() -> Error {
    let help = "`--net rexnet_100` for one of `rexnet zoo`, `--net net.toml` for one of `rexnet design`, or `--init MODEL` \
                to go on from a model";
    Error::usage("no network is named", help)
}

/// The folder of a run that nobody named: `runs/NAME-N` after the data, the next free number, or, to continue, the last.
/// # Errors
/// A folder of runs that cannot be read.
pub fn run_folder(data: &Path, resume: bool) -> Result<PathBuf> {
    let runs = Path::new("runs");
    let name = data.file_stem().map_or("run".into(), |stem| stem.to_string_lossy().into_owned());
    let number = |entry: &str| entry.strip_prefix(&name)?.strip_prefix('-')?.parse::<u32>().ok();
    let mut last = 0;
    if runs.is_dir() {
        for entry in fs::read_dir(runs).map_err(Error::file(runs))? {
            let entry = entry.map_err(Error::file(runs))?.file_name();
            last = last.max(entry.to_str().and_then(number).unwrap_or(0));
        }
    }
    let wanted = if resume { last.max(1) } else { last + 1 };
    Ok(runs.join(format!("{name}-{wanted}")))
}
