//! `rexnet design`.

mod support;

use serde_json::{Value, json};
use support::{rexnet, rexnet_in};

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn json_has_the_documented_keys_and_keeps_the_limits() {
    let said = rexnet(&["design", "--macs", "300M", "--params", "4M", "--json"]);
    let found = said.json();
    assert_eq!(said.code, 0);
    assert_eq!(found["limits"], json!({ "macs": 300_000_000, "params": 4_000_000 }));
    for (limit, most) in [("macs", 300_000_000), ("params", 4_000_000)] {
        assert!(count(&found[limit]) <= most, "{limit}");
        assert_eq!(count(&found["slack"][limit]), most - count(&found[limit]));
    }
    let binding = found["binding"].as_str().unwrap();
    assert!(count(&found[binding]) * 1000 >= count(&found["limits"][binding]) * 995, "{found}");
    let over = count(&found["larger"]["macs"]) > 300_000_000 || count(&found["larger"]["params"]) > 4_000_000;
    assert!(over, "one step up still fits");
    assert!(count(&found["smaller"]["macs"]) <= count(&found["macs"]));
    assert!(found["solve_ms"].as_f64().is_some() && found["layers"].is_array());
    assert_eq!(found["channels"].as_array().unwrap().len(), 16);
}

#[test]
fn the_written_network_is_the_one_that_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let text = rexnet_in(folder.path(), &["design", "--macs", "150M"]).ok();
    assert!(text.contains("150,000,000") && text.contains("macs binds"), "{text}");
    let info = rexnet_in(folder.path(), &["info", "net.toml", "--json"]).json();
    let found = rexnet_in(folder.path(), &["design", "--macs", "150M", "--json", "--out", "again.toml"]).json();
    assert_eq!((&info["macs"], &info["channels"]), (&found["macs"], &found["channels"]));
    let written = std::fs::read_to_string(folder.path().join("again.toml")).unwrap();
    assert_eq!(found["net"], written);
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 2, "nothing but the two networks");
}

#[test]
fn json_alone_writes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    rexnet_in(folder.path(), &["design", "--macs", "150M", "--json"]).ok();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_impossible_budget_says_the_least_network() {
    let said = rexnet(&["design", "--macs", "10k", "--json"]);
    assert_eq!(said.code, 1);
    let answer = said.json();
    assert!(count(&answer["min_macs"]) > 10_000 && count(&answer["min_params"]) > 0, "{answer}");
    assert_eq!(said.stderr.lines().next(), Some(format!("error: {}", answer["error"].as_str().unwrap()).as_str()));
    let least = answer["min_macs"].to_string();
    assert_eq!(rexnet(&["design", "--macs", &least, "--json"]).json()["macs"], answer["min_macs"]);
}

#[test]
fn depth_rule_classes_and_parts_are_as_asked() {
    let stagewise = rexnet(&["design", "--macs", "200M", "--rule", "stagewise", "--json"]).json();
    let widths: Vec<u64> = stagewise["channels"].as_array().unwrap().iter().map(count).collect();
    let mut distinct = widths.clone();
    distinct.dedup();
    assert_eq!(distinct.len(), 6, "{widths:?}");
    let args = ["design", "--macs", "2M", "--size", "32", "--depth", "6", "--classes", "10", "--no-se", "--json"];
    let small = rexnet(&args).json();
    assert_eq!((&small["input"], small["channels"].as_array().unwrap().len()), (&json!([3, 32, 32]), 6));
    let net = small["net"].as_str().unwrap();
    assert!(net.contains("classes = 10") && !net.contains("se ="), "{net}");
    let acts = rexnet(&["design", "--macs", "200M", "--act", "relu6", "--act-dw", "linear", "--json"]).json();
    let net = acts["net"].as_str().unwrap();
    assert!(net.contains("act_expand = \"relu6\"") && !net.contains("silu"), "{net}");
}

#[test]
fn wrong_requests_exit_2_and_say_what_would_work() {
    let said = rexnet(&["design"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("help: for instance `rexnet design --macs 300M`"), "{}", said.stderr);
    for args in [["design", "--macs", "lots"], ["design", "--act", "mish"]] {
        assert_eq!(rexnet(&args).code, 2, "{args:?}");
    }
    let said = rexnet(&["design", "--macs", "300M", "--depth", "0"]);
    assert!(said.code != 0 && said.stderr.contains("depth: 0 is not possible"), "{}", said.stderr);
}
