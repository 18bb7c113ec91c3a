//! `rexnet quickstart`: the README's first command, whole.
#![cfg(feature = "train")]

mod support;

use support::rexnet_in;
use tempfile::tempdir;

#[test]
fn a_minute_gives_a_network_within_its_budget_that_tells_shapes_apart() {
    let folder = tempdir().expect("a folder");
    let said = rexnet_in(folder.path(), &["quickstart", "--json"]);
    assert!(said.stderr.contains("designed for 1,000,000: "), "{}", said.stderr);
    let said = said.json();
    assert_eq!(said["run"], "runs/quickstart-1");
    // Six classes: guessing gives 17 percent.
    assert!(said["top1"].as_f64().expect("percent") > 60.0, "{said}");
    let run = folder.path().join("runs/quickstart-1");
    let page = std::fs::read_to_string(run.join("report.html")).expect("a page");
    for part in ["Training", "Confusions", "Calibration", "Pictures"] {
        assert!(page.contains(part), "{part}");
    }
    let info = rexnet_in(folder.path(), &["info", "runs/quickstart-1/net.toml", "--json"]).json();
    assert!(info["macs"].as_u64().expect("a count") < 1_000_000, "{info}");
    // The commands that it ends with work as they stand.
    let lines = rexnet_in(folder.path(), &["predict", "runs/quickstart-1/pictures", "-m", "runs/quickstart-1"]).ok();
    assert!(
        said["seen"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|seen| lines.contains(seen["answer"].as_str().expect("a name")))
    );
    let onnx = ["export", "runs/quickstart-1", "--to", "onnx", "--out", "runs/quickstart-1/shapes.onnx"];
    rexnet_in(folder.path(), &onnx).ok();
}
