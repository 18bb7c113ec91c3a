//! The self-describing model file.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

use rexnet_spec::{NetSpec, Quantization};
use rexnet_weights::{Data, ModelFile, ModelMeta, Store, Tensors, WeightsError, init, safetensors};

fn small() -> NetSpec {
    NetSpec::named("cifar_a_best").unwrap()
}

fn meta(spec: NetSpec) -> ModelMeta {
    let classes = (0..spec.classes).map(|i| format!("Blume №{i} 花")).collect();
    ModelMeta {
        classes: Some(classes),
        training: Some(serde_json::json!({"epochs": 3, "top1": 63.5})),
        temperature: Some(1.25),
        quantization: Some(Quantization {
            ranges: [("head.fc".into(), [-0.1, f32::MAX / 3.0])].into(),
            keep: ["blocks.0.conv_pw".into()].into(),
        }),
        license: Some("MIT".into()),
        notes: Some("for a test".into()),
        ..ModelMeta::new(spec)
    }
}

#[test]
fn what_is_saved_is_what_is_opened_and_equal_models_give_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    let meta = meta(small());
    let tensors = init(&meta.spec, 7).unwrap();
    ModelFile::save(&a, &meta, &tensors).unwrap();
    ModelFile::save(&b, &meta, &tensors).unwrap();
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    let opened = ModelFile::open(&a).unwrap();
    assert_eq!(opened.meta, meta);
    assert_eq!(opened.binding().unwrap().tensors().unwrap(), tensors);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn absent_batch_counters_are_written_as_zero() {
    let meta = meta(small());
    let with = init(&meta.spec, 7).unwrap();
    let without: Tensors =
        with.iter().filter(|(_, t)| t.as_f32().is_some()).map(|(n, t)| (n.clone(), t.clone())).collect();
    assert!(without.len() < with.len());
    let mut bytes = Vec::new();
    ModelFile::write(&mut bytes, &meta, &without).unwrap();
    let store = Store::from_bytes(bytes).unwrap();
    assert_eq!(store.len(), with.len());
    let counter = store.read("stem.bn.num_batches_tracked").unwrap();
    assert_eq!((counter.shape, counter.data), (vec![], Data::I64(vec![0])));
}

#[test]
fn tensors_of_another_network_are_not_saved() {
    let other = init(&NetSpec::named("cifar_a_worst").unwrap(), 7).unwrap();
    let error = ModelFile::write(&mut Vec::new(), &meta(small()), &other).unwrap_err();
    assert!(matches!(error, WeightsError::Mismatch(_)), "{error}");
}

#[test]
fn a_newer_format_and_weights_alone_say_so() {
    let open = |metadata: &[(&str, &str)]| {
        let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut bytes = Vec::new();
        safetensors::write(&mut bytes, &metadata, &Tensors::new()).unwrap();
        ModelFile::of(Store::from_bytes(bytes).unwrap()).unwrap_err()
    };
    let newer = open(&[("rexnet.format", "2"), ("rexnet.spec", "made of things unknown")]);
    assert!(matches!(newer, WeightsError::NewerFormat { found: 2, known: 1 }), "{newer}");
    assert!(newer.help().unwrap().contains("update rexnet"));
    assert!(matches!(open(&[("format", "pt")]), WeightsError::NoSpec));
    assert!(matches!(open(&[("rexnet.format", "one")]), WeightsError::Metadata { key: "rexnet.format", .. }));
}

#[test]
fn a_temperature_that_divides_nothing_is_refused() {
    for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let meta = ModelMeta { temperature: Some(temperature), ..meta(small()) };
        let tensors = init(&meta.spec, 7).unwrap();
        let error = ModelFile::write(&mut Vec::new(), &meta, &tensors).unwrap_err();
        assert!(error.to_string().contains("rexnet.temperature"), "{temperature}: {error}");
    }
}

#[test]
fn class_names_must_be_as_many_as_classes() {
    let meta = ModelMeta { classes: Some(vec!["alone".into()]), ..meta(small()) };
    let error = ModelFile::write(&mut Vec::new(), &meta, &init(&meta.spec, 7).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "metadata \"rexnet.classes\": 1 names for 100 classes");
}
