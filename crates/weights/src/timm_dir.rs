//! `config.json` of a folder that `timm.create_model("local-dir:PATH", pretrained=True)` loads; beside it stands the
//! model file as `model.safetensors`. A network goes there only when a model of timm's has the same graph.

use rexnet_spec::{Act, Family, Graph, Input, Interpolation, NetSpec, Op, ResizeMode, Rounding};
use serde_json::{Map, Value, json};

/// timm's names for networks that our zoo knows by the same name.
const NAMED: [&str; 13] = [
    "rexnet_100",
    "rexnet_130",
    "rexnet_150",
    "rexnet_200",
    "rexnet_300",
    "rexnetr_100",
    "rexnetr_130",
    "rexnetr_150",
    "rexnetr_200",
    "rexnetr_300",
    "mobilenetv2_100",
    "efficientnet_b0",
    "tf_efficientnet_lite0",
];
/// The model of timm's that takes a width, a divisor and activations as arguments.
const SCALED: &str = "rexnet_100";
/// Output of its last 1x1 convolution at width 1.
const PENULTIMATE: f64 = 1280.0;
/// Widths tried over the range that gives one penultimate width.
const TRIED_WIDTHS: u32 = 32;

/// Why timm cannot build a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Inexpressible {
    /// No model of timm's has this graph.
    #[error("timm has no such network: the closest, `{closest}`, differs from `{part}` on")]
    Graph {
        /// The model that agrees the longest.
        closest: String,
        /// First operation that differs, by its module's name.
        part: String,
    },
    /// timm's transforms cannot do what the input contract says.
    #[error("timm cannot prepare pictures this way: {field} is {value}")]
    Input {
        /// Field of the input contract.
        field: &'static str,
        /// What it holds.
        value: &'static str,
    },
    /// The network has no graph at its input size.
    #[error(transparent)]
    Spec(#[from] rexnet_spec::SpecError),
}

/// A model of timm's by its registered name and the arguments beyond the name.
#[derive(Clone, Debug, PartialEq)]
pub struct TimmModel {
    /// Registered name.
    pub architecture: &'static str,
    /// Arguments of `create_model`, as JSON values.
    pub args: Map<String, Value>,
}

impl TimmModel {
    /// The model of timm's with the same graph as `net`, whatever its name, classes and preparation.
    /// # Errors
    /// `Graph`, when there is none.
    pub fn of(net: &NetSpec) -> Result<Self, Inexpressible> {
        let wanted = net.graph(net.input.size)?;
        let mut closest = (0, String::new());
        for (mut model, candidate) in named().chain(scaled(net)) {
            let Ok(graph) = dressed_as(candidate, net).graph(net.input.size) else { continue };
            let shared = agreement(&wanted, &graph);
            if shared == wanted.nodes.len() && shared == graph.nodes.len() {
                if net.input.channels != 3 {
                    model.args.insert("in_chans".into(), json!(net.input.channels));
                }
                return Ok(model);
            }
            if shared > closest.0 || closest.1.is_empty() {
                closest = (shared, model.architecture.to_owned());
            }
        }
        let part = wanted.nodes.get(closest.0).map_or("its end", |node| &node.name);
        Err(Inexpressible::Graph { closest: closest.1, part: part.to_owned() })
    }
}

/// The text of `config.json`. `classes` is empty or one name an output.
/// # Errors
/// See [`Inexpressible`].
pub fn config(net: &NetSpec, classes: &[String]) -> Result<String, Inexpressible> {
    let model = TimmModel::of(net)?;
    let mut config = json!({
        "architecture": model.architecture,
        "num_classes": net.classes,
        "num_features": net.features(),
        "global_pool": "avg",
    });
    if !model.args.is_empty() {
        config["model_args"] = Value::Object(model.args);
    }
    if !classes.is_empty() {
        config["label_names"] = json!(classes);
    }
    config["pretrained_cfg"] = pretrained_cfg(net)?;
    Ok(format!("{config:#}\n"))
}

fn pretrained_cfg(net: &NetSpec) -> Result<Value, Inexpressible> {
    let input = &net.input;
    if !input.antialias {
        return Err(Inexpressible::Input { field: "antialias", value: "false" });
    }
    let size = |[height, width]: [u32; 2]| json!([input.channels, height, width]);
    let (crop_mode, crop_pct) = crop(input);
    let (first_conv, classifier) = ends(&net.graph(input.size)?);
    let mut cfg = json!({
        "num_classes": net.classes,
        "input_size": size(input.size),
        "fixed_input_size": false,
        "interpolation": match input.interpolation {
            Interpolation::Bilinear => "bilinear",
            Interpolation::Bicubic => "bicubic",
            Interpolation::Nearest => "nearest",
        },
        "crop_pct": crop_pct,
        "crop_mode": crop_mode,
        "mean": decimals(&input.mean),
        "std": decimals(&input.std),
        "first_conv": first_conv,
        "classifier": classifier,
        "custom_load": false,
    });
    if let Some(test) = input.test_size {
        cfg["test_input_size"] = size(test);
    }
    Ok(cfg)
}

/// The shortest decimals that are these f32; `Value` alone would widen 0.485 to 0.48500001430511475.
fn decimals(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| value.to_string().parse().unwrap_or(f64::from(*value))).collect()
}

/// timm's `crop_mode` and `crop_pct`.
fn crop(input: &Input) -> (&'static str, f64) {
    match input.resize {
        ResizeMode::Center => ("center", input.crop_pct),
        ResizeMode::Squash => ("squash", input.crop_pct),
        ResizeMode::Letterbox => ("border", 1.0),
    }
}

/// Module names of the first convolution and of the classifier.
fn ends(graph: &Graph) -> (String, String) {
    let name = |wanted: fn(&Op) -> bool, from_end: bool| {
        let mut nodes = graph.nodes.iter().filter(|node| wanted(&node.op));
        let node = if from_end { nodes.next_back() } else { nodes.next() };
        node.map(|node| node.name.clone()).unwrap_or_default()
    };
    (name(|op| matches!(op, Op::Conv { .. }), false), name(|op| matches!(op, Op::Linear { .. }), true))
}

/// `candidate` with what does not decide the arithmetic taken over from `net`.
fn dressed_as(candidate: NetSpec, net: &NetSpec) -> NetSpec {
    let mut dressed = NetSpec { classes: net.classes, input: net.input.clone(), ..candidate };
    dressed.norm.momentum = net.norm.momentum;
    dressed.head.dropout = net.head.dropout;
    dressed
}

/// Number of leading operations that two graphs share.
fn agreement(a: &Graph, b: &Graph) -> usize {
    a.nodes.iter().zip(&b.nodes).take_while(|(a, b)| a == b).count()
}

fn named() -> impl Iterator<Item = (TimmModel, NetSpec)> {
    NAMED.into_iter().filter_map(|architecture| {
        let net = NetSpec::named(architecture).ok()?;
        Some((TimmModel { architecture, args: Map::new() }, net))
    })
}

/// ReXNets of the widths, the activations and the presence of squeeze-excitation that `net` may have.
fn scaled(net: &NetSpec) -> impl Iterator<Item = (TimmModel, NetSpec)> {
    let act_dw = net.blocks.first().map_or(Act::Linear, |block| block.act_dw);
    let se = net.blocks.iter().any(|block| block.se.is_some());
    let acts = act_name(net.stem.act).zip(act_name(act_dw));
    let roundings = [(1, Rounding::Nearest), (8, Rounding::Multiple(8)), (16, Rounding::Multiple(16))];
    let points = net.head.channels.zip(acts).into_iter().flat_map(move |(pen, acts)| {
        let of = move |(divisor, rounding)| widths(pen, divisor).map(move |width| (divisor, rounding, width, acts));
        roundings.into_iter().flat_map(of)
    });
    let (act, family) = (net.stem.act, Family::rexnet());
    points.map(move |(divisor, rounding, width, (act_name, act_dw_name))| {
        let net = Family { act, act_dw, se, rounding, ..family.clone() }.at(width);
        let mut args = Map::new();
        let mut arg = |key: &str, value: Value, default: Value| {
            if value != default {
                args.insert(key.to_owned(), value);
            }
        };
        arg("width_mult", json!(width), json!(1.0));
        arg("ch_div", json!(divisor), json!(1));
        arg("act_layer", json!(act_name), json!("silu"));
        arg("dw_act_layer", json!(act_dw_name), json!("relu6"));
        if !se {
            arg("se_ratio", json!(0.0), Value::Null);
        }
        (TimmModel { architecture: SCALED, args }, net)
    })
}

/// Width multipliers at which timm's last 1x1 convolution has `pen` channels, the roundest first. timm rounds it to
/// the nearest multiple where the authors' code cuts it off, so some networks of theirs have no width here.
fn widths(pen: u32, divisor: u32) -> impl Iterator<Item = f64> {
    let (pen, step) = (f64::from(pen), f64::from(divisor));
    let (low, high) = ((pen - step) / PENULTIMATE, (pen + step) / PENULTIMATE);
    let grid = move |parts: f64| (1..).map(move |i| ((low * parts).floor() + f64::from(i)) / parts);
    let even = (0..=TRIED_WIDTHS).map(move |i| low + (high - low) * f64::from(i) / f64::from(TRIED_WIDTHS));
    let rounded = move |width: f64| (PENULTIMATE * width / step + 0.5).floor() * step;
    let within = move |width: &f64| *width < high;
    grid(100.0)
        .take_while(within)
        .chain(grid(1000.0).take_while(within))
        .chain(even)
        .filter(move |&width| width > 0.0 && rounded(width) == pen)
}

/// timm's name of an activation; it has no Softplus.
fn act_name(act: Act) -> Option<&'static str> {
    Some(match act {
        Act::Linear => "identity",
        Act::Relu => "relu",
        Act::Relu6 => "relu6",
        Act::LeakyRelu => "leaky_relu",
        Act::Elu => "elu",
        Act::HardSwish => "hard_swish",
        Act::Silu => "silu",
        Act::Sigmoid => "sigmoid",
        Act::Softplus => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(name: &str) -> NetSpec {
        NetSpec::named(name).expect("a known network")
    }

    fn model(net: &NetSpec) -> (String, Value) {
        let model = TimmModel::of(net).unwrap_or_else(|error| panic!("{}: {error}", net.name));
        (model.architecture.to_owned(), Value::Object(model.args))
    }

    #[test]
    fn networks_of_timms_keep_their_names_whatever_their_classes_and_size() {
        for name in NAMED {
            let mut net = net(name);
            (net.classes, net.input.size, net.head.dropout) = (7, [96, 128], 0.0);
            net.name = "mine".into();
            assert_eq!(model(&net), (name.to_owned(), json!({})));
        }
    }

    #[test]
    fn other_widths_and_activations_become_arguments() {
        assert_eq!(model(&net("rexnet:1.4")), ("rexnet_100".into(), json!({ "width_mult": 1.4 })));
        assert_eq!(model(&net("rexnet:0.9")), ("rexnet_100".into(), json!({ "width_mult": 0.9 })));
        assert_eq!(model(&net("rexnetr:1.7")), ("rexnet_100".into(), json!({ "width_mult": 1.7, "ch_div": 8 })));
        let plain = Family { act: Act::Relu, act_dw: Act::Linear, se: false, ..Family::rexnet() };
        let args = json!({ "act_layer": "relu", "dw_act_layer": "identity", "se_ratio": 0.0 });
        assert_eq!(model(&plain.at(1.0)), ("rexnet_100".into(), args));
    }

    #[test]
    fn one_channel_is_an_argument() {
        let mut net = net("rexnet_100");
        net.input = Input { channels: 1, mean: vec![0.5], std: vec![0.5], ..net.input };
        assert_eq!(model(&net), ("rexnet_100".into(), json!({ "in_chans": 1 })));
    }

    #[test]
    fn what_timm_lacks_is_refused_with_the_place_where_it_parts() {
        let error = TimmModel::of(&net("rexnet_lite_100")).expect_err("timm has no lite");
        assert!(matches!(&error, Inexpressible::Graph { part, .. } if part.starts_with("features.")), "{error}");
        let mut wider = net("rexnet_100");
        wider.blocks[15].out += 1;
        let error = TimmModel::of(&wider).expect_err("no such width");
        let Inexpressible::Graph { closest, part } = &error else { panic!("{error}") };
        assert_eq!((closest.as_str(), part.as_str()), ("rexnet_100", "features.15.conv_pwl.conv"));
        // 1548 channels where timm, which rounds 1280 * 1.21, has 1549.
        assert_eq!(net("rexnet:1.21").head.channels, Some(1548));
        assert!(TimmModel::of(&net("rexnet:1.21")).is_err());
    }

    #[test]
    fn the_preparation_is_timms_or_refused() {
        let mut net = net("tf_efficientnet_lite0");
        net.input.mean = Input::imagenet().mean;
        (net.classes, net.input.test_size, net.input.resize) = (2, Some([256, 288]), ResizeMode::Squash);
        let names = ["cat", "dog"].map(String::from);
        let config: Value = serde_json::from_str(&config(&net, &names).expect("timm has it")).expect("JSON");
        assert_eq!((&config["architecture"], &config["num_classes"]), (&json!("tf_efficientnet_lite0"), &json!(2)));
        assert_eq!(config["label_names"], json!(names));
        let cfg = &config["pretrained_cfg"];
        assert_eq!((&cfg["input_size"], &cfg["test_input_size"]), (&json!([3, 224, 224]), &json!([3, 256, 288])));
        assert_eq!((&cfg["crop_mode"], &cfg["crop_pct"]), (&json!("squash"), &json!(0.875)));
        assert_eq!(cfg["mean"].to_string(), "[0.485,0.456,0.406]");
        assert_eq!((&cfg["first_conv"], &cfg["classifier"]), (&json!("conv_stem"), &json!("classifier")));
        net.input.antialias = false;
        assert!(matches!(super::config(&net, &names), Err(Inexpressible::Input { field: "antialias", .. })));
    }
}
