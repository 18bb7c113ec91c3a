//! The engine equals the scalar references on every network, activation and instruction set, and itself for any number
//! of threads and any cut of a batch.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod oracle;

use std::collections::HashMap;

use rexnet_engine::{Calibration, Engine, EngineError, Isa, Options, Precision, Selection};
use rexnet_kernels::narrow;
use rexnet_spec::{Act, Graph, NetSpec, Op, Quantization, TensorDecl, ZOO};
use rexnet_testkit::{shaken, uniform};

fn engine(graph: &Graph, options: Options) -> Engine {
    let decls = decls(graph);
    Engine::with(graph, &mut |name| Ok(shaken(&decls[name])), options).unwrap()
}

fn decls(graph: &Graph) -> HashMap<String, TensorDecl> {
    graph.tensors().into_iter().map(|t| (t.name.clone(), t)).collect()
}

fn pictures(graph: &Graph, batch: usize) -> Vec<f32> {
    uniform("input", batch * graph.input.elements() as usize, -2.0, 2.0)
}

fn logits(engine: &mut Engine, pixels: &[f32], batch: usize) -> Vec<f32> {
    let mut logits = vec![f32::NAN; batch * engine.classes()];
    engine.run(pixels, batch, &mut logits).unwrap();
    logits
}

/// Every difference between a network's logits and the references', on every instruction set of this machine.
fn differences(net: &NetSpec, size: [u32; 2]) -> Vec<String> {
    let graph = net.graph(size).unwrap();
    let (decls, picture) = (decls(&graph), pictures(&graph, 1));
    let want = oracle::logits(&graph, &|name| shaken(&decls[name]), &picture);
    let largest = want.iter().fold(1.0f32, |most, x| most.max(x.abs()));
    let mut wrong = Vec::new();
    for (name, isa) in Isa::table() {
        let Some(isa) = isa else {
            eprintln!("NOT RUN: this machine has no {name}");
            continue;
        };
        let got = logits(&mut engine(&graph, Options { threads: 2, isa, ..Options::default() }), &picture, 1);
        let worst = got.iter().zip(&want).map(|(g, w)| (g - w).abs()).fold(0.0, f32::max);
        if worst.is_nan() || worst > 2e-4 * largest {
            wrong.push(format!("{} {size:?} {isa}: off by {worst:.2e} of {largest:.2e}", net.name));
        }
    }
    wrong
}

#[test]
fn every_network_of_the_zoo_equals_the_references() {
    let wrong: Vec<String> =
        ZOO.iter().flat_map(|entry| differences(&NetSpec::named(entry.name).unwrap(), [40, 33])).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn odd_sizes_equal_the_references() {
    let mut wrong = Vec::new();
    for name in ["rexnet_100", "rexnet_lite_100", "tf_efficientnet_lite0", "efficientnet_b0"] {
        let net = NetSpec::named(name).unwrap();
        wrong.extend([[1, 1], [2, 31], [97, 64], [65, 130], [127, 99]].into_iter().flat_map(|s| differences(&net, s)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_activation_at_every_place_equals_the_references() {
    let mut wrong = Vec::new();
    for act in Act::PAPER {
        for name in ["rexnet_100", "efficientnet_b0", "cifar_a_best"] {
            let mut net = NetSpec::named(name).unwrap();
            net.name = format!("{name} with {}", act.name());
            // A deep network without nonlinearities amplifies rounding beyond any bound.
            net.blocks.truncate(5);
            net.stages = vec![net.blocks.len() as u32];
            (net.stem.act, net.head.act) = (act, if net.head.channels.is_some() { act } else { Act::Linear });
            for block in &mut net.blocks {
                block.act_expand = if block.hidden.is_some() { act } else { Act::Linear };
                (block.act_dw, block.act_out) = (act, act);
            }
            wrong.extend(differences(&net, [33, 40]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn kernels_and_strides_of_any_size_equal_the_references() {
    let mut wrong = Vec::new();
    for (kernel, stride) in [(7, 1), (1, 2), (3, 3), (9, 4)] {
        let mut net = NetSpec::named("rexnet_lite_100").unwrap();
        net.name = format!("kernel {kernel} stride {stride}");
        (net.stem.kernel, net.stem.stride) = (kernel, stride);
        (net.blocks[1].kernel, net.blocks[1].stride) = (kernel, stride);
        wrong.extend(differences(&net, [65, 49]));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The precisions that this machine has.
fn precisions() -> Vec<Precision> {
    let has = |&precision: &Precision| {
        let has = Isa::detect().products(precision).iter().any(|&(_, has)| has);
        if !has {
            eprintln!("NOT RUN: this machine has no {precision:?}");
        }
        has
    };
    [Precision::F32, Precision::Bf16, Precision::Int8].into_iter().filter(has).collect()
}

#[test]
fn logits_are_the_same_bits_for_any_threads_and_any_cut_of_the_batch() {
    for (name, precision) in ["rexnet_100", "rexnet_lite_100", "efficientnet_b0"]
        .into_iter()
        .flat_map(|name| precisions().into_iter().map(move |precision| (name, precision)))
    {
        let graph = NetSpec::named(name).unwrap().graph([97, 80]).unwrap();
        let pixels = pictures(&graph, 5);
        let picture = graph.input.elements() as usize;
        let mut quantization = calibrated(&graph, &pixels, Selection::MinMax);
        let some = quantization.ranges.keys().step_by(3).cloned().collect();
        quantization.keep = some;
        let options = |threads| Options { threads, precision, quantization: Some(&quantization), ..Options::default() };
        let mut one = engine(&graph, options(1));
        let want: Vec<f32> = pixels.chunks(picture).flat_map(|pixels| logits(&mut one, pixels, 1)).collect();
        for threads in 1..=4 {
            let mut engine = engine(&graph, options(threads));
            for cut in 1..=5 {
                let got: Vec<f32> = pixels
                    .chunks(cut * picture)
                    .flat_map(|pixels| logits(&mut engine, pixels, pixels.len() / picture))
                    .collect();
                assert!(got == want, "{name} {precision:?}: {threads} threads, {cut} at a time");
            }
        }
    }
}

/// What a network reads in f32 of some pictures.
fn calibrated(graph: &Graph, pixels: &[f32], selection: Selection) -> Quantization {
    let decls = decls(graph);
    let options = Options { threads: 2, ..Options::default() };
    let mut calibration = Calibration::new(graph, &mut |name| Ok(shaken(&decls[name])), options).unwrap();
    let batch = pixels.len() / graph.input.elements() as usize;
    let mut logits = vec![0.0; batch * calibration.classes()];
    calibration.run(pixels, batch, &mut logits).unwrap();
    calibration.quantization(selection)
}

#[test]
fn the_embedding_is_what_an_idle_classifier_would_pass_on() {
    for name in ["rexnet_100", "rexnet_plain", "cifar_a_best", "mobilenetv2_100"] {
        let mut net = NetSpec::named(name).unwrap();
        let fc = |graph: &Graph| graph.tensors().into_iter().rfind(|t| t.shape.len() == 2).unwrap();
        let c_in = fc(&net.graph([40, 33]).unwrap()).shape[1];
        net.classes = c_in as u32;
        let graph = net.graph([40, 33]).unwrap();
        let (decls, last) = (decls(&graph), fc(&graph));
        let idle = |name: &str| match name {
            _ if name == last.name => (0..c_in * c_in).map(|i| f32::from(i % (c_in + 1) == 0)).collect(),
            _ if name == last.name.replace("weight", "bias") => vec![0.0; c_in],
            _ => shaken(&decls[name]),
        };
        let options = Options { threads: 2, ..Options::default() };
        let mut engine = Engine::with(&graph, &mut |name| Ok(idle(name)), options).unwrap();
        assert_eq!(engine.width(), c_in);
        let (mut logits, mut features) = (vec![0.0; 3 * c_in], vec![f32::NAN; 3 * c_in]);
        engine.embed(&pictures(&graph, 3), 3, &mut logits, &mut features).unwrap();
        assert!(features.iter().any(|x| *x != 0.0));
        assert_eq!(features, logits, "{name}");
        assert!(matches!(
            engine.embed(&pictures(&graph, 3), 3, &mut logits, &mut features[1..]),
            Err(EngineError::Buffer { what: "features", .. })
        ));
    }
}

#[test]
fn ranges_do_not_depend_on_threads_or_the_cut_of_the_batch() {
    let graph = NetSpec::named("rexnet_100").unwrap().graph([64, 48]).unwrap();
    let (decls, pixels) = (decls(&graph), pictures(&graph, 5));
    let picture = graph.input.elements() as usize;
    for selection in [Selection::MinMax, Selection::Percentile(1e-3), Selection::Mse] {
        let want = calibrated(&graph, &pixels, selection);
        let read = graph.nodes.iter().filter(|node| match node.op {
            Op::Conv { kernel, groups, .. } => (kernel, groups) == (1, 1),
            ref op => matches!(op, Op::Linear { .. }),
        });
        assert!(want.ranges.keys().eq(read.map(|node| &node.name).collect::<std::collections::BTreeSet<_>>()));
        for (threads, cut) in [(1, 1), (1, 5), (3, 2), (4, 5)] {
            let options = Options { threads, ..Options::default() };
            let mut calibration = Calibration::new(&graph, &mut |name| Ok(shaken(&decls[name])), options).unwrap();
            for pixels in pixels.chunks(cut * picture) {
                let batch = pixels.len() / picture;
                calibration.run(pixels, batch, &mut vec![0.0; batch * calibration.classes()]).unwrap();
            }
            assert!(calibration.quantization(selection) == want, "{selection:?} {threads} threads, {cut} at a time");
        }
    }
}

#[test]
fn a_layer_without_a_range_is_refused_by_name_and_one_that_is_kept_wants_none() {
    let graph = NetSpec::named("cifar_a_best").unwrap().graph([32, 32]).unwrap();
    let decls = decls(&graph);
    let with = |quantization: Option<&Quantization>| {
        let options = Options { precision: Precision::Int8, quantization, isa: Isa::PORTABLE, ..Options::default() };
        Engine::with(&graph, &mut |name| Ok(shaken(&decls[name])), options).err()
    };
    assert!(matches!(with(None), Some(EngineError::Uncalibrated)));
    let mut quantization = calibrated(&graph, &pictures(&graph, 1), Selection::MinMax);
    assert!(with(Some(&quantization)).is_none());
    let (name, range) = quantization.ranges.pop_last().unwrap();
    assert!(matches!(with(Some(&quantization)), Some(EngineError::Range { name: refused }) if refused == name));
    quantization.ranges.insert(name.clone(), [range[0], f32::NAN]);
    assert!(matches!(with(Some(&quantization)), Some(EngineError::Range { .. })));
    quantization.keep.insert(name);
    assert!(with(Some(&quantization)).is_none());
}

/// Distance of `got` from `want` as a share of its length.
fn distance(got: &[f32], want: &[f32]) -> f32 {
    let length = |values: &mut dyn Iterator<Item = f32>| values.map(|x| x * x).sum::<f32>().sqrt();
    length(&mut got.iter().zip(want).map(|(g, w)| g - w)) / length(&mut want.iter().copied())
}

#[test]
fn bf16_moves_logits_no_more_than_half_again_what_rounded_weights_do() {
    if !precisions().contains(&Precision::Bf16) {
        return;
    }
    let mut wrong = Vec::new();
    for entry in ZOO {
        let graph = NetSpec::named(entry.name).unwrap().graph([64, 64]).unwrap();
        let (decls, pixels) = (decls(&graph), pictures(&graph, 1));
        let with = |precision, round: fn(f32) -> f32| {
            let mut tensors = |name: &str| Ok(shaken(&decls[name]).into_iter().map(round).collect());
            let options = Options { precision, ..Options::default() };
            logits(&mut Engine::with(&graph, &mut tensors, options).unwrap(), &pixels, 1)
        };
        let exact = with(Precision::F32, |x| x);
        let allowed = 1.5 * distance(&with(Precision::F32, narrow::round), &exact);
        let seen = distance(&with(Precision::Bf16, |x| x), &exact);
        if seen.is_nan() || seen > allowed || seen == 0.0 {
            wrong.push(format!("{}: off by {seen:.4}, {allowed:.4} allowed", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The weights of a 1x1 convolution or fully connected layer, and of no other, each output channel's rounded to 255 whole
/// numbers: in eight bits, before batch norm is folded in, which scales a channel as a whole.
fn in_eight_bits(decl: &TensorDecl, mut values: Vec<f32>) -> Vec<f32> {
    if matches!(decl.shape[..], [_, _] | [_, _, 1, 1]) {
        let inputs = decl.shape[1];
        for row in values.chunks_exact_mut(inputs) {
            let step = row.iter().fold(0.0f32, |most, w| most.max(w.abs())) / 127.0;
            for w in row {
                *w = (*w / step).round() * step;
            }
        }
    }
    values
}

/// What is f32 rounds a little apart on another instruction set, which turns a whole number now and then, so that layers
/// behind it turn more: they are looked at one by one.
#[test]
fn a_layer_in_int8_is_the_same_on_every_instruction_set() {
    let mut net = NetSpec::named("rexnet_100").unwrap();
    net.blocks.truncate(6);
    net.stages = vec![6];
    let graph = net.graph([65, 48]).unwrap();
    let pixels = pictures(&graph, 1);
    let all = calibrated(&graph, &pixels, Selection::MinMax);
    for layer in all.ranges.keys() {
        let keep = all.ranges.keys().filter(|name| *name != layer).cloned().collect();
        let alone = Quantization { keep, ..all.clone() };
        let with = |isa, precision| {
            let options = Options { isa, precision, threads: 2, quantization: Some(&alone) };
            logits(&mut engine(&graph, options), &pixels, 1)
        };
        let want = with(Isa::PORTABLE, Precision::Int8);
        let from_f32 = distance(&with(Isa::PORTABLE, Precision::F32), &want);
        for (other, isa) in Isa::table() {
            let Some(isa) = isa.filter(|isa| isa.products(Precision::Int8).iter().any(|&(_, has)| has)) else {
                eprintln!("NOT RUN: this machine has no int8 on {other}");
                continue;
            };
            let seen = distance(&with(isa, Precision::Int8), &want);
            assert!(seen < 0.25 * from_f32, "{layer} {isa}: {seen} from portable, which is {from_f32} from f32");
        }
    }
}

/// Activations of a whole map share one step, and its ends lie farther from most values than those of a row of weights.
#[test]
fn int8_moves_logits_no_more_than_five_times_what_weights_in_eight_bits_do() {
    let mut wrong = Vec::new();
    // One of each family.
    let names = ["rexnet_100", "rexnetr_100", "rexnet_lite_100", "rexnet_plain", "cifar_a_best", "mobilenetv2_100"];
    for name in names.into_iter().chain(["efficientnet_b0", "tf_efficientnet_lite0"]) {
        let graph = NetSpec::named(name).unwrap().graph([64, 64]).unwrap();
        let (decls, pixels) = (decls(&graph), pictures(&graph, 1));
        let quantization = calibrated(&graph, &pixels, Selection::MinMax);
        let with = |precision, round: fn(&TensorDecl, Vec<f32>) -> Vec<f32>| {
            let mut tensors = |name: &str| Ok(round(&decls[name], shaken(&decls[name])));
            let options = Options { precision, quantization: Some(&quantization), ..Options::default() };
            logits(&mut Engine::with(&graph, &mut tensors, options).unwrap(), &pixels, 1)
        };
        let exact = with(Precision::F32, |_, values| values);
        let weights = distance(&with(Precision::F32, in_eight_bits), &exact);
        let seen = distance(&with(Precision::Int8, |_, values| values), &exact);
        if seen.is_nan() || seen > 5.0 * weights || seen == 0.0 {
            wrong.push(format!("{name}: off by {seen:.4}, by weights {weights:.4}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_precision_without_instructions_is_refused() {
    let graph = NetSpec::named("cifar_a_best").unwrap().graph([32, 32]).unwrap();
    let options = Options { isa: Isa::PORTABLE, precision: Precision::Bf16, threads: 1, quantization: None };
    let error = Engine::with(&graph, &mut |_| Ok(vec![]), options).err().unwrap();
    assert!(error.to_string().contains("AVX-512 BF16") && error.to_string().contains("portable"), "{error}");
}

#[test]
fn a_profile_has_every_multiply_add_and_books_time_on_every_convolution() {
    for threads in [1, 2] {
        let net = NetSpec::named("rexnet_100").unwrap();
        let graph = net.graph([64, 64]).unwrap();
        let mut engine = engine(&graph, Options { threads, ..Options::default() });
        let steps = engine.profile(&pictures(&graph, 1), 2).unwrap();
        assert_eq!(steps.iter().map(|step| step.macs).sum::<u64>(), net.cost([64, 64]).unwrap().macs);
        let idle: Vec<_> = steps.iter().filter(|step| step.macs > 0 && step.spent.is_zero()).collect();
        assert!(idle.is_empty(), "{idle:?}");
    }
}

#[test]
fn a_graph_that_no_lowering_makes_is_refused_by_name() {
    let mut graph = NetSpec::named("rexnet_100").unwrap().graph([64, 64]).unwrap();
    let at = graph.nodes.iter().position(|node| node.op == Op::Pool).unwrap();
    graph.nodes[at].op = Op::Scale;
    let decls = decls(&graph);
    let error = Engine::new(&graph, &mut |name| Ok(shaken(&decls[name]))).err().unwrap();
    assert!(matches!(error, EngineError::Unplanned { ref name } if *name == graph.nodes[at].name), "{error}");
}
