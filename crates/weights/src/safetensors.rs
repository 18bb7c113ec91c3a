//! The safetensors format, read strictly and written so that equal contents give equal bytes.
//!
//! The `safetensors` crate wants the whole file in memory, lets the last of two equal names win, and writes metadata in
//! the random order of a hash map; hence this page. A test holds it to that crate in both directions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fmt;
use std::io::Write;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::json;

use crate::bytes::Bytes;
use crate::store::{Contents, Entry};
use crate::{Data, Dtype, HeaderFault, Tensor, TensorFault, Tensors, WeightsError, write_atomic};

/// Longest header that is read, bytes: the format's own limit.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Key of the free text in the header.
const METADATA: &str = "__metadata__";

/// Bytes of the header's length.
const PREFIX: u64 = 8;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The header as it stands in the file: repeated keys are kept, so that they can be refused.
#[derive(Default)]
struct Header {
    metadata: Vec<(String, String)>,
    tensors: Vec<(String, Info)>,
}

pub(crate) fn parse(bytes: &Bytes) -> Result<Contents, WeightsError> {
    let mut prefix = [0; PREFIX as usize];
    prefix.copy_from_slice(&bytes.read_at(0, PREFIX)?);
    let header_len = u64::from_le_bytes(prefix);
    if header_len > MAX_HEADER_BYTES {
        return Err(HeaderFault::TooLarge { bytes: header_len, limit: MAX_HEADER_BYTES }.into());
    }
    let header: Header = serde_json::from_slice(&bytes.read_at(PREFIX, header_len)?).map_err(HeaderFault::Json)?;
    let data_at = PREFIX + header_len;
    let mut contents = Contents { metadata: metadata(header.metadata)?, ..Contents::default() };
    let mut ranges = Vec::new();
    for (name, info) in header.tensors {
        let [begin, end] = info.data_offsets;
        let entry = entry(&info, data_at).map_err(|fault| WeightsError::tensor(&name, fault))?;
        ranges.push((begin, end, name.clone()));
        match contents.entries.entry(name) {
            Slot::Vacant(slot) => slot.insert(entry),
            Slot::Occupied(slot) => return Err(WeightsError::tensor(slot.key(), TensorFault::Duplicate)),
        };
    }
    check_cover(ranges, bytes.len() - data_at)?;
    Ok(contents)
}

fn metadata(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, HeaderFault> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        match map.entry(key) {
            Slot::Vacant(slot) => slot.insert(value),
            Slot::Occupied(slot) => return Err(HeaderFault::DuplicateKey(slot.key().clone())),
        };
    }
    Ok(map)
}

fn entry(info: &Info, data_at: u64) -> Result<Entry, TensorFault> {
    let dtype =
        Dtype::from_safetensors(&info.dtype).ok_or_else(|| TensorFault::UnknownDtype { found: info.dtype.clone() })?;
    let overflow = || TensorFault::ShapeOverflow { shape: info.shape.clone() };
    let shape: Vec<usize> =
        info.shape.iter().map(|&n| usize::try_from(n)).collect::<Result<_, _>>().map_err(|_| overflow())?;
    // Checked without skipping zeros: [2^40, 2^40, 0] is as hostile as it looks.
    let needed = info.shape.iter().try_fold(dtype.size() as u64, |n, &m| n.checked_mul(m)).ok_or_else(overflow)?;
    let [begin, end] = info.data_offsets;
    let have = end.checked_sub(begin).ok_or(TensorFault::Backwards { begin, end })?;
    if needed != have {
        return Err(TensorFault::WrongLength { shape, dtype, needed, have });
    }
    let at = data_at.checked_add(begin).ok_or_else(overflow)?;
    Ok(Entry::contiguous(dtype, shape, at))
}

/// The tensors lie one behind the other and fill the file.
fn check_cover(mut ranges: Vec<(u64, u64, String)>, have: u64) -> Result<(), WeightsError> {
    ranges.sort();
    let mut covered = 0;
    let mut before = String::new();
    for (begin, end, name) in ranges {
        if begin < covered {
            return Err(WeightsError::tensor(name, TensorFault::Overlap { begin, other: before }));
        }
        if begin > covered {
            return Err(HeaderFault::Gap { bytes: begin - covered, before: begin }.into());
        }
        (covered, before) = (end, name);
    }
    match covered.cmp(&have) {
        std::cmp::Ordering::Greater => Err(WeightsError::Truncated { needed: covered, have }),
        std::cmp::Ordering::Less => Err(HeaderFault::Gap { bytes: have - covered, before: have }.into()),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// A JSON object as a list of pairs.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Keys<V> {
            type Value = Pairs<V>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Header;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of tensors by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == METADATA {
                        header.metadata.extend(map.next_value::<Pairs<String>>()?.0);
                    } else {
                        header.tensors.push((key, map.next_value()?));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// Writes tensors and free text to `path`, atomically. Integers come first, then names in order, as the format's own
/// writer has it, so that every tensor is aligned to its elements.
/// # Errors
/// `File`, around what the file system says.
pub fn save(path: &Path, metadata: &BTreeMap<String, String>, tensors: &Tensors) -> Result<(), WeightsError> {
    write_atomic(path, |out| write(out, metadata, tensors)).map_err(WeightsError::file(path))
}

/// The same to any writer.
/// # Errors
/// What the writer says.
pub fn write<'a>(
    out: &mut impl Write,
    metadata: &BTreeMap<String, String>,
    tensors: impl IntoIterator<Item = (&'a String, &'a Tensor)>,
) -> Result<(), WeightsError> {
    let mut order: Vec<(&String, &Tensor)> = tensors.into_iter().collect();
    order.sort_by_key(|(name, tensor)| (std::cmp::Reverse(stored(tensor).size()), *name));
    let mut header = serde_json::Map::new();
    if !metadata.is_empty() {
        header.insert(METADATA.to_owned(), json!(metadata));
    }
    let mut at = 0;
    for (name, tensor) in &order {
        let dtype = stored(tensor);
        let end = at + tensor.data.len() * dtype.size();
        header
            .insert((*name).clone(), json!({"dtype": dtype.name(), "shape": tensor.shape, "data_offsets": [at, end]}));
        at = end;
    }
    let mut header = serde_json::to_vec(&header).map_err(HeaderFault::Json)?;
    header.resize(header.len().next_multiple_of(PREFIX as usize), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    for (_, tensor) in order {
        write_data(out, &tensor.data)?;
    }
    Ok(())
}

fn stored(tensor: &Tensor) -> Dtype {
    match tensor.data {
        Data::F32(_) => Dtype::F32,
        Data::I64(_) => Dtype::I64,
    }
}

fn write_data(out: &mut impl Write, data: &Data) -> std::io::Result<()> {
    match data {
        Data::F32(values) => values.iter().try_for_each(|v| out.write_all(&v.to_le_bytes())),
        Data::I64(values) => values.iter().try_for_each(|v| out.write_all(&v.to_le_bytes())),
    }
}
