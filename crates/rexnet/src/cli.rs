//! What can be typed: the verbs and the options that all of them share.

use clap::{Args, Parser, Subcommand};
use rexnet_engine::Options;

use crate::verbs;

/// Small, accurate vision networks for a compute budget, on ordinary processors.
#[derive(Debug, Parser)]
#[command(name = "rexnet", version, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options of every verb.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Print JSON for machines instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Threads to use [default: what affinity and cgroup allow]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more on the way: what is used, and all that was passed over
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

impl Common {
    /// As many threads as were asked for, or as affinity and control group allow.
    pub(crate) fn threads(&self) -> usize {
        self.threads.map_or(Options::default().threads, usize::from)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// From nothing to a running model in about a minute
    #[cfg(feature = "train")]
    Quickstart(verbs::quickstart::Request),
    /// List the known networks
    Zoo(verbs::zoo::Request),
    /// Show the layers and the cost of networks
    Info(verbs::info::Request),
    /// Design the largest network within limits
    Design(verbs::design::Request),
    /// Train a network, or go on from weights that are there
    #[cfg(feature = "train")]
    Train(verbs::train::Request),
    /// Say what is in pictures
    Predict(verbs::predict::Request),
    /// Judge a model on pictures of known classes
    Eval(verbs::eval::Request),
    /// Measure latency and throughput of networks on this machine
    Bench(verbs::bench::Request),
    /// Make a model ready for int8, judged beside f32
    Quantize(verbs::quantize::Request),
    /// Write a model as a file that other tools open
    Export(verbs::export::Request),
    /// Look at data sets, check them, make a synthetic one
    Data(verbs::data::Request),
    /// List the training recipes and explain their keys
    #[cfg(feature = "train")]
    Config(verbs::config::Request),
    /// Say what this machine offers and what is wrong with the set-up
    Doctor(verbs::doctor::Request),
    /// Print a script that lets a shell complete verbs and options
    Completions(verbs::completions::Request),
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;

    /// What is wrong with the examples of a verb and of the verbs under it.
    fn faults(path: &str, command: &Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        let mut faults = Vec::new();
        if examples.len() < 2 {
            faults.push(format!("{path}: {} examples", examples.len()));
        }
        for example in examples {
            // A shell takes variables before the program and pipes behind it.
            let words = example.split_whitespace().skip_while(|word| word.contains('='));
            let words: Vec<&str> = words.take_while(|word| !["|", ">"].contains(word)).collect();
            if !words.join(" ").starts_with(path) {
                faults.push(format!("{path}: {example}: shows another verb"));
            }
            if let Err(error) = Cli::try_parse_from(words) {
                faults.push(format!("{path}: {example}: {error}"));
            }
        }
        let deeper =
            command.get_subcommands().flat_map(|verb| self::faults(&format!("{path} {}", verb.get_name()), verb));
        faults.into_iter().chain(deeper).collect()
    }

    #[test]
    fn every_verb_shows_two_examples_that_it_would_take() {
        let command = Cli::command();
        let faults: Vec<String> =
            command.get_subcommands().flat_map(|verb| faults(&format!("rexnet {}", verb.get_name()), verb)).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
