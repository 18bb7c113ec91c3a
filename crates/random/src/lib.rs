//! Random numbers as a function of (seed, stream, index): nothing has hidden state, so nothing needs saving, and
//! the number of threads cannot change a result.
//!
//! ```
//! use rexnet_random::Stream;
//! let picture = Stream::new(7).named("augment").at(3).at(12_345); // seed 7, epoch 3, picture 12,345
//! let mut draws = picture.draws();
//! let flip = draws.uniform() < 0.5;
//! # let _ = flip;
//! ```
#![forbid(unsafe_code)]

/// A stream of numbers addressed by index. The mixing is splitmix64's (Steele, Lea, Flood 2014).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Stream {
    /// The stream of a seed: `bits(i)` is the i-th output of splitmix64 from that seed.
    pub fn new(seed: u64) -> Self {
        Self { key: seed }
    }

    /// The stream of a name: seed is the FNV-1a hash of its bytes, xor the parent's key.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        Self { key: self.key ^ hash }
    }

    /// An independent child stream.
    #[must_use]
    pub fn at(self, index: u64) -> Self {
        Self { key: mix(self.bits(index) ^ GOLDEN) }
    }

    /// 64 random bits.
    pub fn bits(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(GOLDEN.wrapping_mul(index.wrapping_add(1))))
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn uniform(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 * (-53_f64).exp2()
    }

    /// Standard normal from uniforms `2 index` and `2 index + 1` (Box and Muller, the cosine).
    pub fn normal(self, index: u64) -> f64 {
        let (u1, u2) = (self.uniform(2 * index), self.uniform(2 * index + 1));
        (-2.0 * (1.0 - u1).ln()).sqrt() * (std::f64::consts::TAU * u2).cos()
    }

    /// A cursor over the stream, for code that draws a varying number of values.
    pub fn draws(self) -> Draws {
        Draws { stream: self, next: 0 }
    }

    /// A permutation of `0..n` (Fisher and Yates, from the end).
    pub fn permutation(self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        let mut draws = self.draws();
        for i in (1..n).rev() {
            order.swap(i, draws.below(i as u64 + 1) as usize);
        }
        order
    }
}

/// A cursor over a [`Stream`].
#[derive(Clone, Debug)]
pub struct Draws {
    stream: Stream,
    next: u64,
}

impl Draws {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.next += 1;
        self.stream.bits(self.next - 1)
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (-53_f64).exp2()
    }

    /// Uniform in `[low, high)`.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform in `0..n`; 0 for `n` = 0. The bias of at most n / 2^64 is not worth a loop.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        let (u1, u2) = (self.uniform(), self.uniform());
        (-2.0 * (1.0 - u1).ln()).sqrt() * (std::f64::consts::TAU * u2).cos()
    }

    /// Gamma with shape `a` > 0 and scale 1 (Marsaglia and Tsang 2000).
    pub fn gamma(&mut self, a: f64) -> f64 {
        if a < 1.0 {
            let u = 1.0 - self.uniform();
            return self.gamma(a + 1.0) * u.powf(1.0 / a);
        }
        let d = a - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            let u = 1.0 - self.uniform();
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// Beta(a, b), as mixup and cutmix want it.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_splitmix64s_published_sequence() {
        // Vigna's reference implementation, seed 1234567.
        let s = Stream::new(1_234_567);
        let first: Vec<u64> = (0..5).map(|i| s.bits(i)).collect();
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(first, published);
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        for n in [0, 1, 2, 7, 1000] {
            let mut p = Stream::new(3).permutation(n);
            p.sort_unstable();
            assert_eq!(p, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut d = Stream::new(11).draws();
        let n = 200_000;
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || d.uniform()) - 0.5).abs() < 0.005);
        let mut e = d.clone();
        assert!(mean(&mut || d.normal()).abs() < 0.01);
        assert!((mean(&mut || e.normal().powi(2)) - 1.0).abs() < 0.02);
        assert!((mean(&mut || d.beta(0.2, 0.2)) - 0.5).abs() < 0.01);
        assert!((mean(&mut || d.gamma(2.5)) - 2.5).abs() < 0.02);
    }
}
