//! Data sets: which pictures there are, what class each one has, and batches of them.
//!
//! [`Data::open`] takes what a user names (a folder of classes, a folder with `train/` and `val/`, CIFAR files, a CSV,
//! tar shards), [`Dataset`] is one split of it. No file is trusted.
//!
//! Class numbers follow torchvision: the top-level folders, sorted by bytes. Pictures may lie deeper. A `classes.txt`
//! beside the data (one name a line) fixes another order. Whatever is passed over is counted, with the reason.

mod check;
mod cifar;
mod dataset;
mod error;
mod folder;
mod layout;
mod list;
mod loader;
mod naming;
mod pickle;
mod report;
mod shards;
mod source;
mod split;
mod views;

pub use check::{Findings, Place, Twins, check};
pub use dataset::{Dataset, Sample};
pub use error::DataError;
pub use folder::pictures_under;
pub use layout::{Data, Options, Split, Training, Validation};
pub use loader::{Batch, Loader, LoaderError, LoaderOptions};
pub use naming::Order;
pub use pickle::PickleError;
pub use report::{Passed, Reason, Report};
pub use source::{Planes, Source};
pub use views::Views;
