//! Reading a network from the one notation that every verb takes.

use std::ffi::OsStr;
use std::path::Path;

use rexnet_spec::NetSpec;
use rexnet_weights::ModelFile;

use crate::open::folder;
use crate::{Error, Result};

/// Reads a zoo name, `rexnet:1.4` for any width, a `net.toml`, or the network of a model file or run folder.
/// # Errors
/// An unknown name (with the nearest known one), or a file that cannot be read or holds no network.
pub fn load_net(text: impl AsRef<OsStr>) -> Result<NetSpec> {
    let text = text.as_ref();
    let path = Path::new(text);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        let toml = std::fs::read_to_string(path).map_err(Error::file(path))?;
        return NetSpec::from_toml(&toml).map_err(|source| Error::Net { path: path.into(), source });
    }
    if path.is_file() {
        return Ok(ModelFile::open(path)?.meta.spec);
    }
    match NetSpec::named(&text.to_string_lossy()) {
        Err(_) if path.is_dir() => Ok(folder(path)?.meta.spec),
        named => Ok(named?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use rexnet_weights::{ModelMeta, init};

    #[test]
    fn a_model_file_names_its_network() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        let net = NetSpec::named("cifar_a_best").expect("a known network");
        ModelFile::save(&path, &ModelMeta::new(net.clone()), &init(&net, 1).expect("weights")).expect("written");
        assert_eq!(load_net(&path).expect("the file's network"), net);
    }
}
