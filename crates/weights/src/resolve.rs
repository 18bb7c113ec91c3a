//! Which tensor of a file is which tensor of a network.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rexnet_spec::{NetSpec, Role, TensorDecl};

use crate::init::init_tensor;
use crate::{Data, Dialect, Dtype, Mismatch, Store, Tensor, TensorFault, Tensors, WeightsError, identify};

/// What to do where the file's classes are not the network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewHead {
    /// An error, as for any other difference of shape.
    Refuse,
    /// A classifier of random weights, as [`init`](crate::init()) makes it from this seed.
    Seeded(u64),
}

/// A classifier that had to be made anew. Reads as the one line that a user is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadChange {
    /// Classes of the file.
    pub from: usize,
    /// Classes of the network.
    pub to: usize,
}

impl fmt::Display for HeadChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "new classifier for {} classes; the file has {}", self.to, self.from)
    }
}

/// A file's tensors under a network's names; reads them one at a time.
#[derive(Debug)]
pub struct Binding<'a> {
    store: &'a Store,
    dialect: Dialect,
    sources: BTreeMap<String, (TensorDecl, Source)>,
    new_head: Option<HeadChange>,
}

#[derive(Debug)]
enum Source {
    /// Of the file, as it is but for ones at the end of its shape.
    File(String),
    /// The file's first convolution summed over its colour planes: a grey picture looks the same to it.
    SumOfPlanes(String),
    /// Made from a seed.
    New(u64),
    /// A counter that the file lacks.
    Zero,
}

/// Finds every tensor of `spec` in `store`, whatever dialect the file speaks. Batch counters may be absent.
/// # Errors
/// `UnknownNames` where no dialect fits; `Mismatch` with every missing, unexpected and mis-shaped tensor.
pub fn resolve<'a>(spec: &NetSpec, store: &'a Store, head: NewHead) -> Result<Binding<'a>, WeightsError> {
    let Some(dialect) = Dialect::of(store) else {
        return Err(WeightsError::UnknownNames { first: store.names().take(3).map(str::to_owned).collect() });
    };
    let theirs: BTreeMap<String, String> = dialect.names(spec).into_iter().collect();
    let decls = spec.graph(spec.input.size)?.tensors();
    let new_head = match head {
        NewHead::Refuse => None,
        NewHead::Seeded(_) => head_change(&decls, &theirs, store),
    };
    let last_node = decls.last().map(|decl| decl.node);
    let first_norm = decls.iter().position(|decl| decl.role == Role::NormWeight).unwrap_or(0);
    let mut wrong = Mismatch { network: spec.name.clone(), ..Mismatch::default() };
    let mut unused: BTreeSet<&str> = store.names().collect();
    let mut sources = BTreeMap::new();
    for (index, decl) in decls.into_iter().enumerate() {
        let name = theirs.get(&decl.name).unwrap_or(&decl.name);
        unused.remove(name.as_str());
        let is_stem = index < first_norm && decl.role == Role::ConvWeight;
        let source = match store.shape(name) {
            None if decl.role == Role::BatchCount => Source::Zero,
            None => {
                wrong.missing.push(name.clone());
                continue;
            }
            Some(shape) if same_shape(shape, &decl.shape) => Source::File(name.clone()),
            Some(shape) if is_stem && sums_to(shape, &decl.shape) => Source::SumOfPlanes(name.clone()),
            Some(shape) => match (head, new_head) {
                (NewHead::Seeded(seed), Some(_)) if Some(decl.node) == last_node => Source::New(seed),
                _ => {
                    wrong.shapes.push((name.clone(), shape.to_vec(), decl.shape.clone()));
                    continue;
                }
            },
        };
        sources.insert(decl.name.clone(), (decl, source));
    }
    wrong.unexpected = unused.into_iter().map(str::to_owned).collect();
    if wrong.is_empty() {
        return Ok(Binding { store, dialect, sources, new_head });
    }
    wrong.file_is = identify(store).map(|spec| spec.name);
    Err(WeightsError::Mismatch(Box::new(wrong)))
}

/// Whether two shapes are the same but for ones at the end: a 1x1 convolution and a linear layer hold the same matrix.
pub(crate) fn same_shape(a: &[usize], b: &[usize]) -> bool {
    let common = a.len().min(b.len());
    a[..common] == b[..common] && a[common..].iter().chain(&b[common..]).all(|&n| n == 1)
}

/// Whether summing `file` over its three colour planes gives `wanted`.
fn sums_to(file: &[usize], wanted: &[usize]) -> bool {
    matches!((file, wanted), ([o, 3, h, w], [p, 1, i, j]) if (o, h, w) == (p, i, j))
}

/// Whether the classifiers differ in classes and in nothing else.
fn head_change(decls: &[TensorDecl], theirs: &BTreeMap<String, String>, store: &Store) -> Option<HeadChange> {
    let weight = decls.iter().rev().find(|decl| decl.role == Role::LinearWeight)?;
    let (&from, features) = store.shape(theirs.get(&weight.name)?)?.split_first()?;
    let to = weight.shape[0];
    (from != to && same_shape(features, &weight.shape[1..])).then_some(HeadChange { from, to })
}

impl Binding<'_> {
    /// Pattern of the file's names.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The classifier that had to be made anew, if any.
    pub fn new_head(&self) -> Option<HeadChange> {
        self.new_head
    }

    /// Every tensor of the network, in name order.
    pub fn decls(&self) -> impl Iterator<Item = &TensorDecl> {
        self.sources.values().map(|(decl, _)| decl)
    }

    /// Reads a tensor by its name in the network; its shape is the network's.
    /// # Errors
    /// `Tensor` for a name that the network does not have, `Io`.
    pub fn read(&self, name: &str) -> Result<Tensor, WeightsError> {
        let (decl, source) = self.sources.get(name).ok_or_else(|| WeightsError::tensor(name, TensorFault::Absent))?;
        let shape = decl.shape.clone();
        Ok(match source {
            Source::File(file) if decl.role == Role::BatchCount => Tensor { shape, ..self.store.read(file)? },
            Source::File(file) => Tensor::f32(shape, self.store.read_f32(file)?),
            Source::SumOfPlanes(file) => {
                let plane = decl.shape[2..].iter().product();
                Tensor::f32(shape, sum_of_planes(&self.store.read_f32(file)?, plane))
            }
            Source::New(seed) => init_tensor(decl, 1, *seed),
            Source::Zero => Tensor { shape, data: Data::I64(vec![0]) },
        })
    }

    /// Reads weights or statistics by their name in the network.
    /// # Errors
    /// As [`Binding::read`], and `Tensor` for a counter.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        match self.read(name)?.data {
            Data::F32(values) => Ok(values),
            Data::I64(_) => Err(WeightsError::tensor(name, TensorFault::NotFloat { found: Dtype::I64 })),
        }
    }

    /// Reads every tensor of the network.
    /// # Errors
    /// As [`Binding::read`].
    pub fn tensors(&self) -> Result<Tensors, WeightsError> {
        self.sources.keys().map(|name| Ok((name.clone(), self.read(name)?))).collect()
    }
}

/// `[out, 3, plane]` to `[out, 1, plane]`.
fn sum_of_planes(weights: &[f32], plane: usize) -> Vec<f32> {
    let sum = |planes: &[f32]| (0..plane).map(|i| planes.iter().skip(i).step_by(plane).sum()).collect::<Vec<f32>>();
    weights.chunks_exact(3 * plane).flat_map(sum).collect()
}

/// Holds `tensors` to be exactly those of `spec`; gives the batch counters that are absent.
pub(crate) fn check_own(spec: &NetSpec, tensors: &Tensors) -> Result<Tensors, WeightsError> {
    let mut wrong = Mismatch { network: spec.name.clone(), ..Mismatch::default() };
    let mut unused: BTreeSet<&String> = tensors.keys().collect();
    let mut counters = Tensors::new();
    for decl in spec.graph(spec.input.size)?.tensors() {
        unused.remove(&decl.name);
        let is_count = decl.role == Role::BatchCount;
        match tensors.get(&decl.name) {
            Some(Tensor { data: Data::I64(_), .. }) if !is_count => {
                let found = Dtype::I64;
                return Err(WeightsError::tensor(decl.name, TensorFault::NotFloat { found }));
            }
            Some(tensor) if tensor.shape == decl.shape && tensor.data.len() == decl.elements() => {}
            Some(tensor) => wrong.shapes.push((decl.name, tensor.shape.clone(), decl.shape)),
            None if is_count => drop(counters.insert(decl.name, Tensor::count(0))),
            None => wrong.missing.push(decl.name),
        }
    }
    wrong.unexpected = unused.into_iter().cloned().collect();
    if wrong.is_empty() { Ok(counters) } else { Err(WeightsError::Mismatch(Box::new(wrong))) }
}
