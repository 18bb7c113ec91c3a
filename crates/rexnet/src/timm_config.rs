//! timm's `config.json`: the network, its class names and how its pictures are prepared.

use rexnet_spec::{Act, Family, Input, Interpolation, NetSpec, ResizeMode, Rounding, SpecError};
use rexnet_weights::ModelMeta;
use serde::Deserialize;
use serde_json::Value;

/// Why a `config.json` gives no network of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not JSON, or not timm's.
    #[error("config.json: not timm's ({0})")]
    Json(#[from] serde_json::Error),
    /// An architecture that is not of the zoo.
    #[error("config.json: no network `{architecture}` here")]
    Architecture {
        /// timm's name.
        architecture: String,
        /// The lookup's error, with the nearest name.
        source: SpecError,
    },
    /// A value that has no meaning here.
    #[error("config.json: {field} is {value}, which is not supported here")]
    Unsupported {
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// Fields that contradict each other.
    #[error("config.json")]
    Spec(#[from] SpecError),
}

#[derive(Deserialize)]
struct Config {
    architecture: String,
    num_classes: Option<u32>,
    label_names: Option<Value>,
    #[serde(default)]
    model_args: Option<ModelArgs>,
    pretrained_cfg: Option<Pretrained>,
}

/// Arguments of `create_model` that change the network. An argument not listed is an error, never ignored.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelArgs {
    width_mult: Option<f64>,
    ch_div: Option<u32>,
    act_layer: Option<String>,
    dw_act_layer: Option<String>,
    se_ratio: Option<f64>,
    in_chans: Option<u32>,
}

/// What timm knows about weights. In older files it stands at the top.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Pretrained {
    num_classes: Option<u32>,
    input_size: Option<[u32; 3]>,
    test_input_size: Option<[u32; 3]>,
    crop_pct: Option<f64>,
    test_crop_pct: Option<f64>,
    crop_mode: Option<String>,
    interpolation: Option<String>,
    mean: Option<Vec<f32>>,
    std: Option<Vec<f32>>,
    license: Option<String>,
    label_names: Option<Value>,
    /// Old name of `label_names`.
    labels: Option<Value>,
}

/// Reads the text of a `config.json`.
/// # Errors
/// See [`ConfigError`].
pub fn read_timm_config(text: &str) -> Result<ModelMeta, ConfigError> {
    let config: Config = serde_json::from_str(text)?;
    let pretrained = match config.pretrained_cfg {
        Some(pretrained) => pretrained,
        None => serde_json::from_str(text)?,
    };
    let mut spec = network(&config.architecture, &config.model_args.unwrap_or_default())?;
    spec.classes = config.num_classes.or(pretrained.num_classes).unwrap_or(spec.classes);
    let labels = config.label_names.or(pretrained.label_names.clone()).or(pretrained.labels.clone());
    prepare(&mut spec.input, &pretrained)?;
    spec.check()?;
    let classes = labels.and_then(|labels| serde_json::from_value(labels).ok());
    Ok(ModelMeta { classes, license: pretrained.license, ..ModelMeta::new(spec) })
}

/// The network of an architecture and its arguments.
fn network(architecture: &str, args: &ModelArgs) -> Result<NetSpec, ConfigError> {
    let mut spec = if is_plain(args) {
        NetSpec::named(architecture)
            .map_err(|source| ConfigError::Architecture { architecture: architecture.to_owned(), source })?
    } else {
        scaled(architecture, args)?
    };
    if let Some(planes) = args.in_chans {
        spec.input.channels = planes;
    }
    Ok(spec)
}

fn is_plain(args: &ModelArgs) -> bool {
    matches!(
        args,
        ModelArgs { width_mult: None, ch_div: None, act_layer: None, dw_act_layer: None, se_ratio: None, in_chans: _ }
    )
}

/// timm's rexnet of any width and activation.
fn scaled(architecture: &str, args: &ModelArgs) -> Result<NetSpec, ConfigError> {
    /// The model of timm's whose arguments all have their defaults.
    const BASE: &str = "rexnet_100";
    if architecture != BASE {
        return Err(unsupported("model_args", format!("given for {architecture}")));
    }
    let base = Family::rexnet();
    let family = Family {
        rounding: match args.ch_div {
            None | Some(1) => Rounding::Nearest,
            Some(divisor) => Rounding::Multiple(divisor),
        },
        act: args.act_layer.as_deref().map_or(Ok(base.act), act)?,
        act_dw: args.dw_act_layer.as_deref().map_or(Ok(base.act_dw), act)?,
        se: match args.se_ratio {
            None => base.se,
            Some(0.0) => false,
            Some(ratio) => return Err(unsupported("model_args.se_ratio", ratio)),
        },
        ..base
    };
    let width = args.width_mult.unwrap_or(1.0);
    if !(0.01..=100.0).contains(&width) {
        return Err(unsupported("model_args.width_mult", width));
    }
    Ok(family.at(width))
}

fn act(name: &str) -> Result<Act, ConfigError> {
    Ok(match name {
        "identity" => Act::Linear,
        "relu" => Act::Relu,
        "relu6" => Act::Relu6,
        "leaky_relu" => Act::LeakyRelu,
        "elu" => Act::Elu,
        "hard_swish" => Act::HardSwish,
        "silu" | "swish" => Act::Silu,
        _ => return Err(unsupported("model_args.act_layer", name)),
    })
}

/// The preparation of pictures for evaluation: at the test size, where there is one, with its own crop.
fn prepare(input: &mut Input, cfg: &Pretrained) -> Result<(), ConfigError> {
    if let Some([planes, height, width]) = cfg.input_size {
        (input.channels, input.size) = (planes, [height, width]);
    }
    input.test_size = cfg.test_input_size.map(|[_, height, width]| [height, width]).filter(|test| *test != input.size);
    let test_crop = cfg.test_crop_pct.filter(|_| cfg.test_input_size.is_some());
    input.crop_pct = test_crop.or(cfg.crop_pct).unwrap_or(input.crop_pct);
    input.mean = cfg.mean.clone().unwrap_or_else(|| input.mean.clone());
    input.std = cfg.std.clone().unwrap_or_else(|| input.std.clone());
    input.interpolation = match cfg.interpolation.as_deref() {
        None | Some("") => input.interpolation,
        Some("bicubic") => Interpolation::Bicubic,
        Some("bilinear") => Interpolation::Bilinear,
        Some("nearest") => Interpolation::Nearest,
        Some(other) => return Err(unsupported("interpolation", other)),
    };
    input.resize = match cfg.crop_mode.as_deref() {
        None | Some("" | "center") => ResizeMode::Center,
        Some("squash") => ResizeMode::Squash,
        Some("border") => ResizeMode::Letterbox,
        Some(other) => return Err(unsupported("crop_mode", other)),
    };
    Ok(())
}

fn unsupported(field: &'static str, value: impl std::fmt::Display) -> ConfigError {
    ConfigError::Unsupported { field, value: value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of timm's file for `rexnetr_200.sw_in12k_ft_in1k`, with two classes.
    const CONFIG: &str = r#"{
      "architecture": "rexnetr_200", "num_classes": 2, "num_features": 2560, "global_pool": "avg",
      "label_names": ["tench", "goldfish"],
      "pretrained_cfg": {
        "tag": "sw_in12k_ft_in1k", "custom_load": false, "input_size": [3, 224, 224],
        "test_input_size": [3, 288, 288], "fixed_input_size": false, "interpolation": "bicubic",
        "crop_pct": 0.95, "test_crop_pct": 1.0, "crop_mode": "center",
        "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "num_classes": 11821,
        "pool_size": [7, 7], "first_conv": "stem.conv", "classifier": "head.fc", "license": "apache-2.0"
      }
    }"#;

    #[test]
    fn a_config_of_the_hub_gives_network_names_and_preparation() {
        let meta = read_timm_config(CONFIG).expect("timm's");
        let input = Input { test_size: Some([288, 288]), crop_pct: 1.0, ..Input::imagenet() };
        assert_eq!((meta.spec.name.as_str(), meta.spec.classes), ("rexnetr_200", 2));
        assert_eq!(meta.spec.input, input);
        assert_eq!(meta.classes, Some(vec!["tench".into(), "goldfish".into()]));
        assert_eq!(meta.license.as_deref(), Some("apache-2.0"));
    }

    #[test]
    fn the_old_form_without_pretrained_cfg_is_read_too() {
        let text = r#"{"architecture": "rexnet_100", "num_classes": 3, "labels": ["a", "b", "c"],
            "input_size": [3, 160, 192], "crop_pct": 0.9, "interpolation": "bilinear", "crop_mode": "squash"}"#;
        let meta = read_timm_config(text).expect("timm's");
        let input = &meta.spec.input;
        assert_eq!((input.size, input.crop_pct, input.test_size), ([160, 192], 0.9, None));
        assert_eq!((input.interpolation, input.resize), (Interpolation::Bilinear, ResizeMode::Squash));
        assert_eq!(meta.classes.map(|names| names.len()), Some(3));
    }

    #[test]
    fn what_the_timm_folder_writer_says_comes_back() {
        for name in ["rexnet:1.4", "rexnetr:1.7", "rexnetr_300", "mobilenetv2_100", "tf_efficientnet_lite0"] {
            let spec = NetSpec::named(name).expect("a network");
            let text = rexnet_weights::timm_dir::config(&spec, &[]).expect("timm has it");
            let back = read_timm_config(&text).expect("its own").spec;
            let size = spec.input.size;
            assert_eq!(back.graph(size).expect("a graph"), spec.graph(size).expect("a graph"), "{name}");
            assert_eq!(back.input, spec.input, "{name}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let refused = |from: &str, to: &str| read_timm_config(&CONFIG.replace(from, to)).expect_err(to).to_string();
        assert!(refused("rexnetr_200", "resnet50").contains("no network `resnet50`"));
        assert!(refused("bicubic", "random").contains("interpolation is random"));
        assert!(refused(r#""num_features""#, r#""model_args": {"img_size": 3}, "x""#).contains("img_size"));
        assert!(refused(r#""num_features""#, r#""model_args": {"width_mult": 2}, "x""#).contains("rexnetr_200"));
        assert!(read_timm_config("<html>").is_err());
    }
}
