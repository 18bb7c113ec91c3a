//! Gradients in training mode equal PyTorch's in f64; `tools/fixtures_gradients.py` made the numbers.

use burn::tensor::{Device, Tensor, TensorData};
use rexnet_random::Stream;
use rexnet_spec::{Graph, NetSpec, Role, Value};
use rexnet_testkit::{shaken, uniform};
use serde_json::Value as Json;

use super::forward::Forward;
use super::{Net, Noise, slice};
use crate::{State, Targets};

const VECTORS: usize = 32;
const BATCH: usize = 16;

fn fixture() -> Json {
    serde_json::from_str(include_str!("../../tests/fixtures/gradients.json")).unwrap()
}

fn quiet() -> Noise {
    Noise { stream: Stream::new(0), drop_path: 0.0, dropout: Some(0.0) }
}

fn state(graph: &Graph) -> State {
    State::new(graph, |decl| Ok::<_, std::convert::Infallible>(shaken(decl))).unwrap()
}

/// Estimated distance to the gradient of a fixture, and that gradient's norm.
fn distance(name: &str, ours: &[f32], row: &Json) -> (f64, f64) {
    let signs = Stream::new(0).named(&format!("signs.{name}"));
    let squares = row["dots"].as_array().unwrap().iter().enumerate().map(|(k, dot)| {
        let sign = |i: usize| if signs.bits((k * ours.len() + i) as u64) >> 63 == 1 { 1.0 } else { -1.0 };
        let got: f64 = ours.iter().enumerate().map(|(i, &g)| sign(i) * f64::from(g)).sum();
        (got - dot.as_f64().unwrap()).powi(2)
    });
    ((squares.sum::<f64>() / VECTORS as f64).sqrt(), row["norm"].as_f64().unwrap())
}

/// Block `index` of a graph as a graph of its own, for maps of `side`.
fn block(net: &NetSpec, index: usize, side: u32) -> Graph {
    let graph = net.graph(net.input.size).unwrap();
    let first = graph.nodes.iter().position(|node| node.block == Some(index)).unwrap();
    let mut nodes: Vec<_> = graph.nodes.iter().filter(|node| node.block == Some(index)).cloned().collect();
    for value in nodes.iter_mut().flat_map(|node| &mut node.inputs) {
        *value = Value(value.0 - first);
    }
    let input = rexnet_spec::Shape { h: side, w: side, ..graph.shape(Value(first)) };
    Graph { input, nodes }
}

#[test]
fn every_kind_of_block_has_pytorchs_gradients() {
    let net = NetSpec::named("rexnet_100").unwrap();
    let mut wrong = Vec::new();
    for (index, rows) in fixture()["blocks"].as_object().unwrap() {
        let graph = block(&net, index.parse().unwrap(), 14);
        let (state, net) = (state(&graph), Net::new(&graph, Device::flex(), |_| true));
        let prefix = format!("features.{index}.");
        let leaves = net.leaves(&state, true);
        let pixels = uniform(&format!("{prefix}x"), BATCH * graph.input.elements() as usize, -1.0, 1.0);
        let x = net.picture(pixels, true).require_grad();
        let y = Forward::new(&net, &leaves, Some(quiet())).map(x.clone());
        let g = uniform(&format!("{prefix}g"), y.dims().iter().product(), -1.0, 1.0);
        let g = Tensor::<4>::from_data(TensorData::new(g, y.dims()), &y.device());
        let mut tape = (y * g).sum().backward();
        let mut ours: Vec<(String, Vec<f32>)> = vec![(format!("{prefix}x"), slice(x.grad_remove(&mut tape).unwrap()))];
        for (decl, leaf) in state.decls.iter().zip(&leaves).filter(|(decl, _)| decl.role.is_param()) {
            ours.push((decl.name.clone(), slice(leaf.grad_remove(&mut tape).unwrap())));
        }
        let largest = rows.as_object().unwrap().values().map(|row| row["norm"].as_f64().unwrap()).fold(0.0, f64::max);
        for (name, gradient) in &ours {
            let (distance, norm) = distance(name, gradient, &rows[name.as_str()]);
            let allowed = if is_zero(name) { 1e-5 * largest } else { 1e-4 * norm };
            if distance.is_nan() || distance > allowed {
                wrong.push(format!("{name}: {distance:.2e} of {norm:.2e}, {allowed:.2e} allowed"));
            }
        }
        assert_eq!(ours.len(), rows.as_object().unwrap().len(), "block {index}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Biases that a batch norm behind them cancels: their true gradient is 0.
fn is_zero(name: &str) -> bool {
    name.ends_with("se.fc1.bias")
}

#[test]
fn the_whole_network_is_as_near_to_f64_as_pytorchs_own_f32() {
    let fixture = &fixture()["network"];
    let graph = NetSpec::named("rexnet_100").unwrap().graph([96, 96]).unwrap();
    let (mut state, net) = (state(&graph), Net::new(&graph, Device::flex(), |_| true));
    let labels: Vec<usize> = (0..BATCH).map(|i| i * 37 % 1000).collect();
    let pixels = uniform("pictures", BATCH * graph.input.elements() as usize, -2.0, 2.0);
    let got = net.gradients(&state, pixels, &Targets::hard(&labels, 1000, 0.1, None), quiet()).unwrap();
    assert!((f64::from(got.loss) - fixture["loss"].as_f64().unwrap()).abs() < 1e-4, "loss {}", got.loss);
    let rows = fixture["tensors"].as_object().unwrap();
    let largest = rows.values().map(|row| row["norm"].as_f64().unwrap()).fold(0.0, f64::max);
    let mut wrong = Vec::new();
    for (decl, gradient) in state.decls.iter().zip(&got.slices).filter(|(decl, _)| decl.role.is_param()) {
        let row = &rows[decl.name.as_str()];
        let (distance, norm) = distance(&decl.name, gradient, row);
        let zero = norm < 1e-9 * largest;
        let allowed = if zero { 1e-5 * largest } else { (3.0 * row["float32"].as_f64().unwrap()).min(1e-2 * norm) };
        if distance.is_nan() || distance > allowed {
            wrong.push(format!("{}: {distance:.2e} of {norm:.2e}, {allowed:.2e} allowed", decl.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    got.statistics.iter().for_each(|batch| batch.enter(&mut state));
    for (decl, values) in state.decls.iter().zip(&state.values) {
        if matches!(decl.role, Role::RunningMean | Role::RunningVar) {
            let (distance, norm) = distance(&decl.name, values, &fixture["statistics"][decl.name.as_str()]);
            assert!(distance < 1e-5 * norm, "{}: {distance:.2e} of {norm:.2e}", decl.name);
        }
    }
}
