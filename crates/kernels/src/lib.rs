//! Arithmetic on plain slices, one file a kernel, each beside its scalar reference and its tests.
//!
//! The only room with `unsafe`. Maps are `[channels, height, width]`, f32, one picture; weights are as PyTorch saves them.
#![allow(unsafe_code)]

pub mod act;
pub mod conv;
pub mod memory;
pub mod reduce;
pub mod team;

pub use act::Act;
pub use conv::{Map, Window};
