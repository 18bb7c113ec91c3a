//! Scalars in the files that TensorBoard reads.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use prost::{Message, Oneof};
use thiserror::Error;

/// Longest record that is taken for one of ours when a file is continued.
const LONGEST: u64 = 1 << 20;

/// What can go wrong with an event file; the caller knows its path.
#[derive(Debug, Error)]
pub enum EventError {
    /// The system's word.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A record that is not the torn last one does not match its checksum.
    #[error("the record at byte {offset} does not match its checksum")]
    Damaged {
        /// Where the record begins.
        offset: u64,
    },
}

/// An event file being written. Equal calls give equal bytes.
#[derive(Debug)]
pub struct EventFile {
    file: BufWriter<File>,
}

impl EventFile {
    /// Begins a file, or continues one: a record torn by a kill is dropped, and TensorBoard is told to forget what it read of
    /// `step` and later ones, which are about to come again. `wall_time` is in seconds since 1970. TensorBoard looks for files
    /// with `tfevents` in their names.
    /// # Errors
    /// `Io`; `Damaged` when a record other than the last is not what was written.
    pub fn append(path: &Path, step: u64, wall_time: f64) -> Result<Self, EventError> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let whole = whole_records(&mut file)?;
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        let mut events = Self { file: BufWriter::new(file) };
        if whole == 0 {
            events.write(0, wall_time, What::FileVersion("brain.Event:2".into()))?;
        } else {
            events.write(step, wall_time, What::SessionLog(SessionLog { status: SessionLog::START }))?;
        }
        Ok(events)
    }

    /// Adds a number under `tag`; a slash in it makes a group, as in `loss/train`.
    /// # Errors
    /// The system's.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f32, wall_time: f64) -> Result<(), EventError> {
        let value = Value { tag: tag.into(), simple_value: Some(value) };
        self.write(step, wall_time, What::Summary(Summary { value: vec![value] }))
    }

    /// Hands everything to the system, where readers see it.
    /// # Errors
    /// The system's.
    pub fn flush(&mut self) -> Result<(), EventError> {
        Ok(self.file.flush()?)
    }

    /// A record: length, checksum of the length, message, checksum of the message, little endian.
    fn write(&mut self, step: u64, wall_time: f64, what: What) -> Result<(), EventError> {
        let message = Event { wall_time, step: step as i64, what: Some(what) }.encode_to_vec();
        let length = (message.len() as u64).to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&checksum(&length).to_le_bytes())?;
        self.file.write_all(&message)?;
        Ok(self.file.write_all(&checksum(&message).to_le_bytes())?)
    }
}

/// CRC-32C, turned and shifted, since a checksum over bytes that hold checksums is weak.
fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Bytes up to the end of the last whole record. A record that the end of the file cuts off, or zeros up to the end, which a
/// crash of the system can leave, are torn.
fn whole_records(file: &mut File) -> Result<u64, EventError> {
    let size = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    let mut whole = 0;
    while size - whole >= 12 {
        let mut head = [0; 12];
        reader.read_exact(&mut head)?;
        let [length, sum] = [&head[..8], &head[8..]];
        let claimed = length.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
        if sum != checksum(length).to_le_bytes() || claimed > LONGEST {
            let zeros = head == [0; 12] && reader.bytes().all(|byte| byte.is_ok_and(|byte| byte == 0));
            return if zeros { Ok(whole) } else { Err(EventError::Damaged { offset: whole }) };
        }
        if size - whole < 16 + claimed {
            break;
        }
        let mut body = vec![0; claimed as usize + 4];
        reader.read_exact(&mut body)?;
        let (message, sum) = body.split_at(claimed as usize);
        if sum != checksum(message).to_le_bytes() {
            return Err(EventError::Damaged { offset: whole });
        }
        whole += 16 + claimed;
    }
    Ok(whole)
}

// The part of TensorFlow's event.proto and summary.proto that scalars need.

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

impl SessionLog {
    const START: i32 = 1;
}
