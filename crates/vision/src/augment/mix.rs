//! Mixup (Zhang and others 2017) and CutMix (Yun and others 2019) of a batch with itself turned round, as timm mixes
//! whole batches: the first picture with the last, the second with the one before.

use std::ops::Range;

use rexnet_random::Draws;

/// Probability of CutMix where both are wanted.
const SWITCH: f64 = 0.5;

/// Mixes `pixels`, `[batch, channels, height, width]` with `sides` = `[height, width]`, and gives lambda: the share that
/// every picture keeps. The alphas are those of Beta(alpha, alpha) for mixup and CutMix, 0 for never, not both 0.
pub(super) fn mix(
    pixels: &mut [f32],
    batch: usize,
    sides: [usize; 2],
    [mixup, cutmix]: [f64; 2],
    draws: &mut Draws,
) -> f64 {
    let cuts = cutmix > 0.0 && (mixup == 0.0 || draws.uniform() < SWITCH);
    let alpha = if cuts { cutmix } else { mixup };
    let lambda = draws.beta(alpha, alpha);
    if !cuts {
        blend(pixels, batch, lambda);
        return lambda;
    }
    let middle = sides.map(|side| draws.below(side as u64) as usize);
    let [rows, columns] = window(sides, lambda, middle);
    swap(pixels, batch, sides, &rows, &columns);
    1.0 - (rows.len() * columns.len()) as f64 / (sides[0] * sides[1]) as f64
}

/// Rows and columns of a window of `1 - lambda` of the picture about a pixel, less what lies outside.
fn window(sides: [usize; 2], lambda: f64, middle: [usize; 2]) -> [Range<usize>; 2] {
    std::array::from_fn(|i| {
        let length = (sides[i] as f64 * (1.0 - lambda).sqrt()) as usize;
        middle[i].saturating_sub(length / 2)..(middle[i] + length.div_ceil(2)).min(sides[i])
    })
}

fn blend(pixels: &mut [f32], batch: usize, lambda: f64) {
    let [kept, taken] = [lambda, 1.0 - lambda].map(|share| share as f32);
    for_each_pair(pixels, batch, |first, last| {
        for (a, b) in first.iter_mut().zip(last) {
            (*a, *b) = (*a * kept + *b * taken, *b * kept + *a * taken);
        }
    });
}

fn swap(pixels: &mut [f32], batch: usize, [height, width]: [usize; 2], rows: &Range<usize>, columns: &Range<usize>) {
    for_each_pair(pixels, batch, |first, last| {
        for (a, b) in first.chunks_exact_mut(height * width).zip(last.chunks_exact_mut(height * width)) {
            for at in rows.clone().map(|y| y * width + columns.start..y * width + columns.end) {
                a[at.clone()].swap_with_slice(&mut b[at]);
            }
        }
    });
}

/// Pictures and their partners. The middle one of an odd batch is its own, which changes nothing.
fn for_each_pair(pixels: &mut [f32], batch: usize, mut change: impl FnMut(&mut [f32], &mut [f32])) {
    let values = pixels.len() / batch;
    let (front, back) = pixels.split_at_mut(batch / 2 * values);
    for (first, last) in front.chunks_exact_mut(values).zip(back.rchunks_exact_mut(values)) {
        change(first, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_random::Stream;
    use serde::Deserialize;

    /// A row of `tools/fixtures_augment.py`.
    #[derive(Deserialize)]
    struct Row {
        batch: usize,
        sides: [usize; 2],
        lambda: f64,
        /// Of CutMix's window.
        middle: Option<[usize; 2]>,
        /// What timm corrected lambda to.
        kept: f64,
        pixels: Vec<f32>,
    }

    #[test]
    fn mixed_batches_equal_timms() {
        let rows: Vec<Row> = serde_json::from_str(include_str!("../../tests/fixtures/augment/mixes.json")).unwrap();
        for Row { batch, sides, lambda, middle, kept, pixels } in rows {
            let mut ours = rexnet_testkit::uniform("augment.batch", pixels.len(), -2.0, 2.0);
            if let Some(middle) = middle {
                let [rows, columns] = window(sides, lambda, middle);
                let share = (rows.len() * columns.len()) as f64 / (sides[0] * sides[1]) as f64;
                assert!((1.0 - share - kept).abs() < 1e-12, "{lambda} about {middle:?}");
                swap(&mut ours, batch, sides, &rows, &columns);
            } else {
                blend(&mut ours, batch, lambda);
            }
            assert!(ours.iter().zip(&pixels).all(|(a, b)| (a - b).abs() < 1e-6), "{lambda} about {middle:?}");
        }
    }

    fn lambdas(alphas: [f64; 2]) -> Vec<f64> {
        let mut pixels = vec![0.0; 2 * 64 * 64];
        (0..20_000).map(|i| mix(&mut pixels, 2, [64, 64], alphas, &mut Stream::new(5).at(i).draws())).collect()
    }

    fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let count = values.len() as f64;
        values.sum::<f64>() / count
    }

    #[test]
    fn lambda_has_the_moments_of_its_beta() {
        for alpha in [0.2, 1.0, 3.0] {
            let found = lambdas([alpha, 0.0]);
            let middle = mean(found.iter().copied());
            let variance = mean(found.iter().map(|lambda| (lambda - middle).powi(2)));
            // The variance of Beta(alpha, alpha) is 1 / (4 (2 alpha + 1)).
            let expected = 0.25 / (2.0 * alpha + 1.0);
            assert!((middle - 0.5).abs() < 0.01 && (variance - expected).abs() < 0.005, "{alpha}: {middle} {variance}");
        }
    }

    #[test]
    fn windows_that_reach_outside_leave_more_of_the_picture() {
        // Of a window of side s about a uniform pixel, s - s^2 / 4 lies inside each way, so that with s^2 uniform
        // E (s - s^2 / 4)^2 = 1 / 2 - 1 / 5 + 1 / 48 of the picture is cut.
        let kept = mean(lambdas([0.0, 1.0]).into_iter());
        assert!((1.0 - kept - (1.0 / 2.0 - 1.0 / 5.0 + 1.0 / 48.0)).abs() < 0.02, "{kept}");
    }

    #[test]
    fn one_batch_in_two_is_cut_where_both_are_wanted() {
        let cut = (0..4000).filter(|&i| {
            let mut pixels = vec![1.0; 4 * 9];
            pixels[18..].fill(2.0);
            mix(&mut pixels, 4, [3, 3], [1.0, 1.0], &mut Stream::new(6).at(i).draws());
            pixels.iter().all(|&value| value == 1.0 || value == 2.0) // a blend has values in between
        });
        assert!(cut.count().abs_diff(2000) < 130);
    }

    #[test]
    fn the_middle_of_an_odd_batch_stays() {
        let mut pixels: Vec<f32> = (0..12).map(|i| i as f32).collect();
        blend(&mut pixels, 3, 0.25);
        assert_eq!(pixels, [6.0, 7.0, 8.0, 9.0, 4.0, 5.0, 6.0, 7.0, 2.0, 3.0, 4.0, 5.0]);
    }
}
