//! Pictures in, tensors out: decode, resize, crop, augment, data sets and the seeded loader.
#![forbid(unsafe_code)]

pub mod augment;
pub mod data;
pub mod picture;
pub mod synth;

pub use picture::{Decode, Picture, PictureError, Preprocess};
