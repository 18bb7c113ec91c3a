//! What happens to training pictures: every choice is a function of the draws that are handed in.
//!
//! - `crop`: the view's window; `randaugment`, `jitter`: what is drawn to happen to it
//! - `operation`: the table of RandAugment's operations; `tone`, `enhance`, `affine`, `hue`: what they do

mod affine;
mod crop;
mod enhance;
mod hue;
mod jitter;
mod operation;
mod randaugment;
mod tone;

pub use affine::Canvas;
pub use operation::{OPERATIONS, Operation};
pub use randaugment::{RandAugment, RandAugmentError};

use rexnet_random::Draws;
use rexnet_spec::Input;
use serde::{Deserialize, Serialize};

use crate::Picture;
use crate::picture::{Filter, mean_colour};

/// How training pictures are changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// How the view is cut.
    pub crop: Crop,
    /// `resized`: bounds of the window's share of the picture.
    pub scale: [f64; 2],
    /// `resized`: bounds of the window's width by its height.
    pub ratio: [f64; 2],
    /// `pad`: pixels of black around the picture.
    pub pad: usize,
    /// Probability of a mirror image.
    pub hflip: f64,
    /// Operations at random; none where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub randaugment: Option<RandAugment>,
    /// Brightness, contrast and saturation change by factors within this of 1.
    pub color_jitter: f64,
    /// The hue turns by a part of its circle within this, at most 0.5.
    pub hue_jitter: f64,
}

/// Ways to cut a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crop {
    /// A window of random size, shape and place, resized (torchvision's `RandomResizedCrop`).
    Resized,
    /// A window of the view's size at a random place of the padded picture (CIFAR's custom).
    Pad,
    /// The view of evaluation.
    Center,
}

/// A value that augmentation cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` must be {wanted}")]
pub struct OutOfRange {
    /// The key as a recipe has it.
    pub key: &'static str,
    /// What it may be.
    pub wanted: &'static str,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            crop: Crop::Resized,
            scale: [0.08, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            pad: 4,
            hflip: 0.5,
            randaugment: None,
            color_jitter: 0.0,
            hue_jitter: 0.0,
        }
    }
}

impl Augment {
    /// Whether every value is one that it can have.
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let rising = |[low, high]: [f64; 2]| low > 0.0 && low <= high && high.is_finite();
        let rules = [
            ("augment.scale", rising(self.scale) && self.scale[1] <= 1.0, "two rising shares, above 0 and up to 1"),
            ("augment.ratio", rising(self.ratio), "two rising numbers above 0"),
            ("augment.hflip", (0.0..=1.0).contains(&self.hflip), "from 0 to 1"),
            ("augment.color_jitter", (0.0..=1.0).contains(&self.color_jitter), "from 0 to 1"),
            ("augment.hue_jitter", (0.0..=0.5).contains(&self.hue_jitter), "from 0 to 0.5"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, wanted)) => Err(OutOfRange { key, wanted }),
            None => Ok(()),
        }
    }

    /// A training view of `input.size`.
    pub fn view(&self, picture: &Picture, input: &Input, draws: &mut Draws) -> Picture {
        let mut view = self.cut(picture, input, draws);
        if draws.uniform() < self.hflip {
            view = view.mirrored();
        }
        if let Some(randaugment) = self.randaugment {
            let canvas = Canvas { fill: mean_colour(input), interpolation: input.interpolation };
            view = randaugment.apply(view, canvas, draws);
        }
        if self.color_jitter > 0.0 || self.hue_jitter > 0.0 {
            view = jitter::jittered(view, self.color_jitter, self.hue_jitter, draws);
        }
        view
    }

    fn cut(&self, picture: &Picture, input: &Input, draws: &mut Draws) -> Picture {
        let [height, width] = input.size.map(|side| side as usize);
        let filter = Filter { interpolation: input.interpolation, antialias: input.antialias };
        match self.crop {
            Crop::Resized => {
                let window = crop::window([picture.width(), picture.height()], self.scale, self.ratio, draws);
                picture.crop_resize(window, width, height, filter)
            }
            Crop::Pad => crop::shifted(&picture.resize(width, height, filter), self.pad, draws),
            Crop::Center => crate::Preprocess::new(&Input { test_size: None, ..input.clone() }).view(picture),
        }
    }
}
