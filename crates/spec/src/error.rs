//! What can be wrong with a network description.

/// An impossible network or an impossible wish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A stride leaves an empty map.
    #[error("{place}: a map of {height}x{width} pixels is too small for stride {stride}")]
    TooSmall {
        /// Stem, block or head, in words.
        place: String,
        /// Height that enters.
        height: u32,
        /// Width that enters.
        width: u32,
        /// The stride asked of it.
        stride: u32,
    },
    /// A field has a value that no network can have.
    #[error("{field}: {value} is not possible; {wanted}")]
    Impossible {
        /// Path of the field as in `net.toml`.
        field: String,
        /// What it holds.
        value: String,
        /// What it may hold.
        wanted: &'static str,
    },
    /// The text is not a network.
    #[error("not a network description")]
    Toml(#[from] toml::de::Error),
}
