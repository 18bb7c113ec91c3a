//! `rexnet zoo`.

mod support;

use serde_json::{Value, json};
use support::{rexnet, rexnet_in};

fn names(args: &[&str]) -> Vec<String> {
    let rows = rexnet(args).json();
    rows.as_array().expect("a list").iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn json_has_the_documented_keys_and_every_documented_name() {
    let rows = rexnet(&["zoo", "--json"]).json();
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).cloned();
    let lite = row("rexnet_lite_130").unwrap();
    for (key, value) in [
        ("family", json!("rexnet_lite")),
        ("params", json!(6_747_960)),
        ("macs", json!(646_448_384)),
        ("input", json!([3, 224, 224])),
        ("published_top1", json!(77.8)),
    ] {
        assert_eq!(lite[key], value, "{key}");
    }
    let tenths = ["090", "100", "110", "120", "130", "140", "150", "200", "220", "300"].map(|w| format!("rexnet_{w}"));
    let rounded = ["100", "130", "150", "200", "300"].map(|w| format!("rexnetr_{w}"));
    let lites = ["100", "130", "150", "200"].map(|w| format!("rexnet_lite_{w}"));
    let cifar = ["a", "b", "c", "d"].map(|s| [format!("cifar_{s}_best"), format!("cifar_{s}_worst")]).concat();
    let others = ["rexnet_plain", "mobilenetv2_100", "efficientnet_b0", "tf_efficientnet_lite0"].map(str::to_owned);
    for name in [&tenths[..], &rounded, &lites, &cifar, &others].concat() {
        assert!(row(&name).is_some(), "{name}");
    }
    assert_eq!(row("rexnetr_100").unwrap()["published_top1"], Value::Null);
}

#[test]
fn rows_say_where_weights_are_their_checksum_or_none() {
    // Nobody should look for weights that were never released.
    let rows = rexnet(&["zoo", "--json"]).json();
    for row in rows.as_array().unwrap() {
        let weights = row["weights"].as_str().unwrap();
        assert!(!weights.is_empty() && !row["source"].as_str().unwrap().is_empty(), "{row}");
    }
    let weights =
        |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()["weights"].clone();
    assert_eq!(weights("rexnet_220"), "none");
    assert_eq!(weights("rexnet_100"), "hf:timm/rexnet_100.nav_in1k");
    let text = rexnet(&["zoo", "--filter", "lite0"]).ok();
    assert!(text.contains("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"), "{text}");
}

#[test]
fn rows_can_be_chosen_and_sorted() {
    assert_eq!(names(&["zoo", "--family", "rexnetr", "--json"]).len(), 5);
    assert_eq!(names(&["zoo", "--filter", "_worst", "--json"]).len(), 4);
    let by_accuracy = names(&["zoo", "--family", "rexnet", "--sort", "top1", "--json"]);
    assert_eq!((by_accuracy[0].as_str(), by_accuracy[9].as_str()), ("rexnet_300", "rexnet_090"));
    assert_eq!(names(&["zoo", "--sort", "macs", "--json"])[0], "cifar_a_best");
    assert_eq!(names(&["zoo", "--filter", "no such thing", "--json"]).len(), 0);
}

#[test]
fn unknown_families_suggest_the_nearest() {
    let said = rexnet(&["zoo", "--family", "rexnet_light"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("did you mean `rexnet_lite`?"), "{}", said.stderr);
}

#[test]
fn the_figure_has_a_dot_for_every_published_imagenet_accuracy() {
    let folder = tempfile::tempdir().unwrap();
    let shown: Vec<String> = serde_json::from_str::<Vec<serde_json::Value>>(
        &rexnet_in(folder.path(), &["zoo", "--plot", "zoo.svg", "--json"]).ok(),
    )
    .unwrap()
    .iter()
    .filter(|row| !row["published_top1"].is_null() && row["dataset"] == "ImageNet-1k")
    .map(|row| row["name"].as_str().unwrap().to_owned())
    .collect();
    let svg = std::fs::read_to_string(folder.path().join("zoo.svg")).unwrap();
    assert!(shown.len() > 10 && shown.iter().all(|name| svg.contains(name.as_str())), "{svg}");
    assert!(!svg.contains("cifar_"), "other data are not set beside them");
    let said = rexnet_in(folder.path(), &["zoo", "--family", "cifar", "--plot", "none.svg"]);
    assert!(said.code == 2 && !folder.path().join("none.svg").exists(), "{}", said.stderr);
}
