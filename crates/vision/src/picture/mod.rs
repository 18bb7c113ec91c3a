//! One picture: its pixels, and what is done to them.

mod crop;
mod decode;
mod encode;
mod error;
mod indexed;
mod jpeg;
mod normalise;
mod pixels;
mod preprocess;
mod resize;
mod taps;

pub use decode::{Decode, decode, decode_from};
pub(crate) use decode::{HEAD_BYTES, format_of};
pub use error::PictureError;
pub use normalise::Normalise;
pub(crate) use normalise::luma;
pub use pixels::Picture;
pub use preprocess::Preprocess;
pub(crate) use preprocess::mean_colour;
pub use resize::Filter;
