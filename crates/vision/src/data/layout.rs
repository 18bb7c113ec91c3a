//! What a user names as `DATA`, and the splits that it has.

use super::cifar;
use super::dataset::Dataset;
use super::error::{DataError, at};
use super::folder;
use super::list::{List, os_string};
use super::naming::{self, Order};
use super::shards;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// The whole of a set that names no parts.
    All,
    /// To learn from.
    Train,
    /// To choose by.
    Val,
    /// To report on.
    Test,
}

impl Split {
    /// A split by the names that folders and users give it: `train`; `val`, `valid`, `validation`; `test`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "train" => Self::Train,
            "val" | "valid" | "validation" => Self::Val,
            "test" => Self::Test,
            _ => return None,
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        })
    }
}

/// How names become class numbers.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A file of class names, one a line, that fixes names and numbers; else `classes.txt` beside the data.
    pub classes: Option<PathBuf>,
    /// The order of class names where no file fixes it.
    pub order: Order,
}

/// A data set that was found; its splits are read when asked for.
pub struct Data {
    path: PathBuf,
    form: Form,
    splits: Vec<Split>,
    asked: Option<Split>,
    classes: Option<Vec<String>>,
    options: Options,
}

enum Form {
    Folders(Vec<(Split, PathBuf)>),
    Cifar(cifar::Files),
    List(List),
    Shards(Vec<PathBuf>),
}

/// What training works on.
#[derive(Clone, Debug)]
pub struct Training {
    /// To learn from.
    pub train: Dataset,
    /// To choose by, under `train`'s class numbers; has no pictures when nothing was set aside.
    pub val: Dataset,
    /// Where `val` comes from.
    pub validation: Validation,
}

/// Where validation pictures come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Validation {
    /// The data have a split of their own.
    Given(Split),
    /// Split off the training pictures.
    SplitOff {
        /// Share of every class.
        share: f64,
        /// Seed of the choice.
        seed: u64,
    },
}

impl Data {
    /// Finds the data set that `data` names: a folder of classes, a folder with `train/` and `val/` or `test/`, a folder
    /// of CIFAR files, a CSV, a tar shard or `name-{000..127}.tar`; with `:train`, `:val` or `:test` one split of it.
    ///
    /// # Errors
    /// `Io` when there is no such thing, `UnknownForm` when it is no data set, `NoSplit` when it lacks the split, and
    /// the errors of reading a list.
    pub fn open(data: impl AsRef<OsStr>, options: Options) -> Result<Self, DataError> {
        let (path, asked) = parts(data.as_ref());
        let beside = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let classes = match &options.classes {
            Some(file) => Some(naming::read_names(file)?),
            None => naming::names_beside(beside)?,
        };
        let form = find(&path)?;
        let splits = match &form {
            Form::Folders(folders) => folders.iter().map(|(split, _)| *split).collect(),
            Form::Cifar(files) => files.splits(),
            Form::List(list) => list.splits(),
            Form::Shards(_) => vec![Split::All],
        };
        if let Some(asked) = asked.filter(|s| !splits.contains(s) && *s != Split::All) {
            return Err(DataError::NoSplit { path, asked, found: splits });
        }
        Ok(Self { path, form, splits, asked, classes, options })
    }

    /// The splits that the data have; `All` alone where they name none.
    pub fn splits(&self) -> &[Split] {
        &self.splits
    }

    /// The split that was asked for by name; else all.
    pub fn wanted(&self) -> Vec<Split> {
        self.asked.map_or_else(|| self.splits.clone(), |asked| vec![asked])
    }

    /// Where the data lie, without a `:SPLIT`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads one split. Its class numbers are those of the class list that lies beside the data or, without one, of the
    /// split's own classes.
    ///
    /// # Errors
    /// `NothingUsable` when no picture is found, with what was passed over; `ClassesDiffer` when a class list does not
    /// know a class; and whatever is wrong with the files.
    pub fn load(&self, split: Split) -> Result<Dataset, DataError> {
        let classes = self.classes.as_deref();
        let dataset = match &self.form {
            Form::Folders(folders) => match folders.iter().find(|(s, _)| *s == split) {
                Some((_, folder)) => folder::read(folder, classes, &self.options)?,
                None => return Err(self.no_split(split)),
            },
            Form::Cifar(files) => files.dataset(split, classes)?.ok_or_else(|| self.no_split(split))?,
            Form::List(list) => list.dataset(split, classes, &self.options)?,
            Form::Shards(shards) => shards::read(shards, classes, &self.options)?,
        };
        if dataset.samples.is_empty() {
            return Err(DataError::NothingUsable { path: self.path.clone(), report: dataset.report });
        }
        Ok(dataset)
    }

    /// The pictures to train on and those to validate on: `val` where the data have it, else `share` of every class,
    /// chosen by `seed`. `test` is never touched.
    ///
    /// # Errors
    /// Those of [`load`](Self::load); `ClassesDiffer` when validation has a class that training lacks; `NoSplit` when
    /// there is nothing to train on; `Share`.
    pub fn for_training(&self, share: f64, seed: u64) -> Result<Training, DataError> {
        let split = self.asked.or_else(|| self.first_of(&[Split::Train, Split::All]));
        let split = split.ok_or_else(|| self.no_split(Split::Train))?;
        let train = self.load(split)?;
        if split == Split::Train && self.splits.contains(&Split::Val) {
            let val = self.load(Split::Val)?.with_classes(&train.classes)?;
            return Ok(Training { train, val, validation: Validation::Given(Split::Val) });
        }
        let (train, val) = train.split_off(share, seed)?;
        Ok(Training { train, val, validation: Validation::SplitOff { share, seed } })
    }

    /// The pictures to evaluate on, and which split they are: the one asked for, else `val`, `test`, or all.
    ///
    /// # Errors
    /// Those of [`load`](Self::load); `NoSplit` when the data have nothing but training pictures and were not asked for
    /// them.
    pub fn for_eval(&self) -> Result<(Split, Dataset), DataError> {
        let split = self.asked.or_else(|| self.first_of(&[Split::Val, Split::Test, Split::All]));
        let split = split.ok_or_else(|| self.no_split(Split::Val))?;
        Ok((split, self.load(split)?))
    }

    /// Every split, or the one asked for.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn everything(&self) -> Result<Vec<(Split, Dataset)>, DataError> {
        let splits = self.asked.map_or_else(|| self.splits.clone(), |split| vec![split]);
        splits.into_iter().map(|split| Ok((split, self.load(split)?))).collect()
    }

    fn first_of(&self, wanted: &[Split]) -> Option<Split> {
        wanted.iter().copied().find(|split| self.splits.contains(split))
    }

    fn no_split(&self, asked: Split) -> DataError {
        DataError::NoSplit { path: self.path.clone(), asked, found: self.splits.clone() }
    }
}

/// Takes `:SPLIT` off a name, unless a file of that very name exists.
fn parts(data: &OsStr) -> (PathBuf, Option<Split>) {
    let whole = (PathBuf::from(data), None);
    if whole.0.exists() {
        return whole;
    }
    let bytes = data.as_encoded_bytes();
    let Some(colon) = bytes.iter().rposition(|&b| b == b':') else { return whole };
    let split = std::str::from_utf8(&bytes[colon + 1..]).ok().and_then(Split::parse);
    split.map_or(whole, |split| (os_string(&bytes[..colon]).into(), Some(split)))
}

fn find(path: &Path) -> Result<Form, DataError> {
    if let Some(shards) = path.to_str().map(shards::expand).transpose()?.flatten() {
        return Ok(Form::Shards(shards));
    }
    if fs::metadata(path).map_err(at(path))?.is_dir() {
        if let Some(files) = cifar::Files::find(path)? {
            return Ok(Form::Cifar(files));
        }
        return Ok(Form::Folders(split_folders(path)?));
    }
    match path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase).as_deref() {
        Some("csv" | "tsv") => Ok(Form::List(List::read(path)?)),
        Some("tar") => Ok(Form::Shards(vec![path.into()])),
        _ => Err(DataError::UnknownForm { path: path.into() }),
    }
}

/// The folders that are splits, if they look like splits: `train` and another, or nothing but splits. A class may be
/// called `train`, but then it has neighbours.
fn split_folders(root: &Path) -> Result<Vec<(Split, PathBuf)>, DataError> {
    let (mut splits, mut others) = (Vec::new(), 0);
    for entry in fs::read_dir(root).map_err(at(root))? {
        let entry = entry.map_err(at(root))?;
        let name = entry.file_name();
        if folder::hidden(&name) || !entry.path().is_dir() {
            continue;
        }
        match name.to_str().and_then(Split::parse).filter(|s| *s != Split::All) {
            Some(split) => splits.push((split, entry.path())),
            None => others += 1,
        }
    }
    splits.sort();
    splits.dedup_by_key(|(split, _)| *split);
    let are_splits = !splits.is_empty() && (others == 0 || (splits.len() > 1 && splits[0].0 == Split::Train));
    Ok(if are_splits { splits } else { vec![(Split::All, root.into())] })
}
