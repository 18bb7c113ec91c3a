//! The library face of rexnet: open a model, predict a picture. The binary's verbs are thin over it.
#![forbid(unsafe_code)]

mod error;
mod evaluate;
mod export;

pub use error::Error;
pub use evaluate::{Answer, Evaluation, align, evaluate};
pub use export::{Agreement, Exported, Format, export};

/// Result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(feature = "hub")]
pub mod hub;
mod memory;
mod model;
mod model_card;
mod net;
#[cfg(feature = "onnx-check")]
mod onnx_check;
mod open;
pub mod page;
mod quantize;
#[cfg(feature = "train")]
mod recipes;
mod subject;
mod timm_config;
#[cfg(feature = "train")]
pub mod train;

pub use memory::Memory;
pub use model::{Model, Output, Prediction, Run, likeliest, read_picture};
pub use model_card::{ModelCard, preparation};
pub use net::load_net;
pub use open::{Progress, annotate, open_model};
pub use quantize::{LayerCost, calibrate, layer_costs};
#[cfg(feature = "train")]
pub use recipes::{RECIPES, purpose, recipe};
pub use subject::Subject;
pub use timm_config::{ConfigError, read_timm_config};
