//! A graph as a plan that runs on a CPU: folded batch norm, joined operations, packed weights, blocks that keep their
//! widest maps in the cache.
//!
//! The engine asks for tensors by name, so it knows neither files nor pictures.
#![forbid(unsafe_code)]

mod block;
mod calibration;
mod crew;
mod engine;
mod error;
mod fold;
mod gauge;
mod join;
mod memory;
mod parse;
mod plan;
mod profile;

pub use calibration::{Calibration, Selection};
pub use engine::{Engine, Options};
pub use error::EngineError;
pub use profile::{Limits, StepTime};
pub use rexnet_kernels::{Isa, Precision};

/// Hands over one tensor by name, in f32; the engine folds it and drops it.
pub type Tensors<'a> = dyn FnMut(&str) -> Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>> + 'a;
