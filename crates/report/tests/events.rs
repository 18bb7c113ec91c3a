//! Event files as bytes; `peer_tensorboard.rs` reads them with TensorBoard.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::Path;

use rexnet_report::{EventError, EventFile};
use tempfile::tempdir;

fn write(path: &Path, step: u64) {
    let mut file = EventFile::append(path, step, 1.0).unwrap();
    file.scalar("loss", step, 0.5, 2.0).unwrap();
    file.flush().unwrap();
}

/// Ends of the records, by their lengths alone.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    while let Some(length) = bytes.get(ends[ends.len() - 1]..).and_then(|rest| rest.first_chunk()) {
        ends.push(ends[ends.len() - 1] + 16 + u64::from_le_bytes(*length) as usize);
    }
    ends
}

#[test]
fn equal_calls_give_equal_bytes() {
    let folder = tempdir().unwrap();
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    for path in &paths {
        write(path, 3);
    }
    assert_eq!(fs::read(&paths[0]).unwrap(), fs::read(&paths[1]).unwrap());
}

#[test]
fn a_file_begins_with_the_version_that_tensorflow_writes() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a");
    drop(EventFile::append(&path, 0, 0.0).unwrap());
    // Length 15, its checksum; field 3, 13 bytes of text; checksum: as TensorFlow's own writer has it.
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes[..8], 15_u64.to_le_bytes());
    assert_eq!(bytes[12..27], *b"\x1a\x0dbrain.Event:2");
}

#[test]
fn cut_anywhere_a_file_goes_on_after_its_last_whole_record() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a");
    write(&path, 0);
    write(&path, 1);
    let bytes = fs::read(&path).unwrap();
    let ends = ends(&bytes);
    assert_eq!((ends.len(), ends[4]), (5, bytes.len()));
    for cut in 0..=bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        drop(EventFile::append(&path, 9, 1.0).unwrap());
        let kept = ends.iter().copied().filter(|&end| end <= cut).max().unwrap();
        assert_eq!(fs::read(&path).unwrap()[..kept], bytes[..kept], "cut at {cut}");
        assert_eq!(self::ends(&fs::read(&path).unwrap()).len(), ends.iter().filter(|&&end| end <= cut).count() + 1);
    }
}

#[test]
fn zeros_at_the_end_are_torn_and_any_other_damage_is_an_error_with_its_place() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a");
    write(&path, 0);
    let bytes = fs::read(&path).unwrap();
    let second = ends(&bytes)[1];
    for zeros in [1, 11, 12, 13, 4096] {
        fs::write(&path, [&bytes[..], &vec![0; zeros]].concat()).unwrap();
        EventFile::append(&path, 9, 1.0).unwrap();
        assert_eq!(ends(&fs::read(&path).unwrap()).len(), 4, "{zeros} zeros");
    }
    for at in second..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let refused = EventFile::append(&path, 9, 1.0);
        assert!(matches!(refused, Err(EventError::Damaged { offset }) if offset == second as u64), "byte {at}");
        assert_eq!(fs::read(&path).unwrap(), damaged, "byte {at}");
    }
}
