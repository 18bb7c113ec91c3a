//! The names of Python code that a checkpoint may hold, and what they stand for here. Nothing is imported or run.

use std::rc::Rc;

use super::PthFault;
use super::pickle::{Heap, Value};
use crate::store::Entry;
use crate::{Dtype, TensorFault};

/// A name on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    Dict,
    /// `(storage, offset, size, stride, ...)` to a view.
    RebuildTensor,
    /// `(tensor, ...)` to that tensor.
    RebuildParameter,
    /// `(function, type, arguments, state)`.
    RebuildFromType,
    Storage(Dtype),
    /// Built, but of no interest: its arguments and attributes are dropped.
    Inert,
}

/// Modules and names, beside `torch.*Storage`. The inert ones occur in training checkpoints beside the weights.
const ALLOWED: [(&str, &[&str], Global); 14] = [
    ("collections", &["OrderedDict"], Global::Dict),
    ("torch._utils", &["_rebuild_tensor_v2", "_rebuild_tensor"], Global::RebuildTensor),
    ("torch._utils", &["_rebuild_parameter", "_rebuild_parameter_with_state"], Global::RebuildParameter),
    ("torch._tensor", &["_rebuild_from_type_v2"], Global::RebuildFromType),
    ("torch", &["Tensor", "Size", "device"], Global::Inert),
    ("torch", &["float32", "float64", "float16", "bfloat16", "int64", "int32", "bool"], Global::Inert),
    ("torch.nn.parameter", &["Parameter", "Buffer"], Global::Inert),
    ("argparse", &["Namespace"], Global::Inert),
    ("collections", &["defaultdict", "Counter"], Global::Inert),
    ("numpy", &["dtype", "ndarray"], Global::Inert),
    ("numpy.core.multiarray", &["scalar", "_reconstruct"], Global::Inert),
    ("numpy._core.multiarray", &["scalar", "_reconstruct"], Global::Inert),
    ("_codecs", &["encode"], Global::Inert),
    ("__builtin__", &["list", "dict", "set", "int", "float"], Global::Inert),
];

/// A named stretch of elements in the file.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) dtype: Dtype,
    pub(super) key: Rc<str>,
    /// Elements, as the pickle says.
    pub(super) len: u64,
}

/// A tensor as a view of a storage; nothing about it is checked yet.
#[derive(Debug)]
pub(super) struct View {
    pub(super) storage: Rc<Storage>,
    offset: u64,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// What `module.name` stands for.
pub(super) fn lookup(module: &str, name: &str) -> Result<Global, PthFault> {
    let listed = ALLOWED.iter().find(|(m, names, _)| *m == module && names.contains(&name)).map(|row| row.2);
    let storage = || Dtype::from_torch_storage(name).filter(|_| module == "torch").map(Global::Storage);
    listed.or_else(storage).ok_or_else(|| PthFault::Forbidden { name: format!("{module}.{name}") })
}

/// The storage of `("storage", class, key, device, elements, ...)`.
pub(super) fn persistent(id: &[Value]) -> Option<Storage> {
    match id {
        [Value::Str(kind), Value::Global(Global::Storage(dtype)), Value::Str(key), _, Value::Int(len), rest @ ..]
            if **kind == *"storage" && matches!(rest, [] | [Value::None]) =>
        {
            Some(Storage { dtype: *dtype, key: key.clone(), len: u64::try_from(*len).ok()? })
        }
        _ => None,
    }
}

/// What calling `global` gives; none where the arguments do not fit.
pub(super) fn call(global: Global, arguments: &Value, heap: &mut Heap) -> Option<Value> {
    let items = heap.items(arguments);
    match global {
        Global::Dict => {
            // Python 2 passes a list of pairs.
            let pairs = items.first().map_or(&[][..], |list| heap.items(list));
            let pairs = pairs.iter().flat_map(|pair| heap.items(pair)).cloned().collect();
            Some(heap.new_dict(pairs))
        }
        Global::RebuildTensor => match items {
            [Value::Storage(storage), Value::Int(offset), size, stride, ..] => Some(Value::Tensor(Rc::new(View {
                storage: storage.clone(),
                offset: u64::try_from(*offset).ok()?,
                shape: sizes(heap.items(size))?,
                strides: sizes(heap.items(stride))?,
            }))),
            _ => None,
        },
        Global::RebuildParameter => items.first().filter(|value| matches!(value, Value::Tensor(_))).cloned(),
        Global::RebuildFromType => match items {
            [Value::Global(function @ Global::RebuildTensor), _, inner, ..] => {
                let inner = inner.clone();
                call(*function, &inner, heap)
            }
            _ => None,
        },
        Global::Storage(_) => None,
        Global::Inert => Some(Value::Inert),
    }
}

fn sizes(items: &[Value]) -> Option<Vec<usize>> {
    let size = |value: &Value| match value {
        Value::Int(n) => usize::try_from(*n).ok(),
        _ => None,
    };
    items.iter().map(size).collect()
}

impl View {
    /// The tensor in a file that has its storage at byte `at`. A view that leaves the storage is refused, and so is one
    /// of more elements than the storage has: a few bytes must not become gigabytes.
    pub(super) fn entry(&self, at: u64) -> Result<Entry, TensorFault> {
        let storage = &self.storage;
        let count = self.shape.iter().try_fold(1_u64, |n, &m| n.checked_mul(m as u64));
        let last = self.shape.iter().zip(&self.strides).try_fold(self.offset, |last, (&n, &stride)| {
            last.checked_add((n.saturating_sub(1) as u64).checked_mul(stride as u64)?)
        });
        let fits = self.shape.len() == self.strides.len()
            && count.is_some_and(|count| count <= storage.len)
            && (count == Some(0) || last.is_some_and(|last| last < storage.len));
        if !fits {
            return Err(TensorFault::OutOfStorage {
                offset: self.offset,
                shape: self.shape.clone(),
                strides: self.strides.clone(),
                storage: storage.len,
            });
        }
        let offset = if count == Some(0) { 0 } else { self.offset };
        Ok(Entry {
            dtype: storage.dtype,
            shape: self.shape.clone(),
            strides: self.strides.clone(),
            at: at + offset * storage.dtype.size() as u64,
        })
    }
}
