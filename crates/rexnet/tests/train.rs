//! `rexnet train` and `rexnet config`.
#![cfg(feature = "train")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::Command;

use rexnet_weights::{ModelFile, Store, safetensors};
use support::models::put;
use support::rexnet_in;
use support::training::{STEPS, folder, train, until};
use tempfile::tempdir;

/// The columns of `metrics.csv` that equal runs share; the others are times.
fn measures(run: &Path) -> Vec<Vec<String>> {
    let mut table = csv::Reader::from_path(run.join("metrics.csv")).expect("a table");
    let head = table.headers().expect("names").clone();
    let kept = ["step", "epoch", "lr", "loss", "top1"].map(|name| head.iter().position(|h| h == name).expect(name));
    table.records().map(|row| row.expect("a row")).map(|row| kept.iter().map(|&at| row[at].into()).collect()).collect()
}

fn checkpoints(run: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(run.join("checkpoints")).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    all.sort();
    all.iter().map(|path| (path.file_name().expect("a name").into(), fs::read(path).expect("bytes"))).collect()
}

#[track_caller]
fn assert_same(run: &Path, reference: &Path, newest_only: bool) {
    for file in ["last.safetensors", "best.safetensors"] {
        assert!(fs::read(run.join(file)).expect(file) == fs::read(reference.join(file)).expect(file), "{file} differs");
    }
    assert_eq!(measures(run), measures(reference));
    let [ours, theirs] = [run, reference].map(checkpoints);
    let from = if newest_only { ours.len() - 1 } else { 0 };
    assert!(ours[from..] == theirs[theirs.len() - (ours.len() - from)..], "checkpoints differ");
}

#[test]
fn eval_and_predict_agree_with_the_loops_own_evaluation() {
    let folder = folder();
    let said = train(folder.path(), &["--out", "run"]).json();
    let run = folder.path().join("run");
    for file in ["run.toml", "events.jsonl", "metrics.csv", "events.out.tfevents.rexnet", "report.html"] {
        assert!(run.join(file).metadata().expect(file).len() > 0, "{file}");
    }
    let mut table = csv::Reader::from_path(run.join("metrics.csv")).expect("a table");
    let at = |name: &str, head: &csv::StringRecord| head.iter().position(|h| h == name).expect("a column");
    let head = table.headers().expect("names").clone();
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    let best = &rows[said["best_epoch"].as_u64().expect("an epoch") as usize - 1];
    let number = |name: &str| best[at(name, &head)].parse::<f64>().expect(name);
    let seen = rexnet_in(folder.path(), &["eval", "shapes", "-m", "run", "--json"]).json();
    assert_eq!((seen["top1"].as_f64(), seen["top5"].as_f64()), (Some(number("top1")), Some(number("top5"))));
    assert_eq!(seen["top1"], said["best_top1"]);
    assert!((seen["loss"].as_f64().expect("a loss") - number("val_loss")).abs() < 1e-5);

    let lines = rexnet_in(folder.path(), &["predict", "shapes/val", "-m", "run", "--json"]).ok();
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let right = lines.iter().filter(|line| {
        let class = line["top"][0]["name"].as_str().expect("a name");
        line["path"].as_str().expect("a path").contains(&format!("/{class}/"))
    });
    assert_eq!(right.count() as f64, seen["top1"].as_f64().expect("percent") * 24.0 / 100.0);
}

#[test]
fn killed_at_any_step_a_run_continues_to_the_same_bytes() {
    let folder = folder();
    let whole = train(folder.path(), &["--out", "whole"]).json();
    let again = train(folder.path(), &["--out", "whole", "--resume"]).json();
    for what in ["epochs", "best_top1", "best_epoch", "last_top1"] {
        assert!(whole[what].is_number() && again[what] == whole[what], "{what}: {} {}", whole[what], again[what]);
    }
    for step in [1, 5, 6, 7, 13, STEPS] {
        let name = format!("killed-{step}");
        let (mut child, _) = until(folder.path(), step, &["--out", &name]);
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        train(folder.path(), &["--out", &name, "--resume"]).ok();
        assert_same(&folder.path().join(name), &folder.path().join("whole"), false);
    }
}

#[test]
fn averages_momenta_and_accumulation_survive_a_kill() {
    let folder = folder();
    let how = ["--set", "optimizer=adamw", "--set", "lr=1e-3", "--set", "ema=0.9", "--set", "accumulate=2"];
    let how =
        [&how[..], &["--set", "drop_path=0.2", "--set", "augment.mixup=0.4", "--set", "augment.erase=0.3"]].concat();
    train(folder.path(), &[&how[..], &["--out", "whole"]].concat()).ok();
    let (mut child, _) = until(folder.path(), 5, &[&how[..], &["--out", "killed"]].concat());
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    // What is not given is taken from the run.
    rexnet_in(folder.path(), &["train", "shapes", "--out", "killed", "--resume"]).ok();
    assert_same(&folder.path().join("killed"), &folder.path().join("whole"), false);
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_within_the_epoch_and_says_how_to_go_on() {
    let folder = folder();
    train(folder.path(), &["--out", "whole"]).ok();
    let (mut child, told) = until(folder.path(), 8, &["--out", "run"]);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let told: Vec<String> = told.lines().map(|line| line.expect("text")).collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let command = told.iter().find_map(|line| line.strip_prefix("saved; go on with: ")).expect("the command");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    rexnet_in(folder.path(), &words).ok();
    assert_same(&folder.path().join("run"), &folder.path().join("whole"), true);
}

#[test]
fn a_run_that_is_there_is_not_overwritten() {
    let folder = folder();
    train(folder.path(), &["--out", "run"]).ok();
    let before = fs::read(folder.path().join("run/metrics.csv")).expect("bytes");
    let said = train(folder.path(), &["--out", "run"]);
    assert!(
        said.code == 1 && said.stderr.contains("holds a run already") && said.stderr.contains("--resume"),
        "{}",
        said.stderr
    );
    assert_eq!(fs::read(folder.path().join("run/metrics.csv")).expect("bytes"), before);
}

#[test]
fn to_continue_where_nothing_is_begins_anew() {
    let folder = folder();
    train(folder.path(), &["--out", "whole"]).ok();
    train(folder.path(), &["--out", "new", "--resume"]).ok();
    assert_same(&folder.path().join("new"), &folder.path().join("whole"), false);
}

#[test]
fn a_changed_recipe_is_shown_and_wants_to_be_accepted() {
    let folder = folder();
    train(folder.path(), &["--out", "run"]).ok();
    let said = rexnet_in(folder.path(), &["train", "shapes", "--out", "run", "--resume", "--epochs", "4", "--json"]);
    assert!(said.code == 1 && said.stderr.contains("recipe.epochs 3 -> 4"), "{}", said.stderr);
    assert!(said.stderr.contains("help: `--accept-changes`"), "{}", said.stderr);
    let more = ["train", "shapes", "--out", "run", "--resume", "--epochs", "4", "--accept-changes", "--json"];
    assert_eq!(rexnet_in(folder.path(), &more).json()["epochs"], 4);
}

#[test]
fn other_classes_get_a_new_classifier_in_one_line_and_a_frozen_backbone_stays() {
    let folder = folder();
    train(folder.path(), &["--out", "first"]).ok();
    fs::remove_dir_all(folder.path().join("shapes/train/ring")).expect("a class");
    fs::remove_dir_all(folder.path().join("shapes/val/ring")).expect("a class");
    let tune = ["train", "shapes", "--init", "first", "--freeze", "backbone", "--epochs", "1", "--set", "batch=16"];
    let said = rexnet_in(folder.path(), &[&tune[..], &["--out", "tuned"]].concat());
    assert!(said.stderr.contains("new classifier for 5 classes; the file has 6"), "{}", said.stderr);
    said.ok();
    let open = |run: &str| Store::open(folder.path().join(run)).expect("a model");
    let (before, after) = (open("first/best.safetensors"), open("tuned/last.safetensors"));
    for name in before.names().filter(|name| !name.contains("num_batches_tracked")) {
        let [before, after] = [&before, &after].map(|store| store.read(name).expect("a tensor"));
        assert_eq!(before == after, name.contains("se.") || !name.contains("fc"), "{name}");
    }
}

#[test]
fn weights_alone_want_a_network_and_another_networks_are_listed() {
    let folder = folder();
    train(folder.path(), &["--out", "first"]).ok();
    let file = ModelFile::open(folder.path().join("first/best.safetensors")).expect("a model");
    let tensors = file.binding().expect("its network's").tensors().expect("readable");
    safetensors::save(&folder.path().join("bare.safetensors"), &BTreeMap::new(), &tensors).expect("a writable folder");
    let said = rexnet_in(folder.path(), &["train", "shapes", "--init", "bare.safetensors", "--max-time", "0s"]);
    assert!(said.code == 2 && said.stderr.contains("weights without a network"), "{}", said.stderr);
    train(folder.path(), &["--init", "bare.safetensors", "--max-time", "0s"]).ok();
    let wider = ["design", "--macs", "900k", "--size", "16", "--depth", "4", "--classes", "6", "--out", "wider.toml"];
    rexnet_in(folder.path(), &wider).ok();
    let model = "first/best.safetensors";
    let said =
        rexnet_in(folder.path(), &["train", "shapes", "--net", "wider.toml", "--init", model, "--out", "second"]);
    assert!(said.code == 1 && said.stderr.contains("shape"), "{}", said.stderr);
    assert!(!folder.path().join("second").exists(), "nothing is written before everything is sound");
}

#[test]
fn a_rate_that_blows_up_ends_the_run_with_where_and_what_to_try() {
    let folder = folder();
    let said = train(folder.path(), &["--out", "run", "--set", "lr=1e30", "--set", "warmup_epochs=0"]);
    assert_eq!(said.code, 1);
    for part in ["5 steps in a row", "step 6 with rate 8.214e29", "gradient of `", "help: try a tenth"] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    let journal = fs::read_to_string(folder.path().join("run/events.jsonl")).expect("text");
    assert_eq!(journal.matches("\"skipped\"").count(), 4, "{journal}");
}

#[test]
fn broken_pictures_are_left_out_and_named() {
    let folder = folder();
    put(&folder.path().join("shapes/train/disc/broken.png"), b"\x89PNG\r\n\x1a\n\0\0");
    let said = train(folder.path(), &["--out", "run"]);
    assert!(said.stderr.contains("left out disc/broken.png"), "{}", said.stderr);
    said.ok();
}

#[test]
fn without_pictures_to_validate_on_some_are_split_off_and_test_is_never_touched() {
    let folder = folder();
    fs::rename(folder.path().join("shapes/val"), folder.path().join("shapes/test")).expect("renamed");
    let said = train(folder.path(), &["--out", "run", "--val-split", "0.25", "--seed", "3"]);
    assert!(
        said.stderr.contains("24 pictures to validate on: 0.25 of every class, split off by seed 3"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("72 pictures, 6 classes"), "{}", said.stderr);
    said.ok();
}

#[test]
fn patience_and_time_end_a_run_early() {
    let folder = folder();
    let said = train(
        folder.path(),
        &["--out", "run", "--set", "lr=1e-12", "--set", "warmup_lr=0", "--set", "epochs=9", "--patience", "2"],
    );
    assert_eq!(said.json()["epochs"], 3, "{}", said.stderr);
    let said = train(folder.path(), &["--out", "late", "--max-time", "0s"]);
    assert!(said.stderr.contains("saved; go on with: "), "{}", said.stderr);
    assert_eq!((&said.json()["epochs"], &said.json()["interrupted"]), (&0.into(), &true.into()));
}

#[test]
fn runs_that_nobody_named_are_counted() {
    let folder = folder();
    let runs = ["runs/shapes-1", "runs/shapes-2"];
    for run in runs {
        assert_eq!(train(folder.path(), &["--max-time", "0s"]).json()["run"], run);
    }
    assert_eq!(train(folder.path(), &["--resume"]).json()["run"], runs[1]);
}

#[test]
fn keys_that_no_recipe_has_are_errors_with_the_nearest() {
    let folder = folder();
    let said = train(folder.path(), &["--set", "weight_decy=1e-5"]);
    assert!(said.code == 1 && said.stderr.contains("did you mean `weight_decay`?"), "{}", said.stderr);
    put(&folder.path().join("mine.toml"), b"epochs = 3\n\n[augment]\nhflop = 0\n");
    let said = train(folder.path(), &["--recipe", "mine.toml"]);
    assert!(said.stderr.contains("line") && said.stderr.contains("`hflip`"), "{}", said.stderr);
    let said = train(folder.path(), &["--recipe", "finetun"]);
    assert!(said.code == 2 && said.stderr.contains("did you mean `finetune`?"), "{}", said.stderr);
    assert!(!folder.path().join("runs").exists(), "nothing was begun");
}

#[test]
fn the_quick_twin_of_every_recipe_trains() {
    let folder = folder();
    for name in ["imagenet-quick", "cifar-quick", "finetune-quick"] {
        let said = rexnet_in(
            folder.path(),
            &["train", "shapes", "--net", "tiny.toml", "--recipe", name, "--out", name, "--json"],
        );
        assert_eq!(said.json()["epochs"], 2, "{name}: {}", said.stderr);
    }
}

#[test]
fn every_recipe_explains_every_key_and_reads_back() {
    let folder = tempdir().expect("a folder");
    let listed = rexnet_in(folder.path(), &["config", "--json"]).json();
    let names: Vec<&str> =
        listed.as_array().expect("a list").iter().map(|r| r["name"].as_str().expect("a name")).collect();
    assert!(names.contains(&"imagenet") && names.contains(&"imagenet-quick"));
    for name in names {
        let shown = rexnet_in(folder.path(), &["config", name, "--set", "epochs=7"]).ok();
        for (line, before) in shown.lines().skip(1).zip(shown.lines()).filter(|(line, _)| line.contains(" = ")) {
            assert!(before.starts_with("# "), "{name}: {line} is not explained");
        }
        put(&folder.path().join("shown.toml"), shown.as_bytes());
        let again = rexnet_in(folder.path(), &["config", "shown.toml", "--json"]).json();
        assert_eq!(again, rexnet_in(folder.path(), &["config", name, "--set", "epochs=7", "--json"]).json());
    }
}
