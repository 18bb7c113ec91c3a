//! What training changes, as plain slices in the graph's order.

use rexnet_spec::{Graph, NetSpec, Role, SpecError, TensorDecl};
use rexnet_weights::{Binding, Data, Tensor, Tensors, WeightsError, init};

/// The tensors of a network: parameters and running statistics in f32, and one counter of batches for all batch norms.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// What each slice is; batch counters are not among them.
    pub decls: Vec<TensorDecl>,
    /// The values of each.
    pub values: Vec<Vec<f32>>,
    /// Names of the batch counters.
    pub(crate) counters: Vec<String>,
    /// Batches that the running statistics have seen in this training.
    pub batches: i64,
}

impl State {
    /// The tensors of `graph` with the values that `read` gives for each.
    /// # Errors
    /// What `read` says.
    pub fn new<E>(graph: &Graph, mut read: impl FnMut(&TensorDecl) -> Result<Vec<f32>, E>) -> Result<Self, E> {
        let (counters, decls): (Vec<_>, Vec<_>) =
            graph.tensors().into_iter().partition(|decl| decl.role == Role::BatchCount);
        let values = decls.iter().map(&mut read).collect::<Result<_, E>>()?;
        Ok(Self { decls, values, counters: counters.into_iter().map(|decl| decl.name).collect(), batches: 0 })
    }

    /// Fresh weights, a function of the seed and each tensor's name.
    /// # Errors
    /// What is impossible about the network.
    pub fn init(spec: &NetSpec, seed: u64) -> Result<Self, SpecError> {
        let mut fresh = init(spec, seed)?;
        Self::new(&spec.graph(spec.input.size)?, |decl| match fresh.remove(&decl.name) {
            Some(Tensor { data: Data::F32(values), .. }) => Ok(values),
            _ => unreachable!("every tensor of a network is made, and counters are not asked for"),
        })
    }

    /// The tensors of an opened file.
    /// # Errors
    /// As [`Binding::read_f32`].
    pub fn read(graph: &Graph, binding: &Binding) -> Result<Self, WeightsError> {
        Self::new(graph, |decl| binding.read_f32(&decl.name))
    }

    /// As a model file holds them, batch counters included.
    pub fn tensors(&self) -> Tensors {
        let count = |name: &String| (name.clone(), Tensor::count(self.batches));
        let slices = self.decls.iter().zip(&self.values);
        slices
            .map(|(decl, values)| (decl.name.clone(), Tensor::f32(decl.shape.clone(), values.clone())))
            .chain(self.counters.iter().map(count))
            .collect()
    }

    /// The values of a tensor by its name in the network.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        let at = self.decls.iter().position(|decl| decl.name == name)?;
        Some(&self.values[at])
    }
}
