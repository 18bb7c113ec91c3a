//! The operations of RandAugment as a table: what each is called, what a level means to it, what it does.

use Change::{By, Whole, Within};

use super::affine::{Canvas, rotate, shear_x, shear_y, translate_x, translate_y};
use super::enhance::{brightness, color, contrast, sharpness};
use super::tone::{auto_contrast, equalize, invert, posterize, solarize, solarize_add};
use crate::Picture;

/// Levels go from 0 to this.
pub(super) const MAX_LEVEL: f64 = 10.0;

/// An operation.
pub struct Operation {
    /// Its name in timm.
    pub name: &'static str,
    /// Its argument at a share of the greatest level and a sign, for operations with two directions.
    argument: Argument,
    change: Change,
}

/// What an operation needs.
enum Change {
    Whole(fn(Picture) -> Picture),
    By(fn(Picture, f64) -> Picture),
    Within(fn(&Picture, f64, Canvas) -> Picture),
}

/// What a level, as a share of the greatest, and a sign mean to an operation.
struct Argument {
    /// By the first papers: where a level is a setting, whose least effect may lie anywhere.
    plain: fn(f64, f64) -> f64,
    /// Where a greater level is always more of an effect (timm's `inc1`).
    increasing: fn(f64, f64) -> f64,
}

impl Operation {
    /// The picture changed by a level from 0 to 10, in the direction of `sign` (1 or -1) where there are two. With
    /// `increasing`, a greater level is more of an effect. Equal to timm's `AugmentOp`, to the bit.
    pub fn apply(&self, picture: Picture, level: f64, sign: f64, increasing: bool, canvas: Canvas) -> Picture {
        let argument = if increasing { self.argument.increasing } else { self.argument.plain };
        let argument = argument(level / MAX_LEVEL, sign);
        match self.change {
            Whole(change) => change(picture),
            By(change) => change(picture, argument),
            Within(change) => change(&picture, argument, canvas),
        }
    }
}

/// Every operation, in timm's order.
pub static OPERATIONS: [Operation; 15] = [
    Operation { name: "AutoContrast", argument: NONE, change: Whole(auto_contrast) },
    Operation { name: "Equalize", argument: NONE, change: Whole(equalize) },
    Operation { name: "Invert", argument: NONE, change: Whole(invert) },
    Operation { name: "Rotate", argument: DEGREES, change: Within(rotate) },
    Operation { name: "Posterize", argument: BITS, change: By(posterize) },
    Operation { name: "Solarize", argument: THRESHOLD, change: By(solarize) },
    Operation { name: "SolarizeAdd", argument: ADD, change: By(solarize_add) },
    Operation { name: "Color", argument: FACTOR, change: By(color) },
    Operation { name: "Contrast", argument: FACTOR, change: By(contrast) },
    Operation { name: "Brightness", argument: FACTOR, change: By(brightness) },
    Operation { name: "Sharpness", argument: FACTOR, change: By(sharpness) },
    Operation { name: "ShearX", argument: SHEAR, change: Within(shear_x) },
    Operation { name: "ShearY", argument: SHEAR, change: Within(shear_y) },
    Operation { name: "TranslateXRel", argument: SHIFT, change: Within(translate_x) },
    Operation { name: "TranslateYRel", argument: SHIFT, change: Within(translate_y) },
];

const NONE: Argument = Argument::same(|_, _| 0.0);
const DEGREES: Argument = Argument::same(|share, sign| sign * 30.0 * share);
const BITS: Argument =
    Argument { plain: |share, _| (4.0 * share).trunc(), increasing: |share, _| 4.0 - (4.0 * share).trunc() };
const THRESHOLD: Argument =
    Argument { plain: |share, _| (256.0 * share).trunc(), increasing: |share, _| 256.0 - (256.0 * share).trunc() };
const ADD: Argument = Argument::same(|share, _| (110.0 * share).trunc());
const FACTOR: Argument =
    Argument { plain: |share, _| 0.1 + 1.8 * share, increasing: |share, sign| (1.0 + sign * 0.9 * share).max(0.1) };
const SHEAR: Argument = Argument::same(|share, sign| sign * 0.3 * share);
const SHIFT: Argument = Argument::same(|share, sign| sign * 0.45 * share);

impl Argument {
    const fn same(of: fn(f64, f64) -> f64) -> Self {
        Self { plain: of, increasing: of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_spec::Interpolation;
    use rexnet_testkit::bytes;
    use serde::Deserialize;

    /// A row of `tools/fixtures_augment.py`.
    #[derive(Deserialize)]
    struct Row {
        operation: String,
        increasing: bool,
        level: f64,
        sign: f64,
        filter: Interpolation,
        picture: String,
        size: [usize; 2],
        rgb: String,
    }

    fn generated(name: &str, [width, height]: [usize; 2]) -> Picture {
        let mut rgb = bytes(&format!("augment.{name}"), 3 * width * height);
        if name == "dim" {
            for value in &mut rgb {
                *value = *value / 4 + 70;
            }
        }
        Picture::new(width, height, rgb)
    }

    #[test]
    fn operations_equal_timms_at_every_level() {
        let rows: Vec<Row> =
            serde_json::from_str(include_str!("../../tests/fixtures/augment/operations.json")).unwrap();
        for operation in &OPERATIONS {
            let mut seen = 0;
            for row in rows.iter().filter(|row| row.operation == operation.name) {
                let canvas = Canvas { fill: [124, 116, 104], interpolation: row.filter };
                let picture = generated(&row.picture, row.size);
                let ours = operation.apply(picture, row.level, row.sign, row.increasing, canvas);
                let theirs = (0..row.rgb.len()).step_by(2).map(|i| u8::from_str_radix(&row.rgb[i..i + 2], 16).unwrap());
                let worst = ours.rgb().iter().zip(theirs).map(|(a, b)| a.abs_diff(b)).max();
                let Row { operation, increasing, level, sign, filter, picture, .. } = row;
                let place = format!("{operation} (inc {increasing}) at {sign} * {level}, {filter:?}, {picture}");
                assert_eq!(worst, Some(0), "{place}");
                seen += 1;
            }
            assert!(seen >= 9, "{}: {seen} rows", operation.name);
        }
    }
}
