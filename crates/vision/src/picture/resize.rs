//! Resampling as Pillow does it.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use rexnet_spec::Interpolation;

use super::Picture;

/// How pixels between pixels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Shape of the filter.
    pub interpolation: Interpolation,
    /// Whether it widens with the downscale factor, as Pillow's always does.
    pub antialias: bool,
}

impl Filter {
    /// As Pillow filters.
    pub fn pillow(interpolation: Interpolation) -> Self {
        Self { interpolation, antialias: true }
    }
}

impl Picture {
    /// The picture with other sides, within a level of `PIL.Image.resize`.
    /// # Panics
    /// When a side is 0.
    #[must_use]
    pub fn resize(&self, width: usize, height: usize, filter: Filter) -> Self {
        self.crop_resize([0, 0, self.width(), self.height()], width, height, filter)
    }

    /// The window `[x, y, width, height]` with other sides.
    /// # Panics
    /// When a side is 0 or the window reaches beyond the picture.
    #[must_use]
    pub fn crop_resize(&self, [x, y, w, h]: [usize; 4], width: usize, height: usize, filter: Filter) -> Self {
        assert!(width > 0 && height > 0, "{width}x{height}");
        let shape = match filter.interpolation {
            Interpolation::Bilinear => FilterType::Bilinear,
            Interpolation::Bicubic => FilterType::CatmullRom,
            Interpolation::Nearest => return self.nearest([x, y, w, h], width, height),
        };
        let shape = if filter.antialias { ResizeAlg::Convolution(shape) } else { ResizeAlg::Interpolation(shape) };
        // Which pass is first shows where the bytes between them are clipped. Pillow 13 begins with the columns where they
        // shrink far more than the rows do.
        let [across, down] = [w as f64 / width as f64, h as f64 / height as f64];
        if down > across.max(1.0).powi(2) {
            return self.pass([x, y, w, h], w, height, shape).pass([0, 0, w, height], width, height, shape);
        }
        self.pass([x, y, w, h], width, h, shape).pass([0, 0, width, h], width, height, shape)
    }

    fn pass(&self, [x, y, w, h]: [usize; 4], width: usize, height: usize, shape: ResizeAlg) -> Self {
        if [w, h] == [width, height] {
            return self.crop(x, y, w, h);
        }
        let source = ImageRef::new(self.width() as u32, self.height() as u32, self.rgb(), PixelType::U8x3)
            .expect("a picture has three bytes a pixel");
        let mut target = Image::new(width as u32, height as u32, PixelType::U8x3);
        let window = ResizeOptions::new().crop(x as f64, y as f64, w as f64, h as f64);
        let options = window.resize_alg(shape).use_alpha(false);
        Resizer::new().resize(&source, &mut target, &options).expect("a window within the picture, of equal pixels");
        Self::new(width, height, target.into_vec())
    }

    fn nearest(&self, [x, y, w, h]: [usize; 4], width: usize, height: usize) -> Self {
        let columns = middles(x, w, width);
        let rows = middles(y, h, height);
        let rgb = rows.iter().flat_map(|&y| columns.iter().flat_map(move |&x| self.pixel(x, y))).collect();
        Self::new(width, height, rgb)
    }
}

/// Where the middles of `to` pixels lie among `from` that begin at `first`; a running sum, whose rounding is Pillow's.
fn middles(first: usize, from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let places = std::iter::successors(Some(0.5 * step), |place| Some(place + step));
    places.take(to).map(|place| first + (place as usize).min(from - 1)).collect()
}
