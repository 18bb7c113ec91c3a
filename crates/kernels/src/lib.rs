//! Arithmetic on plain slices, one file a kernel, each beside its scalar reference and its tests.
//!
//! The only room that may hold `unsafe`; so far it has none. Maps are `[channels, height, width]`, f32, one picture; weights are as PyTorch saves them.
pub mod act;
pub mod conv;
pub mod reduce;

pub use act::Act;
pub use conv::{Map, Window};
