//! `count KERNEL ISA RUNS`: a kernel on generated numbers, so many times. `cargo xtask counts` counts its instructions.

use std::hint::black_box;

use rexnet_kernels::{
    Act, Arena, Buffer, Dense, Epilogue, Isa, Map, Packed, Planes, PlanesMut, Precision, Products, Scale, Strips, Taps,
    Window, act, planes,
};
use rexnet_random::Stream;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kernel, isa, runs] = words.as_slice() else { return Err("usage: count KERNEL ISA RUNS".into()) };
    let isa = Isa::table().into_iter().find(|(name, _)| name == isa).and_then(|(_, isa)| isa);
    let isa = isa.ok_or("this machine has no such instruction set")?;
    let mut work: Box<dyn FnMut()> = match kernel.as_str() {
        "pointwise" => pointwise(isa),
        "pointwise-int8" => pointwise_int8(isa),
        "depthwise-3" => depthwise(isa, 3),
        "depthwise-5" => depthwise(isa, 5),
        "stem" => stem(isa),
        "silu" => silu(isa),
        _ => return Err(format!("no kernel `{kernel}`").into()),
    };
    (0..runs.parse()?).for_each(|_| work());
    Ok(())
}

fn numbers(n: usize) -> Vec<f32> {
    let stream = Stream::new(0).named("count");
    (0..n as u64).map(|i| stream.uniform(i) as f32 - 0.5).collect()
}

/// Planes of a map, and numbers for it.
fn map(isa: Isa, map: Map) -> (usize, Buffer) {
    let count = map.c.div_ceil(isa.lanes());
    let mut buffer = Buffer::zeros(planes::values(isa.lanes(), count, map.h, map.w));
    let values = numbers(buffer.len());
    buffer.copy_from_slice(&values);
    (count, buffer)
}

const EPILOGUE: Epilogue = Epilogue { act: Act::Relu6, shortcut: None };
const FROM: Map = Map { c: 61, h: 14, w: 14 };
const TO: Map = Map { c: 95, ..FROM };

/// 61 channels to 95 on 14x14 pixels, clamped.
fn pointwise(isa: Isa) -> Box<dyn FnMut()> {
    let (weight, bias) = (numbers(FROM.c * TO.c), numbers(TO.c));
    let packed = Packed::new(&mut Arena::default(), isa, Products::Single, &weight, &bias, FROM.c);
    let ((inner, x), (outer, mut y)) = (map(isa, FROM), map(isa, TO));
    Box::new(move || {
        let x = Planes::new(&x, isa.lanes(), inner, FROM.h, FROM.w);
        let y = PlanesMut::new(&mut y, isa.lanes(), outer, TO.h, TO.w);
        packed.run(0..packed.panels().count(), black_box(x), y, &EPILOGUE);
    })
}

/// The same by the plainest products of eight bits, with the way of its map into them.
fn pointwise_int8(isa: Isa) -> Box<dyn FnMut()> {
    let (weight, bias) = (numbers(FROM.c * TO.c), numbers(TO.c));
    let products = isa.products(Precision::Int8)[0].0;
    let input = Scale::of([-0.5, 0.5]);
    let packed = Packed::quantised(&mut Arena::default(), isa, products, [&weight, &bias], FROM.c, input);
    let ((inner, x), (outer, mut y)) = (map(isa, FROM), map(isa, TO));
    let quads = inner.div_ceil(packed.planes_of_a_plane());
    let mut narrow = Buffer::zeros(planes::values(isa.lanes(), quads, FROM.h, FROM.w));
    Box::new(move || {
        let x = Planes::new(&x, isa.lanes(), inner, FROM.h, FROM.w);
        let y = PlanesMut::new(&mut y, isa.lanes(), outer, TO.h, TO.w);
        let mut narrow = PlanesMut::new(&mut narrow, isa.lanes(), quads, FROM.h, FROM.w);
        packed.narrow(black_box(x), narrow.view());
        packed.run(0..packed.panels().count(), narrow.shared(), y, &EPILOGUE);
    })
}

/// 61 channels of 28x28 pixels, clamped.
fn depthwise(isa: Isa, kernel: usize) -> Box<dyn FnMut()> {
    let to = Map { c: 61, h: 28, w: 28 };
    let frame = Map { h: to.h + kernel - 1, w: to.w + kernel - 1, ..to };
    let taps = Taps::new(&mut Arena::default(), isa, &numbers(to.c * kernel * kernel), &numbers(to.c), [kernel, 1]);
    let ((count, x), (_, mut y)) = (map(isa, frame), map(isa, to));
    Box::new(move || {
        let x = Planes::new(&x, isa.lanes(), count, frame.h, frame.w);
        taps.run(0..count, black_box(x), PlanesMut::new(&mut y, isa.lanes(), count, to.h, to.w), EPILOGUE.act);
    })
}

/// A picture of 64x64 to 32 channels of 32x32 pixels.
fn stem(isa: Isa) -> Box<dyn FnMut()> {
    let (from, to) = (Map { c: 3, h: 64, w: 64 }, Map { c: 32, h: 32, w: 32 });
    let window = Window { kernel: 3, stride: 2, top: 1, left: 1 };
    let dense = Dense::new(&mut Arena::default(), isa, &numbers(27 * to.c), &numbers(to.c), from.c, window);
    let (x, (count, mut y), mut strips) = (numbers(from.len()), map(isa, to), Strips::default());
    Box::new(move || {
        let y = PlanesMut::new(&mut y, isa.lanes(), count, to.h, to.w);
        dense.run(black_box(&x), from, 0, y, EPILOGUE.act, &mut strips);
    })
}

/// 4096 values.
fn silu(isa: Isa) -> Box<dyn FnMut()> {
    let mut values = numbers(4096);
    Box::new(move || act::apply(isa, Act::Silu, black_box(&mut values)))
}
