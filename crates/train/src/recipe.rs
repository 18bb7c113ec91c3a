//! How to train, as data: a TOML file whose every key has a default.

use documented::DocumentedFields;
use rexnet_vision::augment::{Augment, OutOfRange};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::optim::Rule;
use crate::{Schedule, TrainError};

/// A recipe. Rates are of one update; an update takes `accumulate` batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Passes over the training pictures.
    pub epochs: u32,
    /// Pictures of one pass forward and backward.
    pub batch: usize,
    /// Batches whose gradients are averaged for one update.
    pub accumulate: usize,
    /// The rule of updates.
    pub optimizer: OptimizerKind,
    /// Learning rate at its height.
    pub lr: f64,
    /// Rate that the warm-up begins at.
    pub warmup_lr: f64,
    /// Rate that the cosine ends at.
    pub min_lr: f64,
    /// Epochs of linear warm-up.
    pub warmup_epochs: f64,
    /// SGD: share of the last change that is kept.
    pub momentum: f32,
    /// SGD: whether momentum is Nesterov's.
    pub nesterov: bool,
    /// AdamW: decay of the first and second moment.
    pub betas: [f64; 2],
    /// AdamW: added to the root of the second moment.
    pub eps: f64,
    /// Weight decay.
    pub weight_decay: f32,
    /// Whether norms and biases decay as well.
    pub decay_all: bool,
    /// Limit of the gradient's length over all tensors; 0 for none.
    pub clip_norm: f64,
    /// Decay of the weights' moving average; 0 for none.
    pub ema: f64,
    /// Share of the target that is spread over all classes.
    pub label_smoothing: f32,
    /// Dropout in front of the classifier; the network's own where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f32>,
    /// Drop-path rate of the last block.
    pub drop_path: f32,
    /// Weights of the classes in the loss.
    pub class_weights: ClassWeights,
    /// What is learned.
    pub freeze: Freeze,
    /// Epochs without a better top-1 that end the run; 0 for never.
    pub patience: u32,
    /// Share of every class to validate on, where the data name no such pictures.
    pub val_split: f64,
    /// What happens to training pictures.
    pub augment: Augment,
}

/// Rules of updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Stochastic gradient descent.
    Sgd,
    /// Adam with decoupled weight decay.
    AdamW,
}

/// Weights of the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeights {
    /// All alike.
    None,
    /// Inverse to their number of pictures, one on average.
    Balanced,
}

/// What stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freeze {
    /// Nothing.
    None,
    /// Everything up to the global pool.
    Backbone,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch: 64,
            accumulate: 1,
            optimizer: OptimizerKind::Sgd,
            lr: 0.1,
            warmup_lr: 1e-4,
            min_lr: 0.0,
            warmup_epochs: 1.0,
            momentum: 0.9,
            nesterov: true,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 1e-4,
            decay_all: false,
            clip_norm: 0.0,
            ema: 0.0,
            label_smoothing: 0.1,
            dropout: None,
            drop_path: 0.0,
            class_weights: ClassWeights::None,
            freeze: Freeze::None,
            patience: 0,
            val_split: 0.1,
            augment: Augment::default(),
        }
    }
}

impl Recipe {
    /// Reads a recipe; `set` holds `key=value` pairs that come last, with dots for keys of a table.
    /// # Errors
    /// `Recipe` with the place, and the nearest known key for an unknown one.
    pub fn parse(text: &str, set: &[String]) -> Result<Self, TrainError> {
        // The text by itself first, so that an error in it knows its line.
        let mut recipe: Self = toml::from_str(text).map_err(|error| TrainError::recipe(text, &error))?;
        if !set.is_empty() {
            let mut table: Table = text.parse().map_err(|error| TrainError::recipe(text, &error))?;
            for pair in set {
                let wrong = || TrainError::Override { pair: pair.clone() };
                let (key, value) = pair.split_once('=').ok_or_else(wrong)?;
                put(&mut table, key.trim(), value.trim()).ok_or_else(wrong)?;
            }
            recipe = Value::Table(table).try_into().map_err(|error| TrainError::recipe("", &error))?;
        }
        recipe.check()?;
        Ok(recipe)
    }

    /// As TOML in which every key is explained.
    pub fn explained(&self) -> String {
        let about = Self::FIELD_NAMES.iter().zip(Self::FIELD_DOCS);
        let about_view = Augment::FIELD_NAMES.iter().zip(Augment::FIELD_DOCS);
        let notes: Vec<(&&str, &&str)> = about.chain(about_view).collect();
        let explain = |line: &str| {
            let key = line.split(" = ").next().unwrap_or_default().trim_matches(['[', ']']);
            let note = notes
                .iter()
                .find(|(name, _)| **name == key)
                .map(|(_, note)| format!("# {}\n", note.replace('\n', " ")));
            format!("{}{line}\n", note.unwrap_or_default())
        };
        self.to_toml().lines().map(explain).collect()
    }

    /// As TOML that [`Recipe::parse`] reads back.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every field has a TOML form")
    }

    /// The rule of updates.
    pub(crate) fn rule(&self) -> Rule {
        match self.optimizer {
            OptimizerKind::Sgd => Rule::Sgd { momentum: self.momentum, nesterov: self.nesterov },
            OptimizerKind::AdamW => Rule::AdamW { betas: self.betas, eps: self.eps },
        }
    }

    /// Rates of a run with so many updates an epoch.
    pub(crate) fn schedule(&self, updates: u64) -> Schedule {
        Schedule {
            lr: self.lr,
            warmup_lr: self.warmup_lr,
            min_lr: self.min_lr,
            warmup: (self.warmup_epochs * updates as f64).round() as u64,
            updates: updates * u64::from(self.epochs),
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let share = |x: f32| (0.0..1.0).contains(&x);
        let rules = [
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch", self.batch >= 2, "at least 2: one picture has no variance for batch norm"),
            ("accumulate", self.accumulate >= 1, "at least 1"),
            ("lr", self.lr.is_finite() && self.lr > 0.0, "above 0"),
            ("warmup_lr", self.warmup_lr.is_finite() && self.warmup_lr >= 0.0, "at least 0"),
            ("min_lr", self.min_lr.is_finite() && self.min_lr >= 0.0, "at least 0"),
            ("warmup_epochs", (0.0..=f64::from(self.epochs)).contains(&self.warmup_epochs), "from 0 to `epochs`"),
            ("momentum", share(self.momentum), "from 0 to below 1"),
            ("betas", self.betas.iter().all(|b| (0.0..1.0).contains(b)), "from 0 to below 1"),
            ("eps", self.eps.is_finite() && self.eps > 0.0, "above 0"),
            ("weight_decay", self.weight_decay.is_finite() && self.weight_decay >= 0.0, "at least 0"),
            ("clip_norm", self.clip_norm.is_finite() && self.clip_norm >= 0.0, "at least 0"),
            ("ema", (0.0..1.0).contains(&self.ema), "from 0 to below 1"),
            ("label_smoothing", share(self.label_smoothing), "from 0 to below 1"),
            ("dropout", self.dropout.is_none_or(share), "from 0 to below 1"),
            ("drop_path", share(self.drop_path), "from 0 to below 1"),
            ("val_split", (0.0..1.0).contains(&self.val_split), "from 0 to below 1"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, wanted)) => Err(TrainError::Value { key, wanted }),
            None => self.augment.check().map_err(|OutOfRange { key, wanted }| TrainError::Value { key, wanted }),
        }
    }
}

/// Puts a value under a dotted key; text that is no TOML value is a string.
fn put(table: &mut Table, key: &str, text: &str) -> Option<()> {
    let value = match format!("x = {text}").parse::<Table>() {
        Ok(mut parsed) => parsed.remove("x")?,
        Err(_) => Value::String(text.into()),
    };
    let (tables, last) = key.rsplit_once('.').map_or((None, key), |(tables, last)| (Some(tables), last));
    let mut at = table;
    for name in tables.into_iter().flat_map(|path| path.split('.')) {
        at = at.entry(name).or_insert_with(|| Value::Table(Table::new())).as_table_mut()?;
    }
    at.insert(last.into(), value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVELY: &str = r#"
        lr = 0.2
        [augment]
        randaugment = "rand-m9-mstd0.5-inc1"
        color_jitter = 0.4
        erase = 0.2
        mixup = 0.2
        cutmix = 1.0
    "#;

    #[test]
    fn a_recipe_is_read_back_from_what_it_writes() {
        let recipe = Recipe::parse(LIVELY, &[]).unwrap();
        assert_eq!((recipe.augment.cutmix, recipe.augment.hflip), (1.0, 0.5));
        assert_eq!(Recipe::parse(&recipe.to_toml(), &[]).unwrap(), recipe);
    }

    #[test]
    fn augmentation_unknown_or_out_of_range_is_refused_by_name() {
        let error = |pair: &str| Recipe::parse(LIVELY, &[pair.to_owned()]).unwrap_err();
        assert_eq!(error("augment.erase=2").to_string(), "`augment.erase` must be from 0 to 1");
        assert!(error("augment.randaugment=rand-m31").to_string().contains("`m` of RandAugment must be"));
        let unknown = error("augment.cutmixes=1");
        assert!(unknown.to_string().contains("`cutmixes`"));
        assert_eq!(unknown.help().as_deref(), Some("did you mean `cutmix`?"));
    }
}
