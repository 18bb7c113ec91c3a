//! `rexnet train DATA`: learning, from nothing or from weights that are there.

mod follow;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rexnet::train::run_folder;
use rexnet::{Memory, Result, recipe};
use rexnet_train::{Conduct, Outcome, device};
use rexnet_vision::data::{Training, Validation};
use serde::Serialize;

use crate::args::{DataArg, NetArg, Size, telling};
use crate::cli::Common;
use crate::out::{Answer, Out, path_as_text};
pub(crate) use follow::{follow, write_report};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet train flowers --init hf:timm/rexnet_100.nav_in1k --recipe finetune\n  rexnet train cifar100 --net net.toml --recipe cifar --set lr=0.05 --out runs/first"
)]
pub(crate) struct Request {
    #[command(flatten)]
    data: DataArg,
    /// The network: a zoo name, rexnet:1.4, a net.toml or a model file [default: that of --init]
    #[arg(long)]
    net: Option<NetArg>,
    /// How to train: a name that `rexnet config` lists, or a TOML file
    #[arg(long, value_name = "NAME|FILE.toml")]
    recipe: Option<String>,
    /// Change a key of the recipe; may be given many times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Begin with these weights: a model file, a run folder, hf:OWNER/NAME, or with --net a file of weights alone
    #[arg(long, value_name = "MODEL")]
    init: Option<String>,
    /// Leave the backbone as it is and learn the classifier alone
    #[arg(long, value_name = "WHAT", value_parser = ["backbone"])]
    freeze: Option<String>,
    /// The run's folder [default: runs/DATA-N]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Continue the run; what is not given is taken from it. Begins anew where there is nothing to continue
    #[arg(long)]
    resume: bool,
    /// Continue although recipe, network or data are not those that the run was begun with
    #[arg(long, requires = "resume")]
    accept_changes: bool,
    /// Passes over the pictures
    #[arg(long, value_name = "N")]
    epochs: Option<u32>,
    /// Height and width of the pictures, in pixels [default: the network's]
    #[arg(long, value_name = "PIXELS")]
    size: Option<Size>,
    /// Seed of weights, order and augmentation [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Pictures to validate on, in place of the data's own
    #[arg(long, value_name = "DATA")]
    val: Option<OsString>,
    /// Share of every class to validate on, where the data name no such pictures
    #[arg(long, value_name = "SHARE", conflicts_with = "val")]
    val_split: Option<f64>,
    /// End after so many epochs without a better top-1
    #[arg(long, value_name = "EPOCHS")]
    patience: Option<u32>,
    /// Save and end after this time: 2h, 90m, 1h 30m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    max_time: Option<Duration>,
    /// Weigh classes against their number of pictures
    #[arg(long, value_name = "HOW", value_parser = ["balanced", "none"])]
    class_weights: Option<String>,
    /// Where to compute: cpu, or what this program was built with (wgpu:0, cuda:0)
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
}

pub(crate) fn run(request: &Request, common: &Common, out: &mut Out) -> Result<()> {
    let folder = match &request.out {
        Some(folder) => folder.clone(),
        None => run_folder(request.data.open()?.path(), request.resume)?,
    };
    let conduct = Conduct {
        resume: request.resume,
        accept_changes: request.accept_changes,
        max_time: request.max_time,
        device: device(&request.device)?,
        ..Conduct::new(folder, common.threads(), Memory::now().available)
    };
    let wanted = rexnet::train::Request {
        net: request.net.as_ref().map(NetArg::load).transpose()?,
        recipe: request.recipe.as_deref().map(recipe).transpose()?,
        set: request.settings(),
        init: request.init.clone(),
        size: request.size.map(|size| size.0),
        seed: request.seed,
        conduct,
    };
    let (job, notes) = wanted.prepare(|share, seed| request.pictures(share, seed, out), &mut telling(out))?;
    for note in notes {
        out.note(note);
    }
    let (folder, val) = (job.conduct.out.clone(), job.data.val.clone());
    let outcome = follow(job, out)?;
    if !outcome.interrupted {
        write_report(&folder, &val, common, out)?;
    }
    out.emit(&Trained::of(&folder, &outcome))
}

impl Request {
    /// The recipe's keys that have options of their own, and `--set`, which has the last word.
    fn settings(&self) -> Vec<String> {
        let options = [
            ("epochs", self.epochs.map(|n| n.to_string())),
            ("patience", self.patience.map(|n| n.to_string())),
            ("val_split", self.val_split.map(|share| share.to_string())),
            ("class_weights", self.class_weights.clone()),
            ("freeze", self.freeze.clone()),
        ];
        let given = options.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        given.chain(self.set.iter().cloned()).collect()
    }

    /// The pictures to learn from and to validate on, with a word about where the latter come from.
    fn pictures(&self, share: f64, seed: u64, out: &Out) -> Result<(String, Training)> {
        let data = self.data.open()?;
        let mut training = match &self.val {
            None => data.for_training(share, seed)?,
            Some(_) => data.for_training(0.0, seed)?,
        };
        out.passed_over(&self.data, &training.train.report);
        if let Some(val) = &self.val {
            let (split, val) = self.data.with(val.clone()).open()?.for_eval()?;
            training.val = val.with_classes(&training.train.classes)?;
            training.validation = Validation::Given(split);
        }
        let count = training.val.samples.len();
        match training.validation {
            Validation::SplitOff { .. } if count == 0 => out.note("nothing is set aside to validate on"),
            Validation::SplitOff { share, seed } => {
                out.note(format_args!(
                    "{count} pictures to validate on: {share} of every class, split off by seed {seed}"
                ));
            }
            Validation::Given(split) => out.note(format_args!("{count} pictures to validate on ({split})")),
        }
        for class in training.train.empty_classes().into_iter().filter(|_| !training.train.numbered) {
            out.note(format_args!("no picture to learn class `{class}` from"));
        }
        if count > 0 {
            for class in training.val.empty_classes().into_iter().filter(|_| !training.val.numbered) {
                out.note(format_args!("no picture to validate class `{class}` on"));
            }
        }
        Ok((self.data.to_string(), training))
    }
}

/// How it went.
#[derive(Serialize)]
struct Trained {
    #[serde(serialize_with = "path_as_text")]
    run: PathBuf,
    epochs: u64,
    best_top1: Option<f64>,
    best_epoch: Option<u64>,
    last_top1: Option<f64>,
    images_per_s: f64,
    seconds: f64,
    interrupted: bool,
}

impl Trained {
    fn of(folder: &Path, outcome: &Outcome) -> Self {
        Self {
            run: folder.to_owned(),
            epochs: outcome.epochs,
            best_top1: outcome.best.map(|(top1, _)| top1),
            best_epoch: outcome.best.map(|(_, epoch)| epoch),
            last_top1: outcome.last.map(|(top1, _)| top1),
            images_per_s: outcome.images_per_s,
            seconds: outcome.seconds,
            interrupted: outcome.interrupted,
        }
    }
}

impl Answer for Trained {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let run = self.run.display();
        let best = match (self.best_top1, self.best_epoch) {
            (Some(top1), Some(epoch)) => format!("best top-1 {top1:.2} % in epoch {epoch}"),
            _ => "not validated".into(),
        };
        let (epochs, speed, seconds) = (self.epochs, self.images_per_s, self.seconds);
        writeln!(to, "{run}: {epochs} epochs, {best}, {speed:.0} pictures/s, {seconds:.0} s")?;
        if self.interrupted {
            return Ok(());
        }
        writeln!(to, "next: rexnet predict PICTURES -m {run}")
    }
}
