//! The weights of resampling along one axis, in Pillow's arithmetic.

use std::ops::Range;

use rexnet_spec::Interpolation;

use super::Filter;

/// Binary places of a weight: 8 bits of a pixel and 2 for overshoot are left of an `i32`.
pub(super) const PLACES: u32 = 22;

/// For each pixel that comes out, which pixels go in and how much each counts.
pub(super) struct Taps {
    spans: Vec<Span>,
    weights: Vec<i32>,
}

struct Span {
    /// The first pixel that goes in.
    first: usize,
    /// Where its weights lie.
    weights: Range<usize>,
}

impl Taps {
    /// Those of the pixels `part` of `to`, made of `from`.
    pub(super) fn new(from: usize, to: usize, part: Range<usize>, filter: Filter) -> Self {
        let scale = from as f64 / to as f64;
        let widened = if filter.antialias { scale.max(1.0) } else { 1.0 };
        let (shape, support) = shape_of(filter);
        let mut taps = Self { spans: Vec::with_capacity(part.len()), weights: Vec::new() };
        let mut shares = Vec::new();
        for place in part {
            let middle = (place as f64 + 0.5) * scale;
            let reach =
                [middle - support * widened, middle + support * widened].map(|edge| (edge + 0.5).floor() as i64);
            shares.clear();
            shares.extend((reach[0]..reach[1]).map(|at| (at, shape((at as f64 - middle + 0.5) * widened.recip()))));
            let within = |&(at, share): &(i64, f64)| (0..from as i64).contains(&at).then_some(share);
            if filter.antialias {
                // What would lie beyond the edge counts nothing, the rest the more.
                let first = reach[0].max(0) as usize;
                taps.push(first, &shares.iter().filter_map(within).collect::<Vec<_>>());
            } else {
                // The outermost pixel stands for all beyond it.
                let [first, last] = [reach[0], reach[1] - 1].map(|at| at.clamp(0, from as i64 - 1) as usize);
                let mut folded = vec![0.0; last - first + 1];
                for &(at, share) in &shares {
                    folded[at.clamp(first as i64, last as i64) as usize - first] += share;
                }
                taps.push(first, &folded);
            }
        }
        taps
    }

    fn push(&mut self, first: usize, shares: &[f64]) {
        let begin = self.weights.len();
        let whole: f64 = shares.iter().sum();
        let fixed = |share: &f64| {
            let weight = if whole == 0.0 { *share } else { share / whole } * f64::from(1 << PLACES);
            (weight + 0.5_f64.copysign(weight)) as i32
        };
        self.weights.extend(shares.iter().map(fixed));
        self.spans.push(Span { first, weights: begin..self.weights.len() });
    }

    /// Pixels that come out.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// First pixel that goes in and the weights from there on, of each that comes out.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.spans.iter().map(|span| (span.first, &self.weights[span.weights.clone()]))
    }

    /// All pixels that go in.
    pub(super) fn reach(&self) -> Range<usize> {
        let first = self.spans.first().map_or(0, |span| span.first);
        first..self.spans.last().map_or(0, |span| span.first + span.weights.len())
    }

    /// The same taps where the first `skipped` pixels are not there.
    pub(super) fn without(mut self, skipped: usize) -> Self {
        self.spans.iter_mut().for_each(|span| span.first -= skipped);
        self
    }
}

/// A filter's curve, and how far it reaches.
fn shape_of(filter: Filter) -> (fn(f64) -> f64, f64) {
    match filter.interpolation {
        Interpolation::Bicubic if filter.antialias => (cubic_half, 2.0),
        Interpolation::Bicubic => (cubic_three_quarters, 2.0),
        _ => (|x| (1.0 - x.abs()).max(0.0), 1.0),
    }
}

/// Keys' cubic with a = -0.5: Pillow's, and torchvision's with antialias.
fn cubic_half(x: f64) -> f64 {
    cubic(x.abs(), -0.5)
}

/// Keys' cubic with a = -0.75: torchvision's without antialias.
fn cubic_three_quarters(x: f64) -> f64 {
    cubic(x.abs(), -0.75)
}

fn cubic(x: f64, a: f64) -> f64 {
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * a
    } else {
        0.0
    }
}
