//! Blends of a picture with a poorer one: a factor of 0 gives the poorer, 1 the picture, more than 1 leads away from it.

use crate::Picture;
use crate::picture::luma;

/// More or less colour: blended with the grey picture.
pub(super) fn color(mut picture: Picture, factor: f64) -> Picture {
    for pixel in picture.rgb_mut().chunks_exact_mut(3) {
        let grey = luma([pixel[0], pixel[1], pixel[2]]);
        for value in pixel {
            *value = blend(grey, *value, factor);
        }
    }
    picture
}

/// More or less contrast: blended with the grey of the mean luma.
pub(super) fn contrast(picture: Picture, factor: f64) -> Picture {
    let pixels = picture.rgb().chunks_exact(3);
    let count = pixels.len() as f64;
    let sum: u64 = pixels.map(|pixel| u64::from(luma([pixel[0], pixel[1], pixel[2]]))).sum();
    blended_with((sum as f64 / count + 0.5) as u8, picture, factor)
}

/// More or less light: blended with black.
pub(super) fn brightness(picture: Picture, factor: f64) -> Picture {
    blended_with(0, picture, factor)
}

/// Sharper or softer: blended with the picture smoothed.
pub(super) fn sharpness(mut picture: Picture, factor: f64) -> Picture {
    let smooth = smoothed(&picture);
    for (value, smooth) in picture.rgb_mut().iter_mut().zip(smooth.rgb()) {
        *value = blend(*smooth, *value, factor);
    }
    picture
}

fn blended_with(grey: u8, mut picture: Picture, factor: f64) -> Picture {
    for value in picture.rgb_mut() {
        *value = blend(grey, *value, factor);
    }
    picture
}

/// Towards `to` by `factor`, clipped and truncated, in f32 as Pillow has it.
fn blend(from: u8, to: u8, factor: f64) -> u8 {
    (f32::from(from) + factor as f32 * (f32::from(to) - f32::from(from))) as u8
}

/// Means of 3 by 3 pixels, the middle one five times as heavy; the border stays.
fn smoothed(picture: &Picture) -> Picture {
    let mut smooth = picture.clone();
    let row_len = 3 * picture.width();
    for y in 1..picture.height() - 1 {
        let rows = [y - 1, y, y + 1].map(|y| picture.row(y));
        let to = &mut smooth.rgb_mut()[row_len * y..][..row_len];
        for i in 3..row_len - 3 {
            let around: u32 = rows.iter().flat_map(|row| [row[i - 3], row[i], row[i + 3]]).map(u32::from).sum();
            let sum = around + 4 * u32::from(rows[1][i]);
            to[i] = ((2 * sum + 13) / 26) as u8; // rounded; a 13th has no ties
        }
    }
    smooth
}
