//! What products read, counted: how often each value came, to the first sixteen of its bits.

use std::collections::BTreeMap;

use rexnet_kernels::Planes;

/// Counts by the step of the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(pub(crate) BTreeMap<usize, Counts>);

/// How often each value came. Values are told apart by sign, exponent and seven bits of mantissa, a hundredth and
/// better; the ends are known exactly.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    bins: Vec<u64>,
    ends: [f32; 2],
}

impl Gauge {
    /// Counts the first `channels` channels of a map that the layer of a step reads.
    pub(crate) fn count(&mut self, step: usize, x: Planes, channels: usize) {
        let counts = self.0.entry(step).or_default();
        for plane in 0..x.planes() {
            let lanes = x.lanes().min(channels - plane * x.lanes());
            for row in 0..x.rows() {
                x.row(plane, row).chunks_exact(x.lanes()).for_each(|pixel| counts.add(&pixel[..lanes]));
            }
        }
    }

    /// Adds what another has counted.
    pub(crate) fn join(&mut self, other: &Self) {
        for (&step, counts) in &other.0 {
            self.0.entry(step).or_default().join(counts);
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self { bins: vec![0; 1 << 16], ends: [f32::INFINITY, f32::NEG_INFINITY] }
    }
}

impl Counts {
    /// Counts values; those that are not finite are left out.
    pub(crate) fn add(&mut self, values: &[f32]) {
        for &x in values.iter().filter(|x| x.is_finite()) {
            self.bins[(x.to_bits() >> 16) as usize] += 1;
            self.ends = [self.ends[0].min(x), self.ends[1].max(x)];
        }
    }

    fn join(&mut self, other: &Self) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, count)| *bin += count);
        self.ends = [self.ends[0].min(other.ends[0]), self.ends[1].max(other.ends[1])];
    }

    /// The least and the largest, zero at least; no order of values changes them.
    pub(crate) fn ends(&self) -> [f32; 2] {
        [self.ends[0].min(0.0), self.ends[1].max(0.0)]
    }

    /// Values in ascending order with how often they came, each told apart spread over four within its place, since a
    /// place may be as wide as a step of int8.
    pub(crate) fn values(&self) -> Vec<(f32, f64)> {
        let value = |quarter: u32| f32::from_bits(quarter << 14 | 1 << 13).max(self.ends[0]).min(self.ends[1]);
        let count = |quarter: u32| self.bins[quarter as usize >> 2] as f64 / 4.0;
        let (below, above) = ((1 << 17..1 << 18).rev(), 0..1 << 17);
        below.chain(above).map(|quarter| (value(quarter), count(quarter))).filter(|value| value.1 > 0.0).collect()
    }
}
