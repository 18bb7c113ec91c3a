//! A tensor in memory.

use std::collections::BTreeMap;

/// Tensors by name, in name order.
pub type Tensors = BTreeMap<String, Tensor>;

/// Numbers and their shape, outermost first, contiguous.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// As many elements as the product of `shape`.
    pub data: Data,
}

/// The two kinds of numbers in a network: learned ones, and counters. Halves are widened, doubles narrowed, on reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Weights and statistics.
    F32(Vec<f32>),
    /// Counters.
    I64(Vec<i64>),
}

impl Tensor {
    /// A tensor of weights.
    pub fn f32(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Self {
        Self { shape: shape.into(), data: Data::F32(data) }
    }

    /// A scalar counter, such as `num_batches_tracked`.
    pub fn count(value: i64) -> Self {
        Self { shape: Vec::new(), data: Data::I64(vec![value]) }
    }

    /// The numbers, where they are floating point.
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.data {
            Data::F32(values) => Some(values),
            Data::I64(_) => None,
        }
    }
}

impl Data {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I64(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
