//! The cache of Hugging Face's own tools: `models--OWNER--NAME/` with `refs/REVISION` (holding a commit),
//! `blobs/ETAG`, and `snapshots/COMMIT/FILE`, links to the blobs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rexnet_weights::write_atomic;

use super::{HubError, HubId};

/// The folder of all models.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    root: PathBuf,
}

/// One model's folder.
pub(super) struct Repository {
    folder: PathBuf,
    revision: String,
}

/// Whether a revision is a commit, which never changes.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Cache {
    pub(super) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn repository(&self, id: &HubId) -> Repository {
        let folder = self.root.join(format!("models--{}--{}", id.owner, id.name));
        Repository { folder, revision: id.revision.clone() }
    }
}

impl Repository {
    /// A file of the revision as it was last fetched.
    pub(super) fn find(&self, file: &str) -> Option<PathBuf> {
        let commit = if is_commit(&self.revision) {
            self.revision.clone()
        } else {
            fs::read_to_string(self.reference()).ok().map(|text| text.trim().to_owned())?
        };
        Some(self.snapshot(&commit).join(file)).filter(|path| is_commit(&commit) && path.is_file())
    }

    fn reference(&self) -> PathBuf {
        self.folder.join("refs").join(&self.revision)
    }

    fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Makes a fetched blob the file of a commit, and the commit that of the revision.
    pub(super) fn publish(&self, etag: &str, commit: &str, file: &str) -> Result<PathBuf, HubError> {
        let path = self.snapshot(commit).join(file);
        make_parent(&path)?;
        if !path.is_file() {
            link(etag, &self.blob(etag), &path).map_err(HubError::cache(&path))?;
        }
        let reference = self.reference();
        if !is_commit(&self.revision) {
            make_parent(&reference)?;
            write_atomic::<io::Error>(&reference, |out| out.write_all(commit.as_bytes()))
                .map_err(HubError::cache(&reference))?;
        }
        Ok(path)
    }
}

pub(super) fn make_parent(path: &Path) -> Result<(), HubError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(HubError::cache(parent))
}

/// A link to a blob, as Hugging Face's tools make it; where links cannot be made, a second name or a copy.
fn link(etag: &str, blob: &Path, path: &Path) -> io::Result<()> {
    match symlink(&Path::new("../../blobs").join(etag), path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            fs::hard_link(blob, path).or_else(|_| fs::copy(blob, path).map(drop))
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
