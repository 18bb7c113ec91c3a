//! What `tools/peers/infer.py` asks of a runtime: `PROGRAM MODELS NET BATCH THREADS PRECISION`, the first logit as a line
//! of JSON, then for every line of standard input, a number of seconds, the milliseconds of each batch as a JSON list.

use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

use rexnet_random::Stream;

/// What is to be run.
pub struct Job {
    /// Path of the ONNX file.
    pub onnx: String,
    /// Pictures in a batch, `[batch, 3, 224, 224]`.
    pub shape: [usize; 4],
    /// Those of `rexnet bench`.
    pub pixels: Vec<f32>,
    /// Threads.
    pub threads: usize,
}

/// Reads the command line.
pub fn job() -> Result<Job, Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [models, net, batch, threads, precision] = &words[..] else {
        return Err("usage: PROGRAM MODELS NET BATCH THREADS PRECISION".into());
    };
    if precision != "f32" {
        return Err(format!("runs no {precision} here").into());
    }
    let shape = [batch.parse()?, 3, 224, 224];
    let stream = Stream::new(0).named("pixels");
    let pixels = (0..shape.iter().product::<usize>() as u64).map(|i| (4.0 * stream.uniform(i) - 2.0) as f32);
    Ok(Job { onnx: format!("{models}/{net}.onnx"), shape, pixels: pixels.collect(), threads: threads.parse()? })
}

/// Answers until standard input ends; `run` gives the first logit.
pub fn serve(version: &str, mut run: impl FnMut() -> Result<f32, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    println!("{{\"version\": \"{version}\", \"logit\": {}}}", run()?);
    for line in std::io::stdin().lock().lines() {
        let (seconds, start) = (line?.trim().parse::<f64>()?, Instant::now());
        let mut times = Vec::new();
        while times.is_empty() || start.elapsed().as_secs_f64() < seconds {
            let begin = Instant::now();
            run()?;
            times.push(format!("{:.4}", begin.elapsed().as_secs_f64() * 1e3));
        }
        println!("[{}]", times.join(", "));
    }
    Ok(())
}
