//! Element-wise activations, as PyTorch defines them.

/// An activation; the names are those of the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// `ln(1 + exp(x))`; `x` above 20.
    Softplus,
    /// `x relu6(x + 3) / 6`.
    HardSwish,
    /// `x sigmoid(x)`.
    Silu,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

impl Act {
    /// The activation of one value: the truth that fast texts are held to.
    pub fn of(self, x: f32) -> f32 {
        match self {
            Self::Linear => x,
            Self::Relu => relu(x),
            Self::Relu6 => relu6(x),
            Self::LeakyRelu => {
                if x > 0.0 {
                    x
                } else {
                    0.01 * x
                }
            }
            Self::Elu => {
                if x > 0.0 {
                    x
                } else {
                    x.exp_m1()
                }
            }
            Self::Softplus => {
                if x > 20.0 {
                    x
                } else {
                    x.exp().ln_1p()
                }
            }
            Self::HardSwish => x * relu6(x + 3.0) / 6.0,
            Self::Silu => x * sigmoid(x),
            Self::Sigmoid => sigmoid(x),
        }
    }
}

/// NaN stays NaN, unlike `f32::max`.
fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

fn relu6(x: f32) -> f32 {
    if x > 6.0 { 6.0 } else { relu(x) }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Applies `act` to every value.
pub fn apply(act: Act, values: &mut [f32]) {
    if act != Act::Linear {
        for x in values {
            *x = act.of(*x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Act; 9] = [
        Act::Linear,
        Act::Relu,
        Act::Relu6,
        Act::LeakyRelu,
        Act::Elu,
        Act::Softplus,
        Act::HardSwish,
        Act::Silu,
        Act::Sigmoid,
    ];

    #[test]
    fn values_equal_pytorch() {
        // torch 2.15, float64: F.relu, relu6, leaky_relu, elu, softplus, hardswish, silu, sigmoid at -1.5 and 2.5.
        let at_minus = [-1.5, 0.0, 0.0, -0.015, -0.776_869_84, 0.201_413_28, -0.375, -0.273_638_3, 0.182_425_52];
        let at_plus = [2.5, 2.5, 2.5, 2.5, 2.5, 2.578_889_8, 2.291_666_6, 2.310_354_5, 0.924_141_8];
        for (i, act) in ALL.into_iter().enumerate() {
            assert!((act.of(-1.5) - at_minus[i]).abs() < 1e-6, "{act:?}: {}", act.of(-1.5));
            assert!((act.of(2.5) - at_plus[i]).abs() < 1e-6, "{act:?}: {}", act.of(2.5));
        }
    }

    #[test]
    fn nan_stays_nan() {
        assert!(ALL.into_iter().all(|act| act.of(f32::NAN).is_nan()));
    }
}
