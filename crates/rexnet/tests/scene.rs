//! Logits from picture files equal timm's through timm's own transform; `tools/fixtures_scene.py` wrote the numbers.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use rexnet::{Model, Run};
use rexnet_spec::NetSpec;
use rexnet_testkit::shaken;
use rexnet_vision::data::Source;
use rexnet_weights::{ModelFile, ModelMeta, Store, Tensor};
use serde_json::Value;

/// The network with generated weights, as if read from a file.
fn model(name: &str) -> Model {
    let spec = NetSpec::named(name).unwrap();
    let decls = spec.graph(spec.input.size).unwrap().tensors();
    let tensors = decls.iter().filter(|decl| !decl.shape.is_empty());
    let tensors = tensors.map(|decl| (decl.name.clone(), Tensor::f32(decl.shape.clone(), shaken(decl)))).collect();
    let mut file = Vec::new();
    ModelFile::write(&mut file, &ModelMeta::new(spec), &tensors).unwrap();
    let file = ModelFile::of(Store::from_bytes(file).unwrap()).unwrap();
    Model::new(&file, &Run { ignore_exif: true, ..Run::default() }).unwrap()
}

#[test]
fn every_width_sees_in_a_file_what_timm_sees() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/scene.json")).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut wrong = Vec::new();
    for (name, kinds) in fixture.as_object().unwrap() {
        let mut model = model(name);
        for (kind, share) in [("png", 1e-2), ("jpg", 5e-2)] {
            let (logits, errors) = model.logits(&[&Source::file(folder, format!("scene.{kind}"))]).unwrap();
            assert!(errors[0].is_none());
            let allowed = share * kinds[kind]["largest"].as_f64().unwrap().max(1.0);
            let theirs = kinds[kind]["every_8th"].as_array().unwrap();
            let far = theirs.iter().zip(logits.iter().step_by(8));
            let far = far.map(|(w, &g)| (w.as_f64().unwrap() - f64::from(g)).abs()).fold(0.0, f64::max);
            if far.is_nan() || far > allowed {
                wrong.push(format!("{name}.{kind}: off by {far:.2e}, {allowed:.2e} allowed"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
