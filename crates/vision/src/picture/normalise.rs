//! Bytes to the numbers that a network reads.

use rexnet_spec::Input;

use super::Picture;

/// `(value / 255 - mean) / std` of each plane, in torchvision's order of f32 operations.
#[derive(Clone, Debug)]
pub struct Normalise {
    /// Results for each of the 256 values, a table a plane.
    tables: Vec<[f32; 256]>,
}

impl Normalise {
    /// The tables of an input contract.
    pub fn new(input: &Input) -> Self {
        let table = |(mean, std): (&f32, &f32)| std::array::from_fn(|value| (value as f32 / 255.0 - mean) / std);
        Self { tables: input.mean.iter().zip(&input.std).map(table).collect() }
    }

    /// Values that a picture of so many pixels becomes.
    pub fn values(&self, pixels: usize) -> usize {
        self.tables.len() * pixels
    }

    /// Writes `[channels, height, width]`; one channel is Pillow's luma.
    /// # Panics
    /// When `to` has another length.
    pub fn write(&self, picture: &Picture, to: &mut [f32]) {
        let area = picture.width() * picture.height();
        assert_eq!(to.len(), self.values(area));
        if let [grey] = &self.tables[..] {
            for (to, pixel) in to.iter_mut().zip(picture.rgb().chunks_exact(3)) {
                *to = grey[usize::from(luma([pixel[0], pixel[1], pixel[2]]))];
            }
            return;
        }
        let [r, g, b] = &self.tables[..] else { panic!("1 or 3 channels") };
        let (red, rest) = to.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        for (((pixel, red), green), blue) in picture.rgb().chunks_exact(3).zip(red).zip(green).zip(blue) {
            *red = r[usize::from(pixel[0])];
            *green = g[usize::from(pixel[1])];
            *blue = b[usize::from(pixel[2])];
        }
    }
}

/// ITU-R 601 luma in Pillow's fixed point.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 0x8000) >> 16) as u8
}
