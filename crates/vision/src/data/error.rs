//! What can be wrong with a data set.

use super::layout::Split;
use super::pickle::PickleError;
use super::report::Report;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A data set that cannot be used, or not as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was opened.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing in the place is a picture with a class.
    #[error("{}: no picture with a class is there; passed over: {report}", path.display())]
    NothingUsable {
        /// The folder, list or shards.
        path: PathBuf,
        /// What was there instead.
        report: Report,
    },
    /// The place is no form of data set.
    #[error("{}: not a folder, a .csv list or a .tar shard", path.display())]
    UnknownForm {
        /// The file.
        path: PathBuf,
    },
    /// The split that was asked for does not exist.
    #[error("{}: there is no split `{asked}`; there is {}", path.display(), names(found))]
    NoSplit {
        /// The data set.
        path: PathBuf,
        /// What was asked for.
        asked: Split,
        /// What exists.
        found: Vec<Split>,
    },
    /// Two lists of classes do not agree.
    #[error(
        "the class lists differ: {} {} not among the known classes{}",
        names(unknown),
        if unknown.len() == 1 { "is" } else { "are" },
        if absent.is_empty() { String::new() } else { format!("; known, but not here: {}", names(absent)) }
    )]
    ClassesDiffer {
        /// Classes with pictures that the known list lacks.
        unknown: Vec<String>,
        /// Classes of the known list that the data lack.
        absent: Vec<String>,
    },
    /// One name stands for two classes.
    #[error("{}: class {first} and class {second} are both named `{name}`", path.display())]
    TwiceNamed {
        /// The list or folder.
        path: PathBuf,
        /// The name.
        name: String,
        /// Number of the first class, from 0.
        first: usize,
        /// Number of the second class.
        second: usize,
    },
    /// A CSV has no column of a kind that is needed.
    #[error("{}: no column `{}`; the columns are {}", path.display(), wanted.join("` or `"), names(found))]
    NoColumn {
        /// The list.
        path: PathBuf,
        /// Names that would do.
        wanted: &'static [&'static str],
        /// Names in the first line.
        found: Vec<String>,
    },
    /// A CSV is damaged.
    #[error("{}: line {line}: {what}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
    /// A CIFAR file is not a whole number of records.
    #[error("{}: {bytes} bytes are not a whole number of CIFAR records ({record} bytes each)", path.display())]
    PartRecord {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// Length of a record.
        record: u64,
    },
    /// A label is out of range.
    #[error("{}: record {record} has label {label}, but there are {classes} classes", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// Number of the record, from 0.
        record: usize,
        /// What stands there.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// A pickle holds something else than a CIFAR batch.
    #[error("{}: {source}", path.display())]
    Pickle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PickleError,
    },
    /// A shard is damaged.
    #[error("{}: byte {offset}: {what}", path.display())]
    Shard {
        /// The tar file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// A file is larger than any of its kind.
    #[error("{}: {bytes} bytes, more than the {limit} that such a file may have", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A `{first..last}` pattern that cannot be expanded.
    #[error("{pattern}: {what}")]
    Pattern {
        /// What was typed.
        pattern: String,
        /// What is wrong with it.
        what: String,
    },
    /// A share that is not one.
    #[error("a validation share of {share} leaves nothing to train on or is no share; it must be from 0 to below 1")]
    Share {
        /// What was asked for.
        share: f64,
    },
}

impl DataError {
    /// What the user can do about it, where more can be said than the message says.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NothingUsable { .. } => "a data set is a folder with one folder of pictures a class, or with \
                                           train/ and val/ of that form"
                .into(),
            Self::UnknownForm { .. } => "give a folder of classes, a CSV with the columns `path` and `label`, or \
                                         'name-{000..127}.tar'"
                .into(),
            Self::ClassesDiffer { .. } => "folder names must be equal, letter case included".into(),
            Self::NoColumn { wanted, .. } => format!("name a column `{}` in the first line", wanted[0]),
            _ => return None,
        })
    }
}

/// Names for a sentence: the first ten in backticks, then how many more.
fn names<T: std::fmt::Display>(list: &[T]) -> String {
    const SHOWN: usize = 10;
    let shown = list.iter().take(SHOWN).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    match list.len() {
        0 => "none".into(),
        n if n > SHOWN => format!("{shown} and {} more", n - SHOWN),
        _ => shown,
    }
}

/// Names the path in an error of the file system.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> DataError {
    let path = path.to_owned();
    move |source| DataError::Io { path, source }
}

/// A list, a label file or a CIFAR file may have this many bytes.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 30;

/// The bytes of a file of at most [`MAX_FILE_BYTES`].
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let bytes = fs::metadata(path).map_err(at(path))?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(DataError::TooLarge { path: path.into(), bytes, limit: MAX_FILE_BYTES });
    }
    fs::read(path).map_err(at(path))
}
