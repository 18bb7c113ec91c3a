//! Ranges of activations for int8, found on pictures.

use rexnet_kernels::Scale;
use rexnet_spec::{Graph, Quantization};

use crate::gauge::Counts;
use crate::{Engine, EngineError, Options, Tensors};

/// How a range is taken from what was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Selection {
    /// From the least to the largest value.
    MinMax,
    /// Leaves out this share of the values at either end.
    Percentile(f64),
    /// The range whose whole numbers are nearest to the values, by the mean squared distance.
    #[default]
    Mse,
}

/// An engine in f32 that counts what its products read.
///
/// ```
/// # use rexnet_engine::{Calibration, Engine, Options, Precision, Selection, Tensors};
/// # fn main() -> Result<(), rexnet_engine::EngineError> {
/// # let graph = rexnet_spec::NetSpec::named("cifar_a_best").unwrap().graph([32, 32]).unwrap();
/// # let sizes: std::collections::HashMap<_, usize> =
/// #     graph.tensors().into_iter().map(|t| (t.name, t.shape.iter().product())).collect();
/// # let tensors: &mut Tensors = &mut |name| Ok(vec![0.1; sizes[name]]);
/// # let pixels = vec![0.5; 3 * 32 * 32];
/// let mut calibration = Calibration::new(&graph, tensors, Options::default())?;
/// let mut logits = vec![0.0; calibration.classes()];
/// calibration.run(&pixels, 1, &mut logits)?; // pictures as the network sees them, the more the better
/// let quantization = calibration.quantization(Selection::default());
/// let options = Options { precision: Precision::Int8, quantization: Some(&quantization), ..Options::default() };
/// let engine = Engine::with(&graph, tensors, options)?;
/// # assert_eq!(engine.classes(), calibration.classes());
/// # Ok(())
/// # }
/// ```
pub struct Calibration(Engine);

impl Calibration {
    /// An engine in f32, whatever precision `options` name.
    /// # Errors
    /// As [`Engine::with`].
    pub fn new(graph: &Graph, tensors: &mut Tensors, options: Options) -> Result<Self, EngineError> {
        let mut engine = Engine::with(graph, tensors, Options { precision: crate::Precision::F32, ..options })?;
        engine.gauge();
        Ok(Self(engine))
    }

    /// Number of logits of a picture.
    pub fn classes(&self) -> usize {
        self.0.classes()
    }

    /// Runs pictures as [`Engine::run`] does.
    /// # Errors
    /// As there.
    pub fn run(&mut self, pixels: &[f32], batch: usize, logits: &mut [f32]) -> Result<(), EngineError> {
        self.0.run(pixels, batch, logits)
    }

    /// The range of each layer's input over all pictures that were run. Neither their order nor threads change it.
    pub fn quantization(&self, selection: Selection) -> Quantization {
        let range = |(&step, counts): (&usize, &Counts)| (self.0.step(step).to_owned(), selection.range(counts));
        Quantization { ranges: self.0.counted().0.iter().map(range).collect(), ..Quantization::default() }
    }
}

impl Selection {
    fn range(self, counts: &Counts) -> [f32; 2] {
        match self {
            Self::MinMax => counts.ends(),
            Self::Percentile(share) => percentile(counts, share),
            Self::Mse => least_error(counts),
        }
    }
}

/// The range between what `share` of the values lies below, and above.
fn percentile(counts: &Counts, share: f64) -> [f32; 2] {
    let (values, [low, high]) = (counts.values(), counts.ends());
    let left_out = share * values.iter().map(|v| v.1).sum::<f64>();
    [
        behind(values.iter(), left_out).map_or(low, |value| value.min(0.0)),
        behind(values.iter().rev(), left_out).map_or(high, |value| value.max(0.0)),
    ]
}

/// The first value behind which more than `left_out` have passed.
fn behind<'a>(mut values: impl Iterator<Item = &'a (f32, f64)>, left_out: f64) -> Option<f32> {
    let mut passed = 0.0;
    values.find_map(|&(value, count)| {
        passed += count;
        (passed > left_out).then_some(value)
    })
}

/// Shares of the whole range that are tried.
const TRIED: u32 = 64;

/// Of ranges cut at one end and then at the other, the one whose whole numbers are nearest to the values.
fn least_error(counts: &Counts) -> [f32; 2] {
    let (values, ends) = (counts.values(), counts.ends());
    let error = |range: [f32; 2]| {
        let scale = Scale::of(range);
        let squared = |&(x, count): &(f32, f64)| f64::from(scale.value(scale.quantise(x)) - x).powi(2) * count;
        values.iter().map(squared).sum::<f64>()
    };
    let best = |range: &dyn Fn(f32) -> [f32; 2]| {
        let tried = (1..=TRIED).map(|i| range(i as f32 / TRIED as f32));
        tried.min_by(|&a, &b| error(a).total_cmp(&error(b))).unwrap_or(ends)
    };
    let [low, high] = ends;
    let [_, high] = best(&|share| [low, share * high]);
    best(&|share| [share * low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to 1 evenly, and some of others.
    fn counts(others: &[f32]) -> Counts {
        let mut counts = Counts::default();
        counts.add(&(0..100_000).map(|i| i as f32 / 99_999.0).collect::<Vec<_>>());
        counts.add(others);
        counts
    }

    #[test]
    fn the_whole_range_is_exact_and_holds_zero() {
        assert_eq!(Selection::MinMax.range(&counts(&[f32::INFINITY, f32::NAN, 7.123_456])), [0.0, 7.123_456]);
        let mut counts = Counts::default();
        counts.add(&[-3.5, -2.0]);
        for selection in [Selection::MinMax, Selection::Percentile(0.0), Selection::Mse] {
            assert_eq!(selection.range(&counts), [-3.5, 0.0], "{selection:?}");
        }
    }

    #[test]
    fn a_share_at_either_end_is_left_out() {
        let counts = counts(&[-9.0, 90.0, 91.0, 92.0]);
        // One and three of 100,004 lie far outside; a hundredth is what values are told apart by.
        for (share, [low, high]) in [(0.0, [-9.0, 92.0]), (1.5e-5, [0.0, 91.0]), (4e-5, [0.0, 1.0]), (0.1, [0.0, 0.9])]
        {
            let range = Selection::Percentile(share).range(&counts);
            assert!((range[0] - low).abs() <= 0.01 * low.abs().max(0.01), "{share}: {range:?}");
            assert!((range[1] - high).abs() <= 0.01 * high, "{share}: {range:?}");
        }
    }

    #[test]
    fn the_least_error_cuts_what_costs_more_than_it_gives() {
        // Rounded to steps of c / 255 the 100,000 lose 0.128 c^2 in all, squared; one value at x that is cut loses
        // (x - c)^2. The least of both together lies at c = x / 1.128, but where the 100,000 would be cut themselves.
        for (other, want) in [(4.0, 3.546), (2.0, 1.773), (1.2, 1.06)] {
            let [low, high] = Selection::Mse.range(&counts(&[other]));
            assert!(low == 0.0 && (high - want).abs() <= 0.03 * want, "{other}: {high}");
        }
        let [low, _] = Selection::Mse.range(&counts(&[-0.3; 50]));
        assert!((-0.31..=-0.29).contains(&low), "{low}");
    }
}
