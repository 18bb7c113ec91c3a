//! Runs a written ONNX file with rten, a runtime that is not ours, and holds its logits against the engine's.

use std::path::Path;

use rexnet_random::Stream;
use rexnet_spec::Shape;
use rten::{ModelOptions, op_registry};
use rten_tensor::{AsView, NdTensor};

use crate::{Agreement, Error, Result};

/// Batches tried: the batch dimension must be free.
const BATCHES: [usize; 2] = [2, 1];
/// Largest difference allowed, as a share of the largest logit (of 1, where all are smaller).
const TOLERANCE: f32 = 1e-4;

/// Runs the file on fixed noise in batches of two and one, and `ours` on the same. `ours` gets pixels as
/// `[batch, channels, height, width]` and the batch, and gives `[batch, classes]` logits.
/// # Errors
/// `Failed`, when rten cannot read or run the file, or the logits differ by more than 1e-4 of the largest; what
/// `ours` answers.
pub(crate) fn check(
    file: &Path,
    input: Shape,
    mut ours: impl FnMut(&[f32], usize) -> Result<Vec<f32>>,
) -> Result<Agreement> {
    let failed = |why: &dyn std::fmt::Display| {
        let help = "the file was not kept; are the weights themselves finite? If so, this is a defect to report";
        Error::failed(format!("the ONNX file was run by rten as a check: {why}"), help)
    };
    let bytes = std::fs::read(file).map_err(Error::file(file))?;
    let model = ModelOptions::with_ops(operators()).load(bytes).map_err(|e| failed(&e))?;
    let mut seen = Agreement { pictures: 0, largest_logit: 0.0, difference: 0.0 };
    for batch in BATCHES {
        let shape = [batch, input.c as usize, input.h as usize, input.w as usize];
        let pixels = noise(shape.iter().product());
        let wanted = ours(&pixels, batch)?;
        let pixels = NdTensor::from_data(shape, pixels);
        let output = model.run_one(pixels.view().into(), None).map_err(|e| failed(&e))?;
        let logits: NdTensor<f32, 2> = output.try_into().map_err(|e| failed(&e))?;
        let logits = logits.to_vec();
        if logits.len() != wanted.len() {
            return Err(failed(&format_args!("{} logits where the engine has {}", logits.len(), wanted.len())));
        }
        seen.pictures += batch;
        for (&theirs, &ours) in logits.iter().zip(&wanted) {
            seen.largest_logit = larger(seen.largest_logit, ours.abs());
            seen.difference = larger(seen.difference, (theirs - ours).abs());
        }
    }
    if seen.difference <= TOLERANCE * seen.largest_logit.max(1.0) {
        return Ok(seen);
    }
    let Agreement { difference, largest_logit, .. } = seen;
    Err(failed(&format_args!("logits differ from the engine's by {difference} where the largest is {largest_logit}")))
}

/// The operators that `rexnet_weights::onnx` prints. With these the check adds 2.4 MB to the binary, with all of
/// rten's 4.3 MB.
fn operators() -> rten::OpRegistry {
    op_registry!(
        Add,
        BatchNormalization,
        Clip,
        Conv,
        Elu,
        Flatten,
        Gemm,
        GlobalAveragePool,
        HardSwish,
        LeakyRelu,
        Mul,
        Pad,
        Relu,
        Sigmoid,
        Softplus
    )
}

/// Noise of the spread that normalised pictures have.
fn noise(n: usize) -> Vec<f32> {
    let stream = Stream::new(0).named("onnx_check");
    (0..n as u64).map(|i| (4.0 * stream.uniform(i) - 2.0) as f32).collect()
}

/// The larger of two, NaN before all, so that a NaN never passes as agreement.
fn larger(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    use rexnet_spec::NetSpec;
    use rexnet_testkit::shaken;
    use rexnet_weights::onnx;

    const INPUT: Shape = Shape { c: 3, h: 32, w: 32 };

    fn written(folder: &Path) -> std::path::PathBuf {
        let mut net = NetSpec::named("rexnet_100").expect("a known network");
        (net.classes, net.input.size) = (5, [INPUT.h, INPUT.w]);
        let tensors = net.graph(net.input.size).expect("a graph").tensors();
        let mut read = |name: &str| Ok(tensors.iter().find(|t| t.name == name).map(shaken).unwrap_or_default());
        let path = folder.join("net.onnx");
        std::fs::write(&path, onnx::encode(&net, &[], &mut read).expect("a file")).expect("written");
        path
    }

    /// The file's own logits, through rten with every operator.
    fn echo(path: &Path) -> impl FnMut(&[f32], usize) -> Vec<f32> {
        let model = rten::Model::load_file(path).expect("rten reads it");
        move |pixels, batch| {
            let pixels = NdTensor::from_data([batch, 3, 32, 32], pixels.to_vec());
            let output = model.run_one(pixels.view().into(), None).expect("rten runs it");
            NdTensor::<f32, 2>::try_from(output).expect("a matrix").to_vec()
        }
    }

    #[test]
    fn equal_logits_pass_and_a_slightly_wrong_or_undefined_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = written(folder.path());
        let mut same = echo(&path);
        let agreement = check(&path, INPUT, |x, n| Ok(same(x, n))).expect("equal");
        assert_eq!((agreement.pictures, agreement.difference), (3, 0.0));
        let off = 2.0 * TOLERANCE * agreement.largest_logit.max(1.0);
        for wrong in [off, f32::NAN] {
            let shifted = |x: &[f32], n: usize| {
                let mut logits = same(x, n);
                *logits.last_mut().expect("logits") += wrong;
                Ok(logits)
            };
            let error = check(&path, INPUT, shifted).expect_err("a wrong logit");
            assert!(error.to_string().contains("logits differ from the engine's by"), "{error}");
        }
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = written(folder.path());
        let bytes = std::fs::read(&path).expect("the file");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
        let error = check(&path, INPUT, |_, n| Ok(vec![0.0; 5 * n])).expect_err("half a file");
        assert!(error.to_string().contains("the ONNX file was run by rten as a check:"), "{error}");
    }
}
