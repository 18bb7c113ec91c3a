//! `rexnet zoo`: the known networks, what was published about them, and where weights are.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rexnet::{Error, Result};
use rexnet_report::Chart;
use rexnet_spec::{ZOO, ZooEntry, nearest};
use rexnet_weights::write_atomic;
use serde::Serialize;

use crate::out::{Answer, Out};
use crate::table::{Table, grouped};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet zoo --family rexnet --sort macs\n  rexnet zoo --filter lite --json")]
pub(crate) struct Request {
    /// Only names that contain this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only this family: rexnet, rexnetr, rexnet_lite, cifar, ...
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
    /// Order of the rows [default: family and width]
    #[arg(long)]
    sort: Option<Sort>,
    /// Write a figure: published top-1 over multiply-adds
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sort {
    Name,
    Params,
    Macs,
    /// Best first
    Top1,
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    if let Some(family) = &request.family {
        known_family(family)?;
    }
    let mut rows = ZOO
        .iter()
        .filter(|entry| request.family.as_ref().is_none_or(|family| entry.family() == family))
        .filter(|entry| request.filter.as_ref().is_none_or(|part| entry.name.contains(part.as_str())))
        .map(Row::of)
        .collect::<Result<Vec<_>>>()?;
    let top1 = |row: &Row| row.published_top1.unwrap_or(0.0);
    match request.sort {
        None => {}
        Some(Sort::Name) => rows.sort_by_key(|row| row.name),
        Some(Sort::Params) => rows.sort_by_key(|row| row.params),
        Some(Sort::Macs) => rows.sort_by_key(|row| row.macs),
        Some(Sort::Top1) => rows.sort_by(|a, b| top1(b).total_cmp(&top1(a))),
    }
    if let Some(path) = &request.plot {
        plot(&rows, path)?;
        out.note(format_args!("wrote {}", path.display()));
    }
    out.emit(&Rows(rows))
}

/// What most accuracies are of.
const IMAGENET: &str = "ImageNet-1k";

/// The networks with a published accuracy, a colour a family. Accuracies of other data would mislead beside ImageNet's.
fn plot(rows: &[Row], path: &Path) -> Result<()> {
    let mut families: Vec<&str> = Vec::new();
    let shown = |row: &&Row| row.published_top1.is_some() && row.dataset == IMAGENET;
    for row in rows.iter().filter(shown) {
        if !families.contains(&row.family) {
            families.push(row.family);
        }
    }
    if families.is_empty() {
        return Err(Error::usage("none of these networks has a published accuracy on ImageNet", "choose others"));
    }
    let chart = Chart::new("Published accuracy", "multiply-adds", "top-1 on ImageNet-1k, percent").log_x();
    let chart = families.into_iter().fold(chart, |chart, family| {
        let of_family = rows.iter().filter(shown).filter(|row| row.family == family);
        let dot = |row: &Row| (row.macs as f64, row.published_top1.unwrap_or(f64::NAN), row.name.to_owned());
        chart.dots(family, of_family.map(dot))
    });
    write_atomic::<io::Error>(path, |file| file.write_all(chart.to_svg().as_bytes())).map_err(Error::file(path))
}

fn known_family(family: &str) -> Result<()> {
    let families = || ZOO.iter().map(ZooEntry::family);
    if families().any(|known| known == family) {
        return Ok(());
    }
    let help = nearest(family, families())
        .map_or_else(|| "`rexnet zoo` lists all families".into(), |near| format!("did you mean `{near}`?"));
    Err(Error::usage(format!("`{family}` is not a known family"), help))
}

#[derive(Serialize)]
#[serde(transparent)]
struct Rows(Vec<Row>);

#[derive(Serialize)]
struct Row {
    name: &'static str,
    family: &'static str,
    params: u64,
    macs: u64,
    input: [u32; 3],
    published_top1: Option<f64>,
    dataset: &'static str,
    source: &'static str,
    weights: &'static str,
    sha256: Option<&'static str>,
}

impl Row {
    fn of(entry: &ZooEntry) -> Result<Self> {
        let net = entry.net()?;
        let cost = net.cost(net.input.size)?;
        let [height, width] = net.input.size;
        Ok(Self {
            name: entry.name,
            family: entry.family(),
            params: cost.params,
            macs: cost.macs,
            input: [net.input.channels, height, width],
            published_top1: entry.published_top1,
            dataset: entry.dataset,
            source: entry.source,
            weights: entry.weights,
            sha256: entry.sha256,
        })
    }
}

impl Answer for Rows {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(&["name", "params", "MACs", "input", "top-1", "of", "published in", "weights"]);
        for row in &self.0 {
            let [_, height, width] = row.input;
            table.row(vec![
                row.name.into(),
                grouped(row.params),
                grouped(row.macs),
                format!("{height}x{width}"),
                row.published_top1.map_or("-".into(), |top1| format!("{top1:.1}")),
                if row.published_top1.is_some() { row.dataset.into() } else { "-".into() },
                row.source.into(),
                row.weights.into(),
            ]);
        }
        table.write(to)?;
        for (row, sum) in self.0.iter().filter_map(|row| row.sha256.map(|sum| (row, sum))) {
            writeln!(to, "sha256 of {}'s weights: {sum}", row.name)?;
        }
        Ok(())
    }
}
