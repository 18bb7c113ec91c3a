//! `rexnet export`: files that other tools open, checked before they are called done.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rexnet_spec::{NetSpec, Role};
use rexnet_testkit::shaken;
use rexnet_weights::{ModelFile, ModelMeta, Store, Tensor, Tensors};
use serde_json::Value;
use support::{rexnet, rexnet_in};

/// A network for small pictures and its generated weights.
fn network(name: &str) -> (ModelMeta, Tensors) {
    let mut spec = NetSpec::named(name).expect("a known network");
    (spec.classes, spec.input.size) = (3, [32, 48]);
    let decls = spec.graph(spec.input.size).expect("a graph").tensors();
    let tensor = |decl| match decl {
        rexnet_spec::TensorDecl { role: Role::BatchCount, .. } => Tensor::count(7),
        _ => Tensor::f32(decl.shape.clone(), shaken(&decl)),
    };
    let tensors = decls.into_iter().map(|decl| (decl.name.clone(), tensor(decl))).collect();
    let classes = Some(["cat", "dog", "größe"].map(String::from).to_vec());
    (ModelMeta { classes, license: Some("mit".into()), ..ModelMeta::new(spec) }, tensors)
}

fn model(folder: &Path, name: &str) -> (ModelMeta, Tensors) {
    let (meta, tensors) = network(name);
    ModelFile::save(folder.join("m.safetensors"), &meta, &tensors).expect("written");
    (meta, tensors)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("Unicode")).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn store(path: impl AsRef<Path>) -> Tensors {
    let store = Store::open(path).expect("tensors");
    store.names().map(|name| (name.to_owned(), store.read(name).expect("a tensor"))).collect()
}

#[test]
#[cfg(feature = "onnx-check")]
fn an_onnx_file_of_every_family_agrees_with_the_engine() {
    let families = [
        "rexnet:0.4",
        "rexnetr:0.4",
        "rexnet_lite:0.4",
        "rexnet_plain",
        "cifar_a_best",
        "mobilenetv2:0.5",
        "efficientnet:0.5",
        "efficientnet_lite:0.5",
    ];
    for name in families {
        let folder = tempfile::tempdir().expect("a folder");
        model(folder.path(), name);
        let args = ["export", "m.safetensors", "--to", "onnx", "--out", "net", "--json"];
        let said = rexnet_in(folder.path(), &args);
        assert_eq!(said.code, 0, "{name}: {}", said.stderr);
        let check = &said.json()["check"];
        let [largest, difference] = ["largest_logit", "difference"].map(|key| check[key].as_f64().expect("a number"));
        assert_eq!(check["pictures"], 3, "{name}");
        assert!(largest > 0.1 && difference <= 1e-4 * largest.max(1.0), "{name}: {check}");
        assert_eq!(names(folder.path()), set(&["m.safetensors", "net", "net.md"]), "{name}");
    }
}

#[test]
#[cfg(feature = "onnx-check")]
fn an_onnx_file_that_fails_its_check_takes_no_name_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (meta, mut tensors) = network("rexnet:0.4");
    tensors.insert("head.fc.bias".into(), Tensor::f32([3], vec![0.0, f32::NAN, 0.0]));
    ModelFile::save(folder.path().join("m.safetensors"), &meta, &tensors).expect("written");
    fs::write(folder.path().join("net.onnx"), "old").expect("written");
    let args = ["export", "m.safetensors", "--to", "onnx", "--out", "net.onnx", "--force"];
    let said = rexnet_in(folder.path(), &args);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    assert!(said.stderr.contains("run by rten as a check") && said.stderr.contains("help: "), "{}", said.stderr);
    assert_eq!(names(folder.path()), set(&["m.safetensors", "net.onnx"]));
    assert_eq!(fs::read_to_string(folder.path().join("net.onnx")).expect("kept"), "old");
}

#[test]
fn safetensors_are_the_model_file_itself_counters_and_names_included() {
    let folder = tempfile::tempdir().expect("a folder");
    let (meta, tensors) = model(folder.path(), "rexnet:0.4");
    rexnet_in(folder.path(), &["export", "m.safetensors", "--to", "safetensors", "--out", "again.safetensors"]).ok();
    let again = ModelFile::open(folder.path().join("again.safetensors")).expect("a model file");
    assert_eq!(again.meta, meta);
    assert_eq!(store(folder.path().join("again.safetensors")), tensors);
}

#[test]
fn a_timm_folder_holds_config_weights_and_card_and_comes_back_as_a_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, tensors) = model(folder.path(), "rexnet:0.4");
    rexnet_in(folder.path(), &["export", "m.safetensors", "--to", "timm-dir", "--out", "timm"]).ok();
    let timm = folder.path().join("timm");
    assert_eq!(names(&timm), set(&["README.md", "config.json", "model.safetensors"]));
    let config = fs::read_to_string(timm.join("config.json")).expect("text");
    let config: Value = serde_json::from_str(&config).expect("JSON");
    assert_eq!((&config["architecture"], &config["model_args"]["width_mult"]), (&"rexnet_100".into(), &0.4.into()));
    let card = fs::read_to_string(timm.join("README.md")).expect("text");
    assert!(card.contains("license: \"mit\"") && card.contains("2  größe"), "{card}");
    rexnet_in(folder.path(), &["export", "timm", "--to", "safetensors", "--out", "back.safetensors"]).ok();
    assert_eq!(store(folder.path().join("back.safetensors")), tensors);
}

#[test]
fn a_network_that_timm_lacks_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "rexnet_lite:0.4");
    let said = rexnet_in(folder.path(), &["export", "m.safetensors", "--to", "timm-dir", "--out", "timm"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("error: timm has no such network"), "{}", said.stderr);
    assert!(said.stderr.contains("help: `--to onnx` and `--to safetensors` take every network"), "{}", said.stderr);
    assert_eq!(names(folder.path()), set(&["m.safetensors"]));
}

#[test]
fn what_is_there_is_replaced_only_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "rexnet:0.4");
    for (format, out, there) in [
        ("safetensors", "net.safetensors", "net.safetensors"),
        ("onnx", "net.onnx", "net.onnx.md"),
        ("timm-dir", "timm", "timm/notes"),
    ] {
        fs::create_dir_all(folder.path().join("timm")).expect("a folder");
        fs::write(folder.path().join(there), "mine").expect("written");
        let args = ["export", "m.safetensors", "--to", format, "--out", out];
        let said = rexnet_in(folder.path(), &args);
        assert_eq!(said.code, 1, "{format}");
        assert!(said.stderr.contains("is there already") && said.stderr.contains("--force"), "{}", said.stderr);
        assert_eq!(fs::read_to_string(folder.path().join(there)).expect("kept"), "mine");
        rexnet_in(folder.path(), &[&args[..], &["--force"]].concat()).ok();
    }
    let notes = fs::read_to_string(folder.path().join("timm/notes"));
    assert_eq!(notes.expect("not ours, so kept"), "mine");
}

#[test]
fn weights_of_other_tools_are_exported_under_a_network_s_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut net = NetSpec::named("rexnet:0.4").expect("a network");
    net.input.size = [32, 32];
    fs::write(folder.path().join("net.toml"), net.to_toml()).expect("written");
    let tensors = rexnet_weights::init(&net, 1).expect("weights");
    rexnet_weights::write_atomic(&folder.path().join("w.safetensors"), |out| {
        rexnet_weights::safetensors::write(out, &std::collections::BTreeMap::new(), &tensors)
    })
    .expect("written");
    let args = ["export", "net.toml", "--weights", "w.safetensors", "--to", "safetensors", "--out", "m.safetensors"];
    rexnet_in(folder.path(), &args).ok();
    assert_eq!(ModelFile::open(folder.path().join("m.safetensors")).expect("a model").meta, ModelMeta::new(net));
    let said = rexnet_in(folder.path(), &["export", "w.safetensors", "--to", "onnx", "--out", "x.onnx"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("w.safetensors: tensors alone"), "{}", said.stderr);
}

#[test]
fn a_network_without_weights_is_a_wrong_request_that_says_what_to_add() {
    let said = rexnet(&["export", "rexnet_100", "--to", "onnx", "--out", "net.onnx"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("`rexnet_100` is a network without weights"), "{}", said.stderr);
    assert!(said.stderr.contains("help: add `--weights FILE`"), "{}", said.stderr);
    let said = rexnet(&["export", "nothing.safetensors", "--to", "onnx", "--out", "net.onnx"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("nothing.safetensors: no such model file"), "{}", said.stderr);
}
