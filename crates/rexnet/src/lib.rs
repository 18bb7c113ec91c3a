//! The library face of rexnet: open a model, predict a picture. The binary's verbs are thin over it.
#![forbid(unsafe_code)]

mod error;

pub use error::Error;

/// Result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(feature = "hub")]
pub mod hub;
mod model_card;
mod net;
#[cfg(feature = "onnx-check")]
pub mod onnx_check;
mod timm_config;

pub use model_card::{Format, ModelCard};
pub use net::load_net;
pub use timm_config::{ConfigError, read_timm_config};
