//! The model card beside an exported file: what the model file itself knows, nothing more.

use std::fmt::Write;

use rexnet_spec::{Input, Interpolation, ResizeMode};
use rexnet_weights::{ModelMeta, onnx};
use serde_json::Value;

use crate::{Format, Result};

/// The facts of a model card.
#[derive(Clone, Copy, Debug)]
pub struct ModelCard<'a> {
    /// What the model file says.
    pub meta: &'a ModelMeta,
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
        let net = &self.meta.spec;
        let [height, width] = net.input.eval_size();
        let cost = net.cost([height, width])?;
        let mut text = String::new();
        if self.format == Format::TimmDir {
            text += &front_matter(self.meta);
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
        text += &training(self.meta);
        text += "\n## Classes\n\n";
        match &self.meta.classes {
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
        let [height, width] = self.meta.spec.input.eval_size();
        let code = match self.format {
            Format::Onnx => format!(
                "import onnxruntime\n\
                 session = onnxruntime.InferenceSession({file:?})\n\
                 [logits] = session.run([{:?}], {{{:?}: pixels}})  # float32 [batch, {}, {height}, {width}]\n\
                 facts = session.get_modelmeta().custom_metadata_map  # classes, input, net\n",
                onnx::OUTPUT,
                onnx::INPUT,
                self.meta.spec.input.channels,
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
        if self.format == Format::TimmDir && self.meta.spec.input.exif {
            text += "\ntimm ignores the orientation tag of photographs, which this model was trained to obey: apply \
                     `PIL.ImageOps.exif_transpose` first.\n";
        }
        text
    }
}

/// The header that model hubs read.
fn front_matter(meta: &ModelMeta) -> String {
    let license = meta.license.as_ref().map(|l| format!("license: {}\n", Value::from(l.as_str())));
    format!("---\nlibrary_name: timm\npipeline_tag: image-classification\n{}---\n", license.unwrap_or_default())
}

/// One line a fact.
fn training(meta: &ModelMeta) -> String {
    let mut facts: Vec<(&str, String)> = Vec::new();
    match &meta.training {
        None => {}
        Some(Value::Object(training)) => {
            facts.extend(training.iter().map(|(name, value)| (name.as_str(), shown(value))));
        }
        Some(other) => facts.push(("summary", shown(other))),
    }
    facts.extend(meta.temperature.map(|t| ("temperature of the logits", t.to_string())));
    facts.extend(meta.license.clone().map(|license| ("license", license)));
    facts.extend(meta.notes.clone().map(|notes| ("notes", notes)));
    if facts.is_empty() {
        return "The model file says nothing about it.\n".into();
    }
    let lines: Vec<String> = facts.iter().map(|(name, value)| format!("- {}: {}", plain(name), plain(value))).collect();
    lines.join("\n") + "\n"
}

/// A JSON value without the quotes of a string.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What is done to a picture before the network sees it, a line for each step, as Markdown.
pub fn preparation(input: &Input) -> String {
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
    use rexnet_spec::NetSpec;
    use serde_json::json;

    use super::*;

    fn meta() -> ModelMeta {
        let mut net = NetSpec::named("rexnet_100").expect("a known network");
        net.input.size = [192, 256];
        ModelMeta::new(net)
    }

    fn card(format: Format, meta: &ModelMeta) -> String {
        ModelCard { meta, format, file: "m" }.markdown().expect("a card")
    }

    #[test]
    fn a_card_holds_the_facts_of_the_model() {
        let classes = Some(vec!["cat".to_owned(), "a\n# `dog`".to_owned()]);
        let training = Some(json!({ "best_top1": 77.9, "data": "cats" }));
        let text = card(Format::Onnx, &ModelMeta { classes, training, license: Some("mit".into()), ..meta() });
        let facts = ["4796873 parameters", "192x256", "[0.485, 0.456, 0.406]", "bicubic, antialiased"];
        for fact in facts.into_iter().chain(["- best_top1: 77.9", "- data: cats", "- license: mit"]) {
            assert!(text.contains(fact), "no `{fact}` in\n{text}");
        }
        assert!(text.ends_with("       0  cat\n       1  a # `dog`\n"), "{text}");
    }

    #[test]
    fn what_the_model_file_does_not_know_is_said() {
        let text = card(Format::Safetensors, &meta());
        assert!(text.contains("says nothing") && text.contains("no names"), "{text}");
    }

    #[test]
    fn only_a_timm_folder_has_the_hubs_header_and_the_word_on_orientation() {
        let timm = card(Format::TimmDir, &meta());
        assert!(timm.starts_with("---\nlibrary_name: timm\n") && timm.contains("exif_transpose"), "{timm}");
        let onnx = card(Format::Onnx, &meta());
        assert!(onnx.starts_with("# rexnet_100") && !onnx.contains("exif_transpose"), "{onnx}");
    }
}
