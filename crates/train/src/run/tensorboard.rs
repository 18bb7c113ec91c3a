//! Event files that TensorBoard reads: records of TensorFlow's `Event` message.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use prost::Message;

use super::journal::seconds;
use crate::TrainError;

/// `tensorflow/core/util/event.proto`, the fields that scalars need.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// A file of scalars. A continued run begins another one beside it, named by its first step.
pub(super) struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    pub(super) fn create(folder: &Path, step: u64) -> Result<Self, TrainError> {
        let time = seconds();
        let path = folder.join(format!("events.out.tfevents.{:010}.{step:010}.rexnet", time as u64));
        let file = File::create(&path).map_err(TrainError::file(&path))?;
        let mut events = Self { path, file };
        events.write(&Event { wall_time: time, file_version: Some("brain.Event:2".into()), ..Event::default() })?;
        Ok(events)
    }

    pub(super) fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<(), TrainError> {
        let value = vec![Scalar { tag: tag.into(), simple_value: value as f32 }];
        let summary = Some(Summary { value });
        self.write(&Event { wall_time: seconds(), step: step as i64, file_version: None, summary })
    }

    /// A record: length, its checksum, the message, its checksum.
    fn write(&mut self, event: &Event) -> Result<(), TrainError> {
        let message = event.encode_to_vec();
        let length = (message.len() as u64).to_le_bytes();
        let record = [&length[..], &masked(&length), &message, &masked(&message)].concat();
        self.file.write_all(&record).map_err(TrainError::file(&self.path))
    }
}

/// CRC-32C, turned and shifted as TensorFlow's records want it.
fn masked(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}
