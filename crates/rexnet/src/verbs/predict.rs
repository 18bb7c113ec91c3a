//! `rexnet predict PATHS…`: what a model sees in pictures.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use rexnet::{Error, Model, Output, Prediction, Result, preparation};
use rexnet_vision::data::{Source, pictures_under};
use serde::Serialize;

use crate::args::ModelArg;
use crate::cli::Common;
use crate::out::{Answer, Out};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet predict iris.jpg -m runs/flowers-1\n  rexnet predict photos/ -m hf:timm/rexnet_100.nav_in1k --json"
)]
pub(crate) struct Request {
    /// Pictures, folders of pictures, or - for a picture on standard input
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArg,
    /// Classes to show for each picture
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// Add the logits of all classes to the JSON
    #[arg(long)]
    logits: bool,
    /// Add what the classifier reads to the JSON, a description of the picture that serves to compare pictures
    #[arg(long)]
    embed: bool,
}

/// What a picture is, or what is wrong with it.
#[derive(Serialize)]
struct Row {
    path: String,
    #[serde(flatten)]
    seen: Seen,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Seen {
    Classes {
        top: Vec<Prediction>,
        #[serde(skip_serializing_if = "Option::is_none")]
        logits: Option<Vec<f32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        embedding: Option<Vec<f32>>,
    },
    Broken {
        error: String,
    },
}

pub(crate) fn run(request: &Request, common: &Common, out: &mut Out) -> Result<()> {
    let mut model = request.model.open(common, out)?;
    if model.meta().classes.is_none() {
        out.note("the model file has no class names; classes are shown by number");
    }
    out.detail(preparation(&model.meta().spec.input).trim_end());
    let mut broken = 0;
    for path in &request.paths {
        if path == Path::new("-") {
            let output = model.output_of(io::stdin().lock())?.map_err(|error| error.to_string());
            broken += request.answer(&model, "-".into(), output, out)?;
            continue;
        }
        let sources = match pictures_at(path, out) {
            Ok(sources) => sources,
            Err(error) => {
                broken += request.answer(&model, path.to_string_lossy().into(), Err(error), out)?;
                continue;
            }
        };
        for sources in sources.chunks(model.at_a_time()) {
            let outputs = model.outputs(&sources.iter().collect::<Vec<_>>())?;
            for (source, output) in sources.iter().zip(outputs) {
                let path =
                    source.path().map_or_else(|| source.name().into_owned(), |path| path.to_string_lossy().into());
                broken += request.answer(&model, path, output.map_err(|error| error.to_string()), out)?;
            }
        }
    }
    match broken {
        0 => Ok(()),
        1 => Err(Error::failed("one path gave no picture", CHECK_HELP)),
        n => Err(Error::failed(format!("{n} paths gave no picture"), CHECK_HELP)),
    }
}

const CHECK_HELP: &str = "`rexnet data check FOLDER` lists every broken picture of a folder";

impl Request {
    /// Says what was seen; counts a broken picture.
    fn answer(&self, model: &Model, path: String, output: Result<Output, String>, out: &mut Out) -> Result<usize> {
        let seen = match output {
            Ok(Output { logits, embedding }) => Seen::Classes {
                top: model.top(&logits, self.top),
                logits: self.logits.then_some(logits),
                embedding: self.embed.then_some(embedding),
            },
            Err(error) => Seen::Broken { error },
        };
        let broken = usize::from(matches!(seen, Seen::Broken { .. }));
        out.emit(&Row { path, seen })?;
        Ok(broken)
    }
}

/// The picture at `path`, or those under it; without any, why.
fn pictures_at(path: &Path, out: &Out) -> Result<Vec<Source>, String> {
    if !path.is_dir() {
        return Ok(vec![Source::file("", path)]);
    }
    let (sources, report) = pictures_under(path);
    if sources.is_empty() {
        return Err(format!("no picture in it: {report}"));
    }
    out.passed_over(path.display(), &report);
    Ok(sources)
}

impl Answer for Row {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        match &self.seen {
            Seen::Broken { error } => writeln!(to, "{}: {error}", self.path),
            Seen::Classes { top, .. } => {
                writeln!(to, "{}", self.path)?;
                top.iter().try_for_each(|class| {
                    let name = class.name.clone().unwrap_or_else(|| format!("class {}", class.index));
                    writeln!(to, "  {:5.1} %  {name}", 100.0 * class.score)
                })
            }
        }
    }
}
