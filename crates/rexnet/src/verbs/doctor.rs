//! `rexnet doctor`: what this machine offers, and what is wrong with the set-up.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use rexnet::{Error, Memory, Result};
use rexnet_engine::{Isa, Options};
use serde::Serialize;
use sysinfo::{CpuRefreshKind, RefreshKind, System};

use crate::cli::Common;
use crate::out::{Answer, Out, path_as_text};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet doctor\n  HF_HOME=/data/hf rexnet doctor --json")]
pub(crate) struct Request {}

pub(crate) fn run(_: &Request, common: &Common, out: &mut Out) -> Result<()> {
    let findings = Findings::gather(common)?;
    out.emit(&findings)?;
    match findings.problems.len() {
        0 => Ok(()),
        1 => Err(Error::failed("something is wrong here", "")),
        n => Err(Error::failed(format!("{n} things are wrong here"), "")),
    }
}

/// What was found.
#[derive(Serialize)]
struct Findings {
    version: &'static str,
    system: String,
    processor: String,
    processors: usize,
    /// What affinity, control group and `--threads` leave.
    threads: usize,
    kernels: &'static str,
    kernel_sets: Vec<KernelSet>,
    memory: Memory,
    built_with: Vec<&'static str>,
    built_without: Vec<&'static str>,
    hub: Option<Hub>,
    folder: Folder,
    problems: Vec<Problem>,
}

/// Kernels that this program has for the processor's kind.
#[derive(Serialize)]
struct KernelSet {
    name: &'static str,
    /// Whether this processor runs them.
    here: bool,
}

/// Where `hf:OWNER/NAME` leads.
#[derive(Serialize)]
struct Hub {
    endpoint: String,
    #[serde(serialize_with = "path_as_text")]
    cache: PathBuf,
    offline: bool,
    /// Models in the cache.
    models: usize,
}

#[derive(Serialize)]
struct Folder {
    #[serde(serialize_with = "path_as_text")]
    path: PathBuf,
    writable: bool,
}

/// What is wrong, and what to do.
#[derive(Serialize)]
struct Problem {
    what: String,
    help: String,
}

impl Findings {
    fn gather(common: &Common) -> Result<Self> {
        let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()));
        let options = Options::default();
        let here = std::env::current_dir()?;
        let (built_with, built_without): (Vec<_>, Vec<_>) = FEATURES.into_iter().partition(|(_, built)| *built);
        let names = |list: Vec<(&'static str, bool)>| list.into_iter().map(|(name, _)| name).collect();
        let mut findings = Self {
            version: env!("CARGO_PKG_VERSION"),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: system.cpus().first().map_or("unknown", |cpu| cpu.brand().trim()).to_owned(),
            processors: system.cpus().len(),
            threads: common.threads(),
            kernels: options.isa.name(),
            kernel_sets: Isa::table().into_iter().map(|(name, isa)| KernelSet { name, here: isa.is_some() }).collect(),
            memory: Memory::now(),
            built_with: names(built_with),
            built_without: names(built_without),
            hub: hub(),
            folder: Folder { writable: is_writable(&here), path: here },
            problems: Vec::new(),
        };
        findings.problems = findings.diagnose();
        Ok(findings)
    }

    /// What is wrong with all this.
    fn diagnose(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut found = |what: String, help: &str| problems.push(Problem { what, help: help.to_owned() });
        if cfg!(debug_assertions) {
            found("a debug build, many times slower".into(), "`cargo build --release`");
        }
        if self.threads > self.processors {
            found(
                format!("{} threads on {} processors wait for each other", self.threads, self.processors),
                "leave `--threads` out",
            );
        }
        if self.kernels == Isa::PORTABLE.name() {
            found("no kernels for this processor but the portable ones, which are slow".into(), SLOW_HELP);
        }
        if fs::read_to_string(HUGE_PAGES).is_ok_and(|modes| modes.contains("[never]")) {
            found(
                "huge pages are off, which costs the engine about a tenth of its speed".into(),
                "as root: `echo madvise > /sys/kernel/mm/transparent_hugepage/enabled`",
            );
        }
        if self.memory.available < LITTLE_MEMORY {
            found(
                format!("only {} of memory are available", mebibytes(self.memory.available)),
                "end other programs, or raise the control group's limit",
            );
        }
        if !self.folder.writable {
            found(
                format!("{} cannot be written to; runs and exports go there", self.folder.path.display()),
                "change to a folder of yours, or name `--out`",
            );
        }
        if let Some(hub) = &self.hub {
            problems.extend(hub.diagnose());
        }
        problems
    }
}

const FEATURES: [(&str, bool); 3] =
    [("train", cfg!(feature = "train")), ("hub", cfg!(feature = "hub")), ("onnx-check", cfg!(feature = "onnx-check"))];

const SLOW_HELP: &str = "processors with AVX2 and FMA (from 2013 on) or AVX-512 have fast ones; in a virtual machine, \
                         pass the host's instructions on";

/// Where Linux says whether a program may ask for huge pages.
const HUGE_PAGES: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

/// Less than this holds no batch worth training.
const LITTLE_MEMORY: u64 = 512 << 20;

#[cfg(feature = "hub")]
fn hub() -> Option<Hub> {
    let hub = rexnet::hub::Hub::from_env().ok()?;
    let is_model = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("models--");
    let models = fs::read_dir(hub.cache()).map_or(0, |entries| entries.flatten().filter(is_model).count());
    Some(Hub { endpoint: hub.endpoint().to_owned(), cache: hub.cache().to_owned(), offline: hub.is_offline(), models })
}

#[cfg(not(feature = "hub"))]
fn hub() -> Option<Hub> {
    None
}

impl Hub {
    fn diagnose(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.endpoint.starts_with("https://") && !self.endpoint.starts_with("http://") {
            problems.push(Problem {
                what: format!("HF_ENDPOINT is `{}`, which is no address", self.endpoint),
                help: "unset it, or write it as https://HOST".into(),
            });
        }
        let existing = self.cache.ancestors().find(|folder| folder.is_dir());
        if !self.offline && !existing.is_some_and(is_writable) {
            problems.push(Problem {
                what: format!("{} cannot be written to; `hf:` models are kept there", self.cache.display()),
                help: "set HF_HOME to a folder of yours".into(),
            });
        }
        problems
    }
}

/// Whether a file can be made there; permission bits alone do not say.
fn is_writable(folder: &Path) -> bool {
    tempfile::tempfile_in(folder).is_ok()
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

impl Answer for Findings {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "rexnet {} on {}", self.version, self.system)?;
        writeln!(to, "processor  {}, {} of {} threads used", self.processor, self.threads, self.processors)?;
        let sets = |here: bool| -> Vec<&str> {
            self.kernel_sets.iter().filter(|set| set.here == here).map(|set| set.name).collect()
        };
        writeln!(
            to,
            "kernels    {} (here: {}; not here: {})",
            self.kernels,
            sets(true).join(", "),
            or_none(&sets(false))
        )?;
        let Memory { total, available } = self.memory;
        writeln!(to, "memory     {} available of {}", mebibytes(available), mebibytes(total))?;
        let without = or_none(&self.built_without);
        writeln!(to, "features   {}; built without: {without}", or_none(&self.built_with))?;
        match &self.hub {
            None => writeln!(to, "hub        not available")?,
            Some(hub) => {
                let offline = if hub.offline { ", offline" } else { "" };
                writeln!(to, "hub        {}{offline}, {} models in {}", hub.endpoint, hub.models, hub.cache.display())?;
            }
        }
        writeln!(to, "folder     {}", self.folder.path.display())?;
        if self.problems.is_empty() {
            return writeln!(to, "\nnothing is wrong");
        }
        self.problems.iter().try_for_each(|problem| writeln!(to, "\nwrong: {}\nhelp: {}", problem.what, problem.help))
    }
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
