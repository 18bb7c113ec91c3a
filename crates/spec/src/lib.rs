//! Networks as data: families, channel rules, exact cost, budget solver, tensor names and the graph.
//!
//! [`NetSpec`] is the one currency of the project: a named family, a designed network and one typed by hand in a
//! TOML file are the same value. [`NetSpec::graph`] is the one lowering; cost, engine, export and training read it.
//! This room builds no tensor and opens no file.
//!
//! ```
//! use rexnet_spec::NetSpec;
//! let net = NetSpec::named("rexnet_100")?;
//! let cost = net.cost([224, 224])?;
//! assert_eq!((cost.params, cost.macs), (4_796_873, 398_370_392));
//! assert_eq!(NetSpec::from_toml(&net.to_toml())?, net);
//! # Ok::<(), rexnet_spec::SpecError>(())
//! ```
#![forbid(unsafe_code)]

mod act;
mod check;
mod cost;
mod design;
mod error;
mod families;
mod graph;
mod input;
mod limits;
mod lower;
mod names;
mod near;
mod net;
mod quantization;
mod review;
mod rule;
mod text;
mod zoo;

pub use act::Act;
pub use cost::{Cost, LayerCost};
pub use design::{Costed, Design, design};
pub use error::SpecError;
pub use families::{Family, Growth, Layout, Width};
pub use graph::{Graph, Node, NormNames, Op, Pads, Role, Shape, TensorDecl, Value};
pub use input::{Input, Interpolation, ResizeMode};
pub use limits::{Limit, Limits, Quantity};
pub use names::{Naming, Part};
pub use near::nearest;
pub use net::{Block, Head, HeadHidden, NetSpec, Norm, Padding, Se, Shortcut, Stem};
pub use quantization::Quantization;
pub use review::{Break, DesignRule};
pub use rule::{Rounding, Rule};
pub use zoo::{ZOO, ZooEntry};
