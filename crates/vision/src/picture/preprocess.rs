//! The input contract carried out: a picture of any shape becomes what the network reads.

use rexnet_spec::{Input, ResizeMode};

use super::crop::central;
use super::{Filter, Normalise, Picture};

/// timm's transform for evaluation.
#[derive(Clone, Debug)]
pub struct Preprocess {
    input: Input,
    normalise: Normalise,
}

impl Preprocess {
    /// The transform that `input` describes, at its size for evaluation.
    pub fn new(input: &Input) -> Self {
        Self { input: input.clone(), normalise: Normalise::new(input) }
    }

    /// The contract.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Values of one picture, `channels * height * width`.
    pub fn values(&self) -> usize {
        let [h, w] = self.input.eval_size();
        self.normalise.values((h * w) as usize)
    }

    /// The network's view of a picture, normalised, `[channels, height, width]`.
    /// # Panics
    /// When `to` is not [`Preprocess::values`] long.
    pub fn apply(&self, picture: &Picture, to: &mut [f32]) {
        self.normalise.write(&self.view(picture), to);
    }

    /// The same as a picture.
    pub fn view(&self, picture: &Picture) -> Picture {
        let [h, w] = self.input.eval_size().map(|n| n as usize);
        let filter = Filter { interpolation: self.input.interpolation, antialias: self.input.antialias };
        let [th, tw] = self.resized([picture.height(), picture.width()]);
        let fill = if self.input.resize == ResizeMode::Letterbox { mean_colour(&self.input) } else { [0; 3] };
        picture.resize_part([tw, th], central(tw, th, w, h), filter).pad_around(w, h, fill)
    }

    /// Height and width before the crop.
    fn resized(&self, [h, w]: [usize; 2]) -> [usize; 2] {
        let target = self.input.eval_size();
        let scaled = target.map(|side| (f64::from(side) / self.input.crop_pct).floor());
        let [h, w] = [h as f64, w as f64];
        let sides = match self.input.resize {
            ResizeMode::Squash => scaled,
            // torchvision's `Resize` of one number truncates the long side.
            ResizeMode::Center if scaled[0] == scaled[1] => {
                [h, w].map(|side| if side == h.min(w) { scaled[0] } else { (scaled[0] * side / h.min(w)).trunc() })
            }
            // timm's `ResizeKeepRatio`: the shorter ratio decides.
            ResizeMode::Center => {
                let ratio = (h / scaled[0]).min(w / scaled[1]);
                [h, w].map(|side| (side / ratio).round_ties_even())
            }
            ResizeMode::Letterbox => {
                let ratio = (h / f64::from(target[0])).max(w / f64::from(target[1]));
                [h, w].map(|side| (side / ratio).round_ties_even())
            }
        };
        sides.map(|side| (side as usize).max(1))
    }
}

/// The colour that normalises to 0, as near as bytes come.
pub(crate) fn mean_colour(input: &Input) -> [u8; 3] {
    let mean = &input.mean;
    std::array::from_fn(|plane| (255.0 * mean[plane.min(mean.len() - 1)]).round() as u8)
}
