//! `rexnet data check DATA`: every picture opened, before a training of hours does it.

use std::io::{self, Write};

use clap::Args;
use rexnet::{Error, Result};
use rexnet_vision::Decode;
use rexnet_vision::data::{self, Dataset, Findings, Place, Split};
use serde::Serialize;

use super::PassedOver;
use crate::args::{Count, DataArg};
use crate::out::{Answer, Out};
use crate::table::grouped;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet data check flowers\n  rexnet data check photos.csv --json")]
pub(crate) struct Request {
    #[command(flatten)]
    data: DataArg,
    /// Largest picture that is still decoded, width times height
    #[arg(long, value_name = "PIXELS")]
    max_pixels: Option<Count>,
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    let data = request.data.open()?;
    let load = |split| Ok((split, data.load(split)?));
    let sets = data.wanted().into_iter().map(load).collect::<Result<Vec<(Split, Dataset)>>>()?;
    let mut rules = Decode::default();
    rules.max_pixels = request.max_pixels.map_or(rules.max_pixels, |Count(pixels)| pixels);
    let bar = out.progress(sets.iter().map(|(_, set)| set.samples.len()).sum());
    let found = data::check(&sets.iter().map(|(_, set)| set).collect::<Vec<_>>(), &rules, &|| bar.inc(1));
    bar.finish_and_clear();
    let checked = Checked::new(request.data.to_string(), &sets, &found);
    out.emit(&checked)?;
    match checked.problems {
        0 => Ok(()),
        1 => Err(Error::failed(format!("{}: one problem", request.data), "")),
        n => Err(Error::failed(format!("{}: {n} problems", request.data), "")),
    }
}

#[derive(Serialize)]
struct Checked {
    data: String,
    splits: Vec<Part>,
    twins: Vec<Pair>,
    /// Broken pictures, pictures in two splits or two classes, and classes that training does not have.
    problems: usize,
}

/// A split.
#[derive(Serialize)]
struct Part {
    split: String,
    pictures: usize,
    classes: usize,
    empty_classes: Vec<String>,
    /// Classes with pictures here and none in the first split.
    unknown_classes: Vec<String>,
    broken: Vec<Broken>,
    passed_over: Vec<PassedOver>,
}

#[derive(Serialize)]
struct Broken {
    path: String,
    error: String,
}

/// A picture that is there twice.
#[derive(Serialize)]
struct Pair {
    first: Named,
    second: Named,
    /// Whether every pixel is equal.
    exact: bool,
}

#[derive(Serialize)]
struct Named {
    split: String,
    path: String,
    class: String,
}

impl Checked {
    fn new(data: String, sets: &[(Split, Dataset)], found: &Findings) -> Self {
        let named = |at: Place| {
            let (split, set) = &sets[at.set];
            let sample = &set.samples[at.sample];
            let class = set.classes[sample.label].clone();
            Named { split: split.to_string(), path: sample.source.name().into_owned(), class }
        };
        let broken_of = |set: usize| {
            let here = found.broken.iter().filter(move |(at, _)| at.set == set);
            here.map(|(at, error)| Broken { path: named(*at).path, error: error.to_string() }).collect()
        };
        let part = |(i, (split, set)): (usize, &(Split, Dataset))| Part {
            split: split.to_string(),
            pictures: set.samples.len(),
            classes: set.classes.len(),
            empty_classes: empty(set),
            unknown_classes: unknown(set, &sets[0].1),
            broken: broken_of(i),
            passed_over: PassedOver::all(&set.report),
        };
        let pair =
            |twins: &data::Twins| Pair { first: named(twins.first), second: named(twins.second), exact: twins.exact };
        let splits: Vec<Part> = sets.iter().enumerate().map(part).collect();
        let twins: Vec<Pair> = found.twins.iter().map(pair).collect();
        let problems = found.broken.len()
            + splits.iter().map(|part| part.unknown_classes.len()).sum::<usize>()
            + twins.iter().filter(|pair| pair.is_problem()).count();
        Self { data, splits, twins, problems }
    }
}

/// Named classes without pictures; bare numbers that do not occur are no classes.
fn empty(set: &Dataset) -> Vec<String> {
    let empty = set.empty_classes().into_iter().filter(|_| !set.numbered);
    empty.map(str::to_owned).collect()
}

/// Classes that have pictures in `set` and none in `first`.
fn unknown(set: &Dataset, first: &Dataset) -> Vec<String> {
    let with_pictures = |set: &Dataset| -> Vec<String> {
        set.classes.iter().zip(set.counts()).filter(|(_, count)| *count > 0).map(|(name, _)| name.clone()).collect()
    };
    let known = with_pictures(first);
    with_pictures(set).into_iter().filter(|name| !known.contains(name)).collect()
}

impl Pair {
    /// A picture that is twice in one class of one split only weighs more.
    fn is_problem(&self) -> bool {
        self.first.split != self.second.split || self.first.class != self.second.class
    }
}

/// Lines of a kind that people see; JSON has all.
const SHOWN: usize = 10;

impl Answer for Checked {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        for part in &self.splits {
            writeln!(
                to,
                "{} {}: {} pictures in {} classes",
                self.data,
                part.split,
                grouped(part.pictures as u64),
                part.classes
            )?;
            lines(to, part.broken.iter().map(|broken| format!("broken: {}: {}", broken.path, broken.error)))?;
            let unknown = |class: &String| format!("class `{class}` has no picture in {}", self.splits[0].split);
            lines(to, part.unknown_classes.iter().map(unknown))?;
            lines(to, part.empty_classes.iter().map(|class| format!("class `{class}` is empty")))?;
            lines(to, part.passed_over.iter().map(ToString::to_string))?;
        }
        let (problems, others): (Vec<_>, Vec<_>) = self.twins.iter().partition(|pair| pair.is_problem());
        lines(to, problems.into_iter().map(ToString::to_string))?;
        lines(to, others.into_iter().map(ToString::to_string))?;
        if self.problems == 0 { writeln!(to, "every picture opens, and none is in two splits") } else { Ok(()) }
    }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first, second, exact } = self;
        let how = if *exact { "is the same picture as" } else { "looks like" };
        write!(f, "twice: {} {} {how} {} {}", second.split, second.path, first.split, first.path)?;
        if first.class == second.class { Ok(()) } else { write!(f, ", which is another class") }
    }
}

fn lines(to: &mut dyn Write, lines: impl ExactSizeIterator<Item = String>) -> io::Result<()> {
    let more = lines.len().saturating_sub(SHOWN);
    for line in lines.take(SHOWN) {
        writeln!(to, "  {line}")?;
    }
    if more > 0 { writeln!(to, "  … and {more} more such lines (`--json` has all)") } else { Ok(()) }
}
