//! The input contract: what a picture must go through before the network sees it. Data only; `vision` executes it.

use serde::{Deserialize, Serialize};

/// How a picture becomes the tensor that a network was trained on. Travels in the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Colour planes, 3 or 1.
    pub channels: u32,
    /// Height and width in pixels that the network is trained on.
    pub size: [u32; 2],
    /// Height and width for evaluation, where it differs from `size` (timm's `test_input_size`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_size: Option<[u32; 2]>,
    /// Mean of each plane, pixels in 0..1.
    pub mean: Vec<f32>,
    /// Standard deviation of each plane, pixels in 0..1.
    pub std: Vec<f32>,
    /// Share of the resized short side that the centre crop keeps (timm's `crop_pct`): resize to `floor(size / crop_pct)`.
    pub crop_pct: f64,
    /// Resampling filter.
    pub interpolation: Interpolation,
    /// Whether the filter widens with the downscale factor, as Pillow's always does.
    pub antialias: bool,
    /// How the aspect ratio is met.
    pub resize: ResizeMode,
    /// Whether the orientation tag of a photograph is obeyed. timm ignores it.
    pub exif: bool,
}

/// Resampling filters, as Pillow computes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Triangle filter of support 1.
    Bilinear,
    /// Cubic with a = -0.5, support 2.
    Bicubic,
    /// No filter.
    Nearest,
}

/// How a picture of any shape meets a fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeMode {
    /// Short side to `size / crop_pct`, then the centre (timm's `center`).
    Center,
    /// Both sides to `size / crop_pct` without regard to aspect, then the centre (timm's `squash`).
    Squash,
    /// The whole picture inside `size`, the rest filled with the mean colour.
    Letterbox,
}

impl Input {
    /// ImageNet's mean and deviation, bicubic, crop .875: what every rexnet of timm but the `sw_` ones expects.
    pub fn imagenet() -> Self {
        Self {
            channels: 3,
            size: [224, 224],
            test_size: None,
            mean: vec![0.485, 0.456, 0.406],
            std: vec![0.229, 0.224, 0.225],
            crop_pct: 0.875,
            interpolation: Interpolation::Bicubic,
            antialias: true,
            resize: ResizeMode::Center,
            exif: true,
        }
    }

    /// Height and width that evaluation uses.
    pub fn eval_size(&self) -> [u32; 2] {
        self.test_size.unwrap_or(self.size)
    }
}
