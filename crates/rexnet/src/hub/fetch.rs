//! One file over HTTP: the first answer tells commit, name and size, the second brings the bytes.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rexnet_weights::write_atomic;
use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, Response};

use super::cache::{self, Repository};
use super::{Hub, HubError, HubId, Progress};

/// Longest wait for a connection, and for an answer to begin.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most redirections within the endpoint that are followed while looking for a file's description.
const MAX_HOPS: usize = 5;
/// Bytes between two reports of progress.
const CHUNK: usize = 1 << 18;

/// A file that is wanted.
pub(super) struct Request<'a> {
    pub(super) hub: &'a Hub,
    pub(super) id: &'a HubId,
    pub(super) file: &'a str,
    pub(super) limit: u64,
}

/// What the endpoint says about a file.
struct Description {
    commit: String,
    etag: String,
    bytes: u64,
}

impl Description {
    /// Whether the name of its bytes is their SHA-256, as the hub names large files.
    fn is_digest(&self) -> bool {
        self.etag.len() == 64 && self.etag.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl Request<'_> {
    /// Brings the file into the cache, unless it is there.
    pub(super) fn into_cache(self, repository: &Repository, progress: Progress<'_>) -> Result<PathBuf, HubError> {
        let file = self.describe()?;
        if file.bytes > self.limit {
            return Err(HubError::TooLarge { file: self.file.to_owned(), bytes: file.bytes, limit: self.limit });
        }
        let blob = repository.blob(&file.etag);
        if !blob.metadata().is_ok_and(|found| found.len() == file.bytes) {
            cache::make_parent(&blob)?;
            self.download(&file, &blob, progress)?;
        }
        repository.publish(&file.etag, &file.commit, self.file)
    }

    fn url(&self) -> String {
        let HubId { owner, name, revision } = self.id;
        format!("{}/{owner}/{name}/resolve/{}/{}", self.hub.endpoint, revision.replace('/', "%2F"), self.file)
    }

    /// Asks for the head of the file. A redirection to another host is where the bytes are, and no business of ours
    /// yet: the headers that count stand in the endpoint's own answer.
    fn describe(&self) -> Result<Description, HubError> {
        let agent = agent(0);
        let mut url = self.url();
        for _ in 0..MAX_HOPS {
            let answer = self.send(&url, agent.head(&url))?;
            let headers = answer.headers();
            match text(headers, "location") {
                Some(local) if local.starts_with('/') && !local.starts_with("//") => {
                    url = format!("{}{local}", self.hub.origin());
                }
                _ => return description(headers, &url),
            }
        }
        Err(HubError::NoHub { url, header: "end of redirections" })
    }

    fn download(&self, wanted: &Description, blob: &Path, progress: Progress<'_>) -> Result<(), HubError> {
        let url = self.url();
        let agent = agent(MAX_HOPS as u32);
        let answer = self.send(&url, agent.get(&url))?;
        let mut body = answer.into_body().into_with_config().limit(wanted.bytes.saturating_add(1)).reader();
        write_atomic(blob, |out| {
            let (mut have, mut chunk, mut digest) = (0, vec![0; CHUNK], Sha256::new());
            loop {
                // A connection that breaks is a body that ends early, like one that is closed.
                let count = body.read(&mut chunk).unwrap_or(0);
                if count == 0 {
                    break;
                }
                have += count as u64;
                digest.update(&chunk[..count]);
                out.write_all(&chunk[..count])?;
                progress(self.file, have, wanted.bytes);
            }
            if have != wanted.bytes {
                return Err(Interrupted::Length(have));
            }
            let found = format!("{:x}", digest.finalize());
            if wanted.is_digest() && !found.eq_ignore_ascii_case(&wanted.etag) {
                return Err(Interrupted::Digest(found));
            }
            Ok(())
        })
        .map_err(|error| match error {
            Interrupted::Length(have) => HubError::Truncated { file: self.file.to_owned(), have, needed: wanted.bytes },
            Interrupted::Digest(found) => HubError::Digest { file: self.file.to_owned(), found },
            Interrupted::Io(source) => HubError::Cache { path: blob.to_path_buf(), source },
        })
    }

    fn send(
        &self,
        url: &str,
        mut request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    ) -> Result<Response<ureq::Body>, HubError> {
        if let Some(token) = &self.hub.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer =
            request.call().map_err(|source| HubError::Transport { url: url.to_owned(), source: Box::new(source) })?;
        let status = answer.status().as_u16();
        if status >= 400 { Err(HubError::Status { url: url.to_owned(), status }) } else { Ok(answer) }
    }
}

/// Why a download did not end in a file.
enum Interrupted {
    Length(u64),
    Digest(String),
    Io(std::io::Error),
}

impl From<std::io::Error> for Interrupted {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Hub {
    /// Scheme and host of the endpoint, without a path.
    fn origin(&self) -> &str {
        let host = self.endpoint.find("://").map_or(0, |at| at + 3);
        let end = self.endpoint[host..].find('/').map_or(self.endpoint.len(), |at| host + at);
        &self.endpoint[..end]
    }
}

/// The token goes to the endpoint alone, never to another host that a redirection names.
fn agent(redirections: u32) -> Agent {
    Agent::config_builder()
        .max_redirects(redirections)
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .http_status_as_error(false)
        .accept_encoding("identity")
        .user_agent(concat!("rexnet/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .build()
        .new_agent()
}

/// Commit, etag and size become parts of paths and allocations, so that each is held to its form.
fn description(headers: &HeaderMap, url: &str) -> Result<Description, HubError> {
    let no_hub = |header| HubError::NoHub { url: url.to_owned(), header };
    let commit = text(headers, "x-repo-commit").filter(|commit| cache::is_commit(commit));
    let etag = text(headers, "x-linked-etag").or_else(|| text(headers, "etag"));
    let etag = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"')).filter(|etag| super::is_word(etag));
    let size = text(headers, "x-linked-size").or_else(|| text(headers, "content-length"));
    Ok(Description {
        commit: commit.ok_or_else(|| no_hub("X-Repo-Commit"))?.to_owned(),
        etag: etag.ok_or_else(|| no_hub("ETag"))?.to_owned(),
        bytes: size.and_then(|size| size.parse().ok()).ok_or_else(|| no_hub("size"))?,
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
