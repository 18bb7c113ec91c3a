//! Pictures as a network sees them for evaluation, many at a time.

use rayon::prelude::*;

use super::Source;
use crate::picture::{Decode, PictureError, Preprocess};

/// Most pictures that are read together, and the memory that their views may take.
const TOGETHER: usize = 64;
const BYTES: usize = 64 << 20;

/// Reads, decodes and preprocesses pictures side by side, on rayon's threads. What comes out does not depend on them.
#[derive(Clone, Debug)]
pub struct Views {
    preprocess: Preprocess,
    decode: Decode,
}

impl Views {
    /// Views under an input contract; orientation is obeyed where the contract says so.
    pub fn new(preprocess: Preprocess, max_pixels: Option<u64>) -> Self {
        let rules = Decode::default();
        let decode = Decode { exif: preprocess.input().exif, max_pixels: max_pixels.unwrap_or(rules.max_pixels) };
        Self { preprocess, decode }
    }

    /// How a decoded picture becomes a view.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// How bytes become a picture.
    pub fn decode(&self) -> &Decode {
        &self.decode
    }

    /// How many pictures to read at a time, 4 to 64: fewer where views are large. Changes no result.
    pub fn at_a_time(&self) -> usize {
        (BYTES / size_of::<f32>() / self.preprocess.values()).clamp(4, TOGETHER)
    }

    /// The views of `sources` one behind the other, `[sources, channels, height, width]`; zeros where an error is told.
    pub fn read(&self, sources: &[&Source]) -> (Vec<f32>, Vec<Option<PictureError>>) {
        let values = self.preprocess.values();
        let mut pixels = vec![0.0; values * sources.len()];
        let views = pixels.par_chunks_exact_mut(values).zip(sources);
        let one = |(to, source): (&mut [f32], &&Source)| match source.read(&self.decode) {
            Ok(picture) => {
                self.preprocess.apply(&picture, to);
                None
            }
            Err(error) => Some(error),
        };
        let errors = views.with_max_len(1).map(one).collect();
        (pixels, errors)
    }
}
