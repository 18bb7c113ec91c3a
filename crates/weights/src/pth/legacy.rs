//! The format before PyTorch 1.6: five pickles (magic number, version, machine, object, keys), then each storage in the
//! order of the keys, a 64-bit count of elements before its bytes.

use std::collections::HashMap;
use std::rc::Rc;

use super::pickle::{self, Loaded, Value};
use super::{MAX_PICKLE_BYTES, PthFault, check_len, contents};
use crate::WeightsError;
use crate::bytes::Bytes;
use crate::store::Contents;

/// Bytes of the count before a storage.
const COUNT: u64 = 8;

pub(crate) fn parse(bytes: &Bytes) -> Result<Contents, WeightsError> {
    let head = bytes.read_at(0, bytes.len().min(MAX_PICKLE_BYTES))?;
    let mut at = 0;
    let mut next = || -> Result<Loaded, WeightsError> {
        let loaded = pickle::load(&head[at..]).map_err(|fault| too_long_or(fault, bytes.len()))?;
        at += loaded.consumed;
        Ok(loaded)
    };
    let (_magic, _version, machine) = (next()?, next()?, next()?);
    if matches!(machine.heap.get(&machine.value, "little_endian"), Some(Value::Bool(false))) {
        return Err(PthFault::BigEndian.into());
    }
    let (object, keys) = (next()?, next()?);
    let mut places: HashMap<Rc<str>, (u64, u64)> = HashMap::new();
    let mut at = at as u64;
    for key in keys.heap.items(&keys.value) {
        let Value::Str(key) = key else {
            return Err(PthFault::Malformed { what: "a key that is no text", at: 0 }.into());
        };
        let dtype = object.storages.get(key).ok_or_else(|| PthFault::NoStorage { key: key.to_string() })?;
        let mut count = [0; COUNT as usize];
        count.copy_from_slice(&bytes.read_at(at, COUNT)?);
        at += COUNT;
        let len = u64::from_le_bytes(count).saturating_mul(dtype.size() as u64);
        let end = at.saturating_add(len);
        if end > bytes.len() {
            return Err(WeightsError::Truncated { needed: end, have: bytes.len() });
        }
        places.insert(key.clone(), (at, len));
        at = end;
    }
    contents(&object, |storage| {
        let (at, len) = places.get(&storage.key).ok_or_else(|| PthFault::NoStorage { key: storage.key.to_string() })?;
        check_len(storage, *len)?;
        Ok(*at)
    })
}

/// A pickle that runs past what was read of a longer file is too long; past the end of the file it is cut off.
fn too_long_or(fault: PthFault, file: u64) -> WeightsError {
    match fault {
        PthFault::Ended { .. } if file > MAX_PICKLE_BYTES => {
            PthFault::TooLong { bytes: file, limit: MAX_PICKLE_BYTES }.into()
        }
        PthFault::Ended { .. } => WeightsError::Truncated { needed: file + 1, have: file },
        fault => fault.into(),
    }
}
