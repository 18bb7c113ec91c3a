//! Windows at random.

use rexnet_random::Draws;

use crate::Picture;

/// Windows that are tried before the middle of the picture is taken.
const TRIES: usize = 10;

/// `[x, y, width, height]` of a window with a random share and shape, by torchvision's `RandomResizedCrop.get_params`.
pub(super) fn window(sides: [usize; 2], scale: [f64; 2], ratio: [f64; 2], draws: &mut Draws) -> [usize; 4] {
    let [width, height] = sides;
    let area = (width * height) as f64;
    for _ in 0..TRIES {
        let share = area * draws.range(scale[0], scale[1]);
        let shape = draws.range(ratio[0].ln(), ratio[1].ln()).exp();
        let [w, h] = [share * shape, share / shape].map(|square| square.sqrt().round_ties_even() as usize);
        if (1..=width).contains(&w) && (1..=height).contains(&h) {
            let y = draws.below((height - h + 1) as u64) as usize;
            let x = draws.below((width - w + 1) as u64) as usize;
            return [x, y, w, h];
        }
    }
    // The middle, as much of it as the bounds of the shape allow.
    let shape = width as f64 / height as f64;
    let [w, h] = if shape < ratio[0] {
        [width, (width as f64 / ratio[0]).round_ties_even() as usize]
    } else if shape > ratio[1] {
        [(height as f64 * ratio[1]).round_ties_even() as usize, height]
    } else {
        [width, height]
    };
    let [w, h] = [w.clamp(1, width), h.clamp(1, height)];
    [(width - w) / 2, (height - h) / 2, w, h]
}

/// The picture moved by up to `pad` pixels each way, black coming in.
pub(super) fn shifted(picture: &Picture, pad: usize, draws: &mut Draws) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let padded = picture.clone().pad(pad, pad, width + 2 * pad, height + 2 * pad, [0; 3]);
    let [x, y] = [0; 2].map(|_| draws.below(2 * pad as u64 + 1) as usize);
    padded.crop(x, y, width, height)
}

impl Picture {
    /// The picture in a mirror: left is right.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let rows = (0..self.height()).flat_map(|y| self.row(y).chunks_exact(3).rev().flatten().copied());
        Self::new(self.width(), self.height(), rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_random::Stream;

    const SCALE: [f64; 2] = [0.08, 1.0];
    const RATIO: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];

    #[test]
    fn windows_keep_their_bounds_and_reach_every_corner() {
        let mut draws = Stream::new(1).draws();
        let windows: Vec<_> = (0..2000).map(|_| window([90, 60], SCALE, RATIO, &mut draws)).collect();
        for [x, y, w, h] in &windows {
            assert!(x + w <= 90 && y + h <= 60);
            let (share, shape) = ((w * h) as f64 / 5400.0, *w as f64 / *h as f64);
            // Sides are whole pixels, so that small windows miss the bounds by a little.
            assert!((0.07..=1.0).contains(&share) && (0.71..=1.41).contains(&shape), "{w}x{h}");
        }
        assert!(windows.iter().any(|w| w[0] == 0) && windows.iter().any(|w| w[0] + w[2] == 90));
        assert!(windows.iter().any(|w| w[1] == 0) && windows.iter().any(|w| w[1] + w[3] == 60));
    }

    #[test]
    fn thin_pictures_fall_back_to_their_middle() {
        let mut draws = Stream::new(1).draws();
        assert_eq!(window([2000, 1], [1.0, 1.0], RATIO, &mut draws), [999, 0, 1, 1]);
        assert_eq!(window([300, 100], [1.0, 1.0], RATIO, &mut draws), [83, 0, 133, 100]);
    }

    #[test]
    fn a_shift_brings_in_black_and_moves_at_most_by_the_padding() {
        let picture = Picture::filled(8, 8, [200, 100, 50]);
        let mut draws = Stream::new(4).draws();
        for _ in 0..50 {
            let shifted = shifted(&picture, 2, &mut draws);
            assert_eq!((shifted.width(), shifted.height()), (8, 8));
            assert_eq!(shifted.pixel(4, 4), [200, 100, 50]);
        }
    }

    #[test]
    fn a_mirror_turns_columns_alone() {
        let picture = Picture::new(3, 2, (0..18).collect());
        let mirrored = picture.mirrored();
        assert_eq!(mirrored.pixel(0, 1), picture.pixel(2, 1));
        assert_eq!(mirrored.mirrored(), picture);
    }
}
