//! Learning: modules built from a spec, losses, optimizer, schedule, the loop and run folders.
//!
//! - [`fit`]: the loop; [`Job`] is what it works on, [`Recipe`] how
//! - [`Net`]: the graph as Burn operations, forward and backward; [`State`] is what it computes with
//! - [`optim`]: SGD and AdamW over plain slices; [`Schedule`], [`Ema`]: rate and moving average of the weights
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod device;
mod ema;
mod error;
mod evaluate;
mod fit;
mod guard;
mod learner;
mod loss;
mod memory;
mod net;
pub mod optim;
mod recipe;
mod run;
mod schedule;
mod state;

pub use burn::tensor::Device;
pub use device::device;
pub use ema::Ema;
pub use error::TrainError;
pub use fit::{Conduct, Job, News, Outcome, fit};
pub use loss::Targets;
pub use net::{Gradients, Net, Noise, Statistics};
pub use recipe::{ClassWeights, Freeze, OptimizerKind, Recipe};
pub use run::{Record, Row, has_checkpoint};
pub use schedule::Schedule;
pub use state::State;
