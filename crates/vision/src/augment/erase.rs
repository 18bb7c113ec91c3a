//! Random erasing (Zhong and others 2017) of normalised pictures, with timm's bounds.

use rexnet_random::Draws;
use serde::{Deserialize, Serialize};

/// Bounds of the erased share of the picture.
const AREA: [f64; 2] = [0.02, 1.0 / 3.0];
/// Least height by width; the greatest is its inverse.
const ASPECT: f64 = 0.3;
/// Rectangles that are tried before nothing is erased.
const TRIES: usize = 10;

/// What an erased rectangle becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EraseMode {
    /// 0, the mean colour.
    Const,
    /// Standard normal noise, drawn for each value.
    Pixel,
}

/// Erases a rectangle of `pixels`, `[channels, height, width]` with `sides` = `[height, width]`.
pub(super) fn erase(pixels: &mut [f32], sides: [usize; 2], mode: EraseMode, draws: &mut Draws) {
    let Some([top, left, height, width]) = rectangle(sides, draws) else { return };
    for plane in pixels.chunks_exact_mut(sides[0] * sides[1]) {
        for row in plane.chunks_exact_mut(sides[1]).skip(top).take(height) {
            row[left..left + width].fill_with(|| match mode {
                EraseMode::Const => 0.0,
                EraseMode::Pixel => draws.normal() as f32,
            });
        }
    }
}

/// `[top, left, height, width]`, smaller than the picture both ways.
fn rectangle(sides: [usize; 2], draws: &mut Draws) -> Option<[usize; 4]> {
    (0..TRIES).find_map(|_| {
        let area = draws.range(AREA[0], AREA[1]) * (sides[0] * sides[1]) as f64;
        let aspect = draws.range(ASPECT.ln(), -ASPECT.ln()).exp();
        let [height, width] = [area * aspect, area / aspect].map(|square| square.sqrt().round_ties_even() as usize);
        (height < sides[0] && width < sides[1]).then(|| {
            let [top, left] = [sides[0] - height, sides[1] - width].map(|free| draws.below(free as u64 + 1) as usize);
            [top, left, height, width]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_random::Stream;

    #[test]
    fn rectangles_keep_their_bounds_and_lie_anywhere() {
        let mut draws = Stream::new(1).draws();
        let found: Vec<_> = (0..4000).filter_map(|_| rectangle([100, 160], &mut draws)).collect();
        assert!(found.len() > 3990, "ten tries nearly always find one: {}", found.len());
        for [top, left, height, width] in &found {
            assert!(top + height <= 100 && left + width <= 160);
            let (area, aspect) = ((height * width) as f64 / 16_000.0, *height as f64 / *width as f64);
            // Sides are whole pixels, so that small rectangles miss the bounds by a little.
            assert!((0.018..0.34).contains(&area) && (0.28..3.5).contains(&aspect), "{height}x{width}");
        }
        assert!(found.iter().any(|r| r[0] == 0) && found.iter().any(|r| r[0] + r[2] == 100));
        assert!(found.iter().any(|r| r[1] == 0) && found.iter().any(|r| r[1] + r[3] == 160));
        // The logarithm of the shape is uniform; tall ones that are too high for a wide picture are drawn again.
        let tall = found.iter().filter(|r| r[2] > r[3]).count() as f64 / found.len() as f64;
        assert!((0.4..0.5).contains(&tall), "{tall}");
        let area = found.iter().map(|r| (r[2] * r[3]) as f64 / 16_000.0).sum::<f64>() / found.len() as f64;
        assert!((0.15..0.18).contains(&area), "half way between the bounds, less what is drawn again: {area}");
    }

    #[test]
    fn the_rectangle_and_nothing_else_changes_in_every_plane() {
        for mode in [EraseMode::Const, EraseMode::Pixel] {
            for seed in 0..50 {
                let draws = Stream::new(seed).draws();
                let mut pixels = vec![7.0; 3 * 20 * 30];
                erase(&mut pixels, [20, 30], mode, &mut draws.clone());
                let Some([top, left, height, width]) = rectangle([20, 30], &mut draws.clone()) else { continue };
                for (i, value) in pixels.iter().enumerate() {
                    let (y, x) = (i / 30 % 20, i % 30);
                    let inside = (top..top + height).contains(&y) && (left..left + width).contains(&x);
                    assert_eq!(*value != 7.0, inside, "{mode:?}, plane {}, ({y}, {x})", i / 600);
                    assert!(mode == EraseMode::Pixel || !inside || *value == 0.0);
                }
            }
        }
    }

    #[test]
    fn noise_is_standard_normal() {
        let mut pixels = vec![f32::NAN; 3 * 300 * 300];
        erase(&mut pixels, [300, 300], EraseMode::Pixel, &mut Stream::new(3).draws());
        let noise: Vec<f32> = pixels.into_iter().filter(|value| !value.is_nan()).collect();
        let mean = noise.iter().sum::<f32>() / noise.len() as f32;
        let square = noise.iter().map(|value| value * value).sum::<f32>() / noise.len() as f32;
        assert!(noise.len() > 5000 && mean.abs() < 0.05 && (square - 1.0).abs() < 0.07, "{mean} {square}");
    }
}
