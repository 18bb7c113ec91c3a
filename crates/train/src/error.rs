//! What can go wrong in training.

use std::io;
use std::path::PathBuf;

use rexnet_spec::nearest;

/// A training that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A batch without variance.
    #[error("a training batch of one picture has no variance for batch norm; use at least 2")]
    OnePicture,
    /// A recipe that cannot be read.
    #[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    Recipe {
        /// Where, counted from 1.
        line: Option<usize>,
        /// What.
        message: String,
        /// The known key nearest to an unknown one.
        nearest: Option<String>,
    },
    /// An override that is no `key=value`.
    #[error("`{pair}` is no `key=value`")]
    Override {
        /// What was typed.
        pair: String,
    },
    /// A value that a recipe cannot have.
    #[error("`{key}` must be {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it may be.
        wanted: &'static str,
    },
    /// A device that this build does not have.
    #[error("no device `{name}` in this build; it has {known}")]
    Device {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A device that this machine does not have.
    #[error("no device `{name}` on this machine, which has {found} of that kind, numbered from 0")]
    NoDevice {
        /// What was asked for.
        name: String,
        /// How many there are of its kind.
        found: usize,
    },
    /// A run that went out of bounds.
    #[error("{steps} steps in a row were not finite, the last at step {step} with rate {lr:.3e}; first in {tensor}")]
    Diverged {
        /// The update, counted from 1.
        step: u64,
        /// Its rate.
        lr: f64,
        /// Steps in a row.
        steps: u64,
        /// The first tensor that is not finite.
        tensor: String,
        /// The last good checkpoint.
        checkpoint: Option<PathBuf>,
    },
    /// More memory than there is.
    #[error(
        "a step of {batch} pictures of {height}x{width} needs about {} MiB, {} MiB are available",
        need >> 20,
        available >> 20
    )]
    Memory {
        /// Pictures of a pass.
        batch: usize,
        /// Height in pixels.
        height: u32,
        /// Width in pixels.
        width: u32,
        /// Bytes that are needed.
        need: u64,
        /// Bytes that are available, control group included.
        available: u64,
        /// A batch that would fit; none where not even two pictures do.
        fits: Option<usize>,
    },
    /// A folder that holds a run already.
    #[error("{} holds a run already", path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// A run that was begun otherwise.
    #[error("{}: the run was begun with other settings:\n  {}", path.display(), differences.join("\n  "))]
    Changed {
        /// The run's description.
        path: PathBuf,
        /// What differs, a line each.
        differences: Vec<String>,
    },
    /// A file of the run that is not what it should be.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Pictures that cannot be had.
    #[error(transparent)]
    Loader(#[from] rexnet_vision::data::LoaderError),
    /// A file of tensors.
    #[error(transparent)]
    Weights(#[from] rexnet_weights::WeightsError),
    /// An impossible network.
    #[error(transparent)]
    Spec(#[from] rexnet_spec::SpecError),
    /// A network that the engine cannot evaluate.
    #[error(transparent)]
    Engine(#[from] rexnet_engine::EngineError),
}

impl TrainError {
    /// Adds the path to an I/O error.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// An error of a recipe's text.
    pub(crate) fn recipe(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).filter(|_| !text.is_empty());
        let line = before.map(|before| 1 + before.matches('\n').count());
        let message = error.message().to_owned();
        // serde says "unknown field `x`, expected one of `a`, `b`".
        let mut quoted = message.split('`').skip(1).step_by(2);
        let typed = quoted.next().filter(|_| message.starts_with("unknown "));
        let nearest = typed.and_then(|typed| nearest(typed, quoted)).map(str::to_owned);
        Self::Recipe { line, message, nearest }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Recipe { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::Recipe { .. } => "`rexnet config` explains every key".into(),
            Self::Override { .. } => "write it as `--set lr=0.1` or `--set augment.hflip=0`".into(),
            Self::Device { .. } => {
                "a build with `--features wgpu`, `vulkan`, `metal`, `cuda` or `rocm` has the device of that name".into()
            }
            Self::NoDevice { .. } => "`--device cpu` is always there".into(),
            Self::Diverged { checkpoint, .. } => {
                let good = checkpoint.as_ref().map(|path| format!("; the last good checkpoint is {}", path.display()));
                format!("try a tenth of the rate, `--set clip_norm=1` or a longer warm-up{}", good.unwrap_or_default())
            }
            Self::Memory { fits: Some(fits), .. } => {
                format!("`--set batch={fits}` would fit; `accumulate` keeps the pictures of an update")
            }
            Self::Memory { fits: None, .. } => "train at a smaller `--size`".into(),
            Self::RunExists { .. } => "continue it with `--resume`, or name another folder with `--out`".into(),
            Self::Changed { .. } => "`--accept-changes` continues with the new settings".into(),
            Self::Weights(error) => return error.help(),
            Self::Spec(error) => return error.help(),
            _ => return None,
        })
    }
}
