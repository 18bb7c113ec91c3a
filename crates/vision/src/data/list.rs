//! A CSV list of pictures: a column of paths and a column of classes.
//!
//! Paths are relative to the list; absolute ones and `..` are followed, for the list is the user's own and nothing but
//! pictures is read through it. A `split` column, if there is one, says `train`, `val` or `test`.

use super::dataset::{Dataset, Sample};
use super::error::{DataError, read as read_file};
use super::layout::{Options, Split};
use super::naming::{self, MAX_CLASSES};
use super::report::{Reason, Report};
use super::source::Source;
use csv::ByteRecord;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PATH: &[&str] = &["path", "file"];
const NAME: &[&str] = &["label", "class"];
const INDEX: &[&str] = &["class_index"];
const LABEL: &[&str] = &["label", "class", "class_index"];
const SPLIT: &[&str] = &["split"];

/// A parsed list.
pub(super) struct List {
    path: PathBuf,
    rows: Vec<Row>,
    report: Report,
}

struct Row {
    picture: PathBuf,
    name: Option<String>,
    index: Option<usize>,
    split: Split,
}

impl List {
    /// Reads a list whose columns are told by their names in the first line, in any case and order.
    pub(super) fn read(path: &Path) -> Result<Self, DataError> {
        let bytes = read_file(path)?;
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            let what = "the text is UTF-16; save it as `CSV UTF-8`".to_owned();
            return Err(DataError::List { path: path.into(), line: 1, what });
        }
        // The reader drops a byte-order mark of UTF-8 itself.
        let mut rules = csv::ReaderBuilder::new();
        let mut reader =
            rules.flexible(true).trim(csv::Trim::All).delimiter(delimiter(&bytes)).from_reader(bytes.as_slice());
        let header = reader.byte_headers().map_err(|e| damaged(path, &e))?.clone();
        let columns = Columns::find(path, &header)?;
        let mut list = Self { path: path.into(), rows: Vec::new(), report: Report::default() };
        for record in reader.byte_records() {
            let record = record.map_err(|e| damaged(path, &e))?;
            let line = record.position().map_or(0, csv::Position::line);
            list.row(&columns, &record).map_err(|what| DataError::List { path: path.into(), line, what })?;
        }
        Ok(list)
    }

    fn row(&mut self, columns: &Columns, record: &ByteRecord) -> Result<(), String> {
        let field = |column: Option<usize>| column.and_then(|c| record.get(c)).filter(|f| !f.is_empty());
        let text = |column| field(column).map(|f| String::from_utf8_lossy(f).into_owned());
        let Some(picture) = field(Some(columns.path)) else { return Err("no path stands there".into()) };
        let (name, index) = (text(columns.name), text(columns.index));
        let index = match index.map(|digits| (digits.parse::<usize>(), digits)) {
            None => None,
            Some((Ok(n), _)) if n < MAX_CLASSES => Some(n),
            Some((_, digits)) => return Err(format!("class_index `{digits}` is not a number below {MAX_CLASSES}")),
        };
        let split = match text(columns.split) {
            None => Split::All,
            Some(word) => Split::parse(&word).ok_or_else(|| format!("split `{word}` is none of train, val, test"))?,
        };
        let picture = self.locate(picture);
        if name.is_none() && index.is_none() {
            self.report.pass(Reason::NoLabel, picture.display());
        } else if !self.folder().join(&picture).is_file() {
            self.report.pass(Reason::Missing, picture.display());
        } else {
            self.rows.push(Row { picture, name, index, split });
        }
        Ok(())
    }

    /// A path as written or, where that is no file, with Windows' separators turned.
    fn locate(&self, field: &[u8]) -> PathBuf {
        let written = PathBuf::from(os_string(field));
        if field.contains(&b'\\') && !self.folder().join(&written).is_file() {
            let turned: Vec<u8> = field.iter().map(|&b| if b == b'\\' { b'/' } else { b }).collect();
            return PathBuf::from(os_string(&turned));
        }
        written
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The splits that rows name; one without names is `All`.
    pub(super) fn splits(&self) -> Vec<Split> {
        let mut splits: Vec<Split> = self.rows.iter().map(|row| row.split).collect();
        splits.sort_unstable();
        splits.dedup();
        if splits.is_empty() { vec![Split::All] } else { splits }
    }

    /// The rows of one split, under the class numbers of the whole list.
    pub(super) fn dataset(
        &self,
        split: Split,
        classes: Option<&[String]>,
        options: &Options,
    ) -> Result<Dataset, DataError> {
        let (found, numbered) = self.classes(options)?;
        let numbers = naming::index(&found, &self.path)?;
        let root: Arc<Path> = self.folder().into();
        let rows = self.rows.iter().filter(|row| split == Split::All || row.split == split);
        let samples = rows
            .map(|row| {
                let named = row.name.as_ref().and_then(|name| numbers.get(name.as_str()).copied());
                let label = row.index.or(named).unwrap_or_default(); // each row has one of the two
                Sample { source: Source::file(root.clone(), &row.picture), label }
            })
            .collect();
        let dataset = Dataset { classes: found, numbered, samples, report: self.report.clone() };
        match classes {
            Some(classes) => dataset.with_classes(classes),
            None => Ok(dataset),
        }
    }

    /// Class names by number, and whether they are bare numbers.
    fn classes(&self, options: &Options) -> Result<(Vec<String>, bool), DataError> {
        if self.rows.iter().all(|row| row.index.is_none()) {
            let mut names: Vec<String> = self.rows.iter().filter_map(|row| row.name.clone()).collect();
            names.sort_by(|a, b| options.order.compare(a.as_ref(), b.as_ref()));
            names.dedup();
            return Ok((names, false));
        }
        let mut named: BTreeMap<usize, &str> = BTreeMap::new();
        for row in &self.rows {
            let (Some(index), Some(name)) = (row.index, row.name.as_deref()) else { continue };
            let known = *named.entry(index).or_insert(name);
            if known != name {
                let what = format!("class_index {index} is `{known}` in one row and `{name}` in another");
                return Err(DataError::List { path: self.path.clone(), line: 1, what });
            }
        }
        let count = self.rows.iter().filter_map(|row| row.index).max().map_or(0, |last| last + 1);
        let name = |i| named.get(&i).map_or_else(|| i.to_string(), |name| (*name).to_owned());
        Ok(((0..count).map(name).collect(), named.is_empty()))
    }
}

struct Columns {
    path: usize,
    name: Option<usize>,
    index: Option<usize>,
    split: Option<usize>,
}

impl Columns {
    fn find(list: &Path, header: &ByteRecord) -> Result<Self, DataError> {
        let names: Vec<String> = header.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
        let column = |wanted: &[&str]| wanted.iter().find_map(|w| names.iter().position(|n| n.eq_ignore_ascii_case(w)));
        let missing = |wanted| DataError::NoColumn { path: list.into(), wanted, found: names.clone() };
        let (name, index) = (column(NAME), column(INDEX));
        if name.is_none() && index.is_none() {
            return Err(missing(LABEL));
        }
        Ok(Self { path: column(PATH).ok_or_else(|| missing(PATH))?, name, index, split: column(SPLIT) })
    }
}

/// A comma or, where the first line has none, what spreadsheets of other countries write.
fn delimiter(text: &[u8]) -> u8 {
    let first = text.split(|&b| b == b'\n').next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|d| first.contains(d)).unwrap_or(b',')
}

fn damaged(path: &Path, error: &csv::Error) -> DataError {
    let line = error.position().map_or(1, csv::Position::line);
    DataError::List { path: path.into(), line, what: error.to_string() }
}

/// A name from its bytes.
#[cfg(unix)]
pub(super) fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
pub(super) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
