//! How blocks fall into stages, and where the map is halved.

use crate::Family;
use crate::rule::apportion;

/// Blocks that share a resolution (or, in the fourth and fifth group of rexnet, a place in the reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) blocks: u32,
    pub(crate) stride: u32,
}

/// How any number of blocks falls into stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The six groups of rexnet, 1-2-2-3-3-5 of sixteen, by largest remainder; fewer than six blocks leave out the
    /// fifth group (which does not stride), then the last ones.
    Groups {
        /// Stride of each group's first block.
        strides: [u32; 6],
    },
    /// The paper's CIFAR networks: three stages, the third takes what thirds leave over.
    Thirds {
        /// Stride of each third's first block.
        strides: [u32; 3],
    },
}

const GROUP_SHARES: [u32; 6] = [1, 2, 2, 3, 3, 5];
/// The groups by importance: the first `depth` of them, in order, serve networks of fewer than six blocks.
const SHALLOW_GROUPS: [&[usize]; 6] = [&[], &[0], &[0, 1], &[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 2, 3, 5]];

impl Layout {
    /// Rexnet's: a stem of stride 2 and four more halvings give 1/32 of the picture.
    pub const REXNET: Self = Self::Groups { strides: [1, 2, 2, 2, 1, 2] };
    /// The CIFAR networks': two halvings.
    pub const CIFAR: Self = Self::Thirds { strides: [1, 2, 2] };

    pub(crate) fn stages(&self, depth: u32) -> Vec<Stage> {
        let stage = |(blocks, stride): (u32, u32)| Stage { blocks, stride };
        match self {
            Self::Groups { strides } => match SHALLOW_GROUPS.get(depth as usize) {
                Some(groups) => groups.iter().map(|&group| stage((1, strides[group]))).collect(),
                None => apportion(depth, &GROUP_SHARES).into_iter().zip(*strides).map(stage).collect(),
            },
            Self::Thirds { strides } => {
                let third = depth / 3;
                let blocks = [third, third, depth - 2 * third];
                blocks.into_iter().zip(*strides).map(stage).filter(|stage| stage.blocks > 0).collect()
            }
        }
    }

    fn strides_mut(&mut self) -> &mut [u32] {
        match self {
            Self::Groups { strides } => strides,
            Self::Thirds { strides } => strides,
        }
    }
}

/// The last map must keep this many pixels a side; a 224-pixel picture keeps 7.
const SMALLEST_LAST_MAP: u32 = 4;

impl Family {
    /// The family for pictures of `[height, width]` pixels. Where the last map would be under 4 pixels a side, strides
    /// are left out: first the stem's (if `may_open_stem`), then the stages', earliest first, as CIFAR networks do it.
    #[must_use]
    pub fn for_size(mut self, size: [u32; 2], may_open_stem: bool) -> Self {
        self.input.size = size;
        if may_open_stem && self.last_map() < SMALLEST_LAST_MAP {
            self.stem_stride = 1;
        }
        while self.last_map() < SMALLEST_LAST_MAP {
            let Some(stride) = self.layout.strides_mut().iter_mut().find(|stride| **stride > 1) else { break };
            *stride = 1;
        }
        self
    }

    /// Shorter side of the map behind the last block.
    fn last_map(&self) -> u32 {
        let side = self.input.size[0].min(self.input.size[1]);
        let strides = self.layout.stages(self.depth).into_iter().map(|stage| stage.stride);
        std::iter::once(self.stem_stride).chain(strides).fold(side, |side, stride| side.div_ceil(stride.max(1)))
    }
}
