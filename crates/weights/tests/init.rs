//! Fresh weights.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

use rexnet_spec::NetSpec;
use rexnet_weights::{Tensors, init};

fn values<'a>(tensors: &'a Tensors, name: &str) -> &'a [f32] {
    tensors[name].as_f32().unwrap()
}

fn deviation(values: &[f32]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    (values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Deviations of timm's `efficientnet_init_weights`, by its formula and the shapes of `rexnet_100`.
#[test]
fn weights_are_spread_as_timms() {
    let tensors = init(&NetSpec::named("rexnet_100").unwrap(), 1).unwrap();
    assert_eq!(tensors.len(), 413);
    for (name, wanted) in [
        ("features.16.conv.weight", (2.0_f64 / 1280.0).sqrt()),
        ("features.15.conv_exp.conv.weight", (2.0_f64 / 1044.0).sqrt()),
        ("features.15.conv_dw.conv.weight", (2.0_f64 / 9.0).sqrt()),
        ("features.15.se.fc1.weight", (2.0_f64 / 87.0).sqrt()),
        ("head.fc.weight", 1.0 / (3.0_f64 * 1000.0).sqrt()),
    ] {
        let found = deviation(values(&tensors, name));
        assert!((found / wanted - 1.0).abs() < 0.03, "{name}: {found} for {wanted}");
    }
    let bound = 1.0 / 1000_f32.sqrt();
    assert!(values(&tensors, "head.fc.weight").iter().all(|v| v.abs() <= bound));
    for (name, value) in [
        ("head.fc.bias", 0.0),
        ("features.3.se.fc1.bias", 0.0),
        ("stem.bn.weight", 1.0),
        ("stem.bn.bias", 0.0),
        ("stem.bn.running_mean", 0.0),
        ("stem.bn.running_var", 1.0),
    ] {
        assert!(values(&tensors, name).iter().all(|&v| v == value), "{name}");
    }
}

#[test]
fn a_seed_and_a_name_decide_a_tensor() {
    let spec = NetSpec::named("cifar_a_best").unwrap();
    let (a, b, other) = (init(&spec, 1).unwrap(), init(&spec, 1).unwrap(), init(&spec, 2).unwrap());
    assert_eq!(a, b);
    assert_ne!(a["stem.conv.weight"], other["stem.conv.weight"]);
    let ten = init(&NetSpec { classes: 10, ..spec }, 1).unwrap();
    assert_eq!(a["stem.conv.weight"], ten["stem.conv.weight"], "another classifier changes no other tensor");
}
