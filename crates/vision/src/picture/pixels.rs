//! A picture in memory.

/// Interleaved RGB, 8 bits a plane, rows from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// A picture from its `3 * width * height` bytes.
    /// # Panics
    /// When a side is 0 or the length is another.
    pub fn new(width: usize, height: usize, rgb: Vec<u8>) -> Self {
        assert!(width > 0 && height > 0 && rgb.len() == 3 * width * height, "{width}x{height}: {} bytes", rgb.len());
        Self { width, height, rgb }
    }

    /// A picture of one colour.
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self::new(width, height, colour.repeat(width * height))
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Its bytes.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Its bytes, to be changed in place.
    pub fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }

    /// Its bytes, when nothing else is wanted any more.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// Row `y`, `3 * width` bytes.
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.rgb[3 * self.width * y..][..3 * self.width]
    }

    /// The colour at column `x` of row `y`.
    /// # Panics
    /// When there is no such pixel.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let p = &self.row(y)[3 * x..3 * x + 3];
        [p[0], p[1], p[2]]
    }
}
