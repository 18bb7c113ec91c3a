//! `rexnet eval DATA -m MODEL`: how good a model is on pictures of known classes.

use std::io::{self, Write};

use clap::Args;
use rexnet::{Evaluation, Model, Result, align, evaluate, preparation};
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
}

#[derive(Serialize)]
struct Report {
    #[serde(skip)]
    data: String,
    #[serde(flatten)]
    scores: Scores,
    skipped: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip)]
    classes: Vec<String>,
    #[serde(skip)]
    confused: Vec<(usize, usize, u64)>,
}

pub(crate) fn run(request: &Request, common: &Common, out: &mut Out) -> Result<()> {
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
        if request.fit_temperature {
            kept.0.extend_from_slice(logits);
            kept.1.push(dataset.samples[at].label);
        }
    })?;
    bar.finish_and_clear();
    for (name, error) in seen.skipped.iter().take(10) {
        out.note(format_args!("skipped {name}: {error}"));
    }
    let mut temperature = None;
    if request.fit_temperature {
        temperature = store_temperature(request, fit_temperature(&kept.0, &kept.1, model.classes()), out)?;
    }
    out.emit(&Report::new(format!("{} ({split})", request.data), &model, &dataset.classes, &seen, temperature))
}

fn store_temperature(request: &Request, found: Option<f32>, out: &Out) -> Result<Option<f32>> {
    let Some(temperature) = found else {
        out.note("no temperature: the loss is not finite, or no picture could be read");
        return Ok(None);
    };
    request.model.rewrite(|meta| meta.temperature = Some(temperature))?;
    Ok(found)
}

impl Report {
    fn new(data: String, model: &Model, classes: &[String], seen: &Evaluation, temperature: Option<f32>) -> Self {
        let n = model.classes();
        let pairs = (0..n).flat_map(|label| (0..n).map(move |predicted| (label, predicted)));
        let mut confused: Vec<_> = pairs
            .filter(|(label, predicted)| label != predicted)
            .map(|(label, predicted)| (label, predicted, seen.tally.at(label, predicted)))
            .filter(|&(.., count)| count > 0)
            .collect();
        confused.sort_by_key(|&(label, predicted, count)| (std::cmp::Reverse(count), label, predicted));
        confused.truncate(SHOWN);
        let classes = model.meta().classes.clone().unwrap_or_else(|| classes.to_vec());
        Self { data, scores: seen.tally.scores(), skipped: seen.skipped.len(), temperature, classes, confused }
    }

    fn name(&self, class: usize) -> String {
        self.classes.get(class).cloned().unwrap_or_else(|| format!("class {class}"))
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
                self.name(class),
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
            for &(label, predicted, count) in &self.confused {
                table.row(vec![self.name(label), self.name(predicted), count.to_string()]);
            }
            table.write(to)?;
        }
        Ok(())
    }
}
