//! Arithmetic on plain slices, one file a kernel, each beside its scalar reference and its tests.
//!
//! A fast text is written once against a small vector trait and runs on every [`Isa`]; maps are [`Planes`] of as many
//! channels as a vector has lanes. The references take maps as `[channels, height, width]` and weights as PyTorch saves
//! them. The only room that may hold `unsafe`, each module that does says what for.
#![allow(clippy::inline_always, reason = "a text must end up inside the function that enables its instructions")]

pub mod act;
mod ahead;
#[allow(unsafe_code, reason = "memory of its own, with advice to the system")]
mod arena;
pub mod dense;
pub mod depthwise;
pub mod gate;
#[allow(unsafe_code, reason = "settings of the C library")]
mod heap;
#[allow(unsafe_code, reason = "enters functions compiled for what the processor has")]
mod isa;
#[allow(unsafe_code, reason = "intrinsics")]
mod lanes;
pub mod narrow;
mod packed;
pub mod peak;
#[allow(unsafe_code, reason = "mutable views that lie between each other in memory and share no value")]
pub mod planes;
pub mod pointwise;
pub mod pool;
pub mod quantised;
#[allow(unsafe_code, reason = "parts of one map, disjoint by number")]
pub mod share;
#[allow(unsafe_code, reason = "threads that outlive what they are lent")]
pub mod team;
mod tile;
#[cfg(target_arch = "x86_64")]
mod tiled;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "instructions of a unit that has no intrinsics")]
mod tiles;
mod way;
mod window;

pub use act::Act;
pub use arena::{Arena, Buffer};
pub use dense::{Dense, Strips};
pub use depthwise::Taps;
pub use heap::keep_freed_memory;
pub use isa::{Isa, Precision, Products};
pub use packed::Packed;
pub use planes::{Planes, PlanesMut};
pub use quantised::Scale;
pub use share::{Cuts, Share};
pub use team::Team;
pub use tile::{Epilogue, Shortcut};
pub use window::{Map, Window};
