//! An ONNX graph under construction: nodes in order, initializers by name, nothing about networks.

use super::proto::{
    Attribute, Dimension, Extent, FLOAT, Graph, INT64, Node, Tensor, TensorShape, TensorType, Type, ValueInfo,
    attribute_type,
};

/// The value of a node's attribute.
pub(super) enum Attr<'a> {
    Int(i64),
    Ints(&'a [i64]),
    Float(f32),
}

#[derive(Default)]
pub(super) struct Builder {
    nodes: Vec<Node>,
    initializers: Vec<Tensor>,
}

impl Builder {
    /// Adds an operator whose one output is called `name`, and returns that name.
    pub(super) fn node(&mut self, op: &str, name: &str, inputs: &[&str], attributes: &[(&str, Attr)]) -> String {
        self.nodes.push(Node {
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: Some(name.to_owned()),
            op_type: Some(op.to_owned()),
            attribute: attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
        });
        name.to_owned()
    }

    /// Adds a constant of `f32` under a name not used before.
    pub(super) fn floats(&mut self, name: &str, dims: &[i64], values: &[f32]) -> String {
        self.initializer(name, dims, FLOAT, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Adds a constant vector of `i64`, unless one of that name is there already.
    pub(super) fn ints(&mut self, name: &str, values: &[i64]) -> String {
        let dims = [values.len() as i64];
        self.initializer(name, &dims, INT64, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Adds a constant scalar, unless one of that name is there already.
    pub(super) fn scalar(&mut self, name: &str, value: f32) -> String {
        if self.initializers.iter().any(|t| t.name.as_deref() == Some(name)) {
            return name.to_owned();
        }
        self.floats(name, &[], &[value])
    }

    fn initializer(&mut self, name: &str, dims: &[i64], data_type: i32, raw: Vec<u8>) -> String {
        self.initializers.push(Tensor {
            dims: dims.to_vec(),
            data_type: Some(data_type),
            name: Some(name.to_owned()),
            raw_data: Some(raw),
        });
        name.to_owned()
    }

    /// Closes the graph. `output` renames the value that the last node makes.
    pub(super) fn finish(mut self, name: &str, input: ValueInfo, output: ValueInfo) -> Graph {
        if let Some(last) = self.nodes.last_mut() {
            last.output = output.name.iter().cloned().collect();
        }
        Graph {
            node: self.nodes,
            name: Some(name.to_owned()),
            initializer: self.initializers,
            input: vec![input],
            output: vec![output],
        }
    }
}

/// A value of `f32` whose first dimension is the free batch.
pub(super) fn batched(name: &str, dims: &[u32], doc: &str) -> ValueInfo {
    let batch = Extent::Free("batch".to_owned());
    let fixed = dims.iter().map(|&d| Extent::Fixed(i64::from(d)));
    let dim = std::iter::once(batch).chain(fixed).map(|extent| Dimension { value: Some(extent) }).collect();
    let tensor = TensorType { elem_type: Some(FLOAT), shape: Some(TensorShape { dim }) };
    ValueInfo {
        name: Some(name.to_owned()),
        r#type: Some(Type { tensor_type: Some(tensor) }),
        doc_string: Some(doc.to_owned()),
    }
}

fn attribute(name: &str, value: &Attr) -> Attribute {
    let mut attribute = Attribute { name: Some(name.to_owned()), ..Attribute::default() };
    match value {
        Attr::Int(i) => {
            attribute.i = Some(*i);
            attribute.r#type = Some(attribute_type::INT);
        }
        Attr::Ints(ints) => {
            attribute.ints = ints.to_vec();
            attribute.r#type = Some(attribute_type::INTS);
        }
        Attr::Float(f) => {
            attribute.f = Some(*f);
            attribute.r#type = Some(attribute_type::FLOAT);
        }
    }
    attribute
}
