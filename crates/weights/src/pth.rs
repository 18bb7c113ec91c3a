//! PyTorch's files: the zip format of 1.6 and later, and the format before it.

mod legacy;
mod pickle;
mod torch;
mod zipped;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

pub(crate) use legacy::parse as parse_legacy;
use pickle::{Loaded, Value};
use torch::Storage;
pub(crate) use zipped::parse as parse_zip;

use crate::store::Contents;
use crate::{TensorFault, WeightsError};

/// Longest pickle that is read, bytes; a network of a thousand tensors takes about 200,000.
const MAX_PICKLE_BYTES: u64 = 1 << 24;

/// What can be wrong with a PyTorch file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PthFault {
    /// It names Python code that has no business in a file of weights.
    #[error("names `{name}`, which is not on the list of what weights need; nothing of it was run")]
    Forbidden {
        /// Module and name.
        name: String,
    },
    /// An instruction that PyTorch does not write.
    #[error("pickle instruction {op:#04x} at byte {at} is not one that PyTorch writes for weights")]
    Opcode {
        /// The instruction.
        op: u8,
        /// Where it stands.
        at: usize,
    },
    /// Instructions that contradict each other.
    #[error("malformed pickle: {what} before byte {at}")]
    Malformed {
        /// In what way.
        what: &'static str,
        /// Where it was noticed.
        at: usize,
    },
    /// No end instruction.
    #[error("the pickle ends in the middle, after {at} bytes")]
    Ended {
        /// Its length.
        at: usize,
    },
    /// A pickle longer than any file of weights has.
    #[error("a pickle of {bytes} bytes, over the limit of {limit}")]
    TooLong {
        /// Its length.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A pickle that goes on and on.
    #[error("a pickle of more than {limit} instructions")]
    TooManySteps {
        /// The limit.
        limit: usize,
    },
    /// Written on a big-endian machine.
    #[error("written on a big-endian machine")]
    BigEndian,
    /// Part of an archive that PyTorch stores and somebody compressed.
    #[error("{name} is compressed or encrypted, which PyTorch never does")]
    NotStored {
        /// Entry of the archive.
        name: String,
    },
    /// A compiled model.
    #[error("a TorchScript archive, which holds code beside the weights")]
    TorchScript,
    /// A tensor whose numbers are not in the file.
    #[error("storage {key} is not in the file")]
    NoStorage {
        /// Its key.
        key: String,
    },
    /// A storage of another length than its tensors expect.
    #[error("storage {key} has {have} bytes, {needed} are expected")]
    StorageLength {
        /// Its key.
        key: String,
        /// Bytes expected.
        needed: u64,
        /// Bytes there.
        have: u64,
    },
    /// A checkpoint without weights.
    #[error("no dictionary of tensors in it")]
    NoTensors,
}

impl PthFault {
    /// What to do about it, where that is known.
    pub(crate) fn help(&self) -> Option<String> {
        let save = "in Python, `torch.save(model.state_dict(), PATH)` writes the weights alone";
        matches!(self, Self::Forbidden { .. } | Self::TorchScript | Self::NoTensors).then(|| save.to_owned())
    }
}

/// Keys under which a checkpoint keeps its weights, in timm's order (`load_state_dict`): averaged ones first.
const PARTS: [&str; 4] = ["state_dict_ema", "model_ema", "state_dict", "model"];

/// The tensors of a checkpoint; `place` gives the byte at which a storage begins, after checking its length.
fn contents(
    loaded: &Loaded,
    mut place: impl FnMut(&Storage) -> Result<u64, WeightsError>,
) -> Result<Contents, WeightsError> {
    let heap = &loaded.heap;
    let part = PARTS.iter().find_map(|part| match heap.get(&loaded.value, part) {
        Some(dict @ Value::Dict(_)) => Some((*part, dict)),
        _ => None,
    });
    let dict = part.map_or(&loaded.value, |(_, dict)| dict);
    let mut entries = BTreeMap::new();
    for pair in heap.items(dict).chunks_exact(2) {
        let [Value::Str(name), Value::Tensor(view)] = pair else { continue };
        let entry = view.entry(place(&view.storage)?).map_err(|fault| WeightsError::tensor(&**name, fault))?;
        match entries.entry(name.to_string()) {
            Slot::Vacant(slot) => slot.insert(entry),
            Slot::Occupied(slot) => return Err(WeightsError::tensor(slot.key(), TensorFault::Duplicate)),
        };
    }
    if entries.is_empty() || !matches!(dict, Value::Dict(_)) {
        return Err(PthFault::NoTensors.into());
    }
    Ok(Contents { entries, part: part.map(|(part, _)| part.to_owned()), ..Contents::default() })
}

/// Holds a storage's bytes to what its tensors were told.
fn check_len(storage: &Storage, have: u64) -> Result<(), PthFault> {
    let needed = storage.len.checked_mul(storage.dtype.size() as u64);
    if needed == Some(have) {
        return Ok(());
    }
    let needed = needed.unwrap_or(u64::MAX);
    Err(PthFault::StorageLength { key: storage.key.to_string(), needed, have })
}
