//! Whose tensors a file holds.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use rexnet_spec::{Family, NetSpec, ZOO};
use rexnet_testkit::shaken;
use rexnet_weights::{
    Data, Dialect, Mismatch, NewHead, Store, Tensor, Tensors, WeightsError, identify, init, resolve, safetensors,
};

/// A file of a network's shaken tensors in a dialect, changed by `edit` before it is written.
fn file(spec: &NetSpec, dialect: Dialect, edit: impl Fn(&mut Tensors)) -> Store {
    let names: BTreeMap<String, String> = dialect.names(spec).into_iter().collect();
    let mut tensors = Tensors::new();
    for decl in spec.graph(spec.input.size).unwrap().tensors() {
        let values = shaken(&decl);
        let data = if values.len() == 1 && decl.shape.is_empty() { Data::I64(vec![1]) } else { Data::F32(values) };
        tensors.insert(names[&decl.name].clone(), Tensor { shape: decl.shape, data });
    }
    edit(&mut tensors);
    let mut bytes = Vec::new();
    safetensors::write(&mut bytes, &BTreeMap::new(), &tensors).unwrap();
    Store::from_bytes(bytes).unwrap()
}

fn named(name: &str) -> NetSpec {
    NetSpec::named(name).unwrap()
}

fn mismatch(result: Result<rexnet_weights::Binding<'_>, WeightsError>) -> Mismatch {
    match result {
        Err(WeightsError::Mismatch(wrong)) => *wrong,
        other => panic!("{other:?}"),
    }
}

fn assert_bijective(spec: &NetSpec) {
    let declared: Vec<String> =
        spec.graph(spec.input.size).unwrap().tensors().into_iter().map(|decl| decl.name).collect();
    for dialect in Dialect::ALL {
        let names = dialect.names(spec);
        let there: BTreeMap<_, _> = names.iter().cloned().collect();
        let back: BTreeMap<_, _> = names.iter().map(|(ours, theirs)| (theirs.clone(), ours.clone())).collect();
        assert_eq!(names.iter().map(|n| &n.0).collect::<Vec<_>>(), declared.iter().collect::<Vec<_>>());
        assert_eq!(back.len(), declared.len(), "{dialect:?} calls two tensors of {} the same", spec.name);
        assert!(declared.iter().all(|name| back[&there[name]] == *name));
    }
}

#[test]
fn names_of_every_zoo_network_are_bijective_in_every_dialect() {
    for entry in ZOO {
        assert_bijective(&entry.net().unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn names_of_any_width_and_depth_are_bijective_in_every_dialect(
        width in 0.1_f64..4.0, depth in 6_u32..40, family in 0..3,
    ) {
        let family = match family {
            0 => Family::rexnet(),
            1 => Family::rexnetr(8),
            _ => Family::rexnet_lite(),
        };
        assert_bijective(&family.with_depth(depth).at(width));
    }
}

/// Names written down from the authors' classes, not from our code.
#[test]
fn clovaais_names_are_those_of_its_sequentials() {
    let names: BTreeMap<_, _> = Dialect::Clovaai.names(&named("rexnet_100")).into_iter().collect();
    let rows = [
        ("stem.conv.weight", "features.0.weight"),
        ("stem.bn.bias", "features.1.bias"),
        ("features.0.conv_dw.conv.weight", "features.3.out.0.weight"),
        ("features.0.conv_pwl.bn.running_var", "features.3.out.4.running_var"),
        ("features.1.conv_pwl.conv.weight", "features.4.out.6.weight"),
        ("features.3.se.fc1.bias", "features.6.out.5.fc.0.bias"),
        ("features.3.se.bn.weight", "features.6.out.5.fc.1.weight"),
        ("features.3.se.fc2.weight", "features.6.out.5.fc.3.weight"),
        ("features.15.conv_pwl.bn.num_batches_tracked", "features.18.out.8.num_batches_tracked"),
        ("features.16.conv.weight", "features.19.weight"),
        ("features.16.bn.weight", "features.20.weight"),
        ("head.fc.bias", "output.1.bias"),
    ];
    for (ours, theirs) in rows {
        assert_eq!(names[ours], theirs);
    }
    let lite: BTreeMap<_, _> = Dialect::Clovaai.names(&named("rexnet_lite_100")).into_iter().collect();
    assert_eq!(lite["head.fc1.weight"], "output.0.weight");
    assert_eq!(lite["head.bn.running_mean"], "output.1.running_mean");
    assert_eq!(lite["head.fc2.bias"], "output.4.bias");
    assert_eq!(lite["features.5.conv_pwl.conv.weight"], "features.8.out.6.weight");
}

#[test]
fn every_dialect_is_told_apart_by_its_keys_and_gives_our_tensors() {
    let spec = named("cifar_a_best");
    for dialect in Dialect::ALL {
        let store = file(&spec, dialect, |_| ());
        let binding = resolve(&spec, &store, NewHead::Refuse).unwrap();
        assert_eq!(binding.dialect(), dialect);
        for decl in spec.graph(spec.input.size).unwrap().tensors() {
            match binding.read(&decl.name).unwrap() {
                Tensor { shape, data: Data::F32(values) } => {
                    assert_eq!((shape, values), (decl.shape.clone(), shaken(&decl)));
                }
                Tensor { shape, data } => assert_eq!((shape, data), (vec![], Data::I64(vec![1]))),
            }
        }
    }
}

#[test]
fn a_classifier_may_be_a_linear_layer_or_a_1x1_convolution() {
    let spec = named("rexnet_lite_100");
    let store = file(&spec, Dialect::Clovaai, |tensors| {
        for name in ["output.0.weight", "output.4.weight"] {
            tensors.get_mut(name).unwrap().shape.extend([1, 1]);
        }
    });
    let binding = resolve(&spec, &store, NewHead::Refuse).unwrap();
    assert_eq!(binding.read("head.fc2.weight").unwrap().shape, [1000, 1024]);
}

#[test]
fn batch_counters_may_be_absent_and_nothing_else() {
    let spec = named("cifar_a_best");
    let store = file(&spec, Dialect::Rexnet, |tensors| tensors.retain(|name, _| !name.ends_with("tracked")));
    let binding = resolve(&spec, &store, NewHead::Refuse).unwrap();
    assert_eq!(binding.read("stem.bn.num_batches_tracked").unwrap(), Tensor::count(0));
    let store =
        file(&spec, Dialect::Rexnet, |tensors| tensors.retain(|name, _| !name.ends_with("stem.bn.running_mean")));
    let wrong = mismatch(resolve(&spec, &store, NewHead::Refuse));
    assert_eq!(
        (wrong.missing, wrong.unexpected, wrong.shapes),
        (vec!["stem.bn.running_mean".to_owned()], vec![], vec![])
    );
}

#[test]
fn the_report_lists_missing_unexpected_and_mis_shaped_and_stays_short() {
    let spec = named("cifar_a_best");
    let store = file(&spec, Dialect::Rexnet, |tensors| {
        let stem = tensors.remove("stem.conv.weight").unwrap();
        tensors.insert("stem.conv.weight".into(), Tensor::f32([16, 3, 1, 9], stem.as_f32().unwrap().to_vec()));
        tensors.remove("head.fc.bias");
        for i in 0..1000 {
            tensors.insert(format!("aux.{i}"), Tensor::f32([1], vec![0.0]));
        }
    });
    let error = resolve(&spec, &store, NewHead::Refuse).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("stem.conv.weight [16, 3, 1, 9] in the file, [16, 3, 3, 3] in the network"), "{text}");
    assert!(text.contains("1 missing: head.fc.bias"), "{text}");
    assert!(text.contains("1000 unexpected: aux.0") && text.contains("and 997 more"), "{text}");
    assert!(text.len() < 500);
}

#[test]
fn weights_of_another_width_say_which_network_they_are() {
    let store = file(&named("rexnet_200"), Dialect::Clovaai, |_| ());
    let wrong = mismatch(resolve(&named("rexnet_100"), &store, NewHead::Refuse));
    assert_eq!(wrong.file_is.as_deref(), Some("rexnet_200"));
    assert!(wrong.to_string().starts_with("not the tensors of `rexnet_100` but those of `rexnet_200`; "), "{wrong}");
    assert_eq!(wrong.help().as_deref(), Some("name the network `rexnet_200`"));
}

#[test]
fn a_file_is_identified_whatever_its_classes_and_dialect() {
    for (name, dialect) in [
        ("rexnet:0.37", Dialect::Rexnet),
        ("rexnet_lite_130", Dialect::Clovaai),
        ("rexnetr_150", Dialect::Rexnet),
        ("mobilenetv2_100", Dialect::Efficientnet),
        ("tf_efficientnet_lite0", Dialect::EfficientnetLite),
    ] {
        let spec = NetSpec { classes: 17, ..named(name) };
        let found = identify(&file(&spec, dialect, |_| ())).unwrap();
        assert_eq!((found.name, found.classes), (spec.name, 17));
    }
    let mut unknown = named("rexnet_100");
    unknown.blocks[7].out += 1;
    assert!(identify(&file(&unknown, Dialect::Rexnet, |_| ())).is_none());
}

#[test]
fn other_classes_are_an_error_unless_a_new_head_is_asked_for() {
    let file_spec = named("rexnet:0.5");
    let store = file(&file_spec, Dialect::Clovaai, |_| ());
    let spec = NetSpec { classes: 17, ..file_spec.clone() };
    let wrong = mismatch(resolve(&spec, &store, NewHead::Refuse));
    assert_eq!(wrong.shapes.iter().map(|s| s.0.as_str()).collect::<Vec<_>>(), ["output.1.weight", "output.1.bias"]);
    assert!(wrong.help().unwrap().contains("--init"));
    let binding = resolve(&spec, &store, NewHead::Seeded(5)).unwrap();
    assert_eq!(binding.new_head().unwrap().to_string(), "new classifier for 17 classes; the file has 1000");
    let fresh = init(&spec, 5).unwrap();
    assert_eq!(binding.read("head.fc.weight").unwrap(), fresh["head.fc.weight"]);
    assert_ne!(binding.read("stem.conv.weight").unwrap(), fresh["stem.conv.weight"]);
    let same = resolve(&file_spec, &store, NewHead::Seeded(5)).unwrap();
    assert!(same.new_head().is_none(), "a head that fits is kept");
}

#[test]
fn a_new_head_excuses_no_other_difference() {
    let store = file(&named("rexnet:0.5"), Dialect::Rexnet, |_| ());
    let spec = NetSpec { classes: 17, ..named("rexnet:0.6") };
    assert!(!mismatch(resolve(&spec, &store, NewHead::Seeded(5))).shapes.is_empty());
}

#[test]
fn a_grey_network_takes_the_sum_over_the_colours() {
    let colour = named("cifar_a_best");
    let store = file(&colour, Dialect::Rexnet, |_| ());
    let mut grey = colour;
    grey.input.channels = 1;
    (grey.input.mean, grey.input.std) = (vec![0.5], vec![0.5]);
    let sum = resolve(&grey, &store, NewHead::Refuse).unwrap().read("stem.conv.weight").unwrap();
    let rgb = store.read_f32("stem.conv.weight").unwrap();
    assert_eq!(sum.shape, [16, 1, 3, 3]);
    for (o, row) in sum.as_f32().unwrap().chunks(9).enumerate() {
        for (i, &value) in row.iter().enumerate() {
            let planes = [0, 1, 2].map(|c| rgb[(o * 3 + c) * 9 + i]);
            assert!((value - planes.iter().sum::<f32>()).abs() < 1e-6);
        }
    }
}

#[test]
fn names_of_no_known_network_are_shown() {
    let spec = named("cifar_a_best");
    let store = file(&spec, Dialect::Rexnet, |tensors| {
        tensors.clear();
        tensors.insert("layer1.0.conv1.weight".into(), Tensor::f32([1], vec![0.0]));
    });
    let error = resolve(&spec, &store, NewHead::Refuse).unwrap_err();
    assert_eq!(error.to_string(), "no network known here names its tensors like layer1.0.conv1.weight");
}
