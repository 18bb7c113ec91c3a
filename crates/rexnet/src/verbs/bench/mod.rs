//! `rexnet bench NET|MODEL…`: latency and throughput.

mod pictures;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use rexnet::{Error, Memory, Result, Subject};
use rexnet_engine::{Engine, Isa, Limits, Options, Precision, StepTime};
use rexnet_random::Stream;
use rexnet_spec::Input;
use serde::Serialize;

use crate::args::{PrecisionArg, Size, telling};
use crate::cli::Common;
use crate::out::{Answer, Out};
use crate::table::{Table, grouped};
use pictures::Rates;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet bench rexnet_100 --threads 1\n  rexnet bench flowers.safetensors --batch 16 --cold --profile"
)]
pub(crate) struct Request {
    /// Networks (with seeded random weights), model files, run folders, hf:OWNER/NAME
    #[arg(required = true, value_name = "NET|MODEL")]
    models: Vec<OsString>,
    /// Weights of the network: safetensors or .pth
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Pictures in a run
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Side of the pictures, or HEIGHTxWIDTH [default: the network's]
    #[arg(long)]
    size: Option<Size>,
    /// What products are made of
    #[arg(long, value_enum, default_value_t = PrecisionArg::F32)]
    precision: PrecisionArg,
    /// How long to measure
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = seconds)]
    seconds: f64,
    /// Also time fresh processes from their start to their first result
    #[arg(long)]
    cold: bool,
    /// Also time these pictures from their files on: to the network's view, and to its answer
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
    /// Also time every layer
    #[arg(long)]
    profile: bool,
    /// Run once and say the first logit: what a fresh process does under `--cold`
    #[arg(long, hide = true, conflicts_with_all = ["cold", "profile", "pictures"])]
    once: bool,
}

impl Request {
    fn long(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    text.parse().ok().filter(|s| (0.0..=3600.0).contains(s)).ok_or_else(|| "0 to 3600 seconds".into())
}

/// Runs before those that are timed, the fewest that are, and the fresh processes of a cold start.
const WARM: usize = 2;
const FEWEST: usize = 5;
const FRESH: usize = 5;

pub(crate) fn run(request: &Request, common: &Common, out: &mut Out) -> Result<()> {
    for text in &request.models {
        let mut subject = Subject::open(text, request.weights.as_deref(), &mut telling(out))?;
        let precision = request.precision.into();
        let mut options = Options { precision, isa: Isa::detect_for(precision), ..Options::default() };
        options.threads = common.threads();
        let size = request.size.map_or_else(|| subject.spec.input.eval_size(), |Size(size)| size);
        Memory::now().check(&subject.spec.graph(size)?, request.batch.into())?;
        let pixels = pixels(&subject, size, request.batch.into());
        if precision == Precision::Int8 {
            subject.calibrate(size, &pixels[..pixels.len() / usize::from(request.batch)])?;
        }
        let mut runner = Runner::new(subject.engine(size, options)?, request.batch.into(), pixels);
        if request.once {
            runner.run()?;
            out.emit(&First { first_logit: runner.logits[0] })?;
            continue;
        }
        let mut answer = runner.measure(&subject, size, request)?;
        if request.cold {
            answer.cold_start_ms = Some(cold(&subject, request, size, options.threads)?);
        }
        if let Some(folder) = &request.pictures {
            let input = Input { size, test_size: None, ..subject.spec.input.clone() };
            answer.from_files = Some(pictures::rates(&mut runner.engine, &input, folder, request.long())?);
        }
        out.emit(&answer)?;
    }
    Ok(())
}

/// Generated pictures, `[batch, channels, height, width]`.
fn pixels(subject: &Subject, [height, width]: [u32; 2], batch: usize) -> Vec<f32> {
    let values = batch * (subject.spec.input.channels * height * width) as usize;
    let stream = Stream::new(0).named("pixels");
    (0..values as u64).map(|i| (4.0 * stream.uniform(i) - 2.0) as f32).collect()
}

/// An engine with a batch of pictures.
struct Runner {
    engine: Engine,
    batch: usize,
    pixels: Vec<f32>,
    logits: Vec<f32>,
}

impl Runner {
    fn new(engine: Engine, batch: usize, pixels: Vec<f32>) -> Self {
        let logits = vec![0.0; batch * engine.classes()];
        Self { engine, batch, pixels, logits }
    }

    fn run(&mut self) -> Result<f64> {
        let start = Instant::now();
        self.engine.run(&self.pixels, self.batch, &mut self.logits)?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }

    fn measure(&mut self, subject: &Subject, size: [u32; 2], request: &Request) -> Result<Speed> {
        let limits = self.engine.limits();
        for _ in 0..WARM {
            self.run()?;
        }
        let (start, long) = (Instant::now(), request.long());
        let mut times = Vec::new();
        while times.len() < FEWEST || start.elapsed() < long {
            times.push(self.run()?);
        }
        let (runs, median_ms) = (times.len(), median(times));
        // Before the profile, which keeps books of its own.
        let peak_rss_bytes = peak_rss_bytes();
        let layers = if request.profile { Some(self.layers(limits, runs.min(200))?) } else { None };
        let gflops = 2e-6 * (subject.spec.cost(size)?.macs * self.batch as u64) as f64 / median_ms;
        Ok(Speed {
            net: subject.spec.name.clone(),
            batch: self.batch,
            threads: self.engine.threads(),
            precision: request.precision.into(),
            device: "cpu",
            kernels: self.engine.kernels(),
            runs,
            median_ms,
            images_per_s: 1e3 * self.batch as f64 / median_ms,
            gflops,
            peak_share: gflops * 1e9 / limits.flops,
            peak_gflops: limits.flops / 1e9,
            peak_rss_bytes,
            cold_start_ms: None,
            from_files: None,
            layers,
        })
    }

    fn layers(&mut self, limits: Limits, runs: usize) -> Result<Vec<Layer>> {
        let steps = self.engine.profile(&self.pixels[..self.pixels.len() / self.batch], runs)?;
        Ok(steps.iter().map(|step| Layer::of(step, limits, self.engine.threads())).collect())
    }
}

/// Median milliseconds from the start of a process to its first result, with the weights on disk and in its cache.
fn cold(subject: &Subject, request: &Request, [height, width]: [u32; 2], threads: usize) -> Result<f64> {
    let file = std::env::temp_dir().join(format!("rexnet-bench-{}.safetensors", std::process::id()));
    subject.save(&file)?;
    let (batch, threads, size) = (request.batch.to_string(), threads.to_string(), format!("{height}x{width}"));
    let precision = Precision::from(request.precision).to_string();
    let options = ["--batch", &batch, "--threads", &threads, "--size", &size, "--precision", &precision];
    let times: Result<Vec<f64>> = (0..FRESH).map(|_| first_result(&file, &options)).collect();
    std::fs::remove_file(&file).map_err(Error::file(&file))?;
    times.map(median)
}

fn first_result(model: &Path, options: &[&str]) -> Result<f64> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "--once", "--json"]).arg(model).args(options).stdout(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let spent = start.elapsed().as_secs_f64() * 1e3;
    if child.wait()?.success() && !line.is_empty() {
        return Ok(spent);
    }
    Err(Error::failed("a fresh process gave no result", "run it without `--cold`"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The most memory that this process has held; none where the system does not say.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[derive(Serialize)]
struct First {
    first_logit: f32,
}

impl Answer for First {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{}", self.first_logit)
    }
}

#[derive(Serialize)]
struct Speed {
    net: String,
    batch: usize,
    threads: usize,
    #[serde(serialize_with = "as_text")]
    precision: Precision,
    device: &'static str,
    kernels: &'static str,
    runs: usize,
    median_ms: f64,
    images_per_s: f64,
    gflops: f64,
    peak_share: f64,
    peak_gflops: f64,
    peak_rss_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cold_start_ms: Option<f64>,
    #[serde(flatten)]
    from_files: Option<Rates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<Layer>>,
}

fn as_text<S: serde::Serializer>(value: &impl ToString, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_str(&value.to_string())
}

/// One step of the graph; times and rates are those of all threads together.
#[derive(Serialize)]
struct Layer {
    name: String,
    op: String,
    ms: f64,
    macs: u64,
    bytes: u64,
    gflops: f64,
    peak_share: f64,
    /// The least time that arithmetic and bytes take by the measured limits, over `ms`; above 1 where a cache helped.
    roofline_share: f64,
}

impl Layer {
    fn of(step: &StepTime, limits: Limits, threads: usize) -> Self {
        let seconds = step.spent.as_secs_f64() / threads as f64;
        let share = |of: f64| if seconds > 0.0 { of / seconds } else { 0.0 };
        let flops = share(2.0 * step.macs as f64);
        Self {
            name: step.name.clone(),
            op: step.op.clone(),
            ms: seconds * 1e3,
            macs: step.macs,
            bytes: step.bytes,
            gflops: flops / 1e9,
            peak_share: flops / limits.flops,
            roofline_share: share(step.roofline(limits, threads).as_secs_f64() / threads as f64),
        }
    }
}

impl Answer for Speed {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let Self { net, batch, threads, precision, device, kernels, runs, .. } = self;
        writeln!(to, "{net}: batch {batch}, threads {threads}, {precision} on {device} with {kernels}")?;
        writeln!(to, "  {:.2} ms, median of {runs} runs; {:.1} images/s", self.median_ms, self.images_per_s)?;
        let share = 100.0 * self.peak_share;
        writeln!(to, "  {:.1} GFLOP/s, {share:.0} % of the {:.0} measured here", self.gflops, self.peak_gflops)?;
        if let Some(bytes) = self.peak_rss_bytes {
            writeln!(to, "  {:.0} MiB of memory at most", bytes as f64 / f64::from(1 << 20))?;
        }
        if let Some(ms) = self.cold_start_ms {
            writeln!(to, "  {ms:.0} ms from the start of a process to its first result")?;
        }
        if let Some(Rates { views_per_s, answers_per_s }) = &self.from_files {
            writeln!(to, "  from files: {views_per_s:.0} views/s, {answers_per_s:.0} answers/s")?;
        }
        self.layers.as_ref().map_or(Ok(()), |layers| write_layers(layers, to))
    }
}

fn write_layers(layers: &[Layer], to: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["layer", "op", "ms", "MACs", "bytes", "GFLOP/s", "of peak", "of roofline"]);
    for layer in layers {
        table.row(vec![
            layer.name.clone(),
            layer.op.clone(),
            format!("{:.3}", layer.ms),
            grouped(layer.macs),
            grouped(layer.bytes),
            format!("{:.1}", layer.gflops),
            format!("{:.0}%", 100.0 * layer.peak_share),
            format!("{:.0}%", 100.0 * layer.roofline_share),
        ]);
    }
    table.write(to)
}
