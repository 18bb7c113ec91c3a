//! Logits equal timm's on shaken weights; `tools/fixtures_logits.py` made the numbers.

use std::collections::HashMap;

use rexnet_engine::Engine;
use rexnet_spec::{NetSpec, TensorDecl};
use rexnet_testkit::{shaken, uniform};

const SIDE: u32 = 64;

#[allow(clippy::unwrap_used, reason = "a test helper")]
fn engine(net: &NetSpec, spoil: Option<&str>) -> Result<Engine, rexnet_engine::EngineError> {
    let graph = net.graph([SIDE, SIDE]).unwrap();
    let decls: HashMap<String, TensorDecl> = graph.tensors().into_iter().map(|t| (t.name.clone(), t)).collect();
    Engine::new(&graph, &mut |name| {
        let mut values = shaken(&decls[name]);
        if spoil == Some(name) {
            values.pop();
        }
        Ok(values)
    })
}

fn picture() -> Vec<f32> {
    uniform("input", 3 * (SIDE * SIDE) as usize, -2.0, 2.0)
}

#[test]
fn logits_equal_timms_on_every_network_it_has() {
    let fixture: serde_json::Value = serde_json::from_str(include_str!("fixtures/logits.json")).unwrap();
    let mut failed = Vec::new();
    for (name, want) in fixture.as_object().unwrap() {
        let mut engine = engine(&NetSpec::named(name).unwrap(), None).unwrap();
        let mut logits = vec![0.0; engine.classes()];
        engine.run(&picture(), 1, &mut logits).unwrap();
        let largest = want["largest"].as_f64().unwrap();
        let tolerance = 2e-4 * largest.max(1.0);
        let worst = want["every_8th"].as_array().unwrap().iter().zip(logits.iter().step_by(8));
        let worst = worst.map(|(w, &g)| (w.as_f64().unwrap() - f64::from(g)).abs()).fold(0.0, f64::max);
        if worst.is_nan() || worst > tolerance {
            failed.push(format!("{name}: off by {worst:.2e}, {tolerance:.2e} allowed"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn a_picture_has_the_same_logits_alone_and_in_a_batch() {
    let mut engine = engine(&NetSpec::named("rexnet_100").unwrap(), None).unwrap();
    let other: Vec<f32> = picture().iter().map(|x| 0.5 - x).collect();
    let mut both = vec![0.0; 2 * engine.classes()];
    engine.run(&[other, picture()].concat(), 2, &mut both).unwrap();
    let mut alone = vec![0.0; engine.classes()];
    engine.run(&picture(), 1, &mut alone).unwrap();
    assert_eq!(both[engine.classes()..], alone);
}

#[test]
fn a_tensor_of_the_wrong_size_is_named() {
    let error = engine(&NetSpec::named("rexnet_100").unwrap(), Some("features.3.se.fc1.bias")).err().unwrap();
    assert_eq!(error.to_string(), "tensor `features.3.se.fc1.bias` has 18 values, the network wants 19");
}

#[test]
fn a_buffer_of_the_wrong_size_is_refused() {
    let mut engine = engine(&NetSpec::named("rexnet_100").unwrap(), None).unwrap();
    let error = engine.run(&picture()[1..], 1, &mut [0.0; 1000]).unwrap_err();
    assert_eq!(error.to_string(), "pixels: 12287 values, 12288 wanted");
}
