//! The matrix unit of some x86 processors, AMX: tiles of sixteen rows of 64 bytes. It multiplies 16 pixels by 16 output
//! channels over 32 input channels in bf16, or 64 in eight bits, in sixteen cycles.
//!
//! There are no intrinsics in stable Rust, so the instructions are spelled out, a whole tile of sums at a time: nothing
//! is kept in the unit between two of them.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _MM_HINT_T1, _mm_prefetch};
use std::sync::OnceLock;

use crate::planes::Planes;

/// Rows of a tile, which are pixels, and f32 values in each.
pub(crate) const ROWS: usize = 16;
const BYTES: usize = 64;

/// Whether the processor has the unit and the system lets this process use it; asked once.
pub(crate) fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| processor_has_it() && system_allows_it())
}

fn processor_has_it() -> bool {
    const BF16_TILE_INT8: u32 = 1 << 22 | 1 << 24 | 1 << 25;
    __cpuid_count(0, 0).eax >= 7 && __cpuid_count(7, 0).edx & BF16_TILE_INT8 == BF16_TILE_INT8
}

/// Linux keeps the unit's 8 KiB of state only for processes that ask.
#[cfg(target_os = "linux")]
fn system_allows_it() -> bool {
    const REQUEST_PERMISSION: libc::c_int = 0x1023;
    const TILE_DATA: libc::c_ulong = 18;
    // SAFETY: the call changes nothing but what the kernel saves for this process.
    unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn system_allows_it() -> bool {
    false
}

/// The unit, set up on this thread for full tiles.
pub(crate) struct Tiles(());

/// How the unit is told the shapes of its eight tiles.
#[derive(Debug, Default, PartialEq)]
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

impl Shapes {
    fn full() -> Self {
        let mut full = Self { palette: 1, ..Self::default() };
        full.bytes[..8].fill(BYTES as u16);
        full.rows[..8].fill(ROWS as u8);
        full
    }

    /// Those that the unit has on this thread. There must be one.
    fn now() -> Self {
        let mut shapes = Self::default();
        // SAFETY: the processor has the instruction, which fills 64 bytes; any of them are valid.
        unsafe { asm!("sttilecfg [{}]", in(reg) &raw mut shapes, options(nostack)) };
        shapes
    }
}

impl Tiles {
    /// Setting up takes as long as several blocks, asking a tenth of that: so the unit is left as it is, and set up again
    /// only where the thread is new to it, or someone else has used it since.
    /// # Panics
    /// Where there is none.
    pub(crate) fn new() -> Self {
        assert!(available(), "no matrix unit");
        let full = Shapes::full();
        if Shapes::now() != full {
            // SAFETY: the processor has the instruction, and these shapes are those of full tiles.
            unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const full, options(nostack, readonly)) };
        }
        Self(())
    }

    /// Asks for the cache line at an address, which need not be anyone's, to come to the second cache.
    pub(crate) fn prefetch(address: *const f32) {
        // SAFETY: a hint, which reads nothing that the program could see.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) };
    }
}

/// An instruction that multiplies a tile of pixels by a tile of weights. Sums are made where the unit was set up.
pub(crate) trait Dot {
    /// Sums of two rows of pixels by two planes.
    fn two_by_two(tiles: &Tiles, sum: &Sum, out: &mut [f32]);
    /// Sums of four rows of pixels by one plane.
    fn four_by_one(tiles: &Tiles, sum: &Sum, out: &mut [f32]);
    /// Sums of one row of pixels by one plane: much slower for its size.
    fn one_by_one(tiles: &Tiles, sum: &Sum, out: &mut [f32]);
}

macro_rules! dots {
    ($($(#[$doc:meta])* $name:ident: $instruction:literal;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Dot for $name {
            #[inline(always)]
            fn two_by_two(_: &Tiles, sum: &Sum, out: &mut [f32]) {
                sum.check(2, 2, out);
                // SAFETY: extents are checked; the unit was set up in `new`.
                unsafe {
                    asm!(
                        "tileloadd tmm0, [{bias} + {none}]",
                        "tileloadd tmm1, [{bias} + {none}]",
                        "tileloadd tmm2, [{bias} + {none} + 64]",
                        "tileloadd tmm3, [{bias} + {none} + 64]",
                        "2:",
                        "tileloadd tmm4, [{x} + {line}]",
                        "tileloadd tmm5, [{x} + {line} + 1024]",
                        "tileloadd tmm6, [{w} + {row}]",
                        "tileloadd tmm7, [{w} + {row} + 64]",
                        concat!($instruction, " tmm0, tmm4, tmm6"),
                        concat!($instruction, " tmm1, tmm5, tmm6"),
                        concat!($instruction, " tmm2, tmm4, tmm7"),
                        concat!($instruction, " tmm3, tmm5, tmm7"),
                        "add {x}, {plane}",
                        "add {w}, {chunk}",
                        "dec {chunks}",
                        "jnz 2b",
                        "tilestored [{out} + {line}], tmm0",
                        "tilestored [{out} + {line} + 1024], tmm1",
                        "tilestored [{out} + {line} + 2048], tmm2",
                        "tilestored [{out} + {line} + 3072], tmm3",
                        bias = in(reg) sum.bias.as_ptr(), none = in(reg) 0usize, row = in(reg) 4 * sum.row, line = in(reg) BYTES,
                        x = inout(reg) sum.x.at(sum.pixel) => _, plane = in(reg) 4 * sum.x.stride(),
                        w = inout(reg) sum.weights.as_ptr() => _, chunk = in(reg) 4 * ROWS * sum.row,
                        chunks = inout(reg) sum.x.planes() => _, out = in(reg) out.as_mut_ptr(),
                        out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                        out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                        options(nostack),
                    );
                }
            }

            #[inline(always)]
            fn four_by_one(_: &Tiles, sum: &Sum, out: &mut [f32]) {
                sum.check(4, 1, out);
                // SAFETY: extents are checked; the unit was set up in `new`.
                unsafe {
                    asm!(
                        "tileloadd tmm0, [{bias} + {none}]",
                        "tileloadd tmm1, [{bias} + {none}]",
                        "tileloadd tmm2, [{bias} + {none}]",
                        "tileloadd tmm3, [{bias} + {none}]",
                        "2:",
                        "tileloadd tmm4, [{w} + {row}]",
                        "tileloadd tmm5, [{x} + {line}]",
                        concat!($instruction, " tmm0, tmm5, tmm4"),
                        "tileloadd tmm6, [{x} + {line} + 1024]",
                        concat!($instruction, " tmm1, tmm6, tmm4"),
                        "tileloadd tmm7, [{x} + {line} + 2048]",
                        concat!($instruction, " tmm2, tmm7, tmm4"),
                        "tileloadd tmm5, [{x} + {line} + 3072]",
                        concat!($instruction, " tmm3, tmm5, tmm4"),
                        "add {x}, {plane}",
                        "add {w}, {chunk}",
                        "dec {chunks}",
                        "jnz 2b",
                        "tilestored [{out} + {line}], tmm0",
                        "tilestored [{out} + {line} + 1024], tmm1",
                        "tilestored [{out} + {line} + 2048], tmm2",
                        "tilestored [{out} + {line} + 3072], tmm3",
                        bias = in(reg) sum.bias.as_ptr(), none = in(reg) 0usize, row = in(reg) 4 * sum.row, line = in(reg) BYTES,
                        x = inout(reg) sum.x.at(sum.pixel) => _, plane = in(reg) 4 * sum.x.stride(),
                        w = inout(reg) sum.weights.as_ptr() => _, chunk = in(reg) 4 * ROWS * sum.row,
                        chunks = inout(reg) sum.x.planes() => _, out = in(reg) out.as_mut_ptr(),
                        out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                        out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                        options(nostack),
                    );
                }
            }

            #[inline(always)]
            fn one_by_one(_: &Tiles, sum: &Sum, out: &mut [f32]) {
                sum.check(1, 1, out);
                // SAFETY: extents are checked; the unit was set up in `new`.
                unsafe {
                    asm!(
                        "tileloadd tmm0, [{bias} + {none}]",
                        "2:",
                        "tileloadd tmm4, [{x} + {line}]",
                        "tileloadd tmm6, [{w} + {row}]",
                        concat!($instruction, " tmm0, tmm4, tmm6"),
                        "add {x}, {plane}",
                        "add {w}, {chunk}",
                        "dec {chunks}",
                        "jnz 2b",
                        "tilestored [{out} + {line}], tmm0",
                        bias = in(reg) sum.bias.as_ptr(), none = in(reg) 0usize, row = in(reg) 4 * sum.row, line = in(reg) BYTES,
                        x = inout(reg) sum.x.at(sum.pixel) => _, plane = in(reg) 4 * sum.x.stride(),
                        w = inout(reg) sum.weights.as_ptr() => _, chunk = in(reg) 4 * ROWS * sum.row,
                        chunks = inout(reg) sum.x.planes() => _, out = in(reg) out.as_mut_ptr(),
                        out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                        out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                        options(nostack),
                    );
                }
            }
        }
    )+};
}

dots! {
    /// Pairs of bf16, summed in f32.
    PairDot: "tdpbf16ps";
    /// Quads of eight bits, unsigned by signed, summed in i32.
    QuadDot: "tdpbusd";
}

/// What is summed: `bias[n] + sum over c of x[c][p] . weights[c][n]` for planes of sixteen output channels `n` and
/// sixteen pixels `p` from `pixel` on, `[plane][p][n]`.
pub(crate) struct Sum<'a> {
    /// A vector a plane.
    pub(crate) bias: &'a [f32],
    /// For each plane of `x` sixteen rows, each `row` values from the last: a vector of pairs a plane of sums.
    pub(crate) weights: &'a [f32],
    pub(crate) row: usize,
    /// A narrow map.
    pub(crate) x: Planes<'a>,
    pub(crate) pixel: usize,
}

impl Sum<'_> {
    /// Everything that is read and written lies inside.
    fn check(&self, pixels: usize, planes: usize, out: &[f32]) {
        let (vectors, chunks) = (planes * ROWS, self.x.planes());
        assert!(self.x.lanes() == ROWS && chunks > 0 && self.x.holds(self.pixel, pixels * ROWS), "{:?}", self.x);
        assert!(self.bias.len() >= vectors && self.row >= vectors);
        assert!(self.weights.len() >= (chunks * ROWS - 1) * self.row + vectors);
        assert!(out.len() >= pixels * planes * ROWS * ROWS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_unit_is_set_up_anew() {
        if !available() {
            return;
        }
        Tiles::new();
        // SAFETY: the processor has the instruction, and nothing is kept in the unit.
        unsafe { asm!("tilerelease", options(nostack)) };
        assert_ne!(Shapes::now(), Shapes::full());
        Tiles::new();
        assert_eq!(Shapes::now(), Shapes::full());
    }
}
