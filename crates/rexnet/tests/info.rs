//! `rexnet info`.

mod support;

use serde_json::json;
use support::models::{save, small_net};
use support::{rexnet, rexnet_in};

#[test]
fn json_has_the_documented_keys_and_the_published_integers() {
    let info = rexnet(&["info", "rexnet_100", "--json"]).json();
    assert_eq!(info["name"], "rexnet_100");
    assert_eq!(info["input"], json!([3, 224, 224]));
    assert_eq!(info["params"], 4_796_873);
    assert_eq!(info["macs"], 398_370_392);
    assert_eq!(info["activations"], 7_440_707);
    assert_eq!(info["channels"], json!([16, 27, 38, 50, 61, 72, 84, 95, 106, 117, 128, 140, 151, 162, 174, 185]));
    let layers = info["layers"].as_array().unwrap();
    let stem = &layers[0];
    assert_eq!((&stem["name"], &stem["op"]), (&json!("stem.conv"), &json!("conv 3x3 s2")));
    assert_eq!((&stem["out"], &stem["receptive_field"]), (&json!([32, 112, 112]), &json!(3)));
    assert_eq!(
        (&stem["params"], &stem["macs"], &stem["activations"]),
        (&json!(864), &json!(10_838_016), &json!(401_408))
    );
    for key in ["params", "macs", "activations"] {
        let sum: u64 = layers.iter().map(|layer| layer[key].as_u64().unwrap()).sum();
        assert_eq!(info[key], sum, "{key}");
    }
}

#[test]
fn several_networks_are_a_list_and_one_table() {
    let list = rexnet(&["info", "rexnet:1.4", "efficientnet_b0", "--json"]).json();
    assert_eq!(list[0]["params"], 8_606_611);
    assert_eq!(list[1]["macs"], 385_814_752);
    let text = rexnet(&["info", "rexnet:1.4", "efficientnet_b0"]).ok();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("8,606,611") && text.contains("385,814,752"), "{text}");
}

#[test]
fn size_changes_macs_and_not_params() {
    let at = |size: &str| rexnet(&["info", "rexnetr_200", "--size", size, "--json"]).json();
    assert_eq!((&at("288")["macs"], &at("288")["params"]), (&json!(2_573_313_904_u64), &json!(16_522_432)));
    assert_eq!(at("200x320")["input"], json!([3, 200, 320]));
}

#[test]
fn per_block_rows_sum_to_the_total() {
    let info = rexnet(&["info", "rexnet_100", "--per-block", "--json"]).json();
    let blocks = info["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 18, "stem, 16 blocks, head");
    let sum: u64 = blocks.iter().map(|block| block["macs"].as_u64().unwrap()).sum();
    assert_eq!(info["macs"], sum);
    assert_eq!(blocks[4]["out"], json!([50, 28, 28]));
    let text = rexnet(&["info", "rexnet_100", "--per-block"]).ok();
    assert_eq!(text.lines().count(), 18 + 3, "{text}");
}

#[test]
fn breaks_of_the_papers_rules_are_named_by_block() {
    let text = rexnet(&["info", "mobilenetv2_100"]).ok();
    assert!(text.contains("design rule: block 6: 32 to 64"), "{text}");
    let text = rexnet(&["info", "efficientnet_b0"]).ok();
    assert!(text.contains("design rule: blocks 0-15: silu after the depthwise convolution"), "{text}");
    assert_eq!(rexnet(&["info", "rexnet_100", "--json"]).json()["breaks"], json!([]));
}

#[test]
fn multiply_adds_are_called_macs_and_bench_is_named_for_the_time() {
    for args in [vec!["info", "rexnet_200"], vec!["info", "rexnet_200", "rexnet_220"], vec!["info", "--help"]] {
        let said = rexnet(&args);
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(!all.to_lowercase().contains("flop"), "{all}");
    }
    assert!(rexnet(&["info", "rexnet:2.05"]).stderr.contains("rexnet bench rexnet:2.05"), "the name that was typed");
    let said = rexnet(&["info", "rexnet_200"]);
    assert!(said.stdout.contains("1,528,850,782 MACs"), "{}", said.stdout);
    assert!(said.stderr.contains("rexnet bench rexnet_200"), "{}", said.stderr);
}

#[test]
fn a_network_can_be_printed_edited_and_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let text = rexnet(&["info", "rexnet_100", "--toml"]).ok();
    assert!(text.contains("classes = 1000"));
    std::fs::write(folder.path().join("mine.toml"), text.replace("classes = 1000", "classes = 10")).unwrap();
    let info = rexnet_in(folder.path(), &["info", "mine.toml", "--json"]).json();
    assert_eq!(info["params"], 4_796_873 - 990 * 1281);
}

#[test]
fn a_run_folder_shows_its_best_network_and_hides_none_of_the_zoo() {
    let folder = tempfile::tempdir().unwrap();
    for run in ["run", "rexnet_100"] {
        std::fs::create_dir(folder.path().join(run)).unwrap();
        save(&folder.path().join(run).join("best.safetensors"), small_net(7), None);
    }
    let name = |net: &str| rexnet_in(folder.path(), &["info", net, "--json"]).json()["name"].clone();
    assert_eq!((name("run"), name("rexnet_100")), (json!("cifar_a_best"), json!("rexnet_100")));
}

#[test]
fn unknown_networks_suggest_the_nearest_and_exit_2() {
    let said = rexnet(&["info", "rexnet_10"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    assert_eq!(said.stderr, "error: `rexnet_10` is not a known network\nhelp: did you mean `rexnet_100`?\n");
}

#[test]
fn a_bad_net_toml_is_named_with_line_and_nearest_key() {
    let folder = tempfile::tempdir().unwrap();
    rexnet_in(folder.path(), &["design", "--macs", "300M", "--out", "net.toml"]).ok();
    let path = folder.path().join("net.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("stages", "stagse");
    let line = 1 + text.lines().position(|line| line.contains("stagse")).unwrap();
    std::fs::write(&path, text).unwrap();
    let said = rexnet_in(folder.path(), &["info", "net.toml"]);
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.starts_with(&format!("error: net.toml: line {line}, column 1: unknown field `stagse`")),
        "{}",
        said.stderr
    );
    assert!(said.stderr.ends_with("help: did you mean `stages`?\n"), "{}", said.stderr);
    let said = rexnet_in(folder.path(), &["info", "missing.toml"]);
    assert!(said.stderr.starts_with("error: missing.toml: "), "{}", said.stderr);
}
