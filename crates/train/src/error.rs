//! What can go wrong in training.

/// A training that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A batch without variance.
    #[error("a training batch of one picture has no variance for batch norm; use at least 2")]
    OnePicture,
}
