//! What products of eight bits need to know about a network beside its weights.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Ranges of activations, found on real pictures, by the name of the layer that reads them (a 1x1 convolution or the
/// classifier, named as in [`crate::Graph::nodes`]).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantization {
    /// Lowest and highest input of each layer that runs in eight bits; what lies outside is cut.
    pub ranges: BTreeMap<String, [f32; 2]>,
    /// Layers that stay in f32, since eight bits would cost them too much.
    #[serde(default)]
    pub keep: BTreeSet<String>,
}
