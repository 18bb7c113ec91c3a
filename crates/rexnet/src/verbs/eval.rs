//! `rexnet eval DATA -m MODEL`: how good a model is on pictures of known classes.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use rexnet::{Error, Evaluation, Result, align, annotate, evaluate, page, preparation};
use rexnet_report::Page;
use rexnet_score::{ClassScore, Scores, fit_temperature};
use serde::Serialize;

use crate::args::{DataArg, ModelArg};
use crate::cli::Common;
use crate::out::{Answer, Out};
use crate::table::Table;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet eval flowers:test -m runs/flowers-1\n  rexnet eval photos.csv -m tf_efficientnet_lite0 --weights lite0.pth --ignore-exif --json"
)]
pub(crate) struct Request {
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    model: ModelArg,
    /// Find the temperature that calibrates the model on these pictures, and store it in the model file
    #[arg(long)]
    fit_temperature: bool,
    /// Write a page with scores, classes, confusions, calibration and pictures
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    data: String,
    #[serde(flatten)]
    scores: Scores,
    skipped: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    /// Names of the classes that `per_class` counts.
    classes: Vec<String>,
    confused: Vec<Confused>,
}

/// A class and what its pictures were taken for.
#[derive(Serialize)]
struct Confused {
    class: String,
    taken_for: String,
    count: u64,
}

pub(crate) fn run(request: &Request, common: &Common, out: &mut Out) -> Result<()> {
    let to_change = if request.fit_temperature { Some(request.model.own()?) } else { None };
    let mut model = request.model.open(common, out)?;
    let (split, dataset) = request.data.open()?.for_eval()?;
    out.passed_over(&request.data, &dataset.report);
    for class in dataset.empty_classes().into_iter().filter(|_| !dataset.numbered) {
        out.note(format_args!("no picture of class `{class}`; it is left out of the means"));
    }
    let dataset = align(dataset, &model)?;
    out.note(preparation(&model.meta().spec.input).trim_end());
    let mut kept = (Vec::new(), Vec::new());
    let bar = out.progress(dataset.samples.len());
    let seen = evaluate(&mut model, &dataset, &mut |at, logits| {
        bar.set_position(at as u64 + 1);
        if to_change.is_some() {
            kept.0.extend_from_slice(logits);
            kept.1.push(dataset.samples[at].label);
        }
    })?;
    bar.finish_and_clear();
    for (name, error) in seen.skipped.iter().take(SHOWN) {
        out.note(format_args!("skipped {name}: {error}"));
    }
    if seen.skipped.len() > SHOWN {
        let more = seen.skipped.len() - SHOWN;
        out.note(format_args!("skipped {more} more; `rexnet data check {}` lists all", request.data));
    }
    let mut temperature = None;
    if let Some(file) = to_change {
        temperature = store_temperature(file, fit_temperature(&kept.0, &kept.1, model.classes()), out)?;
    }
    let data = format!("{} ({split})", request.data);
    out.emit(&Report::new(data.clone(), &seen, temperature))?;
    if let Some(path) = &request.report {
        let mut page = Page::new(data, preparation(&model.meta().spec.input));
        page::add_evaluation(&mut page, &seen);
        page::add_pictures(&mut page, &seen, &dataset, model.decode());
        page::save(&page, path)?;
        out.note(format_args!("wrote {}", path.display()));
    }
    if seen.answers.is_empty() {
        return Err(Error::failed("no picture could be read", "`rexnet data check` says what is wrong with each"));
    }
    Ok(())
}

fn store_temperature(file: &OsStr, found: Option<f32>, out: &Out) -> Result<Option<f32>> {
    let Some(temperature) = found else {
        out.note("no temperature: the loss is not finite, or no picture could be read");
        return Ok(None);
    };
    annotate(file, |meta| meta.temperature = Some(temperature))?;
    Ok(found)
}

impl Report {
    fn new(data: String, seen: &Evaluation, temperature: Option<f32>) -> Self {
        let classes = seen.classes.clone();
        let confused = seen.confused().into_iter().map(|(label, class, count)| Confused {
            class: classes[label].clone(),
            taken_for: classes[class].clone(),
            count,
        });
        let confused = confused.collect();
        Self { data, scores: seen.tally.scores(), skipped: seen.skipped.len(), temperature, classes, confused }
    }
}

/// Rows of a list for people.
const SHOWN: usize = 10;

impl Answer for Report {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let scores = &self.scores;
        let show = |value: Option<f64>, digits: usize| value.map_or("–".into(), |v| format!("{v:.digits$}"));
        writeln!(to, "{}: {} pictures, {} skipped", self.data, scores.count, self.skipped)?;
        writeln!(
            to,
            "top-1 {} %   top-5 {} %   loss {}   ECE {}   mean recall {} over {} classes",
            show(scores.top1, 2),
            show(scores.top5, 2),
            show(scores.loss, 4),
            show(scores.ece, 4),
            show(scores.mean_recall, 4),
            scores.defined,
        )?;
        if scores.undecided > 0 {
            writeln!(to, "{} pictures have logits that are not finite; they count as wrong", scores.undecided)?;
        }
        if let Some(temperature) = self.temperature {
            writeln!(to, "temperature {temperature:.4}, stored in the model file")?;
        }
        let mut worst: Vec<(usize, &ClassScore)> =
            scores.per_class.iter().enumerate().filter(|(_, class)| class.recall.is_some()).collect();
        worst.sort_by(|(_, a), (_, b)| a.recall.partial_cmp(&b.recall).unwrap_or(std::cmp::Ordering::Equal));
        let shown = worst.len().min(SHOWN);
        writeln!(to, "\n{}", if shown < worst.len() { "Classes of least recall" } else { "Classes" })?;
        let mut table = Table::new(&["class", "pictures", "right", "recall", "precision"]);
        for (class, score) in worst.into_iter().take(shown) {
            table.row(vec![
                self.classes[class].clone(),
                score.count.to_string(),
                score.right.to_string(),
                show(score.recall, 3),
                show(score.precision, 3),
            ]);
        }
        table.write(to)?;
        if !self.confused.is_empty() {
            writeln!(to, "\nMost confused")?;
            let mut table = Table::new(&["class", "taken for", "pictures"]);
            for Confused { class, taken_for, count } in self.confused.iter().take(SHOWN) {
                table.row(vec![class.clone(), taken_for.clone(), count.to_string()]);
            }
            table.write(to)?;
        }
        Ok(())
    }
}
