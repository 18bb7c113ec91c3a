//! Tar shards as webdataset lays them out: members that share a name up to its first dot are one sample, a picture and
//! a `.cls` (class number, or name) or `.json` (`label`, `class`, `cls` or `class_index`).
//!
//! A shard is scanned once for offsets and never unpacked, so samples are opened at random like files.

use super::dataset::{Dataset, Sample};
use super::error::{DataError, at};
use super::layout::Options;
use super::naming::{self, MAX_CLASSES};
use super::report::{Reason, Report};
use super::source::{self, Source};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A label member may have this many bytes.
const MAX_LABEL_BYTES: u64 = 1 << 20;

/// A pattern may name this many shards.
const MAX_SHARDS: usize = 1 << 16;

/// The shards that `first-{000..127}.tar` names; `None` when the text has no such braces.
pub(super) fn expand(pattern: &str) -> Result<Option<Vec<PathBuf>>, DataError> {
    let Some((head, rest)) = pattern.split_once('{') else { return Ok(None) };
    let Some((range, tail)) = rest.split_once('}') else { return Ok(None) };
    let Some((first, last)) = range.split_once("..") else { return Ok(None) };
    let wrong = |what: &str| DataError::Pattern { pattern: pattern.into(), what: what.into() };
    let (Ok(low), Ok(high)) = (first.parse::<usize>(), last.parse::<usize>()) else {
        return Err(wrong("both ends of `{first..last}` must be numbers"));
    };
    if high < low || high - low >= MAX_SHARDS {
        return Err(wrong("`{first..last}` must count upwards, over at most 65,536 shards"));
    }
    Ok(Some((low..=high).map(|n| format!("{head}{n:0width$}{tail}", width = first.len()).into()).collect()))
}

/// A class as a shard gives it.
enum Label {
    Number(usize),
    Name(String),
}

/// A sample while its members arrive.
#[derive(Default)]
struct Pending {
    key: String,
    picture: Option<Source>,
    label: Option<Label>,
}

/// Reads the index of every shard.
pub(super) fn read(shards: &[PathBuf], classes: Option<&[String]>, options: &Options) -> Result<Dataset, DataError> {
    let mut report = Report::default();
    let mut found = Vec::new();
    for shard in shards {
        scan(shard, &mut found, &mut report)?;
    }
    let (names, numbered) = class_names(&found, classes, options);
    let numbers = naming::index(&names, shards.first().map_or(Path::new(""), PathBuf::as_path))?;
    let mut samples = Vec::with_capacity(found.len());
    let mut unknown = Vec::new();
    for (source, label) in found {
        match label {
            Label::Number(n) if n < names.len() => samples.push(Sample { source, label: n }),
            Label::Number(n) => unknown.push(n.to_string()),
            Label::Name(name) => match numbers.get(name.as_str()) {
                Some(&label) => samples.push(Sample { source, label }),
                None => unknown.push(name),
            },
        }
    }
    if !unknown.is_empty() {
        unknown.sort();
        unknown.dedup();
        return Err(DataError::ClassesDiffer { unknown, absent: Vec::new() });
    }
    Ok(Dataset { classes: names, numbered, samples, report })
}

/// Names by number, and whether they are bare numbers: the given ones, else the names that occur, else the numbers.
fn class_names(found: &[(Source, Label)], given: Option<&[String]>, options: &Options) -> (Vec<String>, bool) {
    if let Some(given) = given {
        return (given.to_vec(), false);
    }
    let text = |label: &Label| match label {
        Label::Number(n) => n.to_string(),
        Label::Name(name) => name.clone(),
    };
    if found.iter().all(|(_, label)| matches!(label, Label::Number(_))) {
        let count = found.iter().map(|(_, l)| if let Label::Number(n) = l { n + 1 } else { 0 }).max().unwrap_or(0);
        return ((0..count).map(|n| n.to_string()).collect(), true);
    }
    let mut names: Vec<String> = found.iter().map(|(_, label)| text(label)).collect();
    names.sort_by(|a, b| options.order.compare(a.as_ref(), b.as_ref()));
    names.dedup();
    (names, false)
}

fn scan(shard: &Path, found: &mut Vec<(Source, Label)>, report: &mut Report) -> Result<(), DataError> {
    let file = File::open(shard).map_err(at(shard))?;
    let length = file.metadata().map_err(at(shard))?.len();
    let damaged = |offset: u64, what: String| DataError::Shard { path: shard.into(), offset, what };
    let name: Arc<Path> = shard.into();
    let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 16, file));
    let mut pending = Pending::default();
    let mut end = 0;
    for entry in archive.entries_with_seek().map_err(at(shard))? {
        let mut entry = entry.map_err(|_| damaged(end, "no tar header stands there".into()))?;
        let (offset, bytes) = (entry.raw_file_position(), entry.size());
        let member = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        end = offset.checked_add(bytes).filter(|end| *end <= length).ok_or_else(|| {
            damaged(offset, format!("`{member}` claims {bytes} bytes, but the shard ends at byte {length}"))
        })?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let (key, extension) = key_and_extension(&member);
        if key.rsplit('/').next().is_none_or(str::is_empty) {
            report.pass(Reason::Hidden, &member);
            continue;
        }
        if key != pending.key {
            finish(std::mem::take(&mut pending), found, report);
            key.clone_into(&mut pending.key);
        }
        if source::has_picture_extension(Path::new(&member)) {
            let member = Source::Member { shard: name.clone(), name: member.into(), offset, bytes };
            pending.picture.get_or_insert(member);
        } else if matches!(extension, "cls" | "json") {
            let mut text = Vec::new();
            if bytes > MAX_LABEL_BYTES {
                return Err(damaged(
                    offset,
                    format!("`{member}` has {bytes} bytes; a label has at most {MAX_LABEL_BYTES}"),
                ));
            }
            entry.read_to_end(&mut text).map_err(at(shard))?;
            let label = if extension == "cls" { plain_label(&text) } else { json_label(&text) };
            pending.label = label.map_err(|what| damaged(offset, format!("`{member}`: {what}")))?.or(pending.label);
        }
    }
    finish(pending, found, report);
    Ok(())
}

fn finish(sample: Pending, found: &mut Vec<(Source, Label)>, report: &mut Report) {
    match (sample.picture, sample.label) {
        (Some(picture), Some(label)) => found.push((picture, label)),
        (Some(picture), None) => report.pass(Reason::NoLabel, picture.name()),
        (None, Some(_)) => report.pass(Reason::NoPicture, sample.key),
        (None, None) => {}
    }
}

/// `train/0001.seg.png` is `train/0001` and `png`.
fn key_and_extension(member: &str) -> (&str, &str) {
    let base = member.rfind('/').map_or(0, |slash| slash + 1);
    let key = member[base..].find('.').map_or(member.len(), |dot| base + dot);
    (&member[..key], member.rsplit_once('.').map_or("", |(_, extension)| extension))
}

fn plain_label(text: &[u8]) -> Result<Option<Label>, String> {
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    Ok(match text.parse::<usize>() {
        Ok(n) => Some(Label::Number(bounded(n)?)),
        Err(_) if text.is_empty() => None,
        Err(_) => Some(Label::Name(text.to_owned())),
    })
}

fn json_label(text: &[u8]) -> Result<Option<Label>, String> {
    let value: serde_json::Value = serde_json::from_slice(text).map_err(|e| format!("not JSON ({e})"))?;
    let Some(label) = ["label", "class", "cls", "class_index"].iter().find_map(|key| value.get(key)) else {
        return Ok(None);
    };
    match (label.as_u64().and_then(|n| usize::try_from(n).ok()), label.as_str()) {
        (Some(n), _) => Ok(Some(Label::Number(bounded(n)?))),
        (_, Some(name)) => Ok(Some(Label::Name(name.to_owned()))),
        _ => Err(format!("the label {label} is neither a name nor a class number")),
    }
}

fn bounded(n: usize) -> Result<usize, String> {
    if n < MAX_CLASSES { Ok(n) } else { Err(format!("class number {n} is above {MAX_CLASSES}")) }
}
