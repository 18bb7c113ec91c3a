//! `rexnet bench`.
#![allow(clippy::print_stderr, reason = "tests say what they lack")]

mod support;

use rexnet_spec::NetSpec;
use rexnet_weights::{ModelFile, ModelMeta, init};
use serde_json::Value;
use support::models::put_picture;
use support::{rexnet, rexnet_in};

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("`{key}` of {row}"))
}

#[test]
fn json_has_the_documented_keys_and_numbers_that_fit_each_other() {
    let row = rexnet(&["bench", "cifar_a_best", "--batch", "3", "--threads", "2", "--seconds", "0", "--json"]).json();
    assert_eq!(
        (&row["net"], &row["precision"], &row["device"]),
        (&"cifar_a_best".into(), &"f32".into(), &"cpu".into())
    );
    assert_eq!((number(&row, "batch"), number(&row, "threads"), number(&row, "runs")), (3.0, 2.0, 5.0));
    assert!(["portable", "avx2", "avx512"].contains(&row["kernels"].as_str().unwrap()), "{row}");
    let ms = number(&row, "median_ms");
    assert!((number(&row, "images_per_s") * ms / 3000.0 - 1.0).abs() < 1e-9, "{row}");
    let macs = rexnet(&["info", "cifar_a_best", "--json"]).json()["macs"].as_f64().unwrap();
    assert!((number(&row, "gflops") * ms * 1e6 / (2.0 * 3.0 * macs) - 1.0).abs() < 1e-9, "{row}");
    assert!(number(&row, "peak_share") > 0.0, "{row}");
    assert!(!cfg!(target_os = "linux") || number(&row, "peak_rss_bytes") > 1e6, "{row}");
    assert!(row.get("cold_start_ms").is_none() && row.get("layers").is_none(), "{row}");
}

#[test]
fn a_profile_has_every_multiply_add_of_the_network() {
    let row = rexnet(&["bench", "cifar_a_best", "--seconds", "0", "--profile", "--json"]).json();
    let layers = row["layers"].as_array().unwrap();
    let macs: f64 = layers.iter().map(|layer| number(layer, "macs")).sum();
    assert_eq!(macs, rexnet(&["info", "cifar_a_best", "--json"]).json()["macs"].as_f64().unwrap());
    for key in ["ms", "bytes", "gflops", "peak_share", "roofline_share"] {
        assert!(layers.iter().all(|layer| number(layer, key) >= 0.0), "{key}");
    }
}

#[test]
fn a_cold_start_is_longer_than_a_warm_run_and_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["bench", "cifar_a_best", "--seconds", "0", "--cold", "--json"];
    let said = std::process::Command::new(env!("CARGO_BIN_EXE_rexnet"))
        .args(args)
        .env("TMPDIR", folder.path())
        .output()
        .expect("the binary runs");
    let row: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    assert!(number(&row, "cold_start_ms") > number(&row, "median_ms"), "{row}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn pictures_are_timed_from_their_files_on() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..3 {
        put_picture(&folder.path().join(format!("pictures/{i}.png")), [i, 9, 200]);
    }
    let args = ["bench", "cifar_a_best", "--seconds", "0", "--pictures", "pictures", "--json"];
    let row = rexnet_in(folder.path(), &args).json();
    assert!(number(&row, "views_per_s") > 0.0 && number(&row, "answers_per_s") > 0.0, "{row}");
    let said = rexnet_in(folder.path(), &["bench", "cifar_a_best", "--seconds", "0", "--pictures", "none"]);
    assert!(said.code == 1 && said.stderr.contains("none: no picture"), "{}", said.stderr);
}

#[test]
fn several_networks_get_a_line_each_and_text_says_kernels_and_threads() {
    let text = rexnet(&["bench", "cifar_a_best", "cifar_b_best", "--threads", "1", "--seconds", "0", "--json"]).ok();
    assert_eq!(text.lines().count(), 2, "{text}");
    let text = rexnet(&["bench", "cifar_a_best", "--threads", "1", "--seconds", "0", "--profile"]).ok();
    assert!(text.starts_with("cifar_a_best: batch 1, threads 1, f32 on cpu with "), "{text}");
    assert!(text.contains("measured here") && text.contains("stem.conv"), "{text}");
}

#[test]
fn a_model_file_is_run_with_its_own_weights_and_at_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let net = NetSpec::named("cifar_a_best").unwrap();
    for seed in [0, 1] {
        let path = folder.path().join(format!("{seed}.safetensors"));
        ModelFile::save(path, &ModelMeta::new(net.clone()), &init(&net, seed).unwrap()).unwrap();
    }
    let logit = |model: &str, size: &str| {
        let row = rexnet_in(folder.path(), &["bench", model, "--once", "--size", size, "--json"]).json();
        number(&row, "first_logit")
    };
    assert_eq!(logit("0.safetensors", "32"), logit("cifar_a_best", "32x32"));
    assert_ne!(logit("0.safetensors", "32"), logit("1.safetensors", "32"));
    assert_ne!(logit("0.safetensors", "32"), logit("0.safetensors", "40x32"));
}

#[test]
fn bf16_runs_or_says_what_the_processor_lacks() {
    let said = rexnet(&["bench", "cifar_a_best", "--seconds", "0", "--precision", "bf16", "--json"]);
    if said.code == 0 {
        let row = said.json();
        assert_eq!(row["precision"], "bf16");
        assert!(["amx", "avx512bf16"].contains(&row["kernels"].as_str().unwrap()), "{row}");
    } else {
        eprintln!("NOT RUN: this machine has no bf16");
        assert!(said.stderr.contains("AVX-512 BF16"), "{}", said.stderr);
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (args, what) in [
        (&["bench"][..], "NET|MODEL"),
        (&["bench", "rexnet_10"], "rexnet_100"),
        (&["bench", "rexnet_100", "--batch", "0"], "--batch"),
        (&["bench", "rexnet_100", "--seconds", "4e9"], "--seconds"),
    ] {
        let said = rexnet(args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.stderr);
        assert!(said.stderr.contains(what), "{args:?}: {}", said.stderr);
    }
}
