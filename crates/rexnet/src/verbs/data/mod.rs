//! `rexnet data …`: data sets, before anything is trained on them.

mod check;
mod info;
mod list;
mod synth;

use clap::{Args, Subcommand};
use rexnet::Result;
use rexnet_vision::data::Report;
use serde::Serialize;

use crate::out::Out;

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  rexnet data check photos/\n  rexnet data synth --out shapes --train 600 --val 120"
)]
pub(crate) struct Request {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Known sets and where they come from
    List(list::Request),
    /// Count pictures and classes, without opening a picture
    Info(info::Request),
    /// Write a synthetic set with exact labels
    Synth(synth::Request),
    /// Open every picture: broken ones, and those that are there twice
    Check(check::Request),
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    match &request.what {
        What::List(request) => list::run(request, out),
        What::Info(request) => info::run(request, out),
        What::Synth(request) => synth::run(request, out),
        What::Check(request) => check::run(request, out),
    }
}

/// What a scan passed over for one reason.
#[derive(Serialize)]
struct PassedOver {
    reason: String,
    count: usize,
    examples: Vec<String>,
}

impl PassedOver {
    fn all(report: &Report) -> Vec<Self> {
        let row = |(reason, passed): (_, &rexnet_vision::data::Passed)| Self {
            reason: ToString::to_string(&reason),
            count: passed.count,
            examples: passed.examples.clone(),
        };
        report.iter().map(row).collect()
    }
}

impl std::fmt::Display for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let example = self.examples.first().map_or("", String::as_str);
        write!(f, "passed over {} {} (as {example})", self.count, self.reason)
    }
}
