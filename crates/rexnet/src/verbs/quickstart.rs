//! `rexnet quickstart`: from nothing to a running model, with every step that a user would take.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use rexnet::train::{Request as Training, run_folder};
use rexnet::{Error, Memory, Model, Result, read_picture, recipe};
use rexnet_random::Stream;
use rexnet_spec::{Family, Limits, NetSpec, Quantity, design};
use rexnet_train::Conduct;
use rexnet_vision::data::{self, Validation};
use rexnet_vision::synth;
use rexnet_weights::write_atomic;
use serde::Serialize;

use super::train::{follow, write_report};
use crate::cli::Common;
use crate::out::{Answer, Out, path_as_text};
use crate::table::{Table, grouped};

/// Multiply-adds that the network may cost.
const MACS: u64 = 1_000_000;
const BLOCKS: u32 = 6;
/// Width and height of the pictures.
const SIDE: u32 = 32;
/// Pictures to learn from and to validate on.
const TRAIN: usize = 1800;
const VAL: usize = 300;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet quickstart\n  rexnet quickstart --seed 7 --out first")]
pub(crate) struct Request {
    /// Folder for everything that is made [default: runs/quickstart-N]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Other seeds give other pictures and other weights
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(request: &Request, common: &Common, out: &mut Out) -> Result<()> {
    let folder = match &request.out {
        Some(folder) => folder.clone(),
        None => run_folder(Path::new("quickstart"), false)?,
    };
    if folder.exists() {
        let what = format!("{} is already there", folder.display());
        return Err(Error::usage(what, "name another folder with `--out`"));
    }
    let net = designed(out)?;
    let wanted = Training {
        net: Some(net.clone()),
        recipe: Some(recipe("quickstart")?),
        seed: Some(request.seed),
        ..Training::new(Conduct::new(folder.clone(), common.threads(), Memory::now().available))
    };
    let (job, _) = wanted.prepare(|_, seed| Ok(pictures(seed)), &mut |_, _, _| {})?;
    let val = job.data.val.clone();
    let outcome = follow(job, out)?;
    let text = net.to_toml();
    let net_file = folder.join("net.toml");
    write_atomic(&net_file, |file| file.write_all(text.as_bytes())).map_err(Error::file(&net_file))?;
    write_report(&folder, &val, common, out)?;
    out.emit(&Started {
        seen: predicted(&folder, request.seed)?,
        top1: outcome.best.map(|(top1, _)| top1),
        seconds: outcome.seconds,
        run: folder,
    })
}

/// The largest network within [`MACS`].
fn designed(out: &Out) -> Result<NetSpec> {
    let mut family = Family::rexnet().with_depth(BLOCKS).for_size([SIDE, SIDE], false);
    family.classes = synth::classes().len() as u32;
    let best = design(&family, &Limits::default().and(Quantity::Macs, MACS))?.best;
    let widths: Vec<String> = best.net.blocks.iter().map(|block| block.out.to_string()).collect();
    let (macs, params) = (grouped(best.cost.macs), grouped(best.cost.params));
    out.note(format_args!("designed for {}: {macs} MACs, {params} params, widths {}", grouped(MACS), widths.join(" ")));
    Ok(best.net)
}

fn pictures(seed: u64) -> (String, data::Training) {
    let (train, val) =
        (synth::dataset("train", seed, TRAIN, SIDE as usize), synth::dataset("val", seed, VAL, SIDE as usize));
    let validation = Validation::Given(data::Split::Val);
    ("shapes, made by `rexnet data synth`".into(), data::Training { train, val, validation })
}

/// A picture, and what the model sees in it.
#[derive(Serialize)]
struct Seen {
    #[serde(serialize_with = "path_as_text")]
    picture: PathBuf,
    is: String,
    answer: String,
    score: f32,
}

/// Writes a fresh picture of each class and predicts it from its file, as `predict` does.
fn predicted(folder: &Path, seed: u64) -> Result<Vec<Seen>> {
    let pictures = folder.join("pictures");
    fs::create_dir_all(&pictures).map_err(Error::file(&pictures))?;
    let mut model = Model::open(folder)?;
    let fresh = Stream::new(seed).named("fresh");
    let classes = synth::classes();
    let seen = classes.iter().enumerate().map(|(class, name)| {
        let path = pictures.join(format!("{name}.png"));
        let picture = synth::picture(class, fresh.at(class as u64), SIDE as usize);
        fs::write(&path, picture.to_png()).map_err(Error::file(&path))?;
        let answers = model.predict(&read_picture(&path)?)?;
        let answer = &answers[0];
        Ok(Seen {
            picture: path,
            is: name.clone(),
            answer: answer.name.clone().unwrap_or_else(|| answer.index.to_string()),
            score: answer.score,
        })
    });
    seen.collect()
}

/// What was made.
#[derive(Serialize)]
struct Started {
    #[serde(serialize_with = "path_as_text")]
    run: PathBuf,
    top1: Option<f64>,
    seconds: f64,
    seen: Vec<Seen>,
}

impl Answer for Started {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let run = self.run.display();
        let mut table = Table::new(&["fresh picture of a", "answer", "sure"]);
        for Seen { is, answer, score, .. } in &self.seen {
            table.row(vec![is.clone(), answer.clone(), format!("{:.0} %", 100.0 * score)]);
        }
        table.write(to)?;
        if let Some(top1) = self.top1 {
            writeln!(to, "\ntop-1 {top1:.1} % on {VAL} pictures after {:.0} s; open {run}/report.html", self.seconds)?;
        }
        writeln!(to, "\nNext:")?;
        writeln!(to, "  rexnet predict {run}/pictures -m {run}")?;
        writeln!(to, "  rexnet export {run} --to onnx --out {run}/shapes.onnx")?;
        writeln!(to, "  rexnet train YOUR_PICTURES --init hf:timm/rexnet_100.nav_in1k --recipe finetune")
    }
}
