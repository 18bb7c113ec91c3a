//! Which instructions this machine has, found once, and the one place that enters functions compiled for them.

use std::fmt;

#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx2Vnni, Avx512, Avx512Bf16, Avx512Vnni};
use crate::lanes::{Bytes, Lanes, Pairs, Portable};
#[cfg(target_arch = "x86_64")]
use crate::tiles;

/// An instruction set that this machine has. Layouts and packed weights belong to the one they were made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// What the products of 1x1 convolutions are made of; everything between them is f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// f32.
    #[default]
    F32,
    /// bf16, summed in f32.
    Bf16,
    /// Whole numbers of eight bits, activations unsigned, weights signed, summed in i32.
    Int8,
}

/// How products are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Products {
    /// Values of f32.
    Single,
    /// Pairs of bf16 in vectors.
    Pairs,
    /// Pairs of bf16 in the matrix unit, AMX.
    Tiles,
    /// Pairs of eight bits, widened to sixteen, in vectors, by the instructions that any processor of the set has.
    Words,
    /// Quads of eight bits in vectors, by an instruction of their own, VNNI.
    Vnni,
    /// Quads of eight bits in the matrix unit.
    QuadTiles,
}

impl Products {
    /// What kernels that make them are called beside an instruction set's others: `amx`, `avx512bf16`, `avx512vnni`.
    pub fn kernels(self, isa: Isa) -> &'static str {
        match self {
            Self::Single | Self::Words => isa.name(),
            Self::Pairs => "avx512bf16",
            Self::Vnni if isa.lanes() == 8 => "avxvnni",
            Self::Vnni => "avx512vnni",
            Self::Tiles | Self::QuadTiles => "amx",
        }
    }

    /// The same without the matrix unit, which has nothing to gain from single pixels.
    #[must_use]
    pub fn of_a_pixel(self) -> Self {
        match self {
            Self::Tiles => Self::Pairs,
            Self::QuadTiles => Self::Vnni,
            products => products,
        }
    }

    /// Planes of f32 in a plane of the map that they read, which is the number of channels in the place of one f32: 1 for
    /// a map of f32 itself, 2 for one of bf16 or of eight bits widened, 4 for one of eight bits.
    pub fn planes_of_a_plane(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Pairs | Self::Tiles | Self::Words => 2,
            Self::Vnni | Self::QuadTiles => 4,
        }
    }

    /// Whether they read maps of bf16.
    pub fn reads_pairs(self) -> bool {
        matches!(self, Self::Pairs | Self::Tiles)
    }

    /// Whether they are made in the matrix unit.
    pub(crate) fn in_tiles(self) -> bool {
        matches!(self, Self::Tiles | Self::QuadTiles)
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

/// A text that runs on any width; `run` must be `#[inline(always)]`, as everything hot below it.
pub(crate) trait Kernel {
    fn run<V: Lanes>(self, v: V);
}

/// The same on pairs of bf16.
pub(crate) trait PairKernel {
    fn run<V: Pairs>(self, v: V);
}

/// The same on whole numbers of eight bits.
pub(crate) trait ByteKernel {
    fn run<V: Bytes>(self, v: V);
}

impl Isa {
    /// The plain one, which every machine has.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// Every name there are kernels for, slowest first, with the instruction set where this machine has it.
    pub fn table() -> Vec<(&'static str, Option<Self>)> {
        let mut table = vec![("portable", Some(Self::PORTABLE))];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
            table.push(("avx2", avx2.then_some(Self(Kind::Avx2))));
            table.push(("avx512", avx512.then_some(Self(Kind::Avx512))));
        }
        table
    }

    /// The fastest that this machine has.
    pub fn detect() -> Self {
        Self::table().into_iter().rev().find_map(|(_, isa)| isa).unwrap_or(Self::PORTABLE)
    }

    /// Its name: `portable`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }

    /// Values of f32 in a vector, which is the number of channels in a plane.
    pub fn lanes(self) -> usize {
        match self.0 {
            Kind::Portable => Portable::N,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => Avx2::N,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => Avx512::N,
        }
    }

    /// Vector registers.
    pub(crate) fn registers(self) -> usize {
        match self.0 {
            Kind::Portable => Portable::REGISTERS,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => Avx2::REGISTERS,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => Avx512::REGISTERS,
        }
    }

    /// Every way to make products of a precision, with whether this machine has it beside this instruction set, the
    /// fastest last.
    pub fn products(self, precision: Precision) -> Vec<(Products, bool)> {
        match precision {
            Precision::F32 => vec![(Products::Single, true)],
            #[cfg(target_arch = "x86_64")]
            Precision::Bf16 => {
                let pairs = self.has_pairs();
                vec![(Products::Pairs, pairs), (Products::Tiles, pairs && tiles::available())]
            }
            #[cfg(not(target_arch = "x86_64"))]
            Precision::Bf16 => vec![(Products::Pairs, false), (Products::Tiles, false)],
            Precision::Int8 => match self.0 {
                Kind::Portable => vec![(Products::Words, true)],
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2 => vec![(Products::Words, true), (Products::Vnni, self.has_vnni())],
                #[cfg(target_arch = "x86_64")]
                Kind::Avx512 => {
                    let vnni = self.has_vnni();
                    vec![(Products::Vnni, vnni), (Products::QuadTiles, vnni && tiles::available())]
                }
            },
        }
    }

    /// The fastest that this machine has with products of a precision beside it, or without any.
    pub fn detect_for(precision: Precision) -> Self {
        let has = |isa: &Self| isa.products(precision).iter().any(|&(_, has)| has);
        Self::table().into_iter().rev().filter_map(|(_, isa)| isa).find(has).unwrap_or_else(Self::detect)
    }

    #[cfg(target_arch = "x86_64")]
    fn has_vnni(self) -> bool {
        match self.0 {
            Kind::Portable => false,
            Kind::Avx2 => is_x86_feature_detected!("avxvnni"),
            Kind::Avx512 => is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bw"),
        }
    }

    /// Runs a text on whole numbers of eight bits, those of the matrix unit's neighbour where that is meant.
    /// # Panics
    /// When this machine has no such products beside this instruction set.
    pub(crate) fn run_bytes(self, products: Products, kernel: impl ByteKernel) {
        match (self.0, products.of_a_pixel()) {
            (Kind::Portable, Products::Words) => kernel.run(Portable),
            // SAFETY: `table` makes this kind only where the processor has AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2, Products::Words) => unsafe { run_avx2_words(kernel) },
            // SAFETY: as above, and it has VNNI.
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2, Products::Vnni) if self.has_vnni() => unsafe { run_avx2_vnni(kernel) },
            // SAFETY: `table` makes this kind only where the processor has AVX-512 F and DQ, and it has BW and VNNI.
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx512, Products::Vnni) if self.has_vnni() => unsafe { run_avx512_vnni(kernel) },
            (_, products) => panic!("{self} has no {products:?}"),
        }
    }

    fn has_pairs(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 == Kind::Avx512 && is_x86_feature_detected!("avx512bf16");
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Runs a text on pairs of bf16.
    /// # Panics
    /// When this instruction set has none.
    pub(crate) fn run_pairs(self, kernel: impl PairKernel) {
        assert!(self.has_pairs(), "{self} has no pairs of bf16");
        // SAFETY: asserted.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            run_avx512_bf16(kernel);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = kernel;
    }

    pub(crate) fn run(self, kernel: impl Kernel) {
        match self.0 {
            Kind::Portable => kernel.run(Portable),
            // SAFETY: `table` makes this kind only where the processor has AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: `table` makes this kind only where the processor has AVX-512 F and DQ.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { run_avx512(kernel) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(kernel: impl Kernel) {
    // SAFETY: the caller has seen AVX2 and FMA.
    kernel.run(unsafe { Avx2::new() });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn run_avx512(kernel: impl Kernel) {
    // SAFETY: the caller has seen AVX-512 F and DQ.
    kernel.run(unsafe { Avx512::new() });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bf16")]
unsafe fn run_avx512_bf16(kernel: impl PairKernel) {
    // SAFETY: the caller has seen AVX-512 F, DQ and BF16.
    kernel.run(unsafe { Avx512Bf16::new() });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2_words(kernel: impl ByteKernel) {
    // SAFETY: the caller has seen AVX2 and FMA.
    kernel.run(unsafe { Avx2::new() });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avxvnni")]
unsafe fn run_avx2_vnni(kernel: impl ByteKernel) {
    // SAFETY: the caller has seen AVX2, FMA and AVX-VNNI.
    kernel.run(unsafe { Avx2Vnni::new() });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vnni")]
unsafe fn run_avx512_vnni(kernel: impl ByteKernel) {
    // SAFETY: the caller has seen AVX-512 F, BW, DQ and VNNI.
    kernel.run(unsafe { Avx512Vnni::new() });
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Runs the same cases on every instruction set of this machine and names those that it lacks.
#[cfg(test)]
pub(crate) fn every(cases: impl Fn(Isa)) {
    for (name, isa) in Isa::table() {
        match isa {
            Some(isa) => cases(isa),
            None => eprintln!("NOT RUN: this machine has no {name}"),
        }
    }
}

/// Runs the same cases on every way to make products of bf16 and names those that this machine lacks.
#[cfg(test)]
pub(crate) fn every_bf16(cases: impl Fn(Isa, Products)) {
    let isa = Isa::detect();
    for (products, has) in isa.products(Precision::Bf16) {
        if has {
            cases(isa, products);
        } else {
            eprintln!("NOT RUN: this machine has no {products:?} of bf16");
        }
    }
}

/// Runs the same cases on every way to make products of eight bits and names those that this machine lacks.
#[cfg(test)]
pub(crate) fn every_int8(cases: impl Fn(Isa, Products)) {
    every(|isa| {
        for (products, has) in isa.products(Precision::Int8) {
            if has {
                cases(isa, products);
            } else {
                eprintln!("NOT RUN: this machine has no {products:?} of eight bits beside {isa}");
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portable_one_is_always_there_and_the_best_one_is_last() {
        let table = Isa::table();
        assert_eq!(table[0], ("portable", Some(Isa::PORTABLE)));
        assert_eq!(table.iter().rev().find_map(|row| row.1), Some(Isa::detect()));
    }

    #[test]
    fn a_name_in_the_table_is_the_name_of_its_isa() {
        for (name, isa) in Isa::table() {
            assert!(isa.is_none_or(|isa| isa.name() == name && isa.to_string() == name));
        }
    }
}
