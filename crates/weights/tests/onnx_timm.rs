//! An exported file, run by a runtime that is not ours, gives the logits of timm's own model.

use std::collections::BTreeMap;

use rexnet_spec::NetSpec;
use rexnet_testkit::{shaken, uniform};
use rexnet_weights::onnx;
use rten_tensor::{AsView, Layout, NdTensor};
use serde::Deserialize;

/// Made by `tools/parity/fixtures.py`.
#[derive(Deserialize)]
struct Fixture {
    logits: BTreeMap<String, Vec<f32>>,
}

const SIZE: [u32; 2] = [64, 96];
const CLASSES: u32 = 11;
const BATCH: usize = 3;

fn exported(name: &str) -> Vec<u8> {
    let mut net = NetSpec::named(name).expect("a known network");
    (net.classes, net.input.size) = (CLASSES, SIZE);
    let tensors = net.graph(SIZE).expect("a graph").tensors();
    let mut read = |wanted: &str| match tensors.iter().find(|t| t.name == wanted) {
        Some(tensor) => Ok(shaken(tensor)),
        None => Err(format!("no {wanted}").into()),
    };
    onnx::encode(&net, &[], &mut read).expect("a file")
}

#[test]
fn rten_gives_timms_logits_for_every_family_that_timm_has() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/onnx_timm.json")).expect("the fixture");
    let shape = [BATCH, 3, SIZE[0] as usize, SIZE[1] as usize];
    let pixels = NdTensor::from_data(shape, uniform("pixels", shape.iter().product(), -2.0, 2.0));
    for (name, wanted) in &fixture.logits {
        let model = rten::Model::load(exported(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let output = model.run_one(pixels.view().into(), None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let logits: NdTensor<f32, 2> = output.try_into().expect("a matrix");
        assert_eq!(logits.shape(), [BATCH, CLASSES as usize], "{name}");
        let largest = wanted.iter().fold(1.0_f32, |most, v| most.max(v.abs()));
        let error = logits.to_vec().iter().zip(wanted).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(error <= 1e-4 * largest, "{name}: off by {error} where the largest logit is {largest}");
    }
    assert_eq!(fixture.logits.len(), 6);
}
