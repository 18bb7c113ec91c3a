use std::collections::BTreeSet;

use prost::Message;
use rexnet_spec::{Act, Graph, Input, NetSpec, Node, Op, Shape, Value};
use rexnet_testkit::shaken;
use rten_tensor::{AsView, Layout, NdTensor};

use super::builder::batched;
use super::{INPUT, OUTPUT, OnnxError, ReadError, encode, printer, proto};

/// One block of each kind: squeeze-excitation, a shortcut of a part and of the whole, SAME padding of a stride.
fn small() -> NetSpec {
    let toml = r#"
        name = "small"
        classes = 3
        naming = "rexnet"
        padding = "same"
        stages = [1, 2]
        stem = { out = 4, kernel = 3, stride = 2, act = "silu" }
        head = { channels = 12, act = "silu", hidden = { features = 10, act = "relu" }, dropout = 0.2 }

        [input]
        channels = 3
        size = [8, 8]
        test_size = [16, 24]
        mean = [0.4, 0.5, 0.6]
        std = [0.1, 0.2, 0.3]
        crop_pct = 0.9
        interpolation = "bilinear"
        antialias = true
        resize = "squash"
        exif = false

        [[blocks]]
        out = 5
        kernel = 3
        stride = 1
        act_dw = "relu6"
        shortcut = "partial"

        [[blocks]]
        out = 7
        hidden = 9
        kernel = 5
        stride = 2
        act_expand = "silu"
        act_dw = "relu6"
        se = { channels = 2, act = "relu", norm = true, after_act = false }
        shortcut = "partial"

        [[blocks]]
        out = 7
        hidden = 8
        kernel = 3
        stride = 1
        act_expand = "hard_swish"
        shortcut = "partial"
    "#;
    NetSpec::from_toml(toml).expect("a network")
}

fn source(net: &NetSpec) -> impl FnMut(&str) -> Result<Vec<f32>, ReadError> {
    let tensors = net.graph(net.input.eval_size()).expect("a graph").tensors();
    move |name| match tensors.iter().find(|t| t.name == name) {
        Some(tensor) => Ok(shaken(tensor)),
        None => Err(format!("no {name}").into()),
    }
}

fn classes() -> Vec<String> {
    ["cat", "größe", "a \"dog\""].map(String::from).to_vec()
}

fn decoded(bytes: &[u8]) -> (proto::Model, proto::Graph) {
    let model = proto::Model::decode(bytes).expect("a protobuf message");
    let graph = model.graph.clone().expect("a graph");
    (model, graph)
}

#[test]
fn every_parameter_and_statistic_is_read_once_and_nothing_else() {
    let net = small();
    let mut read = source(&net);
    let mut asked = Vec::new();
    let mut noting = |name: &str| {
        asked.push(name.to_owned());
        read(name)
    };
    encode(&net, &[], &mut noting).expect("a file");
    let tensors = net.graph(net.input.eval_size()).expect("a graph").tensors();
    let owned: BTreeSet<String> =
        tensors.iter().map(|t| t.name.clone()).filter(|n| !n.ends_with("num_batches_tracked")).collect();
    assert_eq!(asked.iter().cloned().collect::<BTreeSet<_>>(), owned);
    assert_eq!(asked.len(), owned.len());
}

#[test]
fn names_are_unique_and_every_value_is_made_before_it_is_read() {
    let net = small();
    let (_, graph) = decoded(&encode(&net, &[], &mut source(&net)).expect("a file"));
    let mut known: BTreeSet<String> = BTreeSet::from([INPUT.to_owned()]);
    for tensor in &graph.initializer {
        let elements: i64 = tensor.dims.iter().product();
        let width = if tensor.data_type == Some(proto::INT64) { 8 } else { 4 };
        assert_eq!(tensor.raw_data().len() as i64, elements * width, "{}", tensor.name());
        assert!(known.insert(tensor.name().to_owned()), "{} twice", tensor.name());
    }
    let mut read = BTreeSet::new();
    for node in &graph.node {
        for input in &node.input {
            assert!(known.contains(input), "{} reads {input} before it is made", node.name());
            read.insert(input.clone());
        }
        for output in &node.output {
            assert!(known.insert(output.clone()), "{output} twice");
        }
    }
    read.insert(OUTPUT.to_owned());
    assert_eq!(read, known, "a value that nothing reads");
}

#[test]
fn batch_norm_is_folded_and_only_ordinary_operators_remain() {
    let net = small();
    let (_, graph) = decoded(&encode(&net, &[], &mut source(&net)).expect("a file"));
    let used: BTreeSet<&str> = graph.node.iter().map(proto::Node::op_type).collect();
    let ordinary =
        ["Add", "Clip", "Conv", "Flatten", "Gemm", "GlobalAveragePool", "HardSwish", "Mul", "Pad", "Relu", "Sigmoid"];
    assert_eq!(used, BTreeSet::from(ordinary));
}

#[test]
fn the_batch_is_free_and_the_size_is_that_of_evaluation() {
    let net = small();
    let (_, graph) = decoded(&encode(&net, &[], &mut source(&net)).expect("a file"));
    let dims = |value: &proto::ValueInfo| -> Vec<String> {
        let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).expect("a tensor");
        assert_eq!(tensor.elem_type, Some(proto::FLOAT));
        let extent = |d: &proto::Dimension| match d.value.as_ref().expect("an extent") {
            proto::Extent::Fixed(n) => n.to_string(),
            proto::Extent::Free(name) => name.clone(),
        };
        tensor.shape.as_ref().expect("a shape").dim.iter().map(extent).collect()
    };
    assert_eq!(
        (graph.input[0].name(), dims(&graph.input[0])),
        (INPUT, ["batch", "3", "16", "24"].map(String::from).to_vec())
    );
    assert_eq!((graph.output[0].name(), dims(&graph.output[0])), (OUTPUT, ["batch", "3"].map(String::from).to_vec()));
}

#[test]
fn preparation_names_and_network_come_back_from_the_metadata() {
    let net = small();
    let (model, _) = decoded(&encode(&net, &classes(), &mut source(&net)).expect("a file"));
    let value = |key: &str| {
        let found = model.metadata_props.iter().find(|p| p.key() == key);
        found.unwrap_or_else(|| panic!("no metadata `{key}`")).value().to_owned()
    };
    assert_eq!(serde_json::from_str::<Vec<String>>(&value("classes")).expect("a list"), classes());
    assert_eq!(serde_json::from_str::<Input>(&value("input")).expect("an input contract"), net.input);
    assert_eq!(NetSpec::from_toml(&value("net")).expect("a network"), net);
    assert_eq!((model.producer_name(), model.opset_import[0].version()), ("rexnet", 17));
}

#[test]
fn equal_models_give_equal_bytes() {
    let net = small();
    let once = encode(&net, &classes(), &mut source(&net)).expect("a file");
    let again = encode(&net, &classes(), &mut source(&net)).expect("a file");
    assert_eq!(once, again);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let net = small();
    let two = &classes()[..2];
    assert!(matches!(encode(&net, two, &mut source(&net)), Err(OnnxError::Classes { wanted: 3, got: 2 })));
    let mut missing = |name: &str| -> Result<Vec<f32>, ReadError> { Err(format!("no {name}").into()) };
    let error = encode(&net, &[], &mut missing).expect_err("no tensors");
    assert_eq!(error.to_string(), "cannot read tensor stem.conv.weight");
    let mut short = |_: &str| Ok(vec![0.0; 3]);
    let error = encode(&net, &[], &mut short).expect_err("short tensors");
    assert_eq!(error.to_string(), "tensor stem.conv.weight has 3 elements, the network has 108");
}

/// Runs one operation that keeps the shape, and wants no tensor of the source but those given.
fn run(op: Op, x: &[f32], read: &mut dyn FnMut(&str) -> Result<Vec<f32>, ReadError>) -> Vec<f32> {
    let shape = Shape { c: x.len() as u32, h: 1, w: 1 };
    let node = Node { name: "only".into(), op, inputs: vec![Value(0)], out: shape, block: None };
    let graph = Graph { input: shape, nodes: vec![node] };
    let dims = [shape.c, 1, 1];
    let printed = printer::print(&graph, read).expect("operators");
    let model = proto::Model {
        ir_version: Some(8),
        opset_import: vec![proto::OperatorSet { domain: Some(String::new()), version: Some(17) }],
        graph: Some(printed.finish("one", batched(INPUT, &dims, ""), batched(OUTPUT, &dims, ""))),
        ..proto::Model::default()
    };
    let model = rten::Model::load(model.encode_to_vec()).expect("rten reads it");
    let input = NdTensor::from_data([1, x.len(), 1, 1], x.to_vec());
    let output = model.run_one(input.view().into(), None).expect("rten runs it");
    let output: NdTensor<f32, 4> = output.try_into().expect("four dimensions");
    assert_eq!(output.shape(), [1, x.len(), 1, 1]);
    output.to_vec()
}

#[test]
fn every_activation_computes_its_definition() {
    let x: Vec<f32> = (-60..=60).map(|i| i as f32 * 0.25).collect();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for act in Act::PAPER.into_iter().chain([Act::Sigmoid]).filter(|&act| act != Act::Linear) {
        let defined = |x: f64| match act {
            Act::Linear => x,
            Act::Relu => x.max(0.0),
            Act::Relu6 => x.clamp(0.0, 6.0),
            Act::LeakyRelu => x.max(0.01 * x),
            Act::Elu => {
                if x > 0.0 {
                    x
                } else {
                    x.exp() - 1.0
                }
            }
            Act::Softplus => (1.0 + x.exp()).ln(),
            Act::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Act::Silu => x * sigmoid(x),
            Act::Sigmoid => sigmoid(x),
        };
        let got = run(Op::Act(act), &x, &mut |name| Err(format!("no {name}").into()));
        for (&x, &y) in x.iter().zip(&got) {
            let want = defined(f64::from(x));
            assert!((f64::from(y) - want).abs() < 1e-5 * want.abs().max(1.0), "{act:?}({x}) = {y}, not {want}");
        }
    }
}

#[test]
fn a_batch_norm_that_nothing_absorbs_becomes_an_operator() {
    let names = rexnet_spec::NormNames {
        weight: "w".into(),
        bias: "b".into(),
        mean: "m".into(),
        var: "v".into(),
        count: "n".into(),
    };
    let mut read = |name: &str| {
        Ok(match name {
            "w" => vec![2.0, -1.0],
            "b" => vec![0.5, 0.25],
            "m" => vec![1.0, 3.0],
            _ => vec![3.0, 0.0],
        })
    };
    let got = run(Op::Norm { names, eps: 1.0, momentum: 0.1 }, &[5.0, 4.0], &mut read);
    assert_eq!(got, [2.0 * (5.0 - 1.0) / 2.0 + 0.5, -(4.0 - 3.0) + 0.25]);
}
