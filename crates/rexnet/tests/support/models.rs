//! Model files and pictures that the tests make.

use std::path::Path;

use rexnet_spec::NetSpec;
use rexnet_vision::Picture;
use rexnet_weights::{ModelFile, ModelMeta, Tensor, Tensors, init};

/// A small network for pictures of 32x32.
pub(crate) fn small_net(classes: u32) -> NetSpec {
    let mut net = NetSpec::named("cifar_a_best").expect("in the zoo");
    net.classes = classes;
    net
}

/// Writes a model file of fresh weights.
pub(crate) fn save(path: &Path, net: NetSpec, classes: Option<&[&str]>) {
    let tensors = init(&net, 1).expect("a network of the zoo");
    save_tensors(path, net, classes, &tensors);
}

/// Writes a model file that answers class `answer` whatever it sees.
pub(crate) fn save_stubborn(path: &Path, net: NetSpec, classes: Option<&[&str]>, answer: usize) {
    let mut tensors = init(&net, 1).expect("a network of the zoo");
    let bias = tensors.keys().rfind(|name| name.ends_with("fc.bias")).expect("a classifier").clone();
    let mut values = vec![0.0; net.classes as usize];
    values[answer] = 100.0;
    tensors.insert(bias, Tensor::f32(vec![values.len()], values));
    save_tensors(path, net, classes, &tensors);
}

fn save_tensors(path: &Path, net: NetSpec, classes: Option<&[&str]>, tensors: &Tensors) {
    let classes = classes.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    ModelFile::save(path, &ModelMeta { classes, ..ModelMeta::new(net) }, tensors).expect("a writable folder");
}

/// Writes a PNG of one colour, folders and all.
pub(crate) fn put_picture(path: &Path, colour: [u8; 3]) {
    put(path, &Picture::filled(40, 36, colour).to_png());
}

/// Writes a file, folders and all.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a file")).expect("a writable folder");
    std::fs::write(path, bytes).expect("a writable folder");
}
