//! Measures equal PyTorch's and NumPy's; `tools/fixtures_score.py` wrote the numbers.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use proptest::prelude::*;
use rexnet_score::{Tally, fit_temperature, softmax};
use rexnet_testkit::uniform;
use serde_json::Value;

const CLASSES: usize = 12;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/scores.json")).unwrap()
}

fn labels(fixture: &Value) -> Vec<usize> {
    serde_json::from_value(fixture["labels"].clone()).unwrap()
}

fn tally(batch: usize) -> Tally {
    let (logits, labels) = (uniform("logits", 400 * CLASSES, -4.0, 4.0), labels(&fixture()));
    let mut tally = Tally::new(CLASSES);
    for (logits, labels) in logits.chunks(batch * CLASSES).zip(labels.chunks(batch)) {
        tally.add(logits, labels);
    }
    tally
}

#[test]
fn counts_loss_and_calibration_are_those_of_pytorch() {
    let (tally, theirs) = (tally(400), fixture());
    let scores = tally.scores();
    assert_eq!(tally.right(), theirs["right"].as_u64().unwrap());
    assert_eq!(tally.right_in_five(), theirs["right_in_five"].as_u64().unwrap());
    assert!((scores.loss.unwrap() - theirs["loss"].as_f64().unwrap()).abs() < 1e-9);
    assert!((scores.ece.unwrap() - theirs["ece"].as_f64().unwrap()).abs() < 1e-7);
    let confusion: Vec<u64> = serde_json::from_value(theirs["confusion"].clone()).unwrap();
    assert_eq!(tally.confusion(), confusion);
    assert_eq!(tally.at(3, 5), confusion[3 * CLASSES + 5]);
}

#[test]
fn what_a_class_lacks_is_absent_and_means_say_over_how_many_they_run() {
    let (scores, theirs) = (tally(400).scores(), fixture());
    let near = |ours: Option<f64>, theirs: &Value| match (ours, theirs.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-6,
        (a, b) => a == b,
    };
    for (at, class) in scores.per_class.iter().enumerate() {
        assert!(near(class.recall, &theirs["recall"][at]), "recall of {at}");
        assert!(near(class.precision, &theirs["precision"][at]), "precision of {at}");
    }
    assert_eq!((scores.defined, scores.per_class[CLASSES - 1].recall), (CLASSES - 1, None));
    assert!(near(scores.mean_recall, &theirs["mean_recall"]));
    assert!(near(scores.mean_precision, &theirs["mean_precision"]));
    assert_eq!(scores.predicted as u64, theirs["predicted"].as_u64().unwrap());
}

#[test]
fn batches_do_not_matter() {
    for batch in [1, 7, 64] {
        assert_eq!(tally(batch), tally(400), "batches of {batch}");
    }
}

#[test]
fn five_classes_or_fewer_have_no_top5() {
    let mut tally = Tally::new(3);
    tally.add(&[3.0, 2.0, 1.0], &[2]);
    let scores = tally.scores();
    assert_eq!((scores.top1, scores.top5), (Some(0.0), None));
}

#[test]
fn nothing_gathered_is_absent_everywhere() {
    let scores = Tally::new(7).scores();
    assert_eq!((scores.top1, scores.top5, scores.loss, scores.ece, scores.mean_recall), (None, None, None, None, None));
}

#[test]
fn a_picture_without_probabilities_is_wrong_whatever_its_label_and_shows_in_the_loss() {
    let mut one_nan = [0.0; 6];
    one_nan[5] = f32::NAN;
    let mut infinite = [0.0; 6];
    infinite[2] = f32::INFINITY;
    for logits in [[f32::NAN; 6], one_nan, infinite, [f32::NEG_INFINITY; 6]] {
        for label in 0..6 {
            let mut tally = Tally::new(6);
            tally.add(&logits, &[label]);
            let scores = tally.scores();
            assert_eq!((tally.right(), tally.right_in_five(), tally.count()), (0, 0, 1), "{logits:?}, {label}");
            assert_eq!(
                (scores.per_class[label].count, scores.predicted, scores.undecided),
                (1, 0, 1),
                "{logits:?}, {label}"
            );
            assert!(scores.loss.unwrap().is_nan() && scores.ece.is_none(), "{logits:?}, {label}");
        }
    }
}

#[test]
fn of_equal_logits_the_lower_class_stands_first() {
    for (label, right, in_five) in [(0, 1, 1), (1, 0, 1), (4, 0, 1), (5, 0, 0)] {
        let mut tally = Tally::new(6);
        tally.add(&[1.0; 6], &[label]);
        assert_eq!((tally.right(), tally.right_in_five()), (right, in_five), "label {label}");
    }
}

#[test]
fn a_temperature_calibrates_and_moves_no_class() {
    let fixture = fixture();
    let (logits, labels) = (uniform("logits", 400 * CLASSES, -4.0, 4.0), labels(&fixture));
    let mut tally = Tally::new(CLASSES).with_temperature(fixture["temperature"].as_f64().unwrap() as f32);
    tally.add(&logits, &labels);
    let (scores, plain) = (tally.scores(), self::tally(400).scores());
    assert!((scores.loss.unwrap() - fixture["tempered"]["loss"].as_f64().unwrap()).abs() < 1e-6);
    assert!((scores.ece.unwrap() - fixture["tempered"]["ece"].as_f64().unwrap()).abs() < 1e-6);
    assert_eq!((scores.top1, scores.top5, scores.per_class), (plain.top1, plain.top5, plain.per_class));
}

#[test]
fn the_temperature_is_the_least_of_the_loss() {
    let fixture = fixture();
    let logits = uniform("logits", 400 * CLASSES, -4.0, 4.0);
    let ours = f64::from(fit_temperature(&logits, &labels(&fixture), CLASSES).unwrap());
    assert!((ours / fixture["temperature"].as_f64().unwrap() - 1.0).abs() < 1e-4, "{ours}");
    assert_eq!(fit_temperature(&[f32::NAN; 12], &[0], CLASSES), None);
    assert_eq!(fit_temperature(&[], &[], CLASSES), None);
}

proptest! {
    #[test]
    fn probabilities_sum_to_one(logits in prop::collection::vec(-80f32..80.0, 1..40), temperature in 0.1f32..10.0) {
        let sum: f32 = softmax(&logits, temperature).iter().sum();
        prop_assert!((sum - 1.0).abs() < 1e-5);
    }
}
