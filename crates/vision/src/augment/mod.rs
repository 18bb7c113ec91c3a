//! What happens to training pictures: every choice is a function of the draws that are handed in.

mod crop;

use rexnet_random::Draws;
use rexnet_spec::Input;
use serde::{Deserialize, Serialize};

use crate::Picture;
use crate::picture::Filter;

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

impl Default for Augment {
    fn default() -> Self {
        Self { crop: Crop::Resized, scale: [0.08, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0], pad: 4, hflip: 0.5 }
    }
}

impl Augment {
    /// A training view of `input.size`.
    pub fn view(&self, picture: &Picture, input: &Input, draws: &mut Draws) -> Picture {
        let [height, width] = input.size.map(|side| side as usize);
        let filter = Filter { interpolation: input.interpolation, antialias: input.antialias };
        let view = match self.crop {
            Crop::Resized => {
                let window = crop::window([picture.width(), picture.height()], self.scale, self.ratio, draws);
                picture.crop_resize(window, width, height, filter)
            }
            Crop::Pad => crop::shifted(&picture.resize(width, height, filter), self.pad, draws),
            Crop::Center => crate::Preprocess::new(&Input { test_size: None, ..input.clone() }).view(picture),
        };
        if draws.uniform() < self.hflip { view.mirrored() } else { view }
    }
}
