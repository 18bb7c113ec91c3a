//! Plain arrays: what any processor runs, as fast as its compiler makes them.

use super::{Bytes, Lanes};

/// Four lanes, a register of any processor of today.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

const N: usize = 4;

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; N] {
    std::array::from_fn(f)
}

impl Lanes for Portable {
    type F = [f32; N];
    const N: usize = N;
    const REGISTERS: usize = if cfg!(target_arch = "aarch64") { 32 } else { 16 };

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [x; N]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::F {
        let from = &from[..N];
        each(|i| from[i])
    }

    #[inline(always)]
    fn load_few(self, from: &[f32]) -> Self::F {
        each(|i| from.get(i).copied().unwrap_or(0.0))
    }

    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32]) {
        to[..N].copy_from_slice(&x);
    }

    #[inline(always)]
    fn store_few(self, x: Self::F, to: &mut [f32]) {
        let n = to.len();
        to.copy_from_slice(&x[..n]);
    }

    #[inline(always)]
    fn prefetch(self, _address: *const f32) {}

    #[inline(always)]
    fn prefetch_far(self, _address: *const f32) {}

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // Without the instruction `mul_add` is a call into the C library.
        if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
            each(|i| a[i].mul_add(b[i], c[i]))
        } else {
            each(|i| a[i] * b[i] + c[i])
        }
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn recip(self, x: Self::F) -> Self::F {
        each(|i| 1.0 / x[i])
    }

    #[inline(always)]
    fn split(self, t: Self::F) -> (Self::F, Self::F) {
        // Added and taken away again, 1.5 * 2^23 rounds to the nearest whole number; `floor` may be a call.
        const ROUND: f32 = 12_582_912.0;
        let t = self.max([-126.0; N], t);
        let whole = each(|i| (t[i] - 0.5 + ROUND) - ROUND);
        (whole, self.sub(t, whole))
    }

    #[inline(always)]
    fn scale(self, x: Self::F, whole: Self::F) -> Self::F {
        each(|i| x[i] * f32::from_bits(((whole[i] as i32 + 127) << 23) as u32))
    }

    #[inline(always)]
    fn float(self, whole: Self::F) -> Self::F {
        each(|i| whole[i].to_bits() as i32 as f32)
    }
}

impl Bytes for Portable {
    const PLANES: usize = 2;

    #[inline(always)]
    fn pack(self, x: &[Self::F]) -> Self::F {
        // A conversion saturates, and makes a NaN 0.
        let number = |i: usize| u32::from(x[i / N][i % N].round_ties_even() as u8);
        each(|i| f32::from_bits(number(2 * i) | number(2 * i + 1) << 16))
    }

    #[inline(always)]
    fn dot(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        each(|i| {
            let [a, b, c] = [a, b, c].map(|x| x[i].to_bits() as i32);
            let [low, high] = [i32::from(a as i16) * i32::from(b as i16), (a >> 16) * (b >> 16)];
            f32::from_bits(c.wrapping_add(low + high) as u32)
        })
    }
}
