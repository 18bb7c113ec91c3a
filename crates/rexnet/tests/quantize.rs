//! `rexnet quantize`, and int8 in the verbs that run models.

mod support;

use rexnet_weights::ModelFile;
use support::models::{put_picture, save, small_net};
use support::rexnet_in;
use tempfile::{TempDir, tempdir};

/// Pictures of two classes to learn from and to judge on, and a model of fresh weights that knows them.
fn folder() -> TempDir {
    let folder = tempdir().expect("a folder");
    save(&folder.path().join("net.safetensors"), small_net(2), Some(&["day", "night"]));
    for i in 0..6 {
        for (split, shift) in [("train", 0), ("val", 3)] {
            let place = |class: &str| folder.path().join(format!("data/{split}/{class}/{i}.png"));
            put_picture(&place("day"), [200 + shift, 40 * i, 90]);
            put_picture(&place("night"), [30 + shift, 20, 40 * i]);
        }
    }
    folder
}

const QUANTIZE: [&str; 6] = ["quantize", "net.safetensors", "--calib", "data", "--out", "q.safetensors"];

#[test]
fn a_quantised_file_keeps_its_tensors_and_runs_in_every_precision() {
    let folder = folder();
    let said = rexnet_in(folder.path(), &[&QUANTIZE[..], &["--json"]].concat()).json();
    assert_eq!(
        (said["count"].as_u64(), said["layers"].as_u64()),
        (Some(12), said["costs"].as_array().map(|c| c.len() as u64))
    );
    assert!(said["calibrated"].as_str().is_some_and(|text| text.contains("(train), 12")), "{said}");
    assert!(said["evaluated"].as_str().is_some_and(|text| text.contains("(val)")), "{said}");
    let open = |name: &str| ModelFile::open(folder.path().join(name)).expect("a model file");
    let (before, after) = (open("net.safetensors"), open("q.safetensors"));
    let tensors = |file: &ModelFile| file.binding().expect("its network's").tensors().expect("readable");
    assert_eq!(tensors(&before), tensors(&after));
    let ranges = after.meta.quantization.expect("ranges").ranges;
    assert!(ranges.values().all(|[low, high]| low < high && *low <= 0.0), "{ranges:?}");
    let logits = |model: &str, precision: &str| {
        let args = ["predict", "data/val/day/0.png", "-m", model, "--precision", precision, "--logits", "--json"];
        let said = rexnet_in(folder.path(), &args).json();
        let logits = said["logits"].as_array().expect("logits").iter();
        logits.map(|x| x.as_f64().expect("a number")).collect::<Vec<_>>()
    };
    let (exact, int8) = (logits("q.safetensors", "f32"), logits("q.safetensors", "int8"));
    assert_eq!(exact, logits("net.safetensors", "f32"));
    assert_ne!(exact, int8, "int8 was asked for");
    let largest = exact.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    assert!(exact.iter().zip(&int8).all(|(a, b)| (a - b).abs() <= 0.2 * largest), "{exact:?} {int8:?}");
}

#[test]
fn top1_beside_f32_s_is_what_eval_finds_in_each_precision() {
    let folder = folder();
    let said = rexnet_in(folder.path(), &[&QUANTIZE[..], &["--eval", "data:train", "--json"]].concat()).json();
    for (precision, key) in [("f32", "top1_f32"), ("int8", "top1_int8")] {
        let args = ["eval", "data:train", "-m", "q.safetensors", "--precision", precision, "--json"];
        assert_eq!(rexnet_in(folder.path(), &args).json()["top1"], said[key], "{precision}");
    }
}

#[test]
fn layers_are_kept_by_name_and_by_cost() {
    let folder = folder();
    let all = rexnet_in(folder.path(), &[&QUANTIZE[..], &["--json"]].concat()).json();
    let layer = |at: usize| all["costs"][at]["layer"].as_str().expect("a name");
    let (worst, named) = (layer(0), layer(3));
    let more = ["--force", "--keep-worst", "1", "--keep", named, "--json"];
    let said = rexnet_in(folder.path(), &[&QUANTIZE[..], &more].concat()).json();
    let mut kept = [worst, named];
    kept.sort_unstable();
    assert_eq!(said["kept"], serde_json::json!(kept));
    assert_eq!(said["layers"].as_u64(), all["layers"].as_u64().map(|n| n - 2));
    let file = ModelFile::open(folder.path().join("q.safetensors")).expect("a model file");
    assert!(file.meta.quantization.expect("ranges").keep.iter().eq(kept));
    let said = rexnet_in(folder.path(), &[&QUANTIZE[..], &["--force", "--keep", "head.cf"]].concat());
    assert!(said.code == 2 && said.stderr.contains("help:"), "{}", said.stderr);
}

#[test]
fn int8_without_ranges_is_refused_with_the_verb_that_finds_them() {
    let folder = folder();
    for args in [&["eval", "data"][..], &["predict", "data/val/day/0.png"]] {
        let said = rexnet_in(folder.path(), &[args, &["-m", "net.safetensors", "--precision", "int8"]].concat());
        assert!(said.code == 1 && said.stderr.contains("rexnet quantize MODEL"), "{}", said.stderr);
    }
}

#[test]
fn what_is_there_already_is_left_alone() {
    let folder = folder();
    std::fs::write(folder.path().join("q.safetensors"), "mine").expect("a writable folder");
    let said = rexnet_in(folder.path(), &QUANTIZE);
    assert!(said.code == 1 && said.stderr.contains("--force"), "{}", said.stderr);
    assert_eq!(std::fs::read(folder.path().join("q.safetensors")).expect("the file"), b"mine");
}

#[test]
fn networks_are_measured_in_int8_with_ranges_of_one_picture() {
    let folder = tempdir().expect("a folder");
    let args = ["bench", "cifar_a_best", "--precision", "int8", "--seconds", "0.01", "--cold", "--json"];
    let said = rexnet_in(folder.path(), &args).json();
    assert_eq!(said["precision"], "int8");
    assert!(said["cold_start_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{said}");
}
