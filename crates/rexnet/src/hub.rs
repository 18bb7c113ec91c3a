//! Models from a Hugging Face endpoint: `hf:OWNER/NAME@REVISION`, kept in the cache that its own tools use.

mod cache;
mod fetch;

use std::io;
use std::path::{Path, PathBuf};

use rexnet_weights::{ModelFile, Store, WeightsError};

use crate::timm_config::{ConfigError, read_timm_config};
use cache::Cache;

/// Longest `config.json` that is fetched, bytes; the longest of timm's, with 21,841 classes, has about two million.
pub const MAX_CONFIG_BYTES: u64 = 1 << 23;
/// Longest weights that are fetched, bytes; rexnet's widest published network has 140 million.
pub const MAX_WEIGHTS_BYTES: u64 = 1 << 31;

/// Files of a model's repository, with their limits.
const CONFIG: (&str, u64) = ("config.json", MAX_CONFIG_BYTES);
const WEIGHTS: (&str, u64) = ("model.safetensors", MAX_WEIGHTS_BYTES);

/// A model of a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubId {
    owner: String,
    name: String,
    revision: String,
}

/// Where models come from and where they are kept.
#[derive(Clone, Debug)]
pub struct Hub {
    endpoint: String,
    cache: Cache,
    is_offline: bool,
    token: Option<String>,
}

/// Told of a download's progress: file, bytes so far, bytes in all.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// Why a model could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Not a name of a model.
    #[error("{text:?} is no model of a hub")]
    Id {
        /// What was given.
        text: String,
    },
    /// Offline, and the cache lacks it.
    #[error("{file} of {id} is not in {}, and HF_HUB_OFFLINE is set", cache.display())]
    Offline {
        /// The model.
        id: String,
        /// Which file.
        file: String,
        /// The cache.
        cache: PathBuf,
    },
    /// The endpoint refuses.
    #[error("{url}: HTTP status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// Its answer.
        status: u16,
    },
    /// The endpoint cannot be reached.
    #[error("{url}")]
    Transport {
        /// What was asked for.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// An answer that no hub gives.
    #[error("{url}: the answer has no usable {header}; is this a Hugging Face endpoint?")]
    NoHub {
        /// What was asked for.
        url: String,
        /// What is missing in its answer.
        header: &'static str,
    },
    /// A file over the limit.
    #[error("{file}: {bytes} bytes, over the limit of {limit}")]
    TooLarge {
        /// Which file.
        file: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A download that ended early.
    #[error("{file}: the download ended after {have} of {needed} bytes")]
    Truncated {
        /// Which file.
        file: String,
        /// Bytes that came.
        have: u64,
        /// Bytes announced.
        needed: u64,
    },
    /// A download of other bytes than the hub announced.
    #[error("{file}: what came is not what the hub announced: its SHA-256 is {found}")]
    Digest {
        /// Which file.
        file: String,
        /// Of the bytes that came.
        found: String,
    },
    /// The cache cannot be read or written.
    #[error("{}", path.display())]
    Cache {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No home folder and no `HF_HOME`.
    #[error("no folder for the cache: none of HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and HOME is set")]
    NoHome,
    /// A network that is not ours.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Weights that are not what they should be.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl HubError {
    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Id { .. } => "write `hf:OWNER/NAME` or `hf:OWNER/NAME@REVISION`".into(),
            Self::Offline { .. } => "unset HF_HUB_OFFLINE and fetch it once".into(),
            Self::Status { status: 401 | 403, .. } => "HF_TOKEN holds the token for a private or gated model".into(),
            Self::Status { status: 404, .. } => {
                "check owner, name and revision; only repositories with config.json and model.safetensors serve".into()
            }
            Self::Transport { .. } => "HF_HUB_OFFLINE=1 uses what is in the cache, HF_ENDPOINT names a mirror".into(),
            Self::Truncated { .. } | Self::Digest { .. } => "try again".into(),
            Self::Weights(error) => return error.help(),
            _ => return None,
        })
    }

    fn cache(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Cache { path, source }
    }
}

impl HubId {
    /// Reads `hf:OWNER/NAME`, with `@REVISION` if it is not `main`; none for a text that does not begin with `hf:`.
    ///
    /// ```
    /// use rexnet::hub::HubId;
    /// assert!(HubId::parse("hf:timm/rexnet_100.nav_in1k").is_some_and(|id| id.is_ok()));
    /// assert!(HubId::parse("rexnet_100").is_none());
    /// assert!(HubId::parse("hf:../../etc").is_some_and(|id| id.is_err()));
    /// ```
    pub fn parse(text: &str) -> Option<Result<Self, HubError>> {
        let rest = text.strip_prefix("hf:")?;
        let (repository, revision) = rest.split_once('@').unwrap_or((rest, "main"));
        let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
        let is_sound = is_word(owner) && is_word(name) && revision.split('/').all(is_word);
        let id = Self { owner: owner.to_owned(), name: name.to_owned(), revision: revision.to_owned() };
        Some(if is_sound { Ok(id) } else { Err(HubError::Id { text: text.to_owned() }) })
    }
}

impl std::fmt::Display for HubId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)?;
        if self.revision == "main" { Ok(()) } else { write!(f, "@{}", self.revision) }
    }
}

/// Whether a part of a name can stand in an address and in a path.
fn is_word(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.len() <= 128 && !text.starts_with('.') && text.chars().all(is_plain)
}

impl Hub {
    /// A hub as the environment says: `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `HF_HUB_OFFLINE`, `HF_TOKEN`.
    /// # Errors
    /// `NoHome`.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_vars(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// The same with the environment given as a function.
    /// # Errors
    /// `NoHome`.
    pub fn from_vars(var: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<Self, HubError> {
        let text = |name| var(name).and_then(|value| value.into_string().ok());
        let path = |name| var(name).map(PathBuf::from);
        let home = || path("HOME").or_else(|| path("USERPROFILE")).map(|home| home.join(".cache"));
        let hf_home =
            || path("HF_HOME").or_else(|| path("XDG_CACHE_HOME").or_else(home).map(|cache| cache.join("huggingface")));
        let root = path("HF_HUB_CACHE").or_else(|| hf_home().map(|home| home.join("hub"))).ok_or(HubError::NoHome)?;
        let is_true = |value: String| ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str());
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".into());
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache: Cache::at(root),
            is_offline: text("HF_HUB_OFFLINE").is_some_and(is_true),
            token: text("HF_TOKEN"),
        })
    }

    /// Address of the endpoint.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Folder of the cache, whether it exists yet or not.
    pub fn cache(&self) -> &Path {
        self.cache.root()
    }

    /// Whether the cache alone is asked.
    pub fn is_offline(&self) -> bool {
        self.is_offline
    }

    /// Fetches what the cache lacks of a model and opens it. A rexnet model file speaks for itself; any other is
    /// described by timm's `config.json`.
    /// # Errors
    /// See [`HubError`].
    pub fn open(&self, id: &HubId, progress: Progress<'_>) -> Result<ModelFile, HubError> {
        let config = self.file(id, CONFIG, progress)?;
        let store = Store::open(self.file(id, WEIGHTS, progress)?)?;
        if ModelFile::is_described(&store) {
            return Ok(ModelFile::of(store)?);
        }
        let text = std::fs::read_to_string(&config).map_err(HubError::cache(&config))?;
        let mut meta = read_timm_config(&text)?;
        meta.notes = Some(format!("fetched as hf:{id}"));
        Ok(ModelFile { meta, store })
    }

    /// Path of a file of a model in the cache, fetched if need be.
    fn file(&self, id: &HubId, (file, limit): (&str, u64), progress: Progress<'_>) -> Result<PathBuf, HubError> {
        let repository = self.cache.repository(id);
        if self.is_offline || cache::is_commit(&id.revision) {
            match repository.find(file) {
                Some(path) => return Ok(path),
                None if self.is_offline => {
                    let cache = self.cache.root().to_path_buf();
                    return Err(HubError::Offline { id: id.to_string(), file: file.to_owned(), cache });
                }
                None => {}
            }
        }
        fetch::Request { hub: self, id, file, limit }.into_cache(&repository, progress)
    }
}
