//! `rexnet doctor`.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{rexnet, rexnet_in};
use tempfile::tempdir;

/// What the doctor finds in `folder` with these variables set.
fn findings(folder: &Path, vars: &[(&str, &str)]) -> Value {
    let said = Command::new(env!("CARGO_BIN_EXE_rexnet"))
        .args(["doctor", "--json"])
        .current_dir(folder)
        .envs(vars.iter().copied())
        .output()
        .expect("the binary runs");
    serde_json::from_slice(&said.stdout).expect("JSON")
}

fn problems(findings: &Value) -> String {
    findings["problems"].to_string()
}

#[test]
fn the_machine_is_described() {
    let found = rexnet(&["doctor", "--json"]).json();
    let sets = found["kernel_sets"].as_array().expect("a list");
    assert_eq!((&sets[0]["name"], &sets[0]["here"]), (&"portable".into(), &true.into()), "everywhere");
    let fastest = sets.iter().rfind(|set| set["here"] == true).expect("one at least");
    assert_eq!(fastest["name"], found["kernels"]);
    let [total, available] = ["total", "available"].map(|key| found["memory"][key].as_u64().expect("bytes"));
    assert!(0 < available && available <= total, "{found}");
    let threads = found["threads"].as_u64().expect("a count");
    assert!(threads >= 1 && threads <= found["processors"].as_u64().expect("a count"), "{found}");
    assert_eq!(found["folder"]["writable"], true);
    let features = ["built_with", "built_without"].map(|key| found[key].as_array().expect("a list").len());
    assert_eq!(features.iter().sum::<usize>(), 3, "{found}");
}

#[test]
fn threads_that_are_asked_for_are_the_ones_used_and_too_many_are_a_problem() {
    let found = rexnet(&["doctor", "--json", "--threads", "1"]).json();
    assert_eq!(found["threads"], 1);
    let many = (found["processors"].as_u64().expect("a count") + 1).to_string();
    let said = rexnet(&["doctor", "--threads", &many]);
    assert!(said.code == 1 && said.stdout.contains(&format!("wrong: {many} threads")), "{}", said.stdout);
    assert!(said.stdout.contains("help: ") && said.stderr.contains("wrong here"), "{}{}", said.stdout, said.stderr);
}

#[test]
fn an_endpoint_that_is_no_address_is_found() {
    let folder = tempdir().expect("a folder");
    let found = findings(folder.path(), &[("HF_ENDPOINT", "hub.example"), ("HF_HOME", "hf")]);
    assert!(found["hub"].is_null() || problems(&found).contains("HF_ENDPOINT is `hub.example`"), "{found}");
    let found = findings(folder.path(), &[("HF_ENDPOINT", "https://hub.example/"), ("HF_HOME", "hf")]);
    assert!(!problems(&found).contains("HF_ENDPOINT"), "{found}");
}

#[cfg(target_os = "linux")]
#[test]
fn folders_that_cannot_be_written_to_are_found() {
    let found = findings(Path::new("/proc"), &[("HF_HOME", "/proc/hf")]);
    assert_eq!(found["folder"]["writable"], false);
    assert!(problems(&found).contains("/proc cannot be written to"), "{found}");
    assert!(found["hub"].is_null() || problems(&found).contains("/proc/hf/hub cannot be written to"), "{found}");
}

#[test]
fn people_read_the_same() {
    let folder = tempdir().expect("a folder");
    let text = rexnet_in(folder.path(), &["doctor"]).stdout;
    let found = findings(folder.path(), &[]);
    for said in [found["processor"].as_str(), found["kernels"].as_str(), found["version"].as_str()] {
        assert!(said.is_some_and(|said| text.contains(said)), "{text}");
    }
    assert_eq!(text.contains("nothing is wrong"), found["problems"] == Value::Array(vec![]), "{text}");
}
