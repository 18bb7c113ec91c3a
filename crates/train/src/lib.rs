//! Learning: modules built from a spec, losses, optimizer, schedule, the loop and run folders.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod error;
mod loss;
mod net;
mod state;

pub use error::TrainError;
pub use loss::Targets;
pub use net::{Gradients, Net, Noise, Statistics};
pub use state::State;
