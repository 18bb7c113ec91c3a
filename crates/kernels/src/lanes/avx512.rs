//! AVX-512 (F and DQ): sixteen lanes, thirty-two registers.

#[allow(clippy::wildcard_imports, reason = "a long list of intrinsics says nothing")]
use core::arch::x86_64::*;
use core::mem::transmute;

use super::{Bytes, Lanes, Pairs};

/// Exists only where the processor has AVX-512 F and DQ.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    /// The processor has AVX-512 F and DQ.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

/// Exists only where the processor has AVX-512 F, DQ and BF16.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Bf16(());

impl Avx512Bf16 {
    /// # Safety
    /// The processor has AVX-512 F, DQ and BF16.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

/// Exists only where the processor has AVX-512 F, BW, DQ and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Vnni(());

impl Avx512Vnni {
    /// # Safety
    /// The processor has AVX-512 F, BW, DQ and VNNI.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

const N: usize = 16;

/// Bits of `2^(i / 16)`, a hair larger so that a line through each is as often above as below, less those that the
/// number of sixteenths brings when it is shifted to the exponent.
const SIXTEENTHS: [u32; 16] = {
    let mut table = [0; 16];
    let (mut i, mut power) = (0, 1.000_117_f64);
    while i < 16 {
        table[i] = (power as f32).to_bits().wrapping_sub((i as u32) << 19);
        power *= 1.044_273_782_427_413_8; // 2^(1/16)
        i += 1;
    }
    table
};

/// Methods that are one expression of intrinsics.
macro_rules! methods {
    ($($name:ident($($x:ident),+) = $value:expr;)+) => {$(
        #[inline(always)]
        fn $name(self, $($x: __m512),+) -> __m512 {
            // SAFETY: the token says that the processor has the instructions.
            unsafe { $value }
        }
    )+};
}

/// The first `n` of fewer than `N` lanes.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    assert!(n < N);
    (1 << n) - 1
}

macro_rules! lanes {
    ($token:ident) => {
        impl Lanes for $token {
            type F = __m512;
            const N: usize = N;
            const REGISTERS: usize = 32;

            #[inline(always)]
            fn splat(self, x: f32) -> __m512 {
                // SAFETY: the token says that the processor has the instruction.
                unsafe { _mm512_set1_ps(x) }
            }

            #[inline(always)]
            fn load(self, from: &[f32]) -> __m512 {
                let from = &from[..N];
                // SAFETY: as above; `from` has N values.
                unsafe { _mm512_loadu_ps(from.as_ptr()) }
            }

            #[inline(always)]
            fn load_few(self, from: &[f32]) -> __m512 {
                // SAFETY: as above; lanes past the slice are masked out.
                unsafe { _mm512_maskz_loadu_ps(first(from.len()), from.as_ptr()) }
            }

            #[inline(always)]
            fn store(self, x: __m512, to: &mut [f32]) {
                let to = &mut to[..N];
                // SAFETY: as above; `to` has N values.
                unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) }
            }

            #[inline(always)]
            fn store_few(self, x: __m512, to: &mut [f32]) {
                // SAFETY: as above; lanes past the slice are masked out.
                unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), first(to.len()), x) }
            }

            #[inline(always)]
            fn prefetch(self, address: *const f32) {
                // SAFETY: a hint, which reads nothing that the program could see.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
            }

            #[inline(always)]
            fn prefetch_far(self, address: *const f32) {
                // SAFETY: a hint, which reads nothing that the program could see.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
            }

            methods! {
                add(a, b) = _mm512_add_ps(a, b);
                sub(a, b) = _mm512_sub_ps(a, b);
                mul(a, b) = _mm512_mul_ps(a, b);
                fma(a, b, c) = _mm512_fmadd_ps(a, b, c);
                max(a, b) = _mm512_max_ps(a, b);
                min(a, b) = _mm512_min_ps(a, b);
                scale(x, whole) = _mm512_scalef_ps(x, whole);
                float(whole) = _mm512_cvtepi32_ps(_mm512_castps_si512(whole));
            }

            /// An estimate good to 14 bits and one step of Newton's: half the time of a division.
            #[inline(always)]
            fn recip(self, x: __m512) -> __m512 {
                // SAFETY: the token says that the processor has the instructions.
                unsafe {
                    let estimate = _mm512_rcp14_ps(x);
                    let rest = _mm512_fnmadd_ps(x, estimate, _mm512_set1_ps(1.0));
                    _mm512_fmadd_ps(rest, estimate, estimate)
                }
            }

            /// By a table of sixteen powers of two and the line through each. On some processors the exact one's
            /// instructions for whole parts and powers take four cycles each.
            #[inline(always)]
            fn near_logistic(self, x: __m512) -> __m512 {
                // SAFETY: the token says that the processor has the instructions; bits are bits.
                unsafe {
                    let t = _mm512_max_ps(_mm512_set1_ps(-87.0), _mm512_min_ps(_mm512_set1_ps(87.0), x));
                    // Sixteenths of a power of two, whole in the last bits of a number this large.
                    let (magic, per_power) = (_mm512_set1_ps(786_432.0), _mm512_set1_ps(-std::f32::consts::LOG2_E));
                    let sixteenths = _mm512_fmadd_ps(t, per_power, magic);
                    let near = _mm512_sub_ps(sixteenths, magic);
                    let rest = _mm512_fnmsub_ps(near, _mm512_set1_ps(std::f32::consts::LN_2), t);
                    let bits = _mm512_castps_si512(sixteenths);
                    let table = _mm512_loadu_si512(SIXTEENTHS.as_ptr().cast());
                    let power = _mm512_add_epi32(_mm512_permutexvar_epi32(bits, table), _mm512_slli_epi32::<19>(bits));
                    let power = _mm512_castsi512_ps(power);
                    let sum = _mm512_fmadd_ps(power, rest, _mm512_add_ps(power, _mm512_set1_ps(1.0)));
                    _mm512_rcp14_ps(sum)
                }
            }

            #[inline(always)]
            fn split(self, t: __m512) -> (__m512, __m512) {
                const FLOOR_QUIETLY: i32 = 0b1001;
                // SAFETY: the token says that the processor has the instruction. `scale` floors by itself, so `t` will do.
                (t, unsafe { _mm512_reduce_ps::<FLOOR_QUIETLY>(t) })
            }
        }
    };
}

lanes!(Avx512);
lanes!(Avx512Bf16);
lanes!(Avx512Vnni);

impl Pairs for Avx512Bf16 {
    #[inline(always)]
    fn narrow(self, first: __m512, second: __m512) -> __m512 {
        // SAFETY: the token says that the processor has the instruction; bits are bits.
        unsafe { transmute::<__m512bh, __m512>(_mm512_cvtne2ps_pbh(second, first)) }
    }

    #[inline(always)]
    fn dot(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_dpbf16_ps(c, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b)) }
    }
}

/// Rounded to the nearest; what is too large for an i32 is cut before.
#[inline(always)]
fn whole(x: __m512) -> __m512i {
    // SAFETY: only methods of the tokens call this.
    unsafe { _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(255.0), x)) }
}

impl Bytes for Avx512Vnni {
    const PLANES: usize = 4;

    #[inline(always)]
    fn pack(self, x: &[__m512]) -> __m512 {
        let [a, b, c, d] = [whole(x[0]), whole(x[1]), whole(x[2]), whole(x[3])];
        // SAFETY: the token says that the processor has the instructions. Packing saturates.
        unsafe {
            let bytes = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
            // Packing goes by quarters of a register: the first dwords of all four, then their second, and so on.
            let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
            _mm512_castsi512_ps(_mm512_permutexvar_epi32(order, bytes))
        }
    }

    #[inline(always)]
    fn dot(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the token says that the processor has the instruction.
        unsafe {
            let [a, b, c] = [_mm512_castps_si512(a), _mm512_castps_si512(b), _mm512_castps_si512(c)];
            _mm512_castsi512_ps(_mm512_dpbusd_epi32(c, a, b))
        }
    }
}
