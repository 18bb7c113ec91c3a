//! A graph as a plan that runs on a CPU: folded batch norm, joined operations, planned memory.
//!
//! The engine asks for tensors by name, so it knows neither files nor pictures.
#![forbid(unsafe_code)]

mod error;
mod fold;
mod join;
mod plan;
mod run;

pub use error::EngineError;
pub use run::Engine;

/// Hands over one tensor by name, in f32; the engine folds it and drops it.
pub type Tensors<'a> = dyn FnMut(&str) -> Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>> + 'a;
