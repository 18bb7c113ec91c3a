//! Where the time of a picture goes.

use std::time::{Duration, Instant};

use rexnet_spec::Graph;

use crate::join::Step;

/// What a step is made of, and what it took.
#[derive(Clone, Debug)]
pub struct StepTime {
    /// Name of the node in the graph, that of the convolution where more was joined to it.
    pub name: String,
    /// What it computes, in a few characters: `conv 3x3 s2 dw`.
    pub op: String,
    /// Multiply-adds of one picture.
    pub macs: u64,
    /// Bytes of its weights, inputs and outputs, were each touched once.
    pub bytes: u64,
    /// Thread time for one picture, summed over the threads.
    pub spent: Duration,
}

/// What the threads of an engine can do at most, measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Floating-point operations a second, two for a multiply-add.
    pub flops: f64,
    /// Bytes read a second from behind the second cache.
    pub bytes: f64,
}

impl StepTime {
    /// Thread time that the step takes at least on `threads` threads with these limits, by arithmetic or by bytes.
    /// Maps that never leave a cache can be faster.
    pub fn roofline(&self, limits: Limits, threads: usize) -> Duration {
        let least = (2.0 * self.macs as f64 / limits.flops).max(self.bytes as f64 / limits.bytes);
        Duration::from_secs_f64(least * threads as f64)
    }
}

/// Times of one thread, by step; off until asked.
#[derive(Default)]
pub(crate) struct Watch {
    spent: Option<Vec<Duration>>,
}

impl Watch {
    /// Begins to watch `steps` steps.
    pub(crate) fn on(&mut self, steps: usize) {
        self.spent = Some(vec![Duration::ZERO; steps]);
    }

    /// The times, and no more watching.
    pub(crate) fn off(&mut self) -> Vec<Duration> {
        self.spent.take().unwrap_or_default()
    }

    /// The time, where anyone wants to know.
    pub(crate) fn now(&self) -> Option<Instant> {
        self.spent.is_some().then(Instant::now)
    }

    /// Books the time since `start` on `step`.
    pub(crate) fn book(&mut self, step: usize, start: Option<Instant>) {
        if let (Some(spent), Some(start)) = (&mut self.spent, start) {
            spent[step] += start.elapsed();
        }
    }
}

/// The steps of a graph without their times.
pub(crate) fn steps(graph: &Graph, steps: &[Step]) -> Vec<StepTime> {
    let layers = graph.layers();
    let step = |step: &Step| {
        let (node, layer) = (&graph.nodes[step.node], &layers[step.node]);
        let values = node.out.elements() + step.inputs.iter().map(|&v| graph.shape(v).elements()).sum::<u64>();
        StepTime {
            name: layer.name.clone(),
            op: layer.op.clone(),
            macs: layer.cost.macs,
            bytes: 4 * (values + layer.cost.params),
            spent: Duration::ZERO,
        }
    };
    steps.iter().map(step).collect()
}
