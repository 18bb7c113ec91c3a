//! What can be wrong with the bytes of a picture.

use std::error::Error;
use std::io;

use super::HEAD_BYTES;

/// Bytes that give no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// No bytes.
    #[error("an empty file")]
    Empty,
    /// Another kind of file.
    #[error("not a JPEG, PNG, WebP, BMP, GIF or TIFF picture ({found})")]
    NotAPicture {
        /// What its first bytes say.
        found: String,
    },
    /// More pixels than allowed.
    #[error(
        "{width}x{height} pixels, more than the {limit} that are decoded (a limit that `--max-pixels` of predict, eval and data check raises)"
    )]
    TooLarge {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
        /// Pixels that are allowed.
        limit: u64,
    },
    /// A file longer than any picture that is read.
    #[error("more than {limit} bytes, which no picture needs")]
    Long {
        /// Bytes that are allowed.
        limit: u64,
    },
    /// The file ends too early.
    #[error("truncated {format}{}", rows.map_or(String::new(), |[ends, of]| format!(", ends in row {ends} of {of}")))]
    Truncated {
        /// Its format.
        format: &'static str,
        /// Rows that are there and rows there should be, where the decoder tells.
        rows: Option<[usize; 2]>,
    },
    /// A kind that other programs may read.
    #[error("{format} of a kind that is not read: {what}")]
    Unsupported {
        /// Its format.
        format: &'static str,
        /// What is special about it.
        what: String,
    },
    /// The decoder gave up.
    #[error("broken {format}: {reason}")]
    Broken {
        /// Its format.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
}

impl PictureError {
    /// What bytes of no known format look like.
    pub(super) fn unknown(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(HEAD_BYTES as usize)];
        let text = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
        let found = match head {
            [] => return Self::Empty,
            [b'R', b'I', b'F', b'F', ..] => "starts with 'RIFF' but no 'WEBP'".into(),
            _ if text.starts_with("version https://git-lfs") => "a Git LFS pointer; fetch the file itself".into(),
            _ if text.starts_with("<!doctype html") || text.starts_with("<html") => "an HTML page".into(),
            _ if text.starts_with("<svg") || text.starts_with("<?xml") => "drawing or XML text".into(),
            _ if matches!(head.get(4..12), Some(b"ftypheic" | b"ftypavif" | b"ftypmif1")) => {
                "a HEIF or AVIF file".into()
            }
            _ => format!("starts with '{}'", head[..head.len().min(8)].escape_ascii()),
        };
        Self::NotAPicture { found }
    }

    /// An error of a decoder, told apart by whether the bytes ran out.
    pub(super) fn broken(format: &'static str, error: &(dyn Error + 'static)) -> Self {
        let mut at = Some(error);
        while let Some(cause) = at {
            let text = cause.to_string().to_ascii_lowercase();
            let ended = cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof);
            if ended
                || [
                    "premature end",
                    "exhausted data",
                    "not enough bytes",
                    "failed to fill whole buffer",
                    "unexpected eof",
                    "unexpected end",
                ]
                .iter()
                .any(|t| text.contains(t))
            {
                return Self::Truncated { format, rows: None };
            }
            at = cause.source();
        }
        Self::Broken { format, reason: error.to_string().trim_matches(['"', '\n']).to_owned() }
    }
}
