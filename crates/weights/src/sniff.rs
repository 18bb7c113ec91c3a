//! What a file is, by its first bytes: said before any parser complains about a strange header.

use std::fmt;

/// Kind of file that turned up where weights were wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// No bytes at all.
    Empty,
    /// safetensors.
    Safetensors,
    /// PyTorch's zip format, or what begins like it.
    Zip,
    /// PyTorch's format before 1.6.
    LegacyPth,
    /// A bare Python pickle.
    Pickle,
    /// What git holds in place of a large file.
    LfsPointer,
    /// A web page, usually a log-in or error page saved by a download.
    Html,
    /// JSON text, usually a server's error message.
    Json,
    /// Keras's format.
    Hdf5,
    /// llama.cpp's format.
    Gguf,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by xz.
    Xz,
    /// A tar archive.
    Tar,
    /// None of these.
    Unknown,
}

/// How many first bytes [`FileKind::of`] wants.
pub(crate) const SNIFF_BYTES: u64 = 512;

/// First bytes that decide by themselves.
const MAGIC: [(&[u8], FileKind); 10] = [
    (b"PK\x03\x04", FileKind::Zip),
    (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", FileKind::LegacyPth),
    (b"version https://git-lfs", FileKind::LfsPointer),
    (b"\x89HDF\r\n\x1a\n", FileKind::Hdf5),
    (b"GGUF", FileKind::Gguf),
    (b"\x1f\x8b", FileKind::Gzip),
    (b"\xfd7zXZ\0", FileKind::Xz),
    (b"\x80\x02", FileKind::Pickle),
    (b"\x80\x03", FileKind::Pickle),
    (b"\x80\x04", FileKind::Pickle),
];

impl FileKind {
    /// The kind of a file that begins with `head` (its first 512 bytes, or all of it).
    pub fn of(head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Empty;
        }
        // A safetensors header is a JSON object behind eight bytes of length; no magic below has `{` there.
        if head.get(8) == Some(&b'{') && head[6..8] == [0, 0] {
            return Self::Safetensors;
        }
        if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
            return *kind;
        }
        if head.get(257..262) == Some(b"ustar") {
            return Self::Tar;
        }
        let text = head.trim_ascii_start().to_ascii_lowercase();
        match text.first() {
            Some(b'<') => Self::Html,
            Some(b'{') => Self::Json,
            _ => Self::Unknown,
        }
    }

    /// What to do about it, where that is known.
    pub fn help(self) -> Option<&'static str> {
        Some(match self {
            Self::Empty | Self::Zip => "download it again; the last one ended early",
            Self::LfsPointer => "`git lfs pull` fetches the file that it points to",
            Self::Html | Self::Json => "the download got a page instead of the file; open the address in a browser",
            Self::Gzip | Self::Xz | Self::Tar => "unpack it first",
            _ => return None,
        })
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::Safetensors => "a safetensors file",
            Self::Zip => "a zip archive that is not PyTorch's, or half a download of one",
            Self::LegacyPth => "a PyTorch file of the old format",
            Self::Pickle => "a Python pickle that is not a PyTorch file",
            Self::LfsPointer => "a Git-LFS pointer",
            Self::Html => "a web page (HTML)",
            Self::Json => "JSON text",
            Self::Hdf5 => "an HDF5 file",
            Self::Gguf => "a GGUF file",
            Self::Gzip => "a gzip file",
            Self::Xz => "an xz file",
            Self::Tar => "a tar archive",
            Self::Unknown => "a file of no known format",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_what_was_downloaded_instead() {
        let rows: [(&[u8], FileKind); 10] = [
            (b"", FileKind::Empty),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", FileKind::LfsPointer),
            (b"\n<!DOCTYPE html><html>", FileKind::Html),
            (b"<HTML lang=en>", FileKind::Html),
            (b"{\"error\":\"Repository not found\"}", FileKind::Json),
            (b"\x08\0\0\0\0\0\0\0{}      ", FileKind::Safetensors),
            (b"PK\x03\x04\0\0", FileKind::Zip),
            (b"\x80\x02}q\0.", FileKind::Pickle),
            (b"\x1f\x8b\x08", FileKind::Gzip),
            (b"once upon a time", FileKind::Unknown),
        ];
        for (head, kind) in rows {
            assert_eq!(FileKind::of(head), kind, "{}", String::from_utf8_lossy(head));
        }
    }
}
