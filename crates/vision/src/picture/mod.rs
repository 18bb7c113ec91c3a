//! One picture: its pixels, and what is done to them.

mod pixels;

pub use pixels::Picture;
