//! The arrows between rooms: data flows one way, and a room uses only the rooms named here.

use std::process::Command;

use serde_json::Value;

/// A package of the workspace and what it may depend on.
pub(crate) struct Room {
    name: &'static str,
    uses: &'static [&'static str],
}

impl Room {
    /// Name of its package.
    pub(crate) fn package(&self) -> String {
        match self.name {
            "rexnet" | "xtask" => self.name.into(),
            room => format!("rexnet-{room}"),
        }
    }
}

const fn room(name: &'static str, uses: &'static [&'static str]) -> Room {
    Room { name, uses }
}

/// Every room, from the top of the flow to its end.
pub(crate) const ROOMS: &[Room] = &[
    room("random", &[]),
    room("spec", &[]),
    room("kernels", &[]),
    room("score", &[]),
    room("report", &[]),
    room("testkit", &["random", "spec"]),
    room("weights", &["random", "spec"]),
    room("vision", &["random", "spec"]),
    room("engine", &["spec", "kernels"]),
    room("train", &["random", "spec", "weights", "vision", "kernels", "score", "report", "engine"]),
    room("rexnet", &["random", "spec", "kernels", "score", "report", "weights", "vision", "engine", "train"]),
    room("xtask", &[]),
];

/// Packages of others that only one room may name.
const RESERVED: &[(&str, &str)] = &[("burn", "train")];

/// Refuses an arrow that [`ROOMS`] does not have. Tests may also use `random` and `testkit`.
pub(crate) fn check() -> Result<(), String> {
    let wrong = wrong_arrows(&metadata()?)?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\nxtask: ")) }
}

fn metadata() -> Result<Value, String> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("`cargo metadata` speaks no JSON: {error}"))
}

fn wrong_arrows(metadata: &Value) -> Result<Vec<String>, String> {
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` lists no packages")?;
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(room) = ROOMS.iter().find(|room| room.package() == name) else {
            wrong.push(format!("{name} is no room; ARCHITECTURE.md and xtask/src/arrows.rs list them"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if !allowed(room, target, for_tests) {
                wrong.push(format!("{name} must not use {target}"));
            }
        }
    }
    Ok(wrong)
}

fn allowed(room: &Room, target: &str, for_tests: bool) -> bool {
    if let Some((_, owner)) = RESERVED.iter().find(|(package, _)| *package == target) {
        return room.name == *owner;
    }
    match ROOMS.iter().find(|other| other.package() == target) {
        None => true,
        Some(other) => room.uses.contains(&other.name) || (for_tests && ["random", "testkit"].contains(&other.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependency: &str, kind: &Value) -> Value {
        let dependency = serde_json::json!({ "name": dependency, "kind": kind });
        serde_json::json!({ "packages": [{ "name": name, "dependencies": [dependency] }] })
    }

    #[test]
    fn an_arrow_against_the_flow_is_named() {
        let backwards = package("rexnet-spec", "rexnet-engine", &Value::Null);
        assert_eq!(wrong_arrows(&backwards).unwrap(), ["rexnet-spec must not use rexnet-engine"]);
        assert!(wrong_arrows(&package("rexnet-engine", "rexnet-spec", &Value::Null)).unwrap().is_empty());
    }

    #[test]
    fn only_train_names_burn() {
        assert_eq!(wrong_arrows(&package("rexnet", "burn", &Value::Null)).unwrap().len(), 1);
        assert!(wrong_arrows(&package("rexnet-train", "burn", &Value::Null)).unwrap().is_empty());
    }

    #[test]
    fn the_testkit_is_for_tests_alone() {
        assert!(wrong_arrows(&package("rexnet-weights", "rexnet-testkit", &"dev".into())).unwrap().is_empty());
        assert_eq!(wrong_arrows(&package("rexnet-weights", "rexnet-testkit", &Value::Null)).unwrap().len(), 1);
    }
}
