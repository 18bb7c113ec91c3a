//! A picture to bytes.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::Picture;

impl Picture {
    /// The picture as a PNG file.
    pub fn to_png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let sides = [self.width() as u32, self.height() as u32];
        PngEncoder::new(&mut file)
            .write_image(self.rgb(), sides[0], sides[1], ExtendedColorType::Rgb8)
            .expect("memory takes every picture, and a picture has three bytes a pixel");
        file
    }
}
