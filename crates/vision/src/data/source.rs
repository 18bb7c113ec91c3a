//! Where the pixels of a sample are.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Picture;
use crate::picture::{Decode, HEAD_BYTES, PictureError, decode_from, format_of};

/// A place that holds one picture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// A file, named relative to the data set's folder.
    File {
        /// The data set's folder, shared by its samples.
        root: Arc<Path>,
        /// The file; joined to `root`, so an absolute one stands for itself.
        path: PathBuf,
    },
    /// A member of a tar shard.
    Member {
        /// The tar file, shared by its samples.
        shard: Arc<Path>,
        /// The member's name.
        name: Arc<str>,
        /// Where its bytes begin.
        offset: u64,
        /// How many there are.
        bytes: u64,
    },
    /// A record of raw pixels.
    Record {
        /// The file it came from, shared by its samples.
        planes: Arc<Planes>,
        /// Number of the record.
        index: usize,
    },
}

/// Raw pictures of one size, kept in memory: R, G and B planes of `side * side` bytes each, at a fixed distance.
#[derive(Debug)]
pub struct Planes {
    /// The file's name, for messages.
    pub name: String,
    /// Width and height in pixels.
    pub side: usize,
    /// The file.
    pub(super) bytes: Vec<u8>,
    /// Where the first picture begins.
    pub(super) first: usize,
    /// Bytes from one picture to the next.
    pub(super) stride: usize,
}

impl Planes {
    /// Planes of pictures that are in memory.
    /// # Panics
    /// When one is not `side` by `side`.
    pub fn from_pictures(name: impl Into<String>, side: usize, pictures: impl Iterator<Item = Picture>) -> Self {
        let mut bytes = Vec::new();
        for picture in pictures {
            assert_eq!([picture.width(), picture.height()], [side; 2]);
            (0..3).for_each(|plane| bytes.extend(picture.rgb().iter().skip(plane).step_by(3)));
        }
        Self { name: name.into(), side, bytes, first: 0, stride: 3 * side * side }
    }

    /// The picture with number `index` as interleaved RGB, `3 * side * side` bytes.
    ///
    /// # Panics
    /// When there is no such picture.
    pub fn rgb(&self, index: usize) -> Vec<u8> {
        let area = self.side * self.side;
        let planes = &self.bytes[self.first + index * self.stride..][..3 * area];
        (0..area).flat_map(|i| [planes[i], planes[area + i], planes[2 * area + i]]).collect()
    }
}

impl Source {
    /// A picture file.
    pub fn file(root: impl AsRef<Path>, path: impl Into<PathBuf>) -> Self {
        Self::File { root: root.as_ref().into(), path: path.into() }
    }

    /// A name for messages and fingerprints, the same wherever the data set lies. Bytes that are not UTF-8 become
    /// U+FFFD; files are opened by their true names.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::File { path, .. } => path.to_string_lossy(),
            Self::Member { shard, name, .. } => {
                let shard = shard.file_name().unwrap_or_default().to_string_lossy();
                Cow::Owned(format!("{shard}/{name}"))
            }
            Self::Record { planes, index } => Cow::Owned(format!("{}#{index}", planes.name)),
        }
    }

    /// Reads and decodes the picture.
    /// # Errors
    /// What is wrong with the file or its bytes; [`Source::name`] says which it was.
    pub fn read(&self, rules: &Decode) -> Result<Picture, PictureError> {
        match self {
            Self::File { root, path } => decode_from(File::open(root.join(path))?, rules),
            Self::Member { shard, offset, bytes, .. } => {
                let mut file = File::open(shard)?;
                file.seek(SeekFrom::Start(*offset))?;
                decode_from(file.take(*bytes), rules)
            }
            Self::Record { planes, index } => Ok(Picture::new(planes.side, planes.side, planes.rgb(*index))),
        }
    }

    /// The file, where the picture is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::File { root, path } => Some(root.join(path)),
            _ => None,
        }
    }
}

const EXTENSIONS: [&str; 12] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "gif", "tif", "tiff", "apng"];

/// Whether a name has the extension of a picture, in any case.
pub(super) fn has_picture_extension(path: &Path) -> bool {
    path.extension().is_some_and(|e| EXTENSIONS.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

/// Whether a file is worth decoding: the extension says so or, where it does not, the first bytes do.
pub(super) fn may_be_picture(path: &Path) -> bool {
    has_picture_extension(path) || first_bytes(path).is_ok_and(|head| format_of(&head).is_some())
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES as usize);
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}
