//! A model that answers: pictures in, classes out. predict, eval and training's own evaluation share this path.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use rexnet_engine::{Engine, Isa, Options, Precision};
use rexnet_score::softmax;
use rexnet_spec::{Graph, Input};
use rexnet_vision::data::{Source, Views};
use rexnet_vision::picture::decode_from;
use rexnet_vision::{Decode, Picture, PictureError, Preprocess};
use rexnet_weights::{ModelFile, ModelMeta};
use serde::Serialize;

use crate::{Error, Memory, Result, open_model};

/// A class and how likely it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Number of the class.
    pub index: usize,
    /// Its name, where the model knows names.
    pub name: Option<String>,
    /// Probability, from 0 to 1.
    pub score: f32,
}

/// What a model makes of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// A value for each class; [`Model::top`] makes them probabilities.
    pub logits: Vec<f32>,
    /// What the network pools and its classifier reads: a description of the picture that serves to compare pictures.
    pub embedding: Vec<f32>,
}

/// What may differ from the model's own word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    /// Threads; as many as affinity and control group allow where absent.
    pub threads: Option<usize>,
    /// Height and width of the view.
    pub size: Option<[u32; 2]>,
    /// Share that the centre crop keeps.
    pub crop_pct: Option<f64>,
    /// Leaves photographs as they lie, for parity with tools that do.
    pub ignore_exif: bool,
    /// Width times height that is still decoded.
    pub max_pixels: Option<u64>,
    /// What products are made of.
    pub precision: Precision,
}

/// An opened model, ready to run.
///
/// ```no_run
/// # fn main() -> rexnet::Result<()> {
/// let mut model = rexnet::Model::open("runs/flowers-1")?;
/// let picture = rexnet::read_picture("iris.jpg")?;
/// for class in model.predict(&picture)?.iter().take(3) {
///     println!("{:5.1} % {}", 100.0 * class.score, class.name.as_deref().unwrap_or("?"));
/// }
/// # Ok(())
/// # }
/// ```
pub struct Model {
    meta: ModelMeta,
    views: Views,
    engine: Engine,
}

impl Model {
    /// Opens what [`open_model`] opens without weights beside it.
    /// # Errors
    /// As [`open_model`].
    pub fn open(model: impl AsRef<OsStr>) -> Result<Self> {
        Self::new(&open_model(model, None, &mut |_, _, _| {})?, &Run::default())
    }

    /// Plans the network of a model file and packs its weights, one tensor at a time.
    /// # Errors
    /// A file that cannot be read, a size that the network cannot take, a precision that the processor or the file lacks.
    pub fn new(file: &ModelFile, run: &Run) -> Result<Self> {
        let (meta, views, graph) = run.prepare(file)?;
        let binding = file.binding()?;
        let options = Options { quantization: meta.quantization.as_ref(), ..run.options() };
        let engine = Engine::with(&graph, &mut |name| Ok(binding.read_f32(name)?), options)?;
        Ok(Self { meta, views, engine })
    }

    /// What the file says, with the changes that were asked for.
    pub fn meta(&self) -> &ModelMeta {
        &self.meta
    }

    /// How bytes become a picture for this model.
    pub fn decode(&self) -> &Decode {
        self.views.decode()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.engine.classes()
    }

    /// How many pictures to ask for at a time: as many as their views leave memory for. Changes no result.
    pub fn at_a_time(&self) -> usize {
        self.views.at_a_time()
    }

    /// All classes, the likeliest first.
    /// # Errors
    /// None that a picture can cause.
    pub fn predict(&mut self, picture: &Picture) -> Result<Vec<Prediction>> {
        let mut pixels = vec![0.0; self.views.preprocess().values()];
        self.views.preprocess().apply(picture, &mut pixels);
        let logits = self.run(&pixels, 1)?;
        Ok(self.top(&logits, self.classes()))
    }

    /// Logits of pictures one behind the other, `[pictures, classes]`, and what was wrong with those that gave none. How
    /// many are asked for at once changes no logit.
    /// # Errors
    /// None that a picture can cause.
    pub fn logits(&mut self, sources: &[&Source]) -> Result<(Vec<f32>, Vec<Option<PictureError>>)> {
        let (pixels, errors) = self.views.read(sources);
        Ok((self.run(&pixels, sources.len())?, errors))
    }

    /// Logits and embeddings of pictures; inside, what is wrong with a picture.
    /// # Errors
    /// None that a picture can cause.
    pub fn outputs(&mut self, sources: &[&Source]) -> Result<Vec<Result<Output, PictureError>>> {
        let (pixels, errors) = self.views.read(sources);
        let outputs = self.embed(&pixels, sources.len())?;
        Ok(outputs.into_iter().zip(errors).map(|(output, error)| error.map_or(Ok(output), Err)).collect())
    }

    /// The same of one picture that is read here.
    /// # Errors
    /// None that a picture can cause.
    pub fn output_of(&mut self, from: impl Read) -> Result<Result<Output, PictureError>> {
        let picture = match decode_from(from, self.views.decode()) {
            Ok(picture) => picture,
            Err(error) => return Ok(Err(error)),
        };
        let mut pixels = vec![0.0; self.views.preprocess().values()];
        self.views.preprocess().apply(&picture, &mut pixels);
        Ok(self.embed(&pixels, 1)?.pop().ok_or(PictureError::Empty))
    }

    /// The `n` likeliest classes by the logits of one picture, the likeliest first; of equals the lower number. The
    /// model's temperature is applied.
    pub fn top(&self, logits: &[f32], n: usize) -> Vec<Prediction> {
        let scores = softmax(logits, self.meta.temperature.unwrap_or(1.0));
        let name = |index: usize| self.meta.classes.as_ref().map(|names| names[index].clone());
        likeliest(logits, n)
            .into_iter()
            .map(|index| Prediction { index, name: name(index), score: scores[index] })
            .collect()
    }

    fn embed(&mut self, pixels: &[f32], batch: usize) -> Result<Vec<Output>> {
        let (classes, width) = (self.engine.classes(), self.engine.width());
        let (mut logits, mut embeddings) = (vec![0.0; batch * classes], vec![0.0; batch * width]);
        self.engine.embed(pixels, batch, &mut logits, &mut embeddings)?;
        let rows = logits.chunks_exact(classes).zip(embeddings.chunks_exact(width));
        Ok(rows.map(|(logits, embedding)| Output { logits: logits.to_vec(), embedding: embedding.to_vec() }).collect())
    }

    fn run(&mut self, pixels: &[f32], batch: usize) -> Result<Vec<f32>> {
        let mut logits = vec![0.0; batch * self.engine.classes()];
        self.engine.run(pixels, batch, &mut logits)?;
        Ok(logits)
    }
}

impl Run {
    /// What the file says with these changes, and what follows from it.
    pub(crate) fn prepare(&self, file: &ModelFile) -> Result<(ModelMeta, Views, Graph)> {
        let mut meta = file.meta.clone();
        self.change(&mut meta.spec.input);
        let graph = meta.spec.graph(meta.spec.input.eval_size())?;
        let views = Views::new(Preprocess::new(&meta.spec.input), self.max_pixels);
        Memory::now().check(&graph, views.at_a_time() as u64)?;
        Ok((meta, views, graph))
    }

    pub(crate) fn options(&self) -> Options<'static> {
        let threads = self.threads.unwrap_or(Options::default().threads);
        Options { threads, isa: Isa::detect_for(self.precision), precision: self.precision, quantization: None }
    }

    fn change(&self, input: &mut Input) {
        if let Some(size) = self.size {
            input.test_size = Some(size);
        }
        if let Some(crop_pct) = self.crop_pct {
            input.crop_pct = crop_pct;
        }
        input.exif &= !self.ignore_exif;
    }
}

/// The `n` classes with the largest logits, the largest first; of equals the lower number.
pub fn likeliest(logits: &[f32], n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let before = |&a: &usize, &b: &usize| logits[b].total_cmp(&logits[a]).then(a.cmp(&b));
    if n < order.len() {
        order.select_nth_unstable_by(n, before);
        order.truncate(n);
    }
    order.sort_unstable_by(before);
    order
}

/// Reads and decodes a picture file, its orientation obeyed.
/// # Errors
/// What is wrong with the file.
pub fn read_picture(path: impl Into<PathBuf>) -> Result<Picture> {
    let path = path.into();
    let file = File::open(&path).map_err(Error::file(path.clone()))?;
    decode_from(file, &Decode::default()).map_err(|source| Error::Picture { path, source })
}
