//! What can go wrong between a graph and its logits.

use rexnet_kernels::{Isa, Precision};

/// A network that cannot be built or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The tensor could not be had.
    #[error("tensor `{name}`")]
    Tensor {
        /// Its name in the model file.
        name: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A tensor of another size than the graph says.
    #[error("tensor `{name}` has {found} values, the network wants {wanted}")]
    Size {
        /// Its name in the model file.
        name: String,
        /// Values handed over.
        found: usize,
        /// Values of the declared shape.
        wanted: usize,
    },
    /// A graph that no lowering makes.
    #[error("`{name}` cannot be planned: a batch norm must follow a convolution or a fully connected layer")]
    LoneNorm {
        /// Name of the node.
        name: String,
    },
    /// A graph that no lowering makes.
    #[error("`{name}` cannot be planned: a network is a stem, blocks and a head")]
    Unplanned {
        /// Name of the node where the plan ends.
        name: String,
    },
    /// A precision that the processor has no instructions for.
    #[error("{precision} products want a processor with {}; the kernels here are for {isa}", wanted(*precision))]
    Precision {
        /// What was asked for.
        precision: Precision,
        /// The instruction set that was to be used.
        isa: Isa,
    },
    /// int8 was asked for without ranges.
    #[error("int8 products want ranges of activations, and this network comes without")]
    Uncalibrated,
    /// A layer that is neither in the ranges nor kept in f32, or whose range has no end.
    #[error("int8 products want a range of finite numbers for what `{name}` reads, or that it is kept in f32")]
    Range {
        /// Name of the layer.
        name: String,
    },
    /// A buffer of another size than the batch says.
    #[error("{what}: {found} values, {wanted} wanted")]
    Buffer {
        /// Which buffer.
        what: &'static str,
        /// Values in it.
        found: usize,
        /// Values that the batch has.
        wanted: usize,
    },
}

fn wanted(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::Bf16 => "AVX-512 BF16 or AMX",
        Precision::Int8 => "AVX-512 VNNI",
    }
}
