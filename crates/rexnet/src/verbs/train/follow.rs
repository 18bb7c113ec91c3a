//! A training on its way: what is told, how it is stopped, what is written when it has ended.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use rexnet::{Error, Model, Result, Run, evaluate, page, preparation};
use rexnet_report::Page;
use rexnet_train::{Job, News, Outcome, Row, fit};
use rexnet_vision::data::Dataset;
use rexnet_weights::ModelFile;

use crate::cli::Common;
use crate::out::Out;

/// Trains, and tells how it goes. The first Ctrl-C (or SIGTERM) saves and ends, the second ends at once.
pub(crate) fn follow(job: Job, out: &Out) -> Result<Outcome> {
    let (bar, folder) = (out.progress(0), job.conduct.out.clone());
    out.note(format_args!(
        "{}: {} pictures, {} classes, {} epochs, into {}",
        job.record.net.name,
        job.record.train_pictures,
        job.record.net.classes,
        job.record.recipe.epochs,
        folder.display(),
    ));
    let stopped = stopper()?;
    let outcome = fit(job, &|| stopped.load(Ordering::Relaxed), &mut |news| tell(&news, &bar, out))?;
    bar.finish_and_clear();
    if outcome.interrupted {
        out.note(format_args!("saved; go on with: {}", again(&folder)));
    }
    Ok(outcome)
}

fn tell(news: &News, bar: &ProgressBar, out: &Out) {
    // The bar is locked while it is suspended, so it moves outside.
    let note = |text: &dyn std::fmt::Display| bar.suspend(|| out.note(text));
    let detail = |text: &dyn std::fmt::Display| bar.suspend(|| out.detail(text));
    match news {
        News::Begun { update, updates } => {
            bar.set_length(*updates);
            bar.set_position(*update);
            if *update > 0 {
                note(&format_args!("goes on behind step {update} of {updates}"));
            }
        }
        News::Step { update, loss } => {
            bar.set_position(*update);
            detail(&format_args!("step {update}  loss {loss:.4}"));
        }
        News::Skipped { update } => note(&format_args!("step {update} was not finite; it changed nothing")),
        News::Epoch(row) => note(&line(row)),
        News::Broken(name) => note(&format_args!("left out {name}, which cannot be read")),
        News::Saved(path) => detail(&format_args!("saved {}", path.display())),
    }
}

fn line(row: &Row) -> String {
    let percent =
        |name: &str, share: Option<f64>| share.map_or(String::new(), |share| format!("  {name} {share:.2} %"));
    let Row { epoch, lr, loss, train_top1, images_per_s, .. } = row;
    let (top1, top5) = (percent("top-1", row.top1), percent("top-5", row.top5));
    let raw = percent("before averaging", row.raw_top1);
    format!(
        "epoch {epoch:3}  loss {loss:.4}  training top-1 {train_top1:.2} %{top1}{top5}{raw}  lr {lr:.2e}  {images_per_s:.0} pictures/s"
    )
}

/// Raised by the first signal to end.
fn stopper() -> Result<&'static AtomicBool> {
    static STOP: AtomicBool = AtomicBool::new(false);
    static SET: OnceLock<Option<String>> = OnceLock::new();
    let failure = SET.get_or_init(|| {
        let handler = || {
            if STOP.swap(true, Ordering::Relaxed) {
                #[allow(clippy::exit, reason = "asked twice to end at once")]
                std::process::exit(130);
            }
        };
        ctrlc::set_handler(handler).err().map(|error| error.to_string())
    });
    match failure {
        None => Ok(&STOP),
        Some(error) => Err(Error::failed(format!("no handler for Ctrl-C: {error}"), "")),
    }
}

/// The command that continues this one.
fn again(folder: &Path) -> String {
    let mut words: Vec<String> = std::env::args().map(|word| quoted(&word)).collect();
    if !words.iter().any(|word| word == "--resume") {
        words.push("--resume".into());
    }
    if !words.iter().any(|word| word == "--out" || word.starts_with("--out=")) {
        words.extend(["--out".into(), quoted(&folder.to_string_lossy())]);
    }
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Writes the run's `report.html`: its curves, and what its best model makes of the pictures to validate on.
pub(crate) fn write_report(folder: &Path, val: &Dataset, common: &Common, out: &Out) -> Result<()> {
    let path = folder.join("report.html");
    let model = ModelFile::open(folder.join("best.safetensors"))?;
    let mut model = Model::new(&model, &Run { threads: Some(common.threads()), ..Run::default() })?;
    let mut page = Page::new(folder.display().to_string(), preparation(&model.meta().spec.input));
    page::add_curves(&mut page, &folder.join("metrics.csv"))?;
    if !val.samples.is_empty() {
        let seen = evaluate(&mut model, val, &mut |_, _| {})?;
        page::add_evaluation(&mut page, &seen);
        page::add_pictures(&mut page, &seen, val, model.decode());
    }
    page::save(&page, &path)?;
    out.note(format_args!("wrote {}", path.display()));
    Ok(())
}
