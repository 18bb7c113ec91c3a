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
    #[error("line {line}, column {column}: {message}")]
    Toml {
        /// Line of the text, from 1.
        line: usize,
        /// Column of that line in bytes, from 1.
        column: usize,
        /// What the parser says.
        message: String,
        /// A known key or value close to an unknown one.
        nearest: Option<String>,
    },
    /// No network has that name.
    #[error("`{name}` is not a known network")]
    UnknownNet {
        /// What was asked for.
        name: String,
        /// The known name closest to it.
        nearest: Option<String>,
    },
    /// No network of that depth meets the limits.
    #[error("no network of {depth} blocks meets the limits: the least has {min_macs} MACs and {min_params} params")]
    OverBudget {
        /// Blocks asked for.
        depth: u32,
        /// Multiply-adds of the least network.
        min_macs: u64,
        /// Parameters of the least network.
        min_params: u64,
    },
}

impl SpecError {
    /// What to do about it, where that can be said.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Toml { nearest: Some(name), .. } | Self::UnknownNet { nearest: Some(name), .. } => {
                Some(format!("did you mean `{name}`?"))
            }
            Self::UnknownNet { nearest: None, .. } => Some("`rexnet zoo` lists the known networks".into()),
            Self::OverBudget { .. } => Some("raise the limits, or ask for fewer blocks or smaller pictures".into()),
            _ => None,
        }
    }
}
