//! Figures and pages from tables: self-contained, for both colour schemes, without a script or a request. Knows nothing of
//! networks.
//!
//! - [`Page`]: sections from top to bottom, each of [`Part`]s
//! - [`Facts`], [`Table`]: names and values; rows, with bars for shares
//! - [`Chart`]: lines and labelled dots, linear or logarithmic; also an SVG file of its own
//! - [`Confusion`], [`Reliability`]: which class was taken for which; confidence against accuracy
//! - [`Pictures`]: a grid with captions
//! - [`EventFile`]: scalars for TensorBoard
#![forbid(unsafe_code)]

mod axis;
mod chart;
mod confusion;
mod events;
mod frame;
mod labels;
mod markup;
mod number;
mod page;
mod pictures;
mod reliability;
mod table;
mod theme;

pub use chart::Chart;
pub use confusion::Confusion;
pub use events::{EventError, EventFile};
pub use number::{grouped, number};
pub use page::{Page, Part};
pub use pictures::{Picture, Pictures};
pub use reliability::{Reliability, ReliabilityBin};
pub use table::{Cell, Facts, Table};
