//! `rexnet eval`.

mod support;

use support::models::{put, put_picture, save, save_stubborn, small_net};
use support::{rexnet, rexnet_in};
use tempfile::{TempDir, tempdir};

/// Four pictures of `day`, one of `Nacht`, and a model that always answers `Nacht`, its second class.
fn folder() -> TempDir {
    let folder = tempdir().expect("a folder");
    save_stubborn(&folder.path().join("net.safetensors"), small_net(3), Some(&["day", "Nacht", "dusk"]), 1);
    for i in 0..4 {
        put_picture(&folder.path().join(format!("data/val/day/{i}.png")), [i * 9, 200, 30]);
    }
    put_picture(&folder.path().join("data/val/Nacht/0.png"), [0, 0, 30]);
    put_picture(&folder.path().join("data/train/day/0.png"), [0, 0, 30]);
    folder
}

#[test]
fn classes_are_matched_by_name_whatever_their_order() {
    let folder = folder();
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--json"]).json();
    assert_eq!(
        (said["count"].as_u64(), said["top1"].as_f64(), said["skipped"].as_u64()),
        (Some(5), Some(20.0), Some(0))
    );
    assert_eq!(said["per_class"][1]["recall"].as_f64(), Some(1.0));
    assert_eq!(said["per_class"][0]["recall"].as_f64(), Some(0.0));
}

#[test]
fn what_is_undefined_is_null() {
    let folder = folder();
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--json"]).json();
    assert!(said["top5"].is_null(), "three classes have no top-5: {said}");
    assert!(said["per_class"][2]["recall"].is_null() && said["per_class"][0]["precision"].is_null(), "{said}");
    assert_eq!(said["defined"].as_u64(), Some(2));
    assert!(!rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors"]).ok().contains("NaN"));
}

#[test]
fn a_class_that_the_model_lacks_is_an_error_with_both_lists() {
    let folder = folder();
    put_picture(&folder.path().join("data/val/night/0.png"), [0, 0, 30]);
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("night") && said.stderr.contains("dusk"), "{}", said.stderr);
}

#[test]
fn json_has_the_documented_keys() {
    let said = rexnet_in(folder().path(), &["eval", "data", "-m", "net.safetensors", "--json"]).json();
    for key in ["count", "skipped", "top1", "top5", "loss", "ece", "per_class", "classes"] {
        assert!(said.get(key).is_some(), "`{key}` of {said}");
    }
    assert_eq!(said["per_class"].as_array().map(Vec::len), said["classes"].as_array().map(Vec::len), "by number");
    assert!(said["ece"].as_f64().is_some_and(|share| (share - 0.8).abs() < 1e-6), "a share, not percent: {said}");
}

#[test]
fn a_set_of_nothing_but_broken_pictures_is_no_success() {
    let folder = folder();
    put(&folder.path().join("lost/day/0.jpg"), b"\xff\xd8\xff");
    let said = rexnet_in(folder.path(), &["eval", "lost", "-m", "net.safetensors", "--json"]);
    assert!(said.code == 1 && said.stderr.contains("no picture could be read"), "{}", said.stderr);
    let found = said.json();
    assert_eq!((&found["count"], &found["skipped"]), (&0.into(), &1.into()));
    assert!(found["top1"].is_null() && found["loss"].is_null(), "{found}");
}

#[test]
fn broken_pictures_are_counted_and_named_but_not_fatal() {
    let folder = folder();
    put(&folder.path().join("data/val/day/broken.png"), b"\x89PNG\r\n\x1a\n\0\0");
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--json"]);
    assert!(said.stderr.contains("broken.png"), "{}", said.stderr);
    let said = said.json();
    assert_eq!((said["count"].as_u64(), said["skipped"].as_u64()), (Some(5), Some(1)));
}

#[test]
fn of_many_broken_pictures_some_are_named_and_all_are_counted() {
    let folder = folder();
    (0..13).for_each(|i| put(&folder.path().join(format!("data/val/day/broken_{i:02}.png")), b""));
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--json"]);
    assert_eq!(said.stderr.matches("an empty file").count(), 10, "{}", said.stderr);
    assert!(said.stderr.contains("skipped 3 more; `rexnet data check data`"), "{}", said.stderr);
    assert_eq!(said.json()["skipped"].as_u64(), Some(13));
}

#[test]
fn an_empty_class_folder_keeps_its_place_with_a_warning_and_a_hidden_one_is_no_class() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data/val/dusk")).expect("a writable folder");
    put_picture(&folder.path().join("data/val/.cache/x.png"), [0, 0, 30]);
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--json"]);
    assert!(said.stderr.contains("no picture of class `dusk`") && !said.stderr.contains("cache"), "{}", said.stderr);
    assert_eq!(said.json()["count"].as_u64(), Some(5));
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--verbose"]);
    assert!(said.stderr.contains("1 hidden") && said.stderr.contains(".cache"), "{}", said.stderr);
}

#[test]
fn the_contract_that_was_used_is_printed() {
    let said = rexnet_in(folder().path(), &["eval", "data", "-m", "net.safetensors", "--crop-pct", "0.5"]);
    assert!(said.stderr.contains("32 / 0.5") && said.stderr.contains("mean ["), "{}", said.stderr);
}

#[test]
fn a_fitted_temperature_is_stored_and_used() {
    let folder = folder();
    let scores = || {
        let said =
            rexnet_in(folder.path(), &["predict", "data/val/day/0.png", "-m", "net.safetensors", "--json"]).json();
        said["top"][0]["score"].as_f64().expect("a score")
    };
    let before = scores();
    let said =
        rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--fit-temperature", "--json"]).json();
    assert!(said["temperature"].as_f64().is_some_and(|t| t > 1.0), "overconfident: {said}");
    assert!(scores() < before, "confidence falls");
}

#[test]
fn a_temperature_cannot_be_stored_in_weights_of_others() {
    let said = rexnet_in(
        folder().path(),
        &["eval", "nowhere", "-m", "cifar_a_best", "--weights", "net.safetensors", "--fit-temperature"],
    );
    assert!(said.code == 2 && said.stderr.contains("can be changed"), "before anything is read: {}", said.stderr);
}

#[test]
fn a_named_split_is_the_one_that_is_judged() {
    let folder = folder();
    let said = rexnet_in(folder.path(), &["eval", "data:train", "-m", "net.safetensors", "--json"]).json();
    assert_eq!(said["count"].as_u64(), Some(1));
    let said = rexnet_in(folder.path(), &["eval", "data:test", "-m", "net.safetensors"]);
    assert!(said.code == 1 && said.stderr.contains("test"), "{}", said.stderr);
}

#[test]
fn a_model_without_names_takes_numbers_from_a_list() {
    let folder = folder();
    save(&folder.path().join("bare.safetensors"), small_net(3), None);
    put(&folder.path().join("list.csv"), b"\xef\xbb\xbfpath,class_index\r\ndata/val/day/0.png,2\r\n");
    let said = rexnet_in(folder.path(), &["eval", "list.csv", "-m", "bare.safetensors", "--json"]).json();
    assert_eq!(said["per_class"][2]["count"].as_u64(), Some(1));
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "bare.safetensors"]);
    assert!(said.code == 1 && said.stderr.contains("no names"), "{}", said.stderr);
}

#[test]
fn data_that_is_not_there_is_named() {
    let said = rexnet(&["eval", "nowhere", "-m", "rexnet_100"]);
    assert_ne!(said.code, 0);
}

#[test]
fn the_page_shows_names_whatever_they_hold_and_pictures_with_answers() {
    let folder = folder();
    let names = ["day", "<b>Nacht</b>", "dusk"];
    save_stubborn(&folder.path().join("net.safetensors"), small_net(3), Some(&names), 1);
    put(
        &folder.path().join("list.csv"),
        b"path,label\ndata/val/day/0.png,day\ndata/val/Nacht/0.png,<b>Nacht</b>\nno.png,day\n",
    );
    let said = rexnet_in(folder.path(), &["eval", "list.csv", "-m", "net.safetensors", "--report", "r.html", "--json"]);
    assert!(said.stderr.contains("wrote r.html"), "{}", said.stderr);
    let page = std::fs::read_to_string(folder.path().join("r.html")).expect("a page");
    assert!(page.contains("&lt;b&gt;Nacht&lt;/b&gt; 100 %") && !page.contains("<b>Nacht"), "{page}");
    assert_eq!(page.matches("data:image/png;base64").count(), 2);
    assert!(page.contains("is day") && page.contains(r#"aria-label="right""#), "the mistake and the right answer");
    assert!(!page.contains("NaN") && !page.contains("<script"), "{page}");
}

#[test]
fn a_page_that_cannot_be_written_costs_no_result() {
    let said =
        rexnet_in(folder().path(), &["eval", "data", "-m", "net.safetensors", "--report", "no/r.html", "--json"]);
    assert!(said.code == 1 && said.stderr.contains("no/r.html"), "{}", said.stderr);
    assert_eq!(said.json()["count"].as_u64(), Some(5));
}

#[test]
fn classes_and_confusions_have_names_in_the_json() {
    let folder = folder();
    let said = rexnet_in(folder.path(), &["eval", "data", "-m", "net.safetensors", "--json"]).json();
    assert_eq!(said["classes"], serde_json::json!(["day", "Nacht", "dusk"]));
    assert_eq!(said["confused"], serde_json::json!([{ "class": "day", "taken_for": "Nacht", "count": 4 }]));
}
