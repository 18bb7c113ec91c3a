//! tract; further threads are those of its matrix products.

use tract_linalg::multithread::{Executor, set_default_executor};
use tract_onnx::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let job = rexnet_peers::job()?;
    if job.threads > 1 {
        set_default_executor(Executor::multithread(job.threads));
    }
    let plan = tract_onnx::onnx()
        .model_for_path(&job.onnx)?
        .with_input_fact(0, f32::fact(job.shape).into())?
        .into_optimized()?
        .into_runnable()?;
    let pixels = Tensor::from_shape(&job.shape, &job.pixels)?;
    rexnet_peers::serve("0.23", || {
        let logits = plan.run(tvec!(pixels.clone().into()))?;
        Ok(*logits[0].to_plain_array_view::<f32>()?.iter().next().ok_or("no logits")?)
    })
}
