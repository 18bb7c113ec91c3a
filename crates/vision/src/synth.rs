//! A synthetic picture set with exact labels: one shape of any colour, place, size and angle before a noisy background.
//! It needs no download and is learned in seconds, yet neither colour nor place gives the class away.

use std::sync::Arc;

use rexnet_random::{Draws, Stream};

use crate::Picture;
use crate::data::{Dataset, Planes, Sample, Source};

/// A class: its name and the distance to its edge, negative inside; the shape fits the unit circle.
type Shape = (&'static str, fn(f64, f64) -> f64);

const SHAPES: [Shape; 6] = [
    ("cross", |x, y| f64::min(bar(x, y), bar(y, x))),
    ("disc", |x, y| x.hypot(y) - 0.9),
    ("ring", |x, y| (x.hypot(y) - 0.75).abs() - 0.2),
    ("square", square),
    ("stripes", |x, y| square(x, y).max(stripe(x))),
    ("triangle", |x, y| y.max(0.75_f64.sqrt() * x.abs() - 0.5 * y) - 0.5),
];

fn bar(x: f64, y: f64) -> f64 {
    (x.abs() - 0.95).max(y.abs() - 0.3)
}

fn square(x: f64, y: f64) -> f64 {
    x.abs().max(y.abs()) - 0.75
}

fn stripe(x: f64) -> f64 {
    const PERIOD: f64 = 0.6;
    ((x + 0.15).rem_euclid(PERIOD) - PERIOD / 2.0).abs() - PERIOD / 4.0
}

/// Least distance between the colours of shape and background, in levels of the plane that differs most.
const CONTRAST: i32 = 70;

/// Names of the classes, sorted, by number.
pub fn classes() -> Vec<String> {
    SHAPES.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// A square picture of class `class`; everything else about it comes from `stream`.
/// # Panics
/// When there is no such class, or `side` is 0.
pub fn picture(class: usize, stream: Stream, side: usize) -> Picture {
    let (_, edge) = SHAPES[class];
    let mut draws = stream.draws();
    let background = colour(&mut draws);
    let foreground = loop {
        let colour = colour(&mut draws);
        if colour.iter().zip(background).any(|(a, b)| (a - b).abs() >= CONTRAST) {
            break colour;
        }
    };
    let radius = draws.range(0.2, 0.4);
    let [cx, cy] = [draws.range(radius, 1.0 - radius), draws.range(radius, 1.0 - radius)];
    let (sin, cos) = draws.range(0.0, std::f64::consts::TAU).sin_cos();
    let noise = draws.range(10.0, 50.0);
    let light = [draws.range(-40.0, 40.0), draws.range(-40.0, 40.0)];

    let pixel = 1.0 / side as f64;
    let mut rgb = Vec::with_capacity(3 * side * side);
    for row in 0..side {
        for column in 0..side {
            let [u, v] = [(column as f64 + 0.5) * pixel, (row as f64 + 0.5) * pixel];
            let [x, y] = [(u - cx) / radius, (v - cy) / radius];
            let inside = (0.5 - edge(cos * x + sin * y, cos * y - sin * x) * radius / pixel).clamp(0.0, 1.0);
            let slope = light[0] * (u - 0.5) + light[1] * (v - 0.5);
            for (near, far) in foreground.into_iter().zip(background) {
                let clean = f64::from(far) + inside * f64::from(near - far) + slope;
                rgb.push((clean + draws.range(-noise, noise)).round().clamp(0.0, 255.0) as u8);
            }
        }
    }
    Picture::new(side, side, rgb)
}

fn colour(draws: &mut Draws) -> [i32; 3] {
    [(); 3].map(|()| draws.below(256) as i32)
}

/// `count` pictures in memory, the classes in turn: picture `i` is of class `i` modulo the number of classes, and a
/// function of (`seed`, `name`, `i`) alone. Sets of other names share no picture.
/// # Panics
/// When `side` is 0.
pub fn dataset(name: &str, seed: u64, count: usize, side: usize) -> Dataset {
    let stream = Stream::new(seed).named("synth").named(name);
    let pictures = (0..count).map(|i| picture(i % SHAPES.len(), stream.at(i as u64), side));
    let planes = Arc::new(Planes::from_pictures(name, side, pictures));
    let samples = (0..count)
        .map(|index| Sample { source: Source::Record { planes: planes.clone(), index }, label: index % SHAPES.len() });
    Dataset { classes: classes(), samples: samples.collect(), ..Dataset::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decode;

    #[test]
    fn names_are_sorted_so_that_folders_get_the_same_numbers() {
        assert!(classes().is_sorted());
    }

    #[test]
    fn a_picture_is_a_function_of_seed_name_and_index() {
        let read = |set: &Dataset, i: usize| set.samples[i].source.read(&Decode::default()).unwrap();
        let set = dataset("train", 7, 24, 16);
        let longer = dataset("train", 7, 40, 16);
        assert!((0..24).all(|i| read(&set, i) == read(&longer, i)));
        let others = [dataset("val", 7, 24, 16), dataset("train", 8, 24, 16)];
        assert!(others.iter().all(|other| (0..24).all(|i| read(&set, i) != read(other, i))));
    }

    #[test]
    fn classes_are_equally_many() {
        assert_eq!(dataset("train", 0, 60, 8).counts(), [10; 6]);
    }

    /// Area of each shape in unit circles' squares, by hand: cross 2 * 1.9 * .6 - .6^2, disc pi * .9^2, ring
    /// pi * (.95^2 - .55^2), square 1.5^2, stripes half of it and a little, triangle 3 * sqrt(3) * .5^2.
    #[test]
    fn shapes_have_the_area_that_their_names_promise() {
        const STEPS: i32 = 400;
        let areas = [1.92, 2.5447, 1.885, 2.25, 1.125, 1.299];
        for ((name, edge), area) in SHAPES.iter().zip(areas) {
            let step = 2.0 / f64::from(STEPS);
            let at = |i: i32| (f64::from(i) + 0.5) * step - 1.0;
            let inside = (0..STEPS).flat_map(|y| (0..STEPS).map(move |x| (x, y)));
            let inside = inside.filter(|&(x, y)| edge(at(x), at(y)) < 0.0).count();
            let found = inside as f64 * step * step;
            assert!((found - area).abs() < 0.09, "{name}: {found}, not {area}");
        }
    }
}
