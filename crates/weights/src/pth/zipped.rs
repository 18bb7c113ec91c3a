//! The zip format: `NAME/data.pkl`, `NAME/data/KEY` for each storage, all stored without compression.

use std::collections::HashMap;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::{MAX_PICKLE_BYTES, PthFault, check_len, contents, pickle};
use crate::bytes::{Bytes, Cursor};
use crate::store::Contents;
use crate::{FileKind, WeightsError};

const PICKLE: &str = "data.pkl";

/// Where an entry's bytes lie in the file.
#[derive(Clone, Copy)]
struct Range {
    at: u64,
    len: u64,
    is_stored: bool,
}

pub(crate) fn parse(bytes: &Bytes) -> Result<Contents, WeightsError> {
    let files = files(bytes).map_err(|error| match error {
        ZipError::Io(error) => WeightsError::Io(error),
        _ => WeightsError::NotWeights(FileKind::Zip),
    })?;
    let root = files.keys().filter_map(|name| name.strip_suffix(PICKLE)).min_by_key(|root| root.len());
    let Some(root) = root else { return Err(WeightsError::NotWeights(FileKind::Zip)) };
    if files.contains_key(&format!("{root}constants.pkl")) {
        return Err(PthFault::TorchScript.into());
    }
    if let Some(order) = files.get(&format!("{root}byteorder"))
        && bytes.read_at(order.at, order.len.min(8))? == b"big"
    {
        return Err(PthFault::BigEndian.into());
    }
    let pickle = stored(&files, &format!("{root}{PICKLE}"))?;
    if pickle.len > MAX_PICKLE_BYTES {
        return Err(PthFault::TooLong { bytes: pickle.len, limit: MAX_PICKLE_BYTES }.into());
    }
    let loaded = pickle::load(&bytes.read_at(pickle.at, pickle.len)?)?;
    contents(&loaded, |storage| {
        let range = stored(&files, &format!("{root}data/{}", storage.key))?;
        check_len(storage, range.len)?;
        match range.at.checked_add(range.len) {
            Some(end) if end <= bytes.len() => Ok(range.at),
            _ => Err(WeightsError::Truncated { needed: range.at.saturating_add(range.len), have: bytes.len() }),
        }
    })
}

fn files(bytes: &Bytes) -> Result<HashMap<String, Range>, ZipError> {
    let mut archive: ZipArchive<Cursor<'_>> = ZipArchive::new(bytes.cursor())?;
    let mut files = HashMap::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index)?;
        let is_stored = file.compression() == CompressionMethod::Stored && !file.encrypted();
        let at = file.data_start().ok_or(ZipError::FileNotFound)?;
        files.insert(file.name()?.into_owned(), Range { at, len: file.size(), is_stored });
    }
    Ok(files)
}

fn stored(files: &HashMap<String, Range>, name: &str) -> Result<Range, PthFault> {
    match files.get(name) {
        Some(range) if range.is_stored => Ok(*range),
        Some(_) => Err(PthFault::NotStored { name: name.to_owned() }),
        None => Err(PthFault::NoStorage { key: name.to_owned() }),
    }
}
