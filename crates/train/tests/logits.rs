//! Burn's logits and the engine's equal the references' on shaken weights; `tools/fixtures_logits.py` made the numbers.

use std::collections::HashMap;

use rexnet_engine::Engine;
use rexnet_spec::{NetSpec, TensorDecl};
use rexnet_testkit::{shaken, uniform};
use rexnet_train::{Net, State, device};
use rexnet_weights::Dialect;
use serde_json::Value;

const SIDE: u32 = 64;

/// Holds both to the rows of a fixture whose values are keyed by the names of `dialect`.
fn assert_equal(fixture: &str, dialect: Option<Dialect>) {
    let rows: Value = serde_json::from_str(fixture).expect("JSON");
    let picture = uniform("input", 3 * (SIDE * SIDE) as usize, -2.0, 2.0);
    let mut failed = Vec::new();
    for (name, want) in rows.as_object().expect("networks") {
        let net = NetSpec::named(name).expect("in the zoo");
        let graph = net.graph([SIDE, SIDE]).expect("a size it takes");
        let theirs: HashMap<String, String> = dialect.map(|d| d.names(&net)).into_iter().flatten().collect();
        let read = |decl: &TensorDecl| {
            let name = theirs.get(&decl.name).unwrap_or(&decl.name).clone();
            Ok::<_, ()>(shaken(&TensorDecl { name, ..decl.clone() }))
        };
        let state = State::new(&graph, read).expect("every tensor is made");
        let of_burn = Net::new(&graph, device("cpu").expect("always there"), |_| true).logits(&state, picture.clone());
        let mut engine =
            Engine::new(&graph, &mut |name| Ok(state.get(name).expect("of the graph").to_vec())).expect("runs");
        let mut of_engine = vec![0.0; engine.classes()];
        engine.run(&picture, 1, &mut of_engine).expect("runs");
        let allowed = 2e-4 * want["largest"].as_f64().expect("a number").max(1.0);
        for (whose, logits) in [("Burn", of_burn), ("the engine", of_engine)] {
            let pairs = want["every_8th"].as_array().expect("numbers").iter().zip(logits.iter().step_by(8));
            let off = pairs.map(|(want, &got)| (want.as_f64().expect("a number") - f64::from(got)).abs());
            let worst = off.fold(0.0, |worst, off| if off.is_nan() { f64::INFINITY } else { off.max(worst) });
            if worst > allowed {
                failed.push(format!("{name}: {whose} is off by {worst:.2e}, {allowed:.2e} allowed"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn logits_equal_timms_on_every_network_it_has() {
    assert_equal(include_str!("../../engine/tests/fixtures/logits.json"), None);
}

#[test]
fn logits_of_lite_equal_those_of_the_authors_class() {
    assert_equal(include_str!("fixtures/lite.json"), Some(Dialect::Clovaai));
}
