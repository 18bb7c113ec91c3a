//! AVX2 with FMA: eight lanes, sixteen registers.

#[allow(clippy::wildcard_imports, reason = "a long list of intrinsics says nothing")]
use core::arch::x86_64::*;

use super::{Bytes, Lanes};

/// Exists only where the processor has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// # Safety
    /// The processor has AVX2 and FMA.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

/// Exists only where the processor has AVX2, FMA and AVX-VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx2Vnni(());

impl Avx2Vnni {
    /// # Safety
    /// The processor has AVX2, FMA and AVX-VNNI.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

const N: usize = 8;

/// Methods that are one expression of intrinsics.
macro_rules! methods {
    ($($name:ident($($x:ident),+) = $value:expr;)+) => {$(
        #[inline(always)]
        fn $name(self, $($x: __m256),+) -> __m256 {
            // SAFETY: the token says that the processor has the instructions.
            unsafe { $value }
        }
    )+};
}

/// All bits set in the first `n` lanes.
#[inline(always)]
fn first(n: usize) -> __m256i {
    const MASKS: [i32; 2 * N] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    let mask = &MASKS[N - n..][..N];
    // SAFETY: `mask` has N values; the load needs no alignment. Only methods of the token call this.
    unsafe { _mm256_loadu_si256(mask.as_ptr().cast()) }
}

macro_rules! lanes {
    ($token:ident) => {
        impl Lanes for $token {
            type F = __m256;
            const N: usize = N;
            const REGISTERS: usize = 16;

            #[inline(always)]
            fn splat(self, x: f32) -> __m256 {
                // SAFETY: the token says that the processor has the instruction.
                unsafe { _mm256_set1_ps(x) }
            }

            #[inline(always)]
            fn load(self, from: &[f32]) -> __m256 {
                let from = &from[..N];
                // SAFETY: as above; `from` has N values.
                unsafe { _mm256_loadu_ps(from.as_ptr()) }
            }

            #[inline(always)]
            fn load_few(self, from: &[f32]) -> __m256 {
                assert!(from.len() < N);
                // SAFETY: as above; lanes past the slice are masked out.
                unsafe { _mm256_maskload_ps(from.as_ptr(), first(from.len())) }
            }

            #[inline(always)]
            fn store(self, x: __m256, to: &mut [f32]) {
                let to = &mut to[..N];
                // SAFETY: as above; `to` has N values.
                unsafe { _mm256_storeu_ps(to.as_mut_ptr(), x) }
            }

            #[inline(always)]
            fn store_few(self, x: __m256, to: &mut [f32]) {
                assert!(to.len() < N);
                // SAFETY: as above; lanes past the slice are masked out.
                unsafe { _mm256_maskstore_ps(to.as_mut_ptr(), first(to.len()), x) }
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
                add(a, b) = _mm256_add_ps(a, b);
                sub(a, b) = _mm256_sub_ps(a, b);
                mul(a, b) = _mm256_mul_ps(a, b);
                fma(a, b, c) = _mm256_fmadd_ps(a, b, c);
                max(a, b) = _mm256_max_ps(a, b);
                min(a, b) = _mm256_min_ps(a, b);
                float(whole) = _mm256_cvtepi32_ps(_mm256_castps_si256(whole));
                recip(x) = _mm256_div_ps(_mm256_set1_ps(1.0), x);
                scale(x, whole) = _mm256_castsi256_ps(_mm256_add_epi32(
                    _mm256_castps_si256(x),
                    _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(whole)),
                ));
            }

            #[inline(always)]
            fn split(self, t: __m256) -> (__m256, __m256) {
                let t = self.max(self.splat(-126.0), t);
                // SAFETY: the token says that the processor has the instruction.
                let whole = unsafe { _mm256_floor_ps(t) };
                (whole, self.sub(t, whole))
            }
        }
    };
}

lanes!(Avx2);
lanes!(Avx2Vnni);

/// Rounded to the nearest; what is too large for an i32 is cut before.
#[inline(always)]
fn whole(x: __m256) -> __m256i {
    // SAFETY: only methods of the tokens call this.
    unsafe { _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(255.0), x)) }
}

/// In sixteen bits: `maddubs` would multiply twice as many bytes, but its sums of two do not fit.
impl Bytes for Avx2 {
    const PLANES: usize = 2;

    #[inline(always)]
    fn pack(self, x: &[__m256]) -> __m256 {
        let [low, high] = [whole(x[0]), whole(x[1])];
        // SAFETY: the token says that the processor has the instructions. Packing saturates, and goes by halves of a
        // register.
        unsafe { _mm256_castsi256_ps(_mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low, high))) }
    }

    #[inline(always)]
    fn dot(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the token says that the processor has the instructions.
        unsafe {
            let [a, b, c] = [_mm256_castps_si256(a), _mm256_castps_si256(b), _mm256_castps_si256(c)];
            _mm256_castsi256_ps(_mm256_add_epi32(c, _mm256_madd_epi16(a, b)))
        }
    }
}

impl Bytes for Avx2Vnni {
    const PLANES: usize = 4;

    #[inline(always)]
    fn pack(self, x: &[__m256]) -> __m256 {
        let [a, b, c, d] = [whole(x[0]), whole(x[1]), whole(x[2]), whole(x[3])];
        // SAFETY: the token says that the processor has the instructions. Packing saturates.
        unsafe {
            let bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
            // Packing goes by halves of a register: dwords of all four, then the four's others.
            _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)))
        }
    }

    #[inline(always)]
    fn dot(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the token says that the processor has the instruction.
        unsafe {
            let [a, b, c] = [_mm256_castps_si256(a), _mm256_castps_si256(b), _mm256_castps_si256(c)];
            _mm256_castsi256_ps(_mm256_dpbusd_avx_epi32(c, a, b))
        }
    }
}
