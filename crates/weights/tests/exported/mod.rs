//! Networks with generated weights as ONNX bytes, and timm's logits for them.

use std::collections::BTreeMap;

use rexnet_spec::NetSpec;
use rexnet_testkit::shaken;
use rexnet_weights::onnx;
use serde::Deserialize;

/// Height and width of the pictures.
pub(crate) const SIZE: [u32; 2] = [64, 96];
/// Outputs of the classifier.
pub(crate) const CLASSES: u32 = 11;
/// Pictures.
pub(crate) const BATCH: usize = 3;

/// timm's logits, `[BATCH, CLASSES]` by our name of the network.
pub(crate) fn of_timm() -> BTreeMap<String, Vec<f32>> {
    /// Made by `tools/parity/fixtures.py`.
    #[derive(Deserialize)]
    struct Fixture {
        logits: BTreeMap<String, Vec<f32>>,
    }
    let fixture: Fixture = serde_json::from_str(include_str!("../fixtures/onnx_timm.json")).expect("the fixture");
    assert_eq!(fixture.logits.len(), 6);
    assert!(fixture.logits.values().all(|logits| logits.len() == BATCH * CLASSES as usize));
    fixture.logits
}

/// The file of a network with generated weights, and its description.
pub(crate) fn file(name: &str, classes: &[String]) -> (NetSpec, Vec<u8>) {
    let mut net = NetSpec::named(name).expect("a known network");
    (net.classes, net.input.size) = (CLASSES, SIZE);
    let tensors = net.graph(SIZE).expect("a graph").tensors();
    let mut read = |wanted: &str| match tensors.iter().find(|t| t.name == wanted) {
        Some(tensor) => Ok(shaken(tensor)),
        None => Err(format!("no {wanted}").into()),
    };
    let bytes = onnx::encode(&net, classes, &mut read).expect("a file");
    (net, bytes)
}

/// Fails when logits are off by more than 1e-4 of the largest.
pub(crate) fn assert_close(name: &str, got: &[f32], wanted: &[f32]) {
    assert_eq!(got.len(), wanted.len(), "{name}");
    let largest = wanted.iter().fold(1.0_f32, |most, v| most.max(v.abs()));
    for (got, wanted) in got.iter().zip(wanted) {
        assert!((got - wanted).abs() <= 1e-4 * largest, "{name}: {got} for {wanted}, the largest is {largest}");
    }
}
