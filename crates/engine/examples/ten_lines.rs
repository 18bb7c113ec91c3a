//! A network from its name to logits, with this crate and `rexnet-spec` alone.
#![allow(clippy::print_stdout, reason = "an example")]

use std::collections::HashMap;

use rexnet_engine::Engine;
use rexnet_spec::NetSpec;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = NetSpec::named("rexnet_100")?.graph([224, 224])?;
    // Here stands what reads a model file: a tensor's values by its name.
    let sizes: HashMap<_, _> = graph.tensors().into_iter().map(|t| (t.name.clone(), t.elements())).collect();
    let mut engine = Engine::new(&graph, &mut |name| Ok(vec![0.01; sizes[name]]))?;
    let picture = vec![0.5; 3 * 224 * 224];
    let mut logits = vec![0.0; engine.classes()];
    engine.run(&picture, 1, &mut logits)?;
    println!("{} logits on {} threads with {}", logits.len(), engine.threads(), engine.isa());
    Ok(())
}
