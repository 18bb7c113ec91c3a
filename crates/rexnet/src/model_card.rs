//! The model card beside an exported file: what the model file itself knows, nothing more.

use std::fmt::Write;

use rexnet_spec::{Input, Interpolation, NetSpec, ResizeMode};
use rexnet_weights::onnx;

use crate::Result;

/// What a model is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An ONNX file.
    Onnx,
    /// One safetensors file in timm's tensor names, our model file.
    Safetensors,
    /// A folder for `timm.create_model("local-dir:…")`.
    TimmDir,
}

/// The facts of a model card.
#[derive(Clone, Copy, Debug)]
pub struct ModelCard<'a> {
    /// The network.
    pub net: &'a NetSpec,
    /// Class names, where the model file has them.
    pub classes: Option<&'a [String]>,
    /// What the model file says about its training, as name and value.
    pub training: &'a [(String, String)],
    /// What stands beside the card.
    pub format: Format,
    /// Name of the exported file or folder.
    pub file: &'a str,
}

impl ModelCard<'_> {
    /// The card as Markdown; a timm folder's begins with the header that model hubs read.
    /// # Errors
    /// When the network has no cost at its input size.
    pub fn markdown(&self) -> Result<String> {
        let net = self.net;
        let [height, width] = net.input.eval_size();
        let cost = net.cost([height, width])?;
        let mut text = String::new();
        if self.format == Format::TimmDir {
            text += "---\nlibrary_name: timm\npipeline_tag: image-classification\n---\n";
        }
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "# {}\n", plain(&net.name));
        let _ = writeln!(
            text,
            "An image classifier with {} classes: {} parameters, {} multiply-adds (MACs) for a picture of \
             {height}x{width}. Exported by rexnet {}.\n",
            net.classes,
            cost.params,
            cost.macs,
            env!("CARGO_PKG_VERSION")
        );
        text += "## Use\n\n";
        text += &self.usage();
        text += "\n## Preparation of pictures\n\n";
        text += &preparation(&net.input);
        text += "\n## Training\n\n";
        if self.training.is_empty() {
            text += "The model file says nothing about it.\n";
        }
        for (name, value) in self.training {
            let _ = writeln!(text, "- {}: {}", plain(name), plain(value));
        }
        text += "\n## Classes\n\n";
        match self.classes {
            None => text += "The model file has no names for them.\n",
            // An indented block needs no escaping, whatever a name holds.
            Some(names) => {
                for (index, name) in names.iter().enumerate() {
                    let _ = writeln!(text, "    {index:>4}  {}", plain(name));
                }
            }
        }
        Ok(text)
    }

    fn usage(&self) -> String {
        let file = self.file;
        let [height, width] = self.net.input.eval_size();
        let code = match self.format {
            Format::Onnx => format!(
                "import onnxruntime\n\
                 session = onnxruntime.InferenceSession({file:?})\n\
                 [logits] = session.run([{:?}], {{{:?}: pixels}})  # float32 [batch, {}, {height}, {width}]\n\
                 facts = session.get_modelmeta().custom_metadata_map  # classes, input, net\n",
                onnx::OUTPUT,
                onnx::INPUT,
                self.net.input.channels,
            ),
            Format::Safetensors => format!(
                "from safetensors.torch import load_file\n\
                 state = load_file({file:?})  # tensors in timm's names; rexnet takes the file as a model\n"
            ),
            Format::TimmDir => format!(
                "import timm\n\
                 model = timm.create_model({:?}, pretrained=True).eval()\n\
                 transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))\n",
                format!("local-dir:{file}")
            ),
        };
        let mut text = format!("```python\n{code}```\n");
        if self.format == Format::TimmDir && self.net.input.exif {
            text += "\ntimm ignores the orientation tag of photographs, which this model was trained to obey: apply \
                     `PIL.ImageOps.exif_transpose` first.\n";
        }
        text
    }
}

fn preparation(input: &Input) -> String {
    let [height, width] = input.eval_size();
    let filter = match input.interpolation {
        Interpolation::Bilinear => "bilinear",
        Interpolation::Bicubic => "bicubic",
        Interpolation::Nearest => "nearest",
    };
    let antialias = if input.antialias { "antialiased" } else { "not antialiased" };
    let share = input.crop_pct;
    let resize = match input.resize {
        ResizeMode::Center => format!("short side to {height} / {share}, then the centre of {height}x{width}"),
        ResizeMode::Squash => {
            format!("to {height}x{width} / {share} without regard to aspect, then the centre of {height}x{width}")
        }
        ResizeMode::Letterbox => format!("whole inside {height}x{width}, the rest filled with the mean colour"),
    };
    let (mean, std) = (&input.mean, &input.std);
    let orientation = if input.exif { "obeyed" } else { "ignored" };
    format!(
        "- resize: {resize}; {filter}, {antialias}\n\
         - values: (value / 255 - mean) / std, mean {mean:?}, std {std:?}\n\
         - orientation tag (EXIF): {orientation}\n"
    )
}

/// One line of text.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(format: Format, classes: Option<&[String]>, training: &[(String, String)]) -> String {
        let mut net = NetSpec::named("rexnet_100").expect("a known network");
        net.input.size = [192, 256];
        ModelCard { net: &net, classes, training, format, file: "m" }.markdown().expect("a card")
    }

    #[test]
    fn a_card_holds_the_facts_of_the_model() {
        let names = ["cat".to_owned(), "a\n# `dog`".to_owned()];
        let text = card(Format::Onnx, Some(&names), &[("top-1".into(), "77.9".into())]);
        for fact in ["4796873 parameters", "192x256", "[0.485, 0.456, 0.406]", "bicubic, antialiased", "- top-1: 77.9"]
        {
            assert!(text.contains(fact), "no `{fact}` in\n{text}");
        }
        assert!(text.ends_with("       0  cat\n       1  a # `dog`\n"), "{text}");
    }

    #[test]
    fn what_the_model_file_does_not_know_is_said() {
        let text = card(Format::Safetensors, None, &[]);
        assert!(text.contains("says nothing") && text.contains("no names"), "{text}");
    }

    #[test]
    fn only_a_timm_folder_has_the_hubs_header_and_the_word_on_orientation() {
        let timm = card(Format::TimmDir, None, &[]);
        assert!(timm.starts_with("---\nlibrary_name: timm\n") && timm.contains("exif_transpose"), "{timm}");
        let onnx = card(Format::Onnx, None, &[]);
        assert!(onnx.starts_with("# rexnet_100") && !onnx.contains("exif_transpose"), "{onnx}");
    }
}
