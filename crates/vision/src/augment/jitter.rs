//! Light, contrast, colour and hue at random, by torchvision's `ColorJitter`.

use rexnet_random::Draws;

use super::enhance::{brightness, color, contrast};
use super::hue;
use crate::Picture;

/// A change, and the bounds of its argument.
type Change = (fn(Picture, f64) -> Picture, [f64; 2]);

/// Changed by factors within `amount` of 1 (none below 0) and a turn of the hue within `turn`, in an order that is drawn.
pub(super) fn jittered(picture: Picture, amount: f64, turn: f64, draws: &mut Draws) -> Picture {
    let factor = [(1.0 - amount).max(0.0), 1.0 + amount];
    let mut changes: [Change; 4] =
        [(brightness, factor), (contrast, factor), (color, factor), (hue::shifted, [-turn, turn])];
    for i in (1..changes.len()).rev() {
        changes.swap(i, draws.below(i as u64 + 1) as usize);
    }
    // A turn by nothing is not the same picture: bytes of hue and saturation are coarse.
    let wanted = changes.into_iter().filter(|(_, [least, most])| least < most);
    wanted.fold(picture, |picture, (change, [least, most])| change(picture, draws.range(least, most)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_random::Stream;

    #[test]
    fn nothing_to_change_leaves_the_picture() {
        let picture = Picture::new(5, 4, rexnet_testkit::bytes("jitter", 60));
        assert_eq!(jittered(picture.clone(), 0.0, 0.0, &mut Stream::new(1).draws()), picture);
    }

    #[test]
    fn light_spreads_evenly_between_its_bounds() {
        // Grey has neither colour nor hue nor contrast, so that light alone is left to change it.
        let lights: Vec<f64> = (0..4000)
            .map(|i| {
                let grey = Picture::filled(1, 1, [100; 3]);
                f64::from(jittered(grey, 0.4, 0.1, &mut Stream::new(2).at(i).draws()).pixel(0, 0)[0])
            })
            .collect();
        assert!(lights.iter().all(|light| (60.0..=140.0).contains(light)));
        let mean = lights.iter().sum::<f64>() / 4000.0;
        // Truncation takes a half; the deviation of the mean is 80 / sqrt(12 * 4000) = 0.37.
        assert!((mean - 99.5).abs() < 1.5, "{mean}");
        assert!(lights.iter().filter(|&&light| light < 80.0).count().abs_diff(1000) < 120);
    }
}
