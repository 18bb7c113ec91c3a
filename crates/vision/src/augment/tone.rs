//! Values changed one by one: a table a plane.

use std::array::from_fn;

use crate::Picture;

/// What each value becomes.
type Table = [u8; 256];

/// Every plane spread over all values, its darkest 0 and its lightest 255; a plane of one value stays.
pub(super) fn auto_contrast(picture: Picture) -> Picture {
    by_plane(picture, |counts| {
        let (dark, light) = bounds(counts)?;
        let scale = 255.0 / f64::from(light - dark);
        Some(from_fn(|value| (value as f64 * scale - f64::from(dark) * scale) as u8))
    })
}

/// Every plane with its values made equally frequent, as far as pixels of one value stay together.
pub(super) fn equalize(picture: Picture) -> Picture {
    by_plane(picture, |counts| {
        let (_, light) = bounds(counts)?;
        let step = (counts.iter().sum::<u32>() - counts[light as usize]) / 255;
        let mut below = step / 2;
        (step > 0).then(|| {
            from_fn(|value| {
                let to = (below / step).min(255) as u8;
                below += counts[value];
                to
            })
        })
    })
}

/// The negative.
pub(super) fn invert(picture: Picture) -> Picture {
    by_value(picture, |value| 255 - value)
}

/// The upper `bits` of every value; nothing is left of a picture at 0.
pub(super) fn posterize(picture: Picture, bits: f64) -> Picture {
    let lost = 0xff_u8.checked_shr(bits as u32).unwrap_or(0);
    by_value(picture, |value| value & !lost)
}

/// The negative of values from `threshold` on.
pub(super) fn solarize(picture: Picture, threshold: f64) -> Picture {
    by_value(picture, |value| if f64::from(value) < threshold { value } else { 255 - value })
}

/// `add` on top of the darker half of the values.
pub(super) fn solarize_add(picture: Picture, add: f64) -> Picture {
    by_value(picture, |value| if value < 128 { value.saturating_add(add as u8) } else { value })
}

fn by_value(picture: Picture, to: impl Fn(u8) -> u8) -> Picture {
    mapped(picture, &[from_fn(|value| to(value as u8)); 3])
}

/// A table from each plane's histogram; the plane stays where there is none.
fn by_plane(picture: Picture, table: impl Fn(&[u32; 256]) -> Option<Table>) -> Picture {
    let mut counts = [[0; 256]; 3];
    for pixel in picture.rgb().chunks_exact(3) {
        for (&value, counts) in pixel.iter().zip(&mut counts) {
            counts[usize::from(value)] += 1;
        }
    }
    mapped(picture, &counts.map(|counts| table(&counts).unwrap_or_else(|| from_fn(|value| value as u8))))
}

fn mapped(mut picture: Picture, tables: &[Table; 3]) -> Picture {
    for pixel in picture.rgb_mut().chunks_exact_mut(3) {
        for (value, table) in pixel.iter_mut().zip(tables) {
            *value = table[usize::from(*value)];
        }
    }
    picture
}

/// The least and the greatest value, where they differ.
fn bounds(counts: &[u32; 256]) -> Option<(u8, u8)> {
    let dark = counts.iter().position(|&n| n > 0)?;
    let light = counts.iter().rposition(|&n| n > 0)?;
    (dark < light).then_some((dark as u8, light as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_of_one_value_has_no_contrast_to_spread() {
        let flat = Picture::filled(20, 20, [7, 0, 255]);
        assert_eq!(auto_contrast(flat.clone()), flat);
        assert_eq!(equalize(flat.clone()), flat);
    }

    #[test]
    fn no_bits_leave_black_and_all_bits_leave_the_picture() {
        let picture = Picture::new(3, 2, (0..18).map(|i| i * 14).collect());
        assert_eq!(posterize(picture.clone(), 0.0), Picture::filled(3, 2, [0; 3]));
        assert_eq!(posterize(picture.clone(), 8.0), picture);
    }
}
