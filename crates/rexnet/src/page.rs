//! What `report.html` shows: a run's curves, an evaluation, and pictures with what the model saw in them.

use std::io::Write;
use std::path::Path;

use rexnet_report::{Cell, Chart, Confusion, Facts, Page, Picture, Pictures, Reliability, ReliabilityBin, Table};
use rexnet_spec::Interpolation;
use rexnet_vision::Decode;
use rexnet_vision::data::Dataset;
use rexnet_vision::picture::Filter;
use rexnet_weights::write_atomic;

use crate::{Answer, Error, Evaluation, Result};

/// Classes whose confusion matrix can still be read; of more, the most frequent confusions are listed.
const READABLE: usize = 60;
/// Rows of a list that could be of any length.
const LISTED: usize = 50;
/// Pictures: as many wrong answers as right ones, where there are.
const PICTURES: usize = 24;
/// Longer side of a picture on the page, in pixels.
const THUMB: usize = 160;

/// Adds a chart for each measure that a run's `metrics.csv` has, over epochs.
/// # Errors
/// A file that cannot be read or has no `epoch`.
pub fn add_curves(page: &mut Page, metrics: &Path) -> Result<()> {
    let failed = |error: csv::Error| Error::failed(format!("{}: {error}", metrics.display()), "");
    let mut reader = csv::Reader::from_path(metrics).map_err(failed)?;
    let head = reader.headers().map_err(failed)?.clone();
    let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let column = |name: &str| -> Option<Vec<f64>> {
        let at = head.iter().position(|column| column == name)?;
        Some(rows.iter().map(|row| row.get(at).and_then(|cell| cell.parse().ok()).unwrap_or(f64::NAN)).collect())
    };
    let epochs = column("epoch")
        .ok_or_else(|| Error::failed(format!("{}: no column `epoch`", metrics.display()), "the run wrote another"))?;
    page.section("Training");
    for (title, unit, lines) in CURVES {
        let measured = |(name, label): &(&str, &'static str)| {
            let values = column(name).filter(|values| values.iter().any(|value| value.is_finite()))?;
            Some((*label, values))
        };
        let mut lines = lines.iter().filter_map(measured).peekable();
        if lines.peek().is_some() {
            let chart = lines.fold(Chart::new(title, "epoch", unit), |chart, (label, values)| {
                chart.line(label, epochs.iter().copied().zip(values))
            });
            page.add(&chart);
        }
    }
    Ok(())
}

/// A chart: its title, its unit, and its lines as columns of `metrics.csv` with their labels.
type Curve = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const CURVES: [Curve; 3] = [
    ("Loss", "cross entropy", &[("loss", "training"), ("val_loss", "validation")]),
    (
        "Top-1",
        "percent",
        &[("train_top1", "training"), ("top1", "validation"), ("raw_top1", "validation, before averaging")],
    ),
    ("Rate", "learning rate", &[("lr", "rate")]),
];

/// Adds scores, classes, confusions and calibration.
pub fn add_evaluation(page: &mut Page, seen: &Evaluation) {
    let scores = seen.tally.scores();
    let show = |value: Option<f64>, digits: usize| value.map_or("–".into(), |value| format!("{value:.digits$}"));
    page.section("Evaluation");
    page.add(
        &Facts::new()
            .row("pictures", scores.count.to_string())
            .row("skipped", seen.skipped.len().to_string())
            .row("top-1, percent", show(scores.top1, 2))
            .row("top-5, percent", show(scores.top5, 2))
            .row("loss", show(scores.loss, 4))
            .row("calibration error", show(scores.ece, 4))
            .row(format!("mean recall over {} classes", scores.defined), show(scores.mean_recall, 4)),
    );
    page.section("Classes");
    let table = Table::new("Each class", ["class", "pictures", "recall", "precision"]);
    page.add(&seen.classes.iter().zip(&scores.per_class).fold(table, |table, (name, class)| {
        let count = Cell::Number(Some(class.count as f64));
        table.row([Cell::Text(name.clone()), count, Cell::Share(class.recall), Cell::Share(class.precision)])
    }));
    add_confusions(page, seen);
    page.section("Calibration");
    page.add(&Reliability::new(seen.tally.calibration().bins.iter().map(|bin| ReliabilityBin {
        count: bin.count,
        confidence: bin.confidence / bin.count as f64,
        accuracy: bin.right as f64 / bin.count as f64,
    })));
    if !seen.skipped.is_empty() {
        page.section("Skipped pictures");
        let table = Table::new("Not read", ["picture", "what is wrong"]);
        page.add(
            &seen
                .skipped
                .iter()
                .take(LISTED)
                .fold(table, |table, (name, error)| table.row([Cell::Text(name.clone()), Cell::Text(error.clone())])),
        );
    }
}

fn add_confusions(page: &mut Page, seen: &Evaluation) {
    page.section("Confusions");
    if seen.classes.len() <= READABLE {
        page.add(&Confusion::new(seen.classes.clone(), seen.tally.confusion().to_vec()));
        return;
    }
    let table = Table::new("Most frequent", ["class", "taken for", "pictures"]);
    page.add(&seen.confused().into_iter().take(LISTED).fold(table, |table, (label, class, count)| {
        let names = [label, class].map(|class| Cell::Text(seen.classes[class].clone()));
        table.row(names.into_iter().chain([Cell::Number(Some(count as f64))]))
    }));
}

/// Adds pictures of `dataset` with what the model said: its surest mistakes, and right answers from first to last.
pub fn add_pictures(page: &mut Page, seen: &Evaluation, dataset: &Dataset, rules: &Decode) {
    page.section("Pictures");
    page.add(
        &chosen(&seen.answers)
            .into_iter()
            .filter_map(|answer| picture(answer, seen, dataset, rules))
            .collect::<Pictures>(),
    );
}

fn chosen(answers: &[Answer]) -> Vec<&Answer> {
    let (right, mut wrong): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.class == answer.label);
    wrong.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.sample.cmp(&b.sample)));
    wrong.truncate((PICTURES / 2).max(PICTURES.saturating_sub(right.len())));
    let step = right.len().div_ceil(PICTURES - wrong.len()).max(1);
    wrong.extend(right.into_iter().step_by(step));
    wrong
}

/// A picture and what was said to it; none where it has gone since it was evaluated.
fn picture(answer: &Answer, seen: &Evaluation, dataset: &Dataset, rules: &Decode) -> Option<Picture> {
    let source = &dataset.samples[answer.sample].source;
    let whole = source.read(rules).ok()?;
    let longer = whole.width().max(whole.height()).max(THUMB);
    let [width, height] = [whole.width(), whole.height()].map(|side| (side * THUMB / longer).max(1));
    let small = whole.resize(width, height, Filter::pillow(Interpolation::Bilinear));
    let Answer { label, class, score, .. } = *answer;
    let caption = format!("{} {:.0} %", seen.classes[class], 100.0 * score);
    let detail = if class == label { source.name().into_owned() } else { format!("is {}", seen.classes[label]) };
    Some(Picture::png(small.to_png(), source.name()).caption(caption, detail).mark(class == label))
}

/// Writes the page, atomically.
/// # Errors
/// The file system's.
pub fn save(page: &Page, path: &Path) -> Result<()> {
    write_atomic::<std::io::Error>(path, |file| file.write_all(page.to_html().as_bytes())).map_err(Error::file(path))
}
