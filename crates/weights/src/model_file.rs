//! The model file: one safetensors file that is enough by itself to predict.

use std::collections::BTreeMap;
use std::path::Path;

use rexnet_spec::{NetSpec, Quantization};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Binding, NewHead, Store, Tensors, WeightsError, resolve, safetensors, write_atomic};

/// Format of the metadata that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

mod key {
    pub(super) const FORMAT: &str = "rexnet.format";
    pub(super) const SPEC: &str = "rexnet.spec";
    pub(super) const CLASSES: &str = "rexnet.classes";
    pub(super) const TRAINING: &str = "rexnet.training";
    pub(super) const TEMPERATURE: &str = "rexnet.temperature";
    pub(super) const QUANTIZATION: &str = "rexnet.quantization";
    pub(super) const LICENSE: &str = "rexnet.license";
    pub(super) const NOTES: &str = "rexnet.notes";
    /// What other readers look for to learn whose tensors these are.
    pub(super) const READER: &str = "format";
}

/// What a model file says beside its tensors. No clock, host name or thread count: equal runs give equal bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelMeta {
    /// The network, its input contract included.
    pub spec: NetSpec,
    /// Class names by index, in any script; none where nobody knows them.
    pub classes: Option<Vec<String>>,
    /// How it was trained, in the trainer's words.
    pub training: Option<serde_json::Value>,
    /// Divisor of the logits that calibrates them.
    pub temperature: Option<f32>,
    /// What int8 has to know, once it was found on pictures.
    pub quantization: Option<Quantization>,
    /// Licence of the weights.
    pub license: Option<String>,
    /// Anything else worth knowing: origin, changes.
    pub notes: Option<String>,
}

impl ModelMeta {
    /// A network about which nothing else is known.
    pub fn new(spec: NetSpec) -> Self {
        Self { spec, classes: None, training: None, temperature: None, quantization: None, license: None, notes: None }
    }
}

/// An opened model file.
#[derive(Debug)]
pub struct ModelFile {
    /// What it says.
    pub meta: ModelMeta,
    /// Its tensors.
    pub store: Store,
}

impl ModelFile {
    /// Opens a model file: the description is read, the tensors are not.
    /// # Errors
    /// As [`Store::open`]; `NoSpec` for weights alone, `NewerFormat`, `Metadata`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let store = Store::open(path)?;
        Self::of(store).map_err(WeightsError::file(path))
    }

    /// The same from an opened store.
    /// # Errors
    /// `NoSpec`, `NewerFormat`, `Metadata`, `Spec`.
    pub fn of(store: Store) -> Result<Self, WeightsError> {
        let metadata = store.metadata();
        let found: u32 = json(metadata, key::FORMAT)?.ok_or(WeightsError::NoSpec)?;
        if found > FORMAT_VERSION {
            return Err(WeightsError::NewerFormat { found, known: FORMAT_VERSION });
        }
        let spec = NetSpec::from_toml(metadata.get(key::SPEC).ok_or(WeightsError::NoSpec)?)?;
        let meta = ModelMeta {
            spec,
            classes: json(metadata, key::CLASSES)?,
            training: json(metadata, key::TRAINING)?,
            temperature: json(metadata, key::TEMPERATURE)?,
            quantization: json(metadata, key::QUANTIZATION)?,
            license: metadata.get(key::LICENSE).cloned(),
            notes: metadata.get(key::NOTES).cloned(),
        };
        meta.check()?;
        Ok(Self { meta, store })
    }

    /// Whether a file describes its own network.
    pub fn is_described(store: &Store) -> bool {
        store.metadata().contains_key(key::FORMAT)
    }

    /// Its tensors under the names of its network.
    /// # Errors
    /// `Mismatch` where the file contradicts itself.
    pub fn binding(&self) -> Result<Binding<'_>, WeightsError> {
        resolve(&self.meta.spec, &self.store, NewHead::Refuse)
    }

    /// Writes a model file, atomically. Batch counters that are absent are written as 0, so that strict loading
    /// elsewhere passes; apart from those, `tensors` are exactly the network's.
    /// # Errors
    /// `File` around what the file system says; `Mismatch` for tensors of another network.
    pub fn save(path: impl AsRef<Path>, meta: &ModelMeta, tensors: &Tensors) -> Result<(), WeightsError> {
        let path = path.as_ref();
        write_atomic(path, |out| Self::write(out, meta, tensors)).map_err(WeightsError::file(path))
    }

    /// The same to any writer.
    /// # Errors
    /// As [`ModelFile::save`].
    pub fn write(out: &mut impl std::io::Write, meta: &ModelMeta, tensors: &Tensors) -> Result<(), WeightsError> {
        meta.check()?;
        let counters = crate::resolve::check_own(&meta.spec, tensors)?;
        safetensors::write(out, &meta.to_metadata()?, tensors.iter().chain(&counters))
    }
}

impl ModelMeta {
    fn to_metadata(&self) -> Result<BTreeMap<String, String>, WeightsError> {
        let mut metadata = BTreeMap::from([
            (key::FORMAT.to_owned(), FORMAT_VERSION.to_string()),
            (key::READER.to_owned(), "pt".to_owned()),
            (key::SPEC.to_owned(), self.spec.to_toml()),
        ]);
        let mut put = |key: &str, text: Option<String>| metadata.extend(text.map(|text| (key.to_owned(), text)));
        put(key::CLASSES, text(key::CLASSES, self.classes.as_ref())?);
        put(key::TRAINING, text(key::TRAINING, self.training.as_ref())?);
        put(key::TEMPERATURE, text(key::TEMPERATURE, self.temperature.as_ref())?);
        put(key::QUANTIZATION, text(key::QUANTIZATION, self.quantization.as_ref())?);
        put(key::LICENSE, self.license.clone());
        put(key::NOTES, self.notes.clone());
        Ok(metadata)
    }

    /// One name a class, and a temperature that logits can be divided by.
    fn check(&self) -> Result<(), WeightsError> {
        if let Some(names) = self.classes.as_ref().filter(|names| names.len() != self.spec.classes as usize) {
            return Err(bad(key::CLASSES, &format_args!("{} names for {} classes", names.len(), self.spec.classes)));
        }
        match self.temperature {
            Some(t) if !(t > 0.0 && t.is_finite()) => Err(bad(key::TEMPERATURE, &format_args!("{t} is not above 0"))),
            _ => Ok(()),
        }
    }
}

fn bad(key: &'static str, error: &dyn std::fmt::Display) -> WeightsError {
    WeightsError::Metadata { key, reason: error.to_string() }
}

fn json<T: DeserializeOwned>(
    metadata: &BTreeMap<String, String>,
    key: &'static str,
) -> Result<Option<T>, WeightsError> {
    metadata.get(key).map(|text| serde_json::from_str(text).map_err(|e| bad(key, &e))).transpose()
}

fn text<T: Serialize>(key: &'static str, value: Option<&T>) -> Result<Option<String>, WeightsError> {
    value.map(|value| serde_json::to_string(value).map_err(|e| bad(key, &e))).transpose()
}
