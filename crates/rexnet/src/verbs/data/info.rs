//! `rexnet data info DATA`: what is there, by names alone.

use std::io::{self, Write};

use clap::Args;
use rexnet::Result;
use rexnet_vision::data::{Dataset, Split};
use serde::Serialize;

use super::PassedOver;
use crate::args::DataArg;
use crate::out::{Answer, Out};
use crate::table::{Table, grouped};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet data info flowers\n  rexnet data info cifar-100-binary:test --json")]
pub(crate) struct Request {
    #[command(flatten)]
    data: DataArg,
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    let data = request.data.open()?;
    let splits = data.wanted().into_iter().map(|split| Ok(Part::of(split, &data.load(split)?)));
    out.emit(&Info { data: request.data.to_string(), splits: splits.collect::<Result<_>>()? })
}

#[derive(Serialize)]
struct Info {
    data: String,
    splits: Vec<Part>,
}

/// A split.
#[derive(Serialize)]
struct Part {
    split: String,
    pictures: usize,
    /// By class number.
    classes: Vec<Class>,
    passed_over: Vec<PassedOver>,
}

#[derive(Serialize)]
struct Class {
    name: String,
    pictures: usize,
}

impl Part {
    fn of(split: Split, dataset: &Dataset) -> Self {
        let classes = dataset.classes.iter().cloned().zip(dataset.counts());
        Self {
            split: split.to_string(),
            pictures: dataset.samples.len(),
            classes: classes.map(|(name, pictures)| Class { name, pictures }).collect(),
            passed_over: PassedOver::all(&dataset.report),
        }
    }
}

/// Classes that people see; JSON has all.
const SHOWN: usize = 20;

impl Answer for Info {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        for part in &self.splits {
            let counts = part.classes.iter().map(|class| class.pictures);
            let (least, most) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
            writeln!(
                to,
                "{} {}: {} pictures in {} classes of {least} to {most}",
                self.data,
                part.split,
                grouped(part.pictures as u64),
                part.classes.len()
            )?;
            part.passed_over.iter().try_for_each(|passed| writeln!(to, "  {passed}"))?;
        }
        let columns: Vec<&str> = self.splits.iter().map(|part| part.split.as_str()).collect();
        let mut table = Table::new(&[&["class"], &columns[..]].concat());
        let mut names: Vec<&str> = Vec::new();
        for class in self.splits.iter().flat_map(|part| &part.classes) {
            if !names.contains(&class.name.as_str()) && names.len() <= SHOWN {
                names.push(&class.name);
            }
        }
        for name in names.iter().take(SHOWN) {
            let of = |part: &Part| part.classes.iter().find(|class| class.name == **name).map_or(0, |c| c.pictures);
            let counts = self.splits.iter().map(|part| grouped(of(part) as u64));
            table.row(std::iter::once((*name).to_owned()).chain(counts).collect());
        }
        table.write(to)?;
        if names.len() > SHOWN { writeln!(to, "… (`--json` has all)") } else { Ok(()) }
    }
}
