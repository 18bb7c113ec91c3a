//! CIFAR-10 and CIFAR-100, in the binary and the Python version of their authors.
//!
//! Binary: records of one label byte (two for CIFAR-100: coarse, fine) and 3,072 bytes of R, G and B planes. Python:
//! pickled dictionaries with `data` and `labels` or `fine_labels`. CIFAR-100 is read with its 100 fine classes.

use super::dataset::{Dataset, Sample};
use super::error::{DataError, read};
use super::layout::Split;
use super::naming;
use super::pickle::{Pickle, PickleError};
use super::report::Report;
use super::source::{Planes, Source};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;

/// Names of binary files and the splits that they are part of; `data_batch*` are parts of `train` as well.
const BINARY: [(&str, Split); 4] =
    [("train.bin", Split::Train), ("val.bin", Split::Val), ("test.bin", Split::Test), ("test_batch.bin", Split::Test)];

/// Names of pickled files and their splits.
const PICKLED: [(&str, Split); 3] = [("train", Split::Train), ("test", Split::Test), ("test_batch", Split::Test)];

/// Text files of class names, one a line.
const NAMES: [&str; 4] = [naming::CLASSES_FILE, "fine_label_names.txt", "label_names.txt", "batches.meta.txt"];

/// Pickled class names.
const PICKLED_NAMES: [&str; 2] = ["meta", "batches.meta"];

/// The files of one CIFAR folder.
pub(super) struct Files {
    folder: PathBuf,
    batches: Vec<(Split, PathBuf)>,
}

impl Files {
    /// The CIFAR files in `folder`; `None` when it is no such folder.
    pub(super) fn find(folder: &Path) -> Result<Option<Self>, DataError> {
        let mut batches = Vec::new();
        for entry in fs::read_dir(folder).map_err(super::error::at(folder))? {
            let path = entry.map_err(super::error::at(folder))?.path();
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
            let known = BINARY.iter().chain(&PICKLED).find(|(n, _)| *n == name).map(|(_, split)| *split);
            let split = known.or_else(|| name.starts_with("data_batch").then_some(Split::Train));
            if let Some(split) = split.filter(|_| path.is_file()) {
                batches.push((split, path));
            }
        }
        batches.sort();
        Ok((!batches.is_empty()).then(|| Self { folder: folder.into(), batches }))
    }

    /// The splits that have a file.
    pub(super) fn splits(&self) -> Vec<Split> {
        let mut splits: Vec<Split> = self.batches.iter().map(|(split, _)| *split).collect();
        splits.dedup();
        splits
    }

    /// Reads a split into memory; `None` when it has no file.
    pub(super) fn dataset(&self, split: Split, classes: Option<&[String]>) -> Result<Option<Dataset>, DataError> {
        let paths: Vec<&PathBuf> = self.batches.iter().filter(|(s, _)| *s == split).map(|(_, path)| path).collect();
        if paths.is_empty() {
            return Ok(None);
        }
        let batches: Vec<Batch> = paths.iter().map(|path| self.batch(path)).collect::<Result<_, _>>()?;
        let names = classes.map_or_else(|| self.names(), |names| Ok(Some(names.to_vec())))?;
        let numbered = names.is_none();
        let last = batches.iter().flat_map(|b| &b.labels).max().copied().unwrap_or(0).clamp(0, 255);
        let classes = names.unwrap_or_else(|| (0..=last).map(|n| n.to_string()).collect());
        let mut samples = Vec::new();
        for (batch, path) in batches.into_iter().zip(paths) {
            let planes = Arc::new(batch.planes);
            for (index, label) in batch.labels.into_iter().enumerate() {
                let known = usize::try_from(label).ok().filter(|l| *l < classes.len());
                let label = known.ok_or_else(|| DataError::Label {
                    path: path.clone(),
                    record: index,
                    label,
                    classes: classes.len(),
                })?;
                samples.push(Sample { source: Source::Record { planes: planes.clone(), index }, label });
            }
        }
        Ok(Some(Dataset { classes, numbered, samples, report: Report::default() }))
    }

    fn batch(&self, path: &Path) -> Result<Batch, DataError> {
        let bytes = read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "bin") {
            binary(name, bytes, self.fine(), path)
        } else {
            pickled(name, &bytes).map_err(|source| DataError::Pickle { path: path.into(), source })
        }
    }

    /// Whether the names beside the data say CIFAR-100; `None` when nothing does.
    fn fine(&self) -> Option<bool> {
        let has = |name: &str| self.folder.join(name).is_file();
        if has("fine_label_names.txt") {
            Some(true)
        } else if has("label_names.txt") || has("batches.meta.txt") {
            Some(false)
        } else {
            None
        }
    }

    fn names(&self) -> Result<Option<Vec<String>>, DataError> {
        if let Some(path) = NAMES.iter().map(|name| self.folder.join(name)).find(|path| path.is_file()) {
            return naming::read_names(&path).map(Some);
        }
        let Some(path) = PICKLED_NAMES.iter().map(|name| self.folder.join(name)).find(|path| path.is_file()) else {
            return Ok(None);
        };
        let bytes = read(&path)?;
        let names = Pickle::parse(&bytes).and_then(|p| p.names(&["fine_label_names", "label_names"]));
        names.map(Some).map_err(|source| DataError::Pickle { path, source })
    }
}

struct Batch {
    planes: Planes,
    labels: Vec<i64>,
}

/// One label byte a record or two, as `fine` says or, if nothing does, as the length does.
fn binary(name: String, bytes: Vec<u8>, fine: Option<bool>, path: &Path) -> Result<Batch, DataError> {
    let whole = |label_bytes: usize| bytes.len().is_multiple_of(label_bytes + PIXELS);
    let first = if fine.unwrap_or(!whole(1) && whole(2)) { 2 } else { 1 };
    let stride = first + PIXELS;
    if !whole(first) {
        return Err(DataError::PartRecord { path: path.into(), bytes: bytes.len() as u64, record: stride as u64 });
    }
    let labels = bytes.chunks_exact(stride).map(|record| i64::from(record[first - 1])).collect();
    Ok(Batch { planes: Planes { name, side: SIDE, bytes, first, stride }, labels })
}

fn pickled(name: String, bytes: &[u8]) -> Result<Batch, PickleError> {
    let pickle = Pickle::parse(bytes)?;
    let (data, row) = pickle.array("data")?;
    let labels = pickle.ints(&["fine_labels", "labels"])?;
    if row != PIXELS {
        return Err(PickleError::Shape("a row of its array is not a picture of 3x32x32"));
    }
    if labels.len() != data.len() / PIXELS {
        return Err(PickleError::Shape("it has not as many labels as pictures"));
    }
    let planes = Planes { name, side: SIDE, bytes: data.to_vec(), first: 0, stride: PIXELS };
    Ok(Batch { planes, labels })
}
