//! Bytes that are read by position: a file, or memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use crate::WeightsError;

/// Where the bytes of an opened file of weights come from.
#[derive(Debug)]
pub(crate) struct Bytes {
    origin: Origin,
    len: u64,
}

#[derive(Debug)]
enum Origin {
    File(Mutex<File>),
    Memory(Cow<'static, [u8]>),
}

impl Bytes {
    pub(crate) fn of_file(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { origin: Origin::File(Mutex::new(file)), len })
    }

    pub(crate) fn of_memory(bytes: Cow<'static, [u8]>) -> Self {
        Self { len: bytes.len() as u64, origin: Origin::Memory(bytes) }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Exactly `count` bytes from `at`. Their existence is checked before they are allocated.
    pub(crate) fn read_at(&self, at: u64, count: u64) -> Result<Vec<u8>, WeightsError> {
        let end = at.checked_add(count).filter(|&end| end <= self.len);
        if end.is_none() {
            return Err(WeightsError::Truncated { needed: at.saturating_add(count), have: self.len });
        }
        let count = usize::try_from(count).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let mut buffer = vec![0; count];
        let mut cursor = Cursor { bytes: self, at };
        cursor.read_exact(&mut buffer)?;
        Ok(buffer)
    }

    /// A reader with a position of its own.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor { bytes: self, at: 0 }
    }
}

/// A reader over [`Bytes`].
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a Bytes,
    at: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.bytes.origin {
            Origin::File(file) => {
                // A panic elsewhere cannot leave a file half-moved that matters: every read seeks first.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(self.at))?;
                file.read(buffer)?
            }
            Origin::Memory(bytes) => {
                let start = usize::try_from(self.at).unwrap_or(usize::MAX).min(bytes.len());
                (&bytes[start..]).read(buffer)?
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Cursor<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
