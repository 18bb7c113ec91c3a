//! Networks as data: families, channel rules, exact cost, budget solver, tensor names and the graph.
//!
//! [`NetSpec`] is the one currency of the project: a named family, a designed network and one typed by hand in a
//! TOML file are the same value. [`NetSpec::graph`] is the one lowering; cost, engine, export and training read it.
//! This room builds no tensor and opens no file.
#![forbid(unsafe_code)]

mod act;
mod error;
mod graph;
mod input;
mod lower;
mod names;
mod net;

pub use act::Act;
pub use error::SpecError;
pub use graph::{Graph, Node, NormNames, Op, Pads, Role, Shape, TensorDecl, Value};
pub use input::{Input, Interpolation, ResizeMode};
pub use names::{Naming, Part};
pub use net::{Block, Head, HeadHidden, NetSpec, Norm, Padding, Se, Shortcut, Stem};
