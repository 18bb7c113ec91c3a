//! Memory planned once: each value gets a slot, and a slot is used again when its last reader is done.

use rexnet_spec::{Graph, Value};

use crate::join::Step;

/// Which slot each value lives in, and how large each slot is, in values of one picture.
pub(crate) struct Slots {
    of_value: Vec<usize>,
    pub(crate) sizes: Vec<usize>,
}

impl Slots {
    pub(crate) fn of(&self, value: Value) -> usize {
        self.of_value[value.0]
    }
}

/// Gives every step's output a slot that none of its inputs, and no value still to be read, lives in.
pub(crate) fn slots(graph: &Graph, steps: &[Step]) -> Slots {
    let mut last_reader = vec![0; graph.nodes.len() + 1];
    for (at, step) in steps.iter().enumerate() {
        for value in &step.inputs {
            last_reader[value.0] = at;
        }
    }
    let mut slots = Slots { of_value: vec![0; graph.nodes.len() + 1], sizes: vec![graph.input.elements() as usize] };
    let mut free: Vec<usize> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let size = graph.shape(step.out).elements() as usize;
        let slot = free.pop().unwrap_or_else(|| {
            slots.sizes.push(0);
            slots.sizes.len() - 1
        });
        slots.sizes[slot] = slots.sizes[slot].max(size);
        slots.of_value[step.out.0] = slot;
        let mut ended: Vec<usize> =
            step.inputs.iter().filter(|v| last_reader[v.0] == at).map(|&v| slots.of(v)).collect();
        ended.sort_unstable();
        ended.dedup();
        free.extend(ended);
    }
    slots
}
