//! `bench [NET [BATCH [THREADS [ISA [PRECISION]]]]]`: least and median milliseconds a batch on generated weights, 224 x 224.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rexnet_engine::{Calibration, Engine, Isa, Options, Precision, Selection, Tensors};
use rexnet_spec::NetSpec;
use rexnet_testkit::{shaken, uniform};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |i: usize, default: &str| words.get(i).map_or(default.to_owned(), Clone::clone);
    let (net, batch, threads): (_, usize, usize) =
        (word(0, "rexnet_100"), word(1, "1").parse()?, word(2, "1").parse()?);
    let isa = match words.get(3) {
        None => Isa::detect(),
        Some(name) => {
            let row = Isa::table().into_iter().find(|(isa, _)| isa == name).and_then(|(_, isa)| isa);
            row.ok_or_else(|| format!("this machine has no {name}"))?
        }
    };
    let precision = match word(4, "f32").as_str() {
        "bf16" => Precision::Bf16,
        "int8" => Precision::Int8,
        _ => Precision::F32,
    };
    let graph = NetSpec::named(&net)?.graph([224, 224])?;
    let tensors: HashMap<_, _> = graph.tensors().into_iter().map(|t| (t.name.clone(), t)).collect();
    let tensors: &mut Tensors = &mut |name| Ok(shaken(&tensors[name]));
    let pixels = uniform("input", batch * graph.input.elements() as usize, -2.0, 2.0);
    let options = Options { threads, isa, ..Options::default() };
    let mut calibration = Calibration::new(&graph, tensors, options)?;
    let mut logits = vec![0.0; batch * calibration.classes()];
    calibration.run(&pixels, batch, &mut logits)?;
    let quantization = calibration.quantization(Selection::MinMax);
    let options = Options { precision, quantization: Some(&quantization), ..options };
    let mut engine = Engine::with(&graph, tensors, options)?;
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) || times.len() < 5 {
        let run = Instant::now();
        engine.run(&pixels, batch, &mut logits)?;
        times.push(run.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let (least, median) = (times[0], times[times.len() / 2]);
    println!("{net} batch {batch} threads {threads} {isa} {precision:?}: least {least:.2} ms, median {median:.2} ms");
    Ok(())
}
