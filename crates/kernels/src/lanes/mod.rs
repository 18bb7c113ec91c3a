//! The small vector trait that every kernel is written against: one text, several widths.
//!
//! A value of an implementation is a token: it exists only where the processor has the instructions, so its methods
//! are safe. Every method must end up inlined in a function that enables them, which [`crate::Isa`] takes care of.

use crate::act;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{Avx2, Avx2Vnni};
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::{Avx512, Avx512Bf16, Avx512Vnni};
pub(crate) use portable::Portable;

/// Vectors of `N` values of f32.
pub(crate) trait Lanes: Copy {
    /// A vector.
    type F: Copy;
    /// Values in a vector.
    const N: usize;
    /// Vector registers: 32 or 16. Tiles of sums are cut to fit.
    const REGISTERS: usize;

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::F;
    /// The first `N` values.
    fn load(self, from: &[f32]) -> Self::F;
    /// All values of a slice shorter than `N`, zeros behind them.
    fn load_few(self, from: &[f32]) -> Self::F;
    /// Writes the first `N` values.
    fn store(self, x: Self::F, to: &mut [f32]);
    /// Fills a slice shorter than `N` with the first lanes.
    fn store_few(self, x: Self::F, to: &mut [f32]);

    /// Asks for the cache line at an address, which need not be anyone's, to come to the first cache.
    fn prefetch(self, address: *const f32);
    /// The same to the second cache.
    fn prefetch_far(self, address: *const f32);

    /// `a + b`.
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`.
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`.
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once where the processor can.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The larger; `b` where either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller; `b` where either is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `1 / x` to 2 units in the last place, for `x` from 2^-126 to 2^126.
    fn recip(self, x: Self::F) -> Self::F;
    /// `t` as a whole number not above it, in whatever form `scale` takes, and the rest, from 0 to 1. `t` is at most 126;
    /// below -126 it may be taken for that.
    fn split(self, t: Self::F) -> (Self::F, Self::F);
    /// `x` times two to the power of a whole number from `split`.
    fn scale(self, x: Self::F, whole: Self::F) -> Self::F;
    /// Whole numbers, i32 in the place of each f32, as f32.
    fn float(self, whole: Self::F) -> Self::F;
    /// `1 / (1 + e^-x)` to 2^-12 of itself, for what will be rounded to fewer bits; exact where that is as quick.
    #[inline(always)]
    fn near_logistic(self, x: Self::F) -> Self::F {
        act::logistic(self, x)
    }
}

/// Vectors of `2 N` values of bf16: two in the place of each f32, the first in its low half.
pub(crate) trait Pairs: Lanes {
    /// The values of two vectors, rounded to the nearest, ties to even: the first's, then the second's.
    fn narrow(self, first: Self::F, second: Self::F) -> Self::F;
    /// `c` and the products of both halves of `a` and `b`, summed in f32.
    fn dot(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
}

/// Vectors of whole numbers of eight bits, two or four in the place of each f32, the first in its lowest bits.
pub(crate) trait Bytes: Lanes {
    /// How many are in the place of an f32: as widened numbers of sixteen bits two, otherwise four.
    const PLANES: usize;

    /// The values of `PLANES` vectors, one vector behind the other, rounded to the nearest, ties to even, those outside 0
    /// to 255 to the nearer end. A NaN becomes 0.
    fn pack(self, x: &[Self::F]) -> Self::F;
    /// `c` and the products of all numbers of `a`, which are unsigned, and `b`, signed: whole numbers, i32.
    fn dot(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
}

#[cfg(test)]
mod tests {
    use crate::isa::{ByteKernel, Kernel, Products, every, every_int8};
    use crate::quantised::testing::numbers_in;

    use super::{Bytes, Lanes};

    fn numbers() -> Vec<f32> {
        let special = [0.0, -0.0, 1.0, -1.0, 6.5, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-38, -3.75];
        special.into_iter().chain((0..22).map(|i| (i as f32 - 10.7) * 1.37)).collect()
    }

    fn same(a: f32, b: f32) -> bool {
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    }

    /// Operations on pairs of numbers, lane by lane, and loads and stores of every length.
    struct Check;

    impl Kernel for Check {
        #[inline(always)]
        fn run<V: Lanes>(self, v: V) {
            let xs = numbers();
            for (i, xs) in xs.windows(V::N).enumerate() {
                let ys: Vec<f32> = xs.iter().rev().map(|x| x * 0.5 + 1.0).collect();
                let (x, y) = (v.load(xs), v.load(&ys));
                let check = |name: &str, got: V::F, want: &dyn Fn(f32, f32) -> f32| {
                    let mut lanes = vec![0.0; V::N];
                    v.store(got, &mut lanes);
                    for lane in 0..V::N {
                        let want = want(xs[lane], ys[lane]);
                        assert!(same(lanes[lane], want), "{name} at {i}: {} {want}", lanes[lane]);
                    }
                };
                check("add", v.add(x, y), &|x, y| x + y);
                check("sub", v.sub(x, y), &|x, y| x - y);
                check("mul", v.mul(x, y), &|x, y| x * y);
                check("max", v.max(x, y), &|x, y| if x > y { x } else { y });
                check("min", v.min(x, y), &|x, y| if x < y { x } else { y });
                check("splat", v.splat(xs[0]), &|_, _| xs[0]);
            }
            for n in 0..V::N {
                let mut lanes = vec![f32::NAN; V::N];
                v.store(v.load_few(&numbers()[10..10 + n]), &mut lanes);
                assert_eq!(lanes[..n], numbers()[10..10 + n]);
                assert!(lanes[n..].iter().all(|&x| x == 0.0), "zeros behind {n}");
                let mut to = vec![7.0; V::N];
                v.store_few(v.load(&numbers()[10..]), &mut to[..n]);
                assert_eq!(to[..n], numbers()[10..10 + n]);
                assert!(to[n..].iter().all(|&x| x == 7.0), "nothing written past {n}");
            }
        }
    }

    #[test]
    fn every_operation_equals_its_scalar_on_every_isa() {
        every(|isa| isa.run(Check));
    }

    struct Powers;

    impl Kernel for Powers {
        #[inline(always)]
        fn run<V: Lanes>(self, v: V) {
            let mut lanes = vec![0.0; V::N];
            let mut at = |x: V::F| {
                v.store(x, &mut lanes);
                lanes[0]
            };
            for t in [-126.0, -3.5, -1.0, -0.25, 0.0, 0.999, 1.0, 17.3, 125.5] {
                let (whole, rest) = v.split(v.splat(t));
                let (scaled, rest) = (at(v.scale(v.splat(1.5), whole)), at(rest));
                assert!((0.0..=1.0).contains(&rest), "{t}: {rest}");
                assert_eq!(scaled, 1.5 * (t - rest).exp2(), "{t}");
            }
            for x in [1.0, 1.5, 3.0, 7e10, 1.2e-38, 8e37] {
                let (got, want) = (at(v.recip(v.splat(x))), 1.0 / x);
                assert!((got - want).abs() <= 2.0 * f32::EPSILON * want, "1 / {x}: {got}");
            }
        }
    }

    #[test]
    fn powers_of_two_are_exact_and_reciprocals_close_on_every_isa() {
        every(|isa| isa.run(Powers));
    }

    /// Packing of four vectors, and products at the ends of both ranges, where sums of two would leave 16 bits.
    struct Whole(Products);

    /// Numbers in the place of an f32.
    fn place_of(numbers: &[i16]) -> f32 {
        let bits = 32 / numbers.len();
        let mask = u32::MAX >> (32 - bits);
        f32::from_bits(numbers.iter().rev().fold(0, |all, &n| all << bits | (n as u32 & mask)))
    }

    impl ByteKernel for Whole {
        #[inline(always)]
        fn run<V: Bytes>(self, v: V) {
            let store = |x: V::F| {
                let mut lanes = vec![0.0; V::N];
                v.store(x, &mut lanes);
                lanes
            };
            let special =
                [f32::NAN, f32::NEG_INFINITY, f32::INFINITY, -0.6, -0.4, 0.5, 1.5, 2.5, 254.6, 255.4, 256.0, 1e30];
            let wanted = [0, 0, 255, 0, 0, 0, 2, 2, 255, 255, 255, 255];
            let numbers: Vec<(f32, u8)> = special
                .into_iter()
                .zip(wanted)
                .chain((0..52).map(|i| (i as f32 * 4.8, (i as f32 * 4.8).round() as u8)))
                .collect();
            for numbers in numbers.chunks_exact(V::PLANES * V::N) {
                let vectors: Vec<V::F> = numbers
                    .chunks_exact(V::N)
                    .map(|numbers| v.load(&numbers.iter().map(|n| n.0).collect::<Vec<_>>()))
                    .collect();
                let got: Vec<u8> = store(v.pack(&vectors)).iter().flat_map(|&x| numbers_in(x, self.0)).collect();
                assert_eq!(got, numbers.iter().map(|n| n.1).collect::<Vec<_>>());
            }
            for (a, b, c) in [
                ([255_i16; 4], [127_i16; 4], 0),
                ([255; 4], [-128; 4], -7),
                ([255, 0, 255, 1], [127, -128, -127, -1], 70_000),
                ([1, 2, 3, 4], [5, -6, 7, -8], i32::MIN / 2),
            ] {
                let products = a.iter().zip(&b).take(V::PLANES).map(|(&a, &b)| i32::from(a) * i32::from(b));
                let want = c + products.sum::<i32>();
                let [a, b] = [a, b].map(|numbers| v.splat(place_of(&numbers[..V::PLANES])));
                let sum = v.dot(a, b, v.splat(f32::from_bits(c as u32)));
                assert!(store(sum).iter().all(|x| x.to_bits() as i32 == want), "{want}");
                assert!(store(v.float(sum)).iter().all(|&x| x == want as f32), "{want}");
            }
        }
    }

    #[test]
    fn whole_numbers_are_packed_and_multiplied_exactly_on_every_isa() {
        every_int8(|isa, products| isa.run_bytes(products, Whole(products)));
    }
}
