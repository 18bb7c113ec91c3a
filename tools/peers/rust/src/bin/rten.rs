//! rten.

use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let job = rexnet_peers::job()?;
    // SAFETY: no other thread is there yet. The variable is how rten is told.
    unsafe { std::env::set_var("RTEN_NUM_THREADS", job.threads.to_string()) };
    let model = rten::Model::load_file(&job.onnx)?;
    let pixels = NdTensor::from_data(job.shape, job.pixels);
    rexnet_peers::serve("0.27", || {
        let logits: NdTensor<f32, 2> = model.run_one(pixels.view().into(), None)?.try_into()?;
        Ok(logits[[0, 0]])
    })
}
