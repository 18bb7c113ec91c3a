//! Element types of stored tensors and how they become ours.

use half::{bf16, f16};

use crate::Data;

/// Element type of a stored tensor, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE double.
    F64,
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// Upper half of a single.
    Bf16,
    /// Signed 64 bits.
    I64,
    /// Signed 32 bits.
    I32,
    /// Signed 16 bits.
    I16,
    /// Signed 8 bits.
    I8,
    /// Unsigned 8 bits.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

/// Type, name in safetensors, name of PyTorch's storage class, bytes an element.
const TABLE: [(Dtype, &str, &str, usize); 10] = [
    (Dtype::F64, "F64", "DoubleStorage", 8),
    (Dtype::F32, "F32", "FloatStorage", 4),
    (Dtype::F16, "F16", "HalfStorage", 2),
    (Dtype::Bf16, "BF16", "BFloat16Storage", 2),
    (Dtype::I64, "I64", "LongStorage", 8),
    (Dtype::I32, "I32", "IntStorage", 4),
    (Dtype::I16, "I16", "ShortStorage", 2),
    (Dtype::I8, "I8", "CharStorage", 1),
    (Dtype::U8, "U8", "ByteStorage", 1),
    (Dtype::Bool, "BOOL", "BoolStorage", 1),
];

impl Dtype {
    fn row(self) -> (Self, &'static str, &'static str, usize) {
        TABLE[TABLE.iter().position(|row| row.0 == self).unwrap_or_default()]
    }

    /// Name in a safetensors header.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Every name, for messages.
    pub(crate) fn names() -> String {
        TABLE.map(|row| row.1).join(", ")
    }

    /// Bytes an element.
    pub fn size(self) -> usize {
        self.row().3
    }

    /// The type that a safetensors header calls `name`.
    pub(crate) fn from_safetensors(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The type that `torch.CLASS` stores.
    pub(crate) fn from_torch_storage(class: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.2 == class).map(|row| row.0)
    }

    /// Whether reading gives [`Data::F32`]; the rest are integers.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::Bf16)
    }

    /// Elements at `positions` (counted in elements) of `bytes`, which holds them all.
    pub(crate) fn decode(self, bytes: &[u8], positions: impl Iterator<Item = usize>) -> Data {
        macro_rules! gather {
            ($out:ident, $n:literal, $convert:expr) => {
                Data::$out(
                    positions
                        .map(|at| {
                            let mut element = [0; $n];
                            element.copy_from_slice(&bytes[at * $n..(at + 1) * $n]);
                            $convert(element)
                        })
                        .collect(),
                )
            };
        }
        match self {
            Self::F64 => gather!(F32, 8, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => gather!(F32, 4, f32::from_le_bytes),
            Self::F16 => gather!(F32, 2, |b| f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => gather!(F32, 2, |b| bf16::from_le_bytes(b).to_f32()),
            Self::I64 => gather!(I64, 8, i64::from_le_bytes),
            Self::I32 => gather!(I64, 4, |b| i64::from(i32::from_le_bytes(b))),
            Self::I16 => gather!(I64, 2, |b| i64::from(i16::from_le_bytes(b))),
            Self::I8 => gather!(I64, 1, |b| i64::from(i8::from_le_bytes(b))),
            Self::U8 | Self::Bool => gather!(I64, 1, |b: [u8; 1]| i64::from(b[0])),
        }
    }
}
