//! Tensor names of each pattern. The only place that knows how a module is called.

use serde::{Deserialize, Serialize};

use crate::{NetSpec, NormNames};

/// Pattern of the tensor names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// timm's rexnet: `stem`, `features.N.conv_exp`, `head.fc`; lite's head is `head.{fc1,bn,fc2}`.
    Rexnet,
    /// timm's efficientnet builder (MobileNetV2 too): `conv_stem`, `blocks.S.B.conv_pw`, `classifier`.
    Efficientnet,
}

/// A place in the network that owns tensors: one convolution or fully connected layer and the batch norm behind it.
/// Blocks are counted from 0 through the whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// First convolution.
    Stem,
    /// Expanding 1x1 of a block.
    Expand(usize),
    /// Depthwise convolution of a block.
    Depthwise(usize),
    /// Projecting 1x1 of a block.
    Project(usize),
    /// First 1x1 of a block's squeeze-excitation.
    SeReduce(usize),
    /// Second 1x1 of a block's squeeze-excitation.
    SeExpand(usize),
    /// Last convolution, before the pool.
    HeadConv,
    /// Hidden fully connected layer behind the pool.
    HeadHidden,
    /// Classifier.
    Classifier,
}

impl NetSpec {
    /// Every part that owns tensors, in order of execution.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part::Stem];
        for (i, block) in self.blocks.iter().enumerate() {
            parts.extend(block.hidden.map(|_| Part::Expand(i)));
            parts.push(Part::Depthwise(i));
            parts.extend(block.se.iter().flat_map(|_| [Part::SeReduce(i), Part::SeExpand(i)]));
            parts.push(Part::Project(i));
        }
        parts.extend(self.head.channels.map(|_| Part::HeadConv));
        parts.extend(self.head.hidden.map(|_| Part::HeadHidden));
        parts.push(Part::Classifier);
        parts
    }

    /// Whether a batch norm follows `part`.
    pub fn has_norm(&self, part: Part) -> bool {
        match part {
            Part::SeReduce(i) => self.blocks[i].se.is_some_and(|se| se.norm),
            Part::SeExpand(_) | Part::Classifier => false,
            _ => true,
        }
    }

    /// Whether the layer at `part` has a bias.
    pub fn has_bias(part: Part) -> bool {
        matches!(part, Part::SeReduce(_) | Part::SeExpand(_) | Part::HeadHidden | Part::Classifier)
    }

    /// Module name of the convolution or fully connected layer at `part`.
    pub fn module(&self, part: Part) -> String {
        match self.naming {
            Naming::Rexnet => format!("{}.{}", self.rexnet_unit(part), self.rexnet_leaf(part)),
            Naming::Efficientnet => self.efficientnet_module(part),
        }
    }

    /// Module name of the batch norm that follows `part`; meaningless where [`NetSpec::has_norm`] is false.
    pub fn norm_module(&self, part: Part) -> String {
        match self.naming {
            Naming::Rexnet => format!("{}.bn", self.rexnet_unit(part)),
            Naming::Efficientnet => self.efficientnet_norm(part),
        }
    }

    /// Module name of block `i`.
    pub(crate) fn block_module(&self, i: usize) -> String {
        match self.naming {
            Naming::Rexnet => format!("features.{i}"),
            Naming::Efficientnet => self.stage_block(i),
        }
    }

    /// What holds a layer and its batch norm.
    fn rexnet_unit(&self, part: Part) -> String {
        match part {
            Part::Stem => "stem".into(),
            Part::Expand(i) => format!("features.{i}.conv_exp"),
            Part::Depthwise(i) => format!("features.{i}.conv_dw"),
            Part::Project(i) => format!("features.{i}.conv_pwl"),
            Part::SeReduce(i) | Part::SeExpand(i) => format!("features.{i}.se"),
            Part::HeadConv => format!("features.{}", self.blocks.len()),
            Part::HeadHidden | Part::Classifier => "head".into(),
        }
    }

    fn rexnet_leaf(&self, part: Part) -> &'static str {
        match part {
            Part::SeReduce(_) | Part::HeadHidden => "fc1",
            Part::SeExpand(_) => "fc2",
            Part::Classifier if self.head.hidden.is_some() => "fc2",
            Part::Classifier => "fc",
            Part::Stem | Part::Expand(_) | Part::Depthwise(_) | Part::Project(_) | Part::HeadConv => "conv",
        }
    }

    fn efficientnet_module(&self, part: Part) -> String {
        match part {
            Part::Stem => "conv_stem".into(),
            Part::Expand(i) => format!("{}.conv_pw", self.stage_block(i)),
            Part::Depthwise(i) => format!("{}.conv_dw", self.stage_block(i)),
            Part::Project(i) if self.blocks[i].hidden.is_none() => format!("{}.conv_pw", self.stage_block(i)),
            Part::Project(i) => format!("{}.conv_pwl", self.stage_block(i)),
            Part::SeReduce(i) => format!("{}.se.conv_reduce", self.stage_block(i)),
            Part::SeExpand(i) => format!("{}.se.conv_expand", self.stage_block(i)),
            Part::HeadConv => "conv_head".into(),
            Part::HeadHidden => "head_hidden".into(),
            Part::Classifier => "classifier".into(),
        }
    }

    fn efficientnet_norm(&self, part: Part) -> String {
        let nth = |i: usize, n: u32| {
            let n = if self.blocks[i].hidden.is_none() { n - 1 } else { n };
            format!("{}.bn{n}", self.stage_block(i))
        };
        match part {
            Part::Stem => "bn1".into(),
            Part::Expand(i) => nth(i, 1),
            Part::Depthwise(i) => nth(i, 2),
            Part::Project(i) => nth(i, 3),
            Part::SeReduce(i) | Part::SeExpand(i) => format!("{}.se.bn", self.stage_block(i)),
            Part::HeadConv => "bn2".into(),
            Part::HeadHidden | Part::Classifier => "head_bn".into(),
        }
    }

    /// `blocks.S.B` of block `i`.
    fn stage_block(&self, i: usize) -> String {
        let mut first = 0;
        for (stage, &len) in self.stages.iter().enumerate() {
            if i < first + len as usize {
                return format!("blocks.{stage}.{}", i - first);
            }
            first += len as usize;
        }
        format!("blocks.{}.{}", self.stages.len(), i - first)
    }
}

impl NormNames {
    pub(crate) fn of(module: &str) -> Self {
        let name = |leaf: &str| format!("{module}.{leaf}");
        Self {
            weight: name("weight"),
            bias: name("bias"),
            mean: name("running_mean"),
            var: name("running_var"),
            count: name("num_batches_tracked"),
        }
    }
}
