//! A network to measure: a model with its weights, or a network with seeded ones, which takes as long.

use std::ffi::OsStr;
use std::path::Path;

use rexnet_engine::{Calibration, Engine, EngineError, Options, Selection};
use rexnet_spec::{NetSpec, Quantization};
use rexnet_weights::{ModelFile, ModelMeta, Tensors, init};

use crate::open::Progress;
use crate::{Result, load_net, open_model};

/// A network and where its weights come from.
#[derive(Debug)]
pub struct Subject {
    /// The network.
    pub spec: NetSpec,
    weights: Weights,
    quantization: Option<Quantization>,
}

#[derive(Debug)]
enum Weights {
    File(Box<ModelFile>),
    Seeded(Tensors),
}

impl Subject {
    /// A model as [`open_model`] takes it, or a network without weights as [`load_net`] does.
    /// # Errors
    /// As theirs.
    pub fn open(text: impl AsRef<OsStr>, weights: Option<&Path>, progress: Progress) -> Result<Self> {
        let text = text.as_ref();
        let path = Path::new(text);
        let is_toml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
        if weights.is_none() && !text.as_encoded_bytes().starts_with(b"hf:") && (is_toml || !path.exists()) {
            let spec = load_net(text)?;
            let seeded = init(&spec, 0)?;
            return Ok(Self { spec, weights: Weights::Seeded(seeded), quantization: None });
        }
        let model = open_model(text, weights, progress)?;
        let (spec, quantization) = (model.meta.spec.clone(), model.meta.quantization.clone());
        Ok(Self { spec, weights: Weights::File(Box::new(model)), quantization })
    }

    /// Finds ranges for int8 on one picture, `[channels, height, width]`, where there are none: enough for the time that
    /// a network takes, not for its answers.
    /// # Errors
    /// As [`Subject::engine`].
    pub fn calibrate(&mut self, size: [u32; 2], picture: &[f32]) -> Result<()> {
        if self.quantization.is_none() {
            let graph = self.spec.graph(size)?;
            let mut calibration = self.read(|tensors| Calibration::new(&graph, tensors, Options::default()))?;
            calibration.run(picture, 1, &mut vec![0.0; calibration.classes()])?;
            self.quantization = Some(calibration.quantization(Selection::MinMax));
        }
        Ok(())
    }

    /// An engine for pictures of `size`, `[height, width]`.
    /// # Errors
    /// A network that has no such size, or weights that cannot be read.
    pub fn engine(&self, size: [u32; 2], options: Options) -> Result<Engine> {
        let graph = self.spec.graph(size)?;
        let options = Options { quantization: self.quantization.as_ref(), ..options };
        self.read(|tensors| Engine::with(&graph, tensors, options))
    }

    fn read<T>(&self, build: impl FnOnce(&mut rexnet_engine::Tensors) -> Result<T, EngineError>) -> Result<T> {
        match &self.weights {
            Weights::File(model) => {
                let binding = model.binding()?;
                Ok(build(&mut |name| Ok(binding.read_f32(name)?))?)
            }
            Weights::Seeded(tensors) => {
                let values = |name: &str| tensors.get(name).and_then(|tensor| tensor.as_f32()).map(<[f32]>::to_vec);
                Ok(build(&mut |name| values(name).ok_or_else(|| "not there".into()))?)
            }
        }
    }

    /// Writes it as a model file.
    /// # Errors
    /// Weights that cannot be read, or a path that cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let meta = ModelMeta { quantization: self.quantization.clone(), ..ModelMeta::new(self.spec.clone()) };
        match &self.weights {
            Weights::File(model) => ModelFile::save(path, &meta, &model.binding()?.tensors()?)?,
            Weights::Seeded(tensors) => ModelFile::save(path, &meta, tensors)?,
        }
        Ok(())
    }
}
