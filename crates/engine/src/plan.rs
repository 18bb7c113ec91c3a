//! What runs: a stem, blocks and a head, their weights packed, their memory and their cuts decided once.

use rexnet_kernels::{Act, Cuts, Dense, Isa, Map, Packed, Products, Taps};

use crate::profile::StepTime;

/// A network for pictures of one size.
pub(crate) struct Plan {
    pub(crate) isa: Isa,
    /// How most products are made; each layer says how its own are, and what they read.
    pub(crate) products: Products,
    pub(crate) picture: Map,
    pub(crate) stem: Stem,
    pub(crate) blocks: Vec<Block>,
    pub(crate) head: Head,
    /// Every step of the graph, in order; times are booked by index.
    pub(crate) steps: Vec<StepTime>,
}

/// The convolution over the picture.
pub(crate) struct Stem {
    pub(crate) step: usize,
    pub(crate) dense: Dense,
    pub(crate) act: Act,
    pub(crate) out: Map,
}

/// Expansion, depthwise convolution, gate, projection and shortcut.
pub(crate) struct Block {
    pub(crate) source: Source,
    /// What the depthwise convolution reads, and the zeros above it and to its left.
    pub(crate) wide: Map,
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) step: usize,
    pub(crate) taps: Taps,
    pub(crate) act: Act,
    /// What it makes.
    pub(crate) mid: Map,
    pub(crate) gate: Option<Gate>,
    pub(crate) project: Layer,
    /// Channels of the input that are added to the output.
    pub(crate) shortcut: usize,
    pub(crate) out: Map,
    /// Planes that pass through expansion and depthwise convolution together: those of a panel, where there is one.
    pub(crate) parts: Cuts,
    /// Parts that the projection reads together.
    pub(crate) groups: Groups,
    /// Whether the depthwise convolution makes at once what the projection reads: each group is then one part.
    pub(crate) rounds: bool,
}

/// Some planes of a map at a time, as many as make whole planes of what the next product reads.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Groups {
    pub(crate) planes: Cuts,
    /// The planes that the next product reads of them.
    pub(crate) operand: Cuts,
    /// The parts, or panels, that they are.
    pub(crate) parts: Cuts,
}

/// Where the map under the depthwise convolution comes from.
pub(crate) enum Source {
    /// From the picture, by the stem.
    Stem,
    /// It is the block's input.
    Input,
    /// From the block's input, by a 1x1 convolution.
    Expand(Layer),
}

/// Squeeze-excitation, and what follows its product.
pub(crate) struct Gate {
    /// The pool's and the product's.
    pub(crate) steps: [usize; 2],
    pub(crate) reduce: Layer,
    pub(crate) expand: Layer,
    pub(crate) act: Act,
    /// What passes through `expand` and the gate together.
    pub(crate) groups: Groups,
}

/// A 1x1 convolution or fully connected layer with its activation.
pub(crate) struct Layer {
    pub(crate) step: usize,
    pub(crate) weights: Packed,
    pub(crate) act: Act,
}

/// The last convolution, the pool, and what follows it.
pub(crate) struct Head {
    pub(crate) conv: Option<Layer>,
    /// The pool's.
    pub(crate) step: usize,
    /// What is pooled.
    pub(crate) map: Map,
    pub(crate) layers: Vec<Layer>,
}

impl Plan {
    /// Logits of a picture.
    pub(crate) fn classes(&self) -> usize {
        self.head.layers.last().map_or(self.head.map.c, |layer| layer.weights.c_out())
    }

    /// Features of a picture: what the pool makes.
    pub(crate) fn width(&self) -> usize {
        self.head.conv.as_ref().map_or(self.head.map.c, |conv| conv.weights.c_out())
    }

    /// Planes of a map.
    pub(crate) fn planes(&self, map: Map) -> usize {
        map.c.div_ceil(self.isa.lanes())
    }

    /// Values of a map in planes.
    pub(crate) fn values(&self, map: Map) -> usize {
        self.planes(map) * map.area() * self.isa.lanes()
    }
}

impl Layer {
    /// Whether it reads another map than one of f32.
    pub(crate) fn is_narrow(&self) -> bool {
        self.weights.planes_of_a_plane() > 1
    }

    /// Planes of what it reads of so many planes of f32.
    pub(crate) fn planes(&self, of_f32: usize) -> usize {
        of_f32.div_ceil(self.weights.planes_of_a_plane())
    }

    /// Values of what it reads of so many pixels, where that is another map than one of f32.
    pub(crate) fn operand(&self, pixels: usize) -> usize {
        let lanes = self.weights.isa().lanes();
        if self.is_narrow() { self.planes(self.weights.c_in().div_ceil(lanes)) * pixels * lanes } else { 0 }
    }
}

impl Groups {
    /// Joins parts until each group but the last has a multiple of `multiple` planes.
    pub(crate) fn of(parts: &Cuts, multiple: usize) -> Self {
        let mut groups: Vec<(usize, usize)> = Vec::new();
        for part in parts.ranges() {
            match groups.last_mut() {
                Some((planes, parts)) if !planes.is_multiple_of(multiple) => {
                    *planes += part.len();
                    *parts += 1;
                }
                _ => groups.push((part.len(), 1)),
            }
        }
        Self {
            planes: Cuts::of(groups.iter().map(|&(planes, _)| planes)),
            operand: Cuts::of(groups.iter().map(|&(planes, _)| planes.div_ceil(multiple))),
            parts: Cuts::of(groups.iter().map(|&(_, parts)| parts)),
        }
    }
}

impl Block {
    /// Rows and columns of the framed map that `rows` rows of the depthwise convolution read.
    pub(crate) fn frame(&self, rows: usize) -> [usize; 2] {
        let reach = |n: usize| (n - 1) * self.taps.stride() + self.taps.kernel();
        [reach(rows), reach(self.mid.w).max(self.left + self.wide.w)]
    }
}
