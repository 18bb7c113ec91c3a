//! Opening a model from the one notation that every verb takes.

use std::ffi::OsStr;
use std::path::Path;

use rexnet_weights::{ModelFile, ModelMeta, Store, WeightsError};

use crate::{Error, Result, load_net, read_timm_config};

/// Told of a download's progress: file, bytes so far, bytes in all.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// Opens a model file, a run folder (its best), a folder of timm's layout, `hf:OWNER/NAME`, or, with `weights`, any
/// network that [`load_net`] takes. Tensors are not read yet, but all are there in the right shapes.
/// # Errors
/// A network without weights, a file that is no model, or one whose tensors are not its network's.
pub fn open_model(text: impl AsRef<OsStr>, weights: Option<&Path>, progress: Progress) -> Result<ModelFile> {
    let text = text.as_ref();
    if let Some(weights) = weights {
        let (spec, store) = (load_net(text)?, Store::open(weights)?);
        return complete(ModelFile { meta: ModelMeta::new(spec), store }, weights);
    }
    if let Some(id) = text.to_str().filter(|text| text.starts_with("hf:")) {
        return fetch(id, progress);
    }
    let path = Path::new(text);
    match (path.is_dir(), path.exists()) {
        (true, _) => folder(path),
        (false, true) => complete(ModelFile::open(path)?, path),
        (false, false) => match load_net(text) {
            Ok(_) => Err(Error::usage(
                format!("`{}` is a network without weights", text.display()),
                format!(
                    "add `--weights FILE`, or name a model: a file, a run folder, `hf:timm/{}.TAG`",
                    text.display()
                ),
            )),
            Err(_) => Err(Error::usage(
                format!("{}: no such model file, run folder or network", text.display()),
                "`rexnet zoo` lists the known networks",
            )),
        },
    }
}

/// Changes what a model file, or a run's best one, says beside its tensors. Written anew, atomically.
/// # Errors
/// What is no model file; the file system.
pub fn annotate(model: impl AsRef<Path>, change: impl FnOnce(&mut ModelMeta)) -> Result<()> {
    let path = model.as_ref();
    let path = if path.is_dir() { path.join(BEST) } else { path.to_owned() };
    let mut model = ModelFile::open(&path)?;
    let tensors = model.binding()?.tensors()?;
    change(&mut model.meta);
    Ok(ModelFile::save(&path, &model.meta, &tensors)?)
}

/// The best model of a run folder.
const BEST: &str = "best.safetensors";

/// `best.safetensors` of a run, or `model.safetensors` with timm's `config.json`.
pub(crate) fn folder(path: &Path) -> Result<ModelFile> {
    let best = path.join(BEST);
    if best.exists() {
        return complete(ModelFile::open(&best)?, &best);
    }
    let (weights, config) = (path.join("model.safetensors"), path.join("config.json"));
    if !weights.exists() {
        let what = format!("{}: neither a run (`best.safetensors`) nor a model of timm's", path.display());
        return Err(Error::failed(what, "name a model file, or wait for the run's first evaluation"));
    }
    let store = Store::open(&weights)?;
    if ModelFile::is_described(&store) {
        return complete(ModelFile::of(store)?, &weights);
    }
    let text = std::fs::read_to_string(&config).map_err(Error::file(config))?;
    complete(ModelFile { meta: read_timm_config(&text)?, store }, &weights)
}

#[cfg(feature = "hub")]
fn fetch(text: &str, progress: Progress) -> Result<ModelFile> {
    use crate::hub::{Hub, HubError, HubId};
    let id = HubId::parse(text).unwrap_or_else(|| Err(HubError::Id { text: text.to_owned() }))?;
    complete(Hub::from_env()?.open(&id, progress)?, Path::new(text))
}

#[cfg(not(feature = "hub"))]
fn fetch(text: &str, _: Progress) -> Result<ModelFile> {
    Err(Error::usage(
        format!("{text}: this rexnet was built without the feature `hub`"),
        "fetch the model file yourself",
    ))
}

/// The model, once every tensor of its network is found in it.
fn complete(model: ModelFile, path: &Path) -> Result<ModelFile> {
    let located = |source| WeightsError::File { path: path.to_owned(), source: Box::new(source) };
    model.binding().map_err(located)?;
    Ok(model)
}
