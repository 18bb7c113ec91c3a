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

pub(crate) use decode::format_of;
pub use decode::{Decode, decode};
pub use error::PictureError;
pub use normalise::Normalise;
pub use pixels::Picture;
pub use preprocess::Preprocess;
pub use resize::Filter;
