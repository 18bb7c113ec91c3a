//! Everything that can go wrong, as a user meets it.

use std::io;
use std::path::PathBuf;

use rexnet_engine::EngineError;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A network that cannot be.
    #[error(transparent)]
    Spec(#[from] rexnet_spec::SpecError),
    /// A file that describes no network.
    #[error("{}", path.display())]
    Net {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rexnet_spec::SpecError,
    },
    /// A file that cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of weights that is not what it should be.
    #[error(transparent)]
    Weights(#[from] rexnet_weights::WeightsError),
    /// A data set that is not what it should be.
    #[error(transparent)]
    Data(#[from] rexnet_vision::data::DataError),
    /// A file that gives no picture.
    #[error("{}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rexnet_vision::PictureError,
    },
    /// A description of timm's that gives no network here.
    #[error(transparent)]
    TimmConfig(#[from] crate::ConfigError),
    /// A network that the engine cannot run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A training that cannot begin or go on.
    #[cfg(feature = "train")]
    #[error(transparent)]
    Train(#[from] rexnet_train::TrainError),
    /// A network that cannot be written as ONNX.
    #[error(transparent)]
    Onnx(#[from] rexnet_weights::onnx::OnnxError),
    /// A network that timm cannot build.
    #[error(transparent)]
    Timm(#[from] rexnet_weights::timm_dir::Inexpressible),
    /// A model that a hub did not give.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
    /// Standard output or input failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Something about the request itself, with what to do.
    #[error("{what}")]
    Usage {
        /// What is wrong with it.
        what: String,
        /// What to do.
        help: String,
    },
    /// Work that failed, in words, with what to do.
    #[error("{what}")]
    Failed {
        /// What happened.
        what: String,
        /// What to do.
        help: String,
    },
}

impl Error {
    /// A request that cannot be meant.
    pub fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), help: help.into() }
    }

    /// Work that did not succeed.
    pub fn failed(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), help: help.into() }
    }

    /// Adds the path to an I/O error.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// 2 for a wrong request, 1 for work that failed.
    pub fn exit_code(&self) -> u8 {
        use rexnet_spec::SpecError::UnknownNet;
        if matches!(self, Self::Usage { .. } | Self::Spec(UnknownNet { .. })) { 2 } else { 1 }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. } | Self::Failed { help, .. } if !help.is_empty() => Some(help.clone()),
            Self::Weights(error) => error.help(),
            Self::Data(error) => error.help(),
            Self::Engine(EngineError::Uncalibrated | EngineError::Range { .. }) => {
                Some("`rexnet quantize MODEL --calib DATA --out FILE` writes a model file with ranges".into())
            }
            #[cfg(feature = "train")]
            Self::Train(error) => error.help(),
            Self::Timm(_) => Some("`--to onnx` and `--to safetensors` take every network".into()),
            #[cfg(feature = "hub")]
            Self::Hub(error) => error.help(),
            Self::Spec(error) | Self::Net { source: error, .. } => error.help(),
            _ => None,
        }
    }

    /// Whether the reader of our output went away, which is no error of ours.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}
