//! Networks as ONNX files: the graph of `rexnet-spec` printed as operators of opset 17.
//!
//! Batch norm is folded into the layer before it, as the engine does. The batch is free, height and width are those of
//! the input contract (SAME padding depends on them). Every operator is an ordinary one: SiLU is `x sigmoid(x)`, since
//! opset 17 has none, and the partial shortcut is `Pad` and `Add`, the fastest of the three forms timed in ONNX
//! Runtime. Preprocessing, class names and the network description travel as metadata. Equal models give equal bytes.

mod builder;
mod fold;
mod printer;
mod proto;
#[cfg(test)]
mod tests;

use prost::Message;
use rexnet_spec::{Input, NetSpec, SpecError};

use builder::batched;

/// Operator set of the files written here.
pub const OPSET: i64 = 17;
/// Name of the one input, f32 `[batch, channels, height, width]`.
pub const INPUT: &str = "pixels";
/// Name of the one output, f32 `[batch, classes]`.
pub const OUTPUT: &str = "logits";
/// `ModelProto.ir_version` that opset 17 came with.
const IR_VERSION: i64 = 8;

/// What a tensor source may answer instead of a tensor.
pub type ReadError = Box<dyn std::error::Error + Send + Sync>;

/// Why a network cannot be printed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The network has no graph at its input size.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The source has no such tensor.
    #[error("cannot read tensor {name}")]
    Read {
        /// The tensor asked for.
        name: String,
        /// What the source says.
        #[source]
        source: ReadError,
    },
    /// The source gave a tensor of another size.
    #[error("tensor {name} has {got} elements, the network has {wanted}")]
    Elements {
        /// The tensor asked for.
        name: String,
        /// Elements that the network has.
        wanted: usize,
        /// Elements that came.
        got: usize,
    },
    /// Class names that do not fit the classifier.
    #[error("{got} class names for {wanted} outputs")]
    Classes {
        /// Outputs of the classifier.
        wanted: usize,
        /// Names given.
        got: usize,
    },
    /// A description that its own text format cannot hold.
    #[error("cannot write the {part} description")]
    Describe {
        /// Metadata key.
        part: &'static str,
        /// What the format says.
        #[source]
        source: ReadError,
    },
}

/// The bytes of an ONNX file of `net` at its evaluation size. `read` gives a tensor's elements in row-major order by
/// the name in [`rexnet_spec::Graph::tensors`]; each is asked for once. `classes` is empty or one name an output.
/// # Errors
/// See [`OnnxError`].
pub fn encode(
    net: &NetSpec,
    classes: &[String],
    read: &mut dyn FnMut(&str) -> Result<Vec<f32>, ReadError>,
) -> Result<Vec<u8>, OnnxError> {
    let outputs = net.classes as usize;
    if !classes.is_empty() && classes.len() != outputs {
        return Err(OnnxError::Classes { wanted: outputs, got: classes.len() });
    }
    let graph = net.graph(net.input.eval_size())?;
    let picture = graph.input;
    let input = batched(INPUT, &[picture.c, picture.h, picture.w], &preparation(&net.input));
    let output = batched(OUTPUT, &[net.classes], "Logits, before the softmax; names in the metadata key `classes`.");
    let model = proto::Model {
        ir_version: Some(IR_VERSION),
        producer_name: Some("rexnet".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        doc_string: Some(format!("{}, an image classifier with {} classes", net.name, net.classes)),
        graph: Some(printer::print(&graph, read)?.finish(&net.name, input, output)),
        opset_import: vec![proto::OperatorSet { domain: Some(String::new()), version: Some(OPSET) }],
        metadata_props: metadata(net, classes)?,
    };
    Ok(model.encode_to_vec())
}

/// `classes` (JSON list), `input` (JSON of the input contract) and `net` (the TOML text of the description).
fn metadata(net: &NetSpec, classes: &[String]) -> Result<Vec<proto::StringPair>, OnnxError> {
    let failed = |part| move |source: ReadError| OnnxError::Describe { part, source };
    let names = serde_json::to_string(classes).map_err(|e| failed("classes")(e.into()))?;
    let input = serde_json::to_string(&net.input).map_err(|e| failed("input")(e.into()))?;
    let mut pairs = vec![("input", input), ("net", net.to_toml())];
    if !classes.is_empty() {
        pairs.insert(0, ("classes", names));
    }
    let pair = |(key, value): (&str, String)| proto::StringPair { key: Some(key.into()), value: Some(value) };
    Ok(pairs.into_iter().map(pair).collect())
}

fn preparation(input: &Input) -> String {
    format!(
        "Pictures as [batch, channel, row, column], {}, each plane (value / 255 - mean) / std with mean {:?} and std \
         {:?}; the metadata key `input` has the whole preparation.",
        if input.channels == 1 { "grey" } else { "RGB" },
        input.mean,
        input.std
    )
}
