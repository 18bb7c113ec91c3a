//! What the tests of data sets share: small files in fresh folders.

#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses its part, and a helper may fail its test")]

use rexnet_vision::data::{Data, DataError, Dataset, Options};
use std::fs;
use std::path::Path;

/// A PNG of one colour and a few pixels, as bytes.
pub(crate) fn png(colour: [u8; 3]) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(6, 5, image::Rgb(colour));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Writes a file and the folders it lies in.
pub(crate) fn put(root: &Path, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Writes a PNG for each name.
pub(crate) fn put_pictures(root: &Path, names: &[&str]) {
    for (i, name) in names.iter().enumerate() {
        put(root, name, png([i as u8, 100, 200]));
    }
}

pub(crate) fn open(path: impl AsRef<std::ffi::OsStr>) -> Result<Data, DataError> {
    Data::open(path, Options::default())
}

/// The one split of a data set that has one.
pub(crate) fn load(path: impl AsRef<std::ffi::OsStr>) -> Result<Dataset, DataError> {
    let data = open(path)?;
    data.load(data.splits()[0])
}

/// Name and class name of every picture.
pub(crate) fn listing(set: &Dataset) -> Vec<(String, String)> {
    set.samples.iter().map(|s| (s.source.name().into_owned(), set.classes[s.label].clone())).collect()
}

/// `listing` from literals.
pub(crate) fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}
