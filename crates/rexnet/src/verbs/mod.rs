//! One file a verb: read the request, call a room, emit one answer.

pub(crate) mod bench;
pub(crate) mod completions;
#[cfg(feature = "train")]
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod design;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod info;
pub(crate) mod predict;
pub(crate) mod quantize;
#[cfg(feature = "train")]
pub(crate) mod quickstart;
#[cfg(feature = "train")]
pub(crate) mod train;
pub(crate) mod zoo;

use rexnet::Result;

use crate::cli::{Common, Verb};
use crate::out::Out;

pub(crate) fn run(verb: Verb, common: &Common, out: &mut Out) -> Result<()> {
    match verb {
        Verb::Bench(request) => bench::run(&request, common, out),
        #[cfg(feature = "train")]
        Verb::Quickstart(request) => quickstart::run(&request, common, out),
        #[cfg(feature = "train")]
        Verb::Train(request) => train::run(&request, common, out),
        #[cfg(feature = "train")]
        Verb::Config(request) => config::run(&request, out),
        Verb::Zoo(request) => zoo::run(&request, out),
        Verb::Info(request) => info::run(&request, out),
        Verb::Design(request) => design::run(&request, out),
        Verb::Predict(request) => predict::run(&request, common, out),
        Verb::Eval(request) => eval::run(&request, common, out),
        Verb::Quantize(request) => quantize::run(&request, common, out),
        Verb::Export(request) => export::run(&request, out),
        Verb::Data(request) => data::run(&request, out),
        Verb::Doctor(request) => doctor::run(&request, common, out),
        Verb::Completions(request) => completions::run(&request),
    }
}
