//! A model as a file that other tools open, with a card beside it.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rexnet_weights::{Binding, ModelFile, onnx, refuse_device, timm_dir, write_atomic};
use serde::Serialize;

use crate::{Error, ModelCard, Result};

/// What a model is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An ONNX file.
    Onnx,
    /// One safetensors file in timm's tensor names: a model file of ours, which other readers take as it is.
    Safetensors,
    /// A folder for `timm.create_model("local-dir:…")`.
    TimmDir,
}

/// How well an exported file and the engine agree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Pictures compared.
    pub pictures: usize,
    /// Largest absolute logit.
    pub largest_logit: f32,
    /// Largest absolute difference.
    pub difference: f32,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    /// As what.
    pub format: Format,
    /// The file or folder.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// The model card.
    #[serde(serialize_with = "as_text")]
    pub card: PathBuf,
    /// Size of the file that holds the weights.
    pub bytes: u64,
    /// For ONNX: the comparison with the engine; none where this program was built without `onnx-check`.
    pub check: Option<Agreement>,
}

/// Writes `model` to `path`, every file atomically; an ONNX file takes its name only after it agreed with the engine.
/// What is there already is left alone unless `replace`.
/// # Errors
/// Something at `path`; a network that timm does not have; an ONNX file that fails its check; the file system.
pub fn export(model: &ModelFile, format: Format, path: &Path, replace: bool) -> Result<Exported> {
    let card = match format {
        Format::TimmDir => path.join("README.md"),
        Format::Onnx | Format::Safetensors => PathBuf::from(with_suffix(path.as_os_str(), ".md")),
    };
    if !replace {
        is_free(path)?;
        is_free(&card)?;
    }
    let binding = model.binding()?;
    let mut weights = path.to_owned();
    let mut check = None;
    match format {
        Format::Onnx => check = write_onnx(model, &binding, path)?,
        Format::Safetensors => ModelFile::save(path, &model.meta, &binding.tensors()?)?,
        Format::TimmDir => weights = write_timm_dir(model, &binding, path)?,
    }
    let file = path.to_string_lossy();
    let text = ModelCard { meta: &model.meta, format, file: &file }.markdown()?;
    write(&card, text.as_bytes())?;
    let bytes = fs::metadata(&weights).map_err(Error::file(weights))?.len();
    Ok(Exported { format, path: path.to_owned(), card, bytes, check })
}

fn write_onnx(model: &ModelFile, binding: &Binding, path: &Path) -> Result<Option<Agreement>> {
    let classes = model.meta.classes.as_deref().unwrap_or_default();
    refuse_device(path).map_err(Error::file(path))?;
    let bytes = onnx::encode(&model.meta.spec, classes, &mut |name| Ok(binding.read_f32(name)?))?;
    let name = path.file_name().unwrap_or_default();
    let unchecked = path.with_file_name(with_suffix(name, &format!(".{}.unchecked", std::process::id())));
    write_atomic(&unchecked, |out| out.write_all(&bytes)).map_err(Error::file(path))?;
    let done = check(model, binding, &unchecked).and_then(|agreement| {
        fs::rename(&unchecked, path).map_err(Error::file(path))?;
        Ok(agreement)
    });
    if done.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&unchecked);
    }
    done
}

#[cfg(feature = "onnx-check")]
fn check(model: &ModelFile, binding: &Binding, file: &Path) -> Result<Option<Agreement>> {
    let spec = &model.meta.spec;
    let graph = spec.graph(spec.input.eval_size())?;
    let mut engine = rexnet_engine::Engine::new(&graph, &mut |name| Ok(binding.read_f32(name)?))?;
    let ours = |pixels: &[f32], batch: usize| {
        let mut logits = vec![0.0; batch * engine.classes()];
        engine.run(pixels, batch, &mut logits)?;
        Ok(logits)
    };
    crate::onnx_check::check(file, graph.input, ours).map(Some)
}

#[cfg(not(feature = "onnx-check"))]
#[allow(clippy::unnecessary_wraps, reason = "the other one can fail")]
fn check(_: &ModelFile, _: &Binding, _: &Path) -> Result<Option<Agreement>> {
    Ok(None)
}

/// Returns the file of the weights. `config.json` comes last: without it the folder is no model of timm's.
fn write_timm_dir(model: &ModelFile, binding: &Binding, path: &Path) -> Result<PathBuf> {
    let meta = &model.meta;
    let text = timm_dir::config(&meta.spec, meta.classes.as_deref().unwrap_or_default())?;
    let (weights, config) = (path.join("model.safetensors"), path.join("config.json"));
    let tensors = binding.tensors()?;
    fs::create_dir_all(path).map_err(Error::file(path))?;
    ModelFile::save(&weights, meta, &tensors)?;
    write(&config, text.as_bytes())?;
    Ok(weights)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomic(path, |out| out.write_all(bytes)).map_err(Error::file(path))
}

/// Refuses what would be overwritten; an empty folder is free.
fn is_free(path: &Path) -> Result<()> {
    let is_empty_folder = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if path.symlink_metadata().is_err() || is_empty_folder() {
        return Ok(());
    }
    Err(Error::failed(format!("{} is there already", path.display()), "`--force` replaces it"))
}

/// JSON must hold for paths that are no Unicode, too.
fn as_text<S: serde::Serializer>(path: &Path, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

fn with_suffix(name: &std::ffi::OsStr, suffix: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(suffix);
    name
}
