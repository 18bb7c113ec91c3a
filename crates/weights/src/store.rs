//! An opened file of tensors: the header is parsed, tensors are read one at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use crate::bytes::Bytes;
use crate::sniff::SNIFF_BYTES;
use crate::{Data, Dtype, FileKind, Tensor, TensorFault, WeightsError, pth, safetensors};

/// A file of named tensors, whatever its format. Opening reads the header alone.
#[derive(Debug)]
pub struct Store {
    bytes: Bytes,
    contents: Contents,
}

/// What a parser finds in a file.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Tensors by name.
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Free text of a safetensors file.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Key of a checkpoint under which the tensors were found: `state_dict_ema` and the like.
    pub(crate) part: Option<String>,
}

/// Where a tensor lies. A parser makes only entries that lie in the file and repeat no element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    /// Elements from one index to the next in each dimension.
    pub(crate) strides: Vec<usize>,
    /// Byte of the file at which the first element lies.
    pub(crate) at: u64,
}

impl Store {
    /// Opens a safetensors or PyTorch file.
    /// # Errors
    /// `File`, around what is wrong: the kind of file, a cut-off or hostile header, an element type that is not read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let open = || Self::parse(Bytes::of_file(File::open(path)?)?);
        open().map_err(WeightsError::file(path))
    }

    /// The same for a file in memory.
    /// # Errors
    /// As [`Store::open`], without the file's name.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, WeightsError> {
        Self::parse(Bytes::of_memory(bytes.into()))
    }

    fn parse(bytes: Bytes) -> Result<Self, WeightsError> {
        let head = bytes.read_at(0, bytes.len().min(SNIFF_BYTES))?;
        let mut contents = match FileKind::of(&head) {
            FileKind::Safetensors => safetensors::parse(&bytes)?,
            FileKind::Zip => pth::parse_zip(&bytes)?,
            FileKind::LegacyPth => pth::parse_legacy(&bytes)?,
            other => return Err(WeightsError::NotWeights(other)),
        };
        contents.strip_prefixes()?;
        Ok(Self { bytes, contents })
    }

    /// Names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.contents.entries.keys().map(String::as_str)
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.contents.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.contents.entries.is_empty()
    }

    /// Sizes of a tensor, outermost first.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.contents.entries.get(name).map(|entry| entry.shape.as_slice())
    }

    /// Element type of a tensor in the file.
    pub fn dtype(&self, name: &str) -> Option<Dtype> {
        self.contents.entries.get(name).map(|entry| entry.dtype)
    }

    /// Free text by key, as safetensors files carry it.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.contents.metadata
    }

    /// Which part of a training checkpoint the tensors are: `state_dict_ema`, `state_dict`, `model`. None for a file
    /// that holds tensors and nothing else.
    pub fn part(&self) -> Option<&str> {
        self.contents.part.as_deref()
    }

    /// Reads one tensor, contiguous.
    /// # Errors
    /// `Tensor` for a name that is not there, `Io`.
    pub fn read(&self, name: &str) -> Result<Tensor, WeightsError> {
        let entry = self.entry(name)?;
        let data = match entry.span() {
            0 => entry.dtype.decode(&[], std::iter::empty()),
            span => {
                let bytes = self.bytes.read_at(entry.at, span as u64 * entry.dtype.size() as u64)?;
                entry.decode(&bytes)
            }
        };
        Ok(Tensor { shape: entry.shape.clone(), data })
    }

    /// Reads one tensor of weights or statistics.
    /// # Errors
    /// As [`Store::read`], and `Tensor` where the file holds integers.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let found = self.entry(name)?.dtype;
        match self.read(name)?.data {
            Data::F32(values) => Ok(values),
            Data::I64(_) => Err(WeightsError::tensor(name, TensorFault::NotFloat { found })),
        }
    }

    fn entry(&self, name: &str) -> Result<&Entry, WeightsError> {
        self.contents.entries.get(name).ok_or_else(|| WeightsError::tensor(name, TensorFault::Absent))
    }
}

/// What wrappers put before every name: data-parallel training and `torch.compile`, in either order.
const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];

impl Contents {
    fn strip_prefixes(&mut self) -> Result<(), WeightsError> {
        let bare = |mut name: &str| {
            while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
                name = rest;
            }
            name.to_owned()
        };
        for (name, entry) in std::mem::take(&mut self.entries) {
            if self.entries.insert(bare(&name), entry).is_some() {
                return Err(WeightsError::tensor(name, TensorFault::Duplicate));
            }
        }
        Ok(())
    }
}

impl Entry {
    /// A tensor whose elements follow each other.
    pub(crate) fn contiguous(dtype: Dtype, shape: Vec<usize>, at: u64) -> Self {
        Self { dtype, strides: contiguous_strides(&shape), shape, at }
    }

    /// Elements from the first to the last, both included; 0 for a tensor without elements.
    fn span(&self) -> usize {
        if self.shape.contains(&0) {
            return 0;
        }
        1 + self.shape.iter().zip(&self.strides).map(|(n, stride)| (n - 1) * stride).sum::<usize>()
    }

    fn decode(&self, bytes: &[u8]) -> Data {
        let count = self.shape.iter().product();
        if self.strides == contiguous_strides(&self.shape) {
            return self.dtype.decode(bytes, 0..count);
        }
        let position = |mut index: usize| {
            self.shape.iter().zip(&self.strides).rev().fold(0, |at, (&n, stride)| {
                let along = index % n;
                index /= n;
                at + along * stride
            })
        };
        self.dtype.decode(bytes, (0..count).map(position))
    }
}

/// Strides of a row-major tensor.
fn contiguous_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    strides
}
