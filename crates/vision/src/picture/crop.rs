//! Windows of a picture.

use super::Picture;

impl Picture {
    /// The window with its corner at column `x` of row `y`.
    /// # Panics
    /// When it is empty or reaches beyond the picture.
    #[must_use]
    pub fn crop(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        assert!(x + width <= self.width() && y + height <= self.height(), "{width}x{height} at {x},{y}");
        let mut rgb = Vec::with_capacity(3 * width * height);
        for y in y..y + height {
            rgb.extend_from_slice(&self.row(y)[3 * x..3 * (x + width)]);
        }
        Self::new(width, height, rgb)
    }

    /// The picture in the middle of a larger one of one colour.
    /// # Panics
    /// When it does not fit.
    #[must_use]
    pub fn pad_around(self, width: usize, height: usize, fill: [u8; 3]) -> Self {
        let [x, y] = [(width - self.width()) / 2, (height - self.height()) / 2];
        self.pad(x, y, width, height, fill)
    }

    /// The picture with its corner at column `x` of row `y` of a larger one of one colour.
    /// # Panics
    /// When it does not fit.
    #[must_use]
    pub fn pad(self, x: usize, y: usize, width: usize, height: usize, fill: [u8; 3]) -> Self {
        if [self.width(), self.height()] == [width, height] {
            return self;
        }
        let mut padded = Self::filled(width, height, fill);
        for row in 0..self.height() {
            let at = 3 * (width * (y + row) + x);
            padded.rgb_mut()[at..at + 3 * self.width()].copy_from_slice(self.row(row));
        }
        padded
    }
}

/// The window in the middle of a picture that torchvision's `center_crop` keeps, `[x, y, width, height]`; of a smaller
/// picture all.
pub(super) fn central(width: usize, height: usize, to_width: usize, to_height: usize) -> [usize; 4] {
    [middle(width, to_width), middle(height, to_height), to_width.min(width), to_height.min(height)]
}

/// Where the middle `part` of `whole` begins; halves go to the even side, as Python rounds.
fn middle(whole: usize, part: usize) -> usize {
    let spare = whole.saturating_sub(part);
    spare / 2 + usize::from(spare % 4 == 3)
}
