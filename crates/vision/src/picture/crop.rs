//! Windows of a picture.

use super::Picture;

impl Picture {
    /// The window with its corner at column `x` of row `y`.
    /// # Panics
    /// When it is empty or reaches beyond the picture.
    #[must_use]
    pub fn crop(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        assert!(x + width <= self.width() && y + height <= self.height(), "{width}x{height} at {x},{y}");
        let rows = (y..y + height).flat_map(|y| &self.row(y)[3 * x..3 * (x + width)]);
        Self::new(width, height, rows.copied().collect())
    }

    /// The middle, as torchvision's `center_crop` cuts it: what is smaller stands in the middle of `fill`.
    #[must_use]
    pub fn center_crop(&self, width: usize, height: usize, fill: [u8; 3]) -> Self {
        let window = self.crop(
            middle(self.width(), width),
            middle(self.height(), height),
            width.min(self.width()),
            height.min(self.height()),
        );
        let [x, y] = [(width - window.width()) / 2, (height - window.height()) / 2];
        window.pad(x, y, width, height, fill)
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

/// Where the middle `part` of `whole` begins; halves go to the even side, as Python rounds.
fn middle(whole: usize, part: usize) -> usize {
    let spare = whole.saturating_sub(part);
    spare / 2 + usize::from(spare % 4 == 3)
}
