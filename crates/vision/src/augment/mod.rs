//! What happens to training pictures: every choice is a function of the draws that are handed in.
//!
//! - `crop`: the view's window; `randaugment`, `jitter`: what is drawn to happen to it
//! - `erase`: of the normalised picture; `mix`: of the batch
//! - `operation`: the table of RandAugment's operations; `tone`, `enhance`, `affine`, `hue`: what they do

mod affine;
mod crop;
mod enhance;
mod erase;
mod hue;
mod jitter;
mod mix;
mod operation;
mod randaugment;
mod tone;

pub use affine::Canvas;
pub use erase::EraseMode;
pub use operation::{OPERATIONS, Operation};
pub use randaugment::{RandAugment, RandAugmentError};

use documented::DocumentedFields;
use rexnet_random::Draws;
use rexnet_spec::Input;
use serde::{Deserialize, Serialize};

use crate::Picture;
use crate::picture::{Filter, mean_colour};

/// How training pictures are changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
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
    /// Probability that a rectangle is erased.
    pub erase: f64,
    /// What it becomes.
    pub erase_mode: EraseMode,
    /// Batches are blended with themselves turned round, by a share from Beta(mixup, mixup); 0 for never.
    pub mixup: f64,
    /// A window is cut out for the partner's, its share from Beta(cutmix, cutmix); 0 for never. With `mixup` as well,
    /// each of the two comes half of the time.
    pub cutmix: f64,
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
            erase: 0.0,
            erase_mode: EraseMode::Pixel,
            mixup: 0.0,
            cutmix: 0.0,
        }
    }
}

impl Augment {
    /// Whether every value is one that it can have.
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let rising = |[low, high]: [f64; 2]| low > 0.0 && low <= high && high.is_finite();
        let share = |x: f64| (0.0..=1.0).contains(&x);
        // Draws from flatter distributions round to 0 and 1 alone.
        let alpha = |x: f64| x == 0.0 || (0.1..=100.0).contains(&x);
        let rules = [
            ("augment.scale", rising(self.scale) && self.scale[1] <= 1.0, "two rising shares, above 0 and up to 1"),
            ("augment.ratio", rising(self.ratio), "two rising numbers above 0"),
            ("augment.hflip", share(self.hflip), "from 0 to 1"),
            ("augment.color_jitter", share(self.color_jitter), "from 0 to 1"),
            ("augment.hue_jitter", (0.0..=0.5).contains(&self.hue_jitter), "from 0 to 0.5"),
            ("augment.erase", share(self.erase), "from 0 to 1"),
            ("augment.mixup", alpha(self.mixup), "0, or from 0.1 to 100"),
            ("augment.cutmix", alpha(self.cutmix), "0, or from 0.1 to 100"),
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

    /// The normalised view, `[channels, height, width]`, with a rectangle erased or not; `sides` are height and width.
    pub fn erase(&self, pixels: &mut [f32], sides: [usize; 2], draws: &mut Draws) {
        if draws.uniform() < self.erase {
            erase::erase(pixels, sides, self.erase_mode, draws);
        }
    }

    /// A batch, `[batch, channels, height, width]`, mixed with itself turned round; `sides` are height and width. Gives
    /// lambda: the share of its own label in each picture's target, the rest being its partner's.
    pub fn mix(&self, pixels: &mut [f32], batch: usize, sides: [usize; 2], draws: &mut Draws) -> f32 {
        if self.mixup == 0.0 && self.cutmix == 0.0 {
            return 1.0;
        }
        mix::mix(pixels, batch, sides, [self.mixup, self.cutmix], draws) as f32
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named_with_their_range() {
        assert_eq!(Augment::default().check(), Ok(()));
        let plain = Augment::default;
        let cases = [
            (Augment { scale: [0.5, 0.2], ..plain() }, "scale"),
            (Augment { scale: [0.0, 1.0], ..plain() }, "scale"),
            (Augment { ratio: [1.0, f64::INFINITY], ..plain() }, "ratio"),
            (Augment { hflip: 1.5, ..plain() }, "hflip"),
            (Augment { color_jitter: -0.1, ..plain() }, "color_jitter"),
            (Augment { hue_jitter: 0.6, ..plain() }, "hue_jitter"),
            (Augment { erase: f64::NAN, ..plain() }, "erase"),
            (Augment { mixup: 0.01, ..plain() }, "mixup"),
            (Augment { cutmix: -1.0, ..plain() }, "cutmix"),
        ];
        for (augment, key) in cases {
            let error = augment.check().unwrap_err();
            assert_eq!(error.key, format!("augment.{key}"));
            assert_eq!(error.to_string(), format!("`augment.{key}` must be {}", error.wanted));
        }
    }

    #[test]
    fn what_moves_in_from_outside_has_the_mean_colour() {
        let randaugment = Some("rand-m9-n1".parse().unwrap());
        let augment = Augment { crop: Crop::Center, randaugment, ..Augment::default() };
        let input = Input { size: [32, 32], ..Input::imagenet() };
        let white = Picture::filled(32, 32, [255; 3]);
        let views = (0..100).map(|i| augment.view(&white, &input, &mut rexnet_random::Stream::new(i).draws()));
        let filled = views.filter(|view| view.rgb().chunks_exact(3).any(|pixel| pixel == [124, 116, 104]));
        // A third of the operations move the picture, and half of them are carried out.
        assert!((5..30).contains(&filled.count()));
    }

    #[test]
    fn a_recipes_words_are_read_and_others_refused() {
        let read = |text: &str| serde_json::from_str::<Augment>(text);
        let augment = read(r#"{"randaugment": "rand-m9-mstd0.5-inc1", "erase": 0.2, "erase_mode": "const"}"#).unwrap();
        assert_eq!((augment.erase, augment.erase_mode), (0.2, EraseMode::Const));
        assert_eq!(read(&serde_json::to_string(&augment).unwrap()).unwrap(), augment);
        assert!(read(r#"{"mixups": 0.2}"#).unwrap_err().to_string().contains("unknown field `mixups`"));
        assert!(read(r#"{"randaugment": "rand-q1"}"#).unwrap_err().to_string().contains("`q1`"));
    }
}
