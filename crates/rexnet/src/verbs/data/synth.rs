//! `rexnet data synth`: a synthetic picture set as folders of PNG files.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use rexnet::{Error, Result};
use rexnet_vision::data::Dataset;
use rexnet_vision::{Decode, synth};
use serde::Serialize;

use crate::out::{Answer, Out, path_as_text};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet data synth --out shapes\n  rexnet data synth --out shapes --train 6000 --val 600 --side 64 --seed 7"
)]
pub(crate) struct Request {
    /// Folder to make; train/CLASS/ and val/CLASS/ go into it
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Pictures to learn from
    #[arg(long, value_name = "N", default_value_t = 1200)]
    train: usize,
    /// Pictures to validate on
    #[arg(long, value_name = "N", default_value_t = 300)]
    val: usize,
    /// Width and height of the pictures
    #[arg(long, value_name = "PIXELS", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    side: u16,
    /// Other seeds give other pictures
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    if request.out.exists() {
        let what = format!("{} is already there", request.out.display());
        return Err(Error::usage(what, "name a folder that is not, so that no other pictures get among these"));
    }
    let bar = out.progress(request.train + request.val);
    for (split, count) in [("train", request.train), ("val", request.val)] {
        let set = synth::dataset(split, request.seed, count, request.side.into());
        write_pictures(&set, &request.out.join(split), &|| bar.inc(1))?;
    }
    let Request { out: folder, train, val, side, seed } = request;
    out.emit(&Written { folder: folder.clone(), train: *train, val: *val, side: *side, seed: *seed })
}

/// Writes every picture as `CLASS/NUMBER.png`.
fn write_pictures(set: &Dataset, folder: &Path, each: &dyn Fn()) -> Result<()> {
    for class in &set.classes {
        let folder = folder.join(class);
        fs::create_dir_all(&folder).map_err(Error::file(folder))?;
    }
    for (number, sample) in set.samples.iter().enumerate() {
        let path = folder.join(&set.classes[sample.label]).join(format!("{number:06}.png"));
        let read = sample.source.read(&Decode::default());
        let picture = read.map_err(|source| Error::Picture { path: path.clone(), source })?;
        fs::write(&path, picture.to_png()).map_err(Error::file(path))?;
        each();
    }
    Ok(())
}

#[derive(Serialize)]
struct Written {
    #[serde(serialize_with = "path_as_text")]
    folder: PathBuf,
    train: usize,
    val: usize,
    side: u16,
    seed: u64,
}

impl Answer for Written {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let Self { train, val, side, .. } = self;
        let folder = self.folder.display();
        writeln!(to, "wrote {train} pictures of {side}x{side} to {folder}/train and {val} to {folder}/val")
    }
}
