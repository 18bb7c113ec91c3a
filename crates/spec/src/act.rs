//! The activations of the paper, by name.

use serde::{Deserialize, Serialize};

/// An element-wise nonlinearity, as PyTorch defines it with default arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The identity.
    #[default]
    Linear,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x` above zero, `0.01 x` below.
    LeakyRelu,
    /// `x` above zero, `exp(x) - 1` below.
    Elu,
    /// `ln(1 + exp(x))`; `x` above 20, as PyTorch's threshold has it.
    Softplus,
    /// `x relu6(x + 3) / 6`.
    HardSwish,
    /// `x sigmoid(x)`, also called Swish.
    Silu,
    /// `1 / (1 + exp(-x))`; the gate of squeeze-excitation.
    Sigmoid,
}

impl Act {
    /// Every activation that the paper compares, linear first (Table 1 and Fig. 1).
    pub const PAPER: [Self; 8] = [
        Self::Linear,
        Self::Relu,
        Self::Relu6,
        Self::LeakyRelu,
        Self::Elu,
        Self::Softplus,
        Self::HardSwish,
        Self::Silu,
    ];

    /// The name in `net.toml` and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::LeakyRelu => "leaky_relu",
            Self::Elu => "elu",
            Self::Softplus => "softplus",
            Self::HardSwish => "hard_swish",
            Self::Silu => "silu",
            Self::Sigmoid => "sigmoid",
        }
    }
}
