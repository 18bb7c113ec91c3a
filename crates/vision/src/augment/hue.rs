//! The hue turned, in Pillow's bytes of hue, saturation and value.

use crate::Picture;

/// The picture with its hue moved by `turn` of the circle, from -0.5 to 0.5 (torchvision's `adjust_hue`).
pub(super) fn shifted(mut picture: Picture, turn: f64) -> Picture {
    let shift = (turn * 255.0) as i32 as u8; // wraps as the circle does
    for pixel in picture.rgb_mut().chunks_exact_mut(3) {
        let [hue, saturation, value] = to_hsv([pixel[0], pixel[1], pixel[2]]);
        pixel.copy_from_slice(&to_rgb([hue.wrapping_add(shift), saturation, value]));
    }
    picture
}

/// Single and double precision alternate as in Pillow, for a byte of hue may not be off by one.
fn to_hsv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (least, most) = (r.min(g).min(b), r.max(g).max(b));
    if least == most {
        return [0, 0, most];
    }
    let chroma = f32::from(most - least);
    let [dr, dg, db] = [r, g, b].map(|value| f32::from(most - value) / chroma);
    let sextant = if r == most {
        db - dg
    } else if g == most {
        (2.0 + f64::from(dr) - f64::from(db)) as f32
    } else {
        (4.0 + f64::from(dg) - f64::from(dr)) as f32
    };
    let hue = ((f64::from(sextant) / 6.0 + 1.0) % 1.0) as f32;
    [(f64::from(hue) * 255.0) as u8, (f64::from(chroma / f32::from(most)) * 255.0) as u8, most]
}

fn to_rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    let place = f64::from(hue) * 6.0 / 255.0;
    let within = f64::from((place - place.floor()) as f32);
    let saturation = f64::from((f64::from(saturation) / 255.0) as f32);
    let faded = |share: f64| (f64::from(value) * (1.0 - saturation * share)).round() as u8;
    let (low, falling, rising) = (faded(1.0), faded(within), faded(1.0 - within));
    match place as u8 % 6 {
        0 => [value, rising, low],
        1 => [falling, value, low],
        2 => [low, value, rising],
        3 => [low, falling, value],
        4 => [rising, low, value],
        _ => [value, low, falling],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// A row of `tools/fixtures_augment.py`.
    #[derive(Deserialize)]
    struct Row {
        turn: f64,
        rgb: String,
    }

    #[test]
    fn a_turned_hue_equals_torchvisions() {
        let rows: Vec<Row> = serde_json::from_str(include_str!("../../tests/fixtures/augment/hues.json")).unwrap();
        for Row { turn, rgb } in rows {
            let picture = Picture::new(64, 40, rexnet_testkit::bytes("augment.noise", 3 * 64 * 40));
            let theirs = (0..rgb.len()).step_by(2).map(|i| u8::from_str_radix(&rgb[i..i + 2], 16).unwrap());
            let worst = shifted(picture, turn).rgb().iter().zip(theirs).map(|(a, b)| a.abs_diff(b)).max();
            assert_eq!(worst, Some(0), "{turn}");
        }
    }

    #[test]
    fn a_third_of_the_circle_turns_red_to_green() {
        let red = Picture::filled(1, 1, [200, 0, 0]);
        assert_eq!(shifted(red, 1.0 / 3.0).pixel(0, 0), [0, 200, 0]);
    }
}
