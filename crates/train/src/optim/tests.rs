//! Twenty steps end where PyTorch and timm end; `tools/fixtures_optim.py` made the numbers.

use rexnet_spec::{Role, TensorDecl};
use rexnet_testkit::uniform;
use serde_json::Value as Json;

use super::{Optimizer, Rule, clip, norm};
use crate::{Ema, Schedule, State};

const RULES: [(&str, Rule); 3] = [
    ("sgd", Rule::Sgd { momentum: 0.9, nesterov: false }),
    ("nesterov", Rule::Sgd { momentum: 0.9, nesterov: true }),
    ("adamw", Rule::AdamW { betas: [0.9, 0.99], eps: 1e-8 }),
];
const SCHEDULE: Schedule = Schedule { lr: 0.3, warmup_lr: 0.001, min_lr: 0.01, warmup: 5, updates: 20 };

fn fixture() -> Json {
    serde_json::from_str(include_str!("../../tests/fixtures/optim.json")).unwrap()
}

fn head() -> State {
    let decl = |name: &str, shape: &[usize], role| TensorDecl { name: name.into(), shape: shape.into(), role, node: 0 };
    let decls = [decl("head.fc.weight", &[5, 7], Role::LinearWeight), decl("head.fc.bias", &[5], Role::Bias)].to_vec();
    let values = decls.iter().map(|decl| uniform(&format!("start.{}", decl.name), decl.elements(), -1.0, 1.0));
    State { values: values.collect(), decls, counters: Vec::new(), batches: 0 }
}

/// Largest distance of `ours` to a map of tensors by name.
fn distance(state: &State, ours: &[Vec<f32>], theirs: &Json) -> f64 {
    let tensors = state.decls.iter().zip(ours);
    let values = tensors.flat_map(|(decl, ours)| {
        let theirs = theirs[&decl.name].as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs).map(|(&a, b)| (f64::from(a) - b.as_f64().unwrap()).abs())
    });
    values.fold(0.0, f64::max)
}

#[test]
fn the_rate_is_timms_at_every_update() {
    for (at, theirs) in fixture()["rates"].as_array().unwrap().iter().enumerate() {
        let (ours, theirs) = (SCHEDULE.at(at as u64), theirs.as_f64().unwrap());
        assert!((ours - theirs).abs() < 1e-12, "update {at}: {ours} for {theirs}");
    }
}

#[test]
fn twenty_steps_end_where_pytorch_ends() {
    let fixture = fixture();
    for (name, rule) in RULES {
        for limit in ["1.0", "100.0"] {
            let theirs = &fixture["rules"][name][limit];
            let mut state = head();
            let mut optimizer = Optimizer::new(rule, 0.05, false, &state, &[true, true]);
            let mut ema = Ema::new(0.8, &state);
            for step in 0..20 {
                let gradient =
                    |decl: &TensorDecl| uniform(&format!("g.{}.{step}", decl.name), decl.elements(), -1.0, 1.0);
                let mut gradients: Vec<_> = state.decls.iter().map(gradient).collect();
                let length = norm(&gradients);
                clip(&mut gradients, length, limit.parse().unwrap());
                optimizer.step(SCHEDULE.at(step), &mut state.values, &gradients);
                ema.update(step + 1, &state);
            }
            let mut far =
                vec![distance(&state, &state.values, &theirs["values"]), distance(&state, &ema.values, &theirs["ema"])];
            let slots = optimizer.slots.iter().zip(theirs["slots"].as_array().unwrap());
            far.extend(slots.map(|(ours, theirs)| distance(&state, ours, theirs)));
            assert!(far.iter().all(|&d| d < 1e-6), "{name}, clipped to {limit}: {far:?}");
        }
    }
}

#[test]
fn what_is_not_learned_stays_and_is_not_remembered() {
    let mut state = head();
    let before = state.clone();
    let mut optimizer = Optimizer::new(RULES[2].1, 0.05, true, &state, &[false, true]);
    optimizer.step(0.1, &mut state.values, &[Vec::new(), vec![1.0; 5]]);
    assert_eq!(state.values[0], before.values[0]);
    assert_ne!(state.values[1], before.values[1]);
    assert!(optimizer.slots.iter().all(|slot| slot[0].is_empty() && slot[1].len() == 5));
}
