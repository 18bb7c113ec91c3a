//! CIFAR files in both of their authors' versions, and pickles that want to do harm.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

mod common;

use common::{load, open, put};
use rexnet_testkit::bytes;
use rexnet_vision::data::{DataError, Dataset, PickleError, Source, Split};
use std::path::Path;
use tempfile::tempdir;

const FIXTURE: &[u8] = include_bytes!("fixtures/cifar_protocol4.pkl");

/// `records` of `label_bytes` and pixels, labels counting up.
fn binary(records: usize, label_bytes: usize) -> Vec<u8> {
    let pixels = bytes("cifar", records * 3072);
    let labels = |i: usize| [9_u8, i as u8][2 - label_bytes..].to_vec();
    pixels.chunks(3072).enumerate().flat_map(|(i, p)| [labels(i), p.to_vec()].concat()).collect()
}

fn rgb(set: &Dataset, i: usize) -> Vec<u8> {
    let Source::Record { planes, index } = &set.samples[i].source else { panic!("not a record") };
    planes.rgb(*index)
}

/// R, G and B planes of the generated record `i`, interleaved.
fn interleaved(i: usize) -> Vec<u8> {
    let planes = &bytes("cifar", (i + 1) * 3072)[i * 3072..];
    (0..1024).flat_map(|p| [planes[p], planes[1024 + p], planes[2048 + p]]).collect()
}

#[test]
fn binary_records_are_planes_after_one_label_byte_or_two() {
    for (label_bytes, names) in [(1, "label_names.txt"), (2, "fine_label_names.txt")] {
        let dir = tempdir().unwrap();
        put(dir.path(), "train.bin", binary(3, label_bytes));
        put(dir.path(), "test.bin", binary(1, label_bytes));
        put(dir.path(), names, "zebra\nant\nbee\n");
        let data = open(dir.path()).unwrap();
        assert_eq!(data.splits(), [Split::Train, Split::Test]);
        let set = data.load(Split::Train).unwrap();
        assert_eq!(set.classes, ["zebra", "ant", "bee"]); // the file's order is the labels' order
        assert_eq!(set.samples.iter().map(|s| s.label).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(rgb(&set, 2), interleaved(2));
        assert_eq!(set.samples[2].source.name(), "train.bin#2");
    }
}

#[test]
fn without_names_the_length_tells_the_version_and_classes_are_numbers() {
    for label_bytes in [1, 2] {
        let dir = tempdir().unwrap();
        put(dir.path(), "data_batch_1.bin", binary(2, label_bytes));
        put(dir.path(), "data_batch_2.bin", binary(2, label_bytes));
        let set = load(dir.path()).unwrap();
        assert_eq!((set.classes.len(), set.samples.len(), set.numbered), (2, 4, true));
        assert_eq!(rgb(&set, 3), interleaved(1));
    }
}

#[test]
fn damaged_binary_files_say_what_is_wrong() {
    let dir = tempdir().unwrap();
    put(dir.path(), "label_names.txt", "ant\nbee\n");
    put(dir.path(), "train.bin", &binary(3, 1)[..5000]);
    assert!(matches!(load(dir.path()), Err(DataError::PartRecord { bytes: 5000, record: 3073, .. })));
    put(dir.path(), "train.bin", binary(3, 1));
    assert!(matches!(load(dir.path()), Err(DataError::Label { record: 2, label: 2, classes: 2, .. })));
}

/// A batch as Python 2 wrote CIFAR: protocol 2, byte strings, `numpy.core`.
fn python2(pixels: &[u8], labels: &[u8]) -> Vec<u8> {
    let rows = labels.len() as u8;
    let mut p = b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04]q\x05(".to_vec();
    p.extend(labels.iter().flat_map(|l| [b'K', *l]));
    p.extend(
        b"eU\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09",
    );
    p.extend([b'(', b'K', 1, b'K', rows, b'M', 0x00, 0x0c, 0x86]);
    p.extend(
        b"cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
    );
    p.extend((pixels.len() as u32).to_le_bytes());
    p.extend(pixels);
    p.extend(b"tbu.");
    p
}

#[test]
fn pickles_are_read_as_the_authors_wrote_them_and_as_numpy_writes_them_today() {
    let dir = tempdir().unwrap();
    put(dir.path(), "data_batch_1", python2(&bytes("cifar", 2 * 3072), &[7, 0]));
    put(dir.path(), "test_batch", FIXTURE);
    // Protocol 0, as batches.meta came.
    put(
        dir.path(),
        "batches.meta",
        b"(dp1\nS'label_names'\np2\n(lp3\nS'a'\naS'b'\naS'c'\naS'd'\naS'e'\naS'f'\naS'g'\naS'h'\nas.",
    );
    let data = open(dir.path()).unwrap();
    for split in [Split::Train, Split::Test] {
        let set = data.load(split).unwrap();
        assert_eq!(set.classes.len(), 8);
        assert_eq!(set.samples.iter().map(|s| s.label).collect::<Vec<_>>(), [7, 0], "{split}");
        assert_eq!((rgb(&set, 0), rgb(&set, 1)), (interleaved(0), interleaved(1)), "{split}");
    }
}

fn refused(pickle: impl AsRef<[u8]>) -> PickleError {
    let dir = tempdir().unwrap();
    put(dir.path(), "data_batch_1", pickle);
    match load(dir.path()) {
        Err(DataError::Pickle { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pickle_that_calls_something_is_refused_and_nothing_runs() {
    let marker = Path::new("/tmp/rexnet-pickle-ran");
    for attack in [
        &b"cos\nsystem\n(S'touch /tmp/rexnet-pickle-ran'\ntR."[..],
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n(S'x'\ntR.",
    ] {
        assert!(matches!(refused(attack), PickleError::Forbidden { .. }));
    }
    assert!(!marker.exists());
    // INST, OBJ, NEWOBJ, persistent ids and extension codes have no place at all.
    for opcode in [b'i', b'o', 0x81, b'P', b'Q', 0x82, 0x92] {
        assert!(matches!(refused([b'(', opcode, b'\n', b'.']), PickleError::Opcode { .. }), "{opcode}");
    }
}

#[test]
fn every_truncation_of_a_pickle_is_an_error() {
    let whole = python2(&bytes("cifar", 3072), &[7]);
    for end in (0..700).chain(whole.len() - 40..whole.len()).filter(|end| *end < whole.len()) {
        refused(&whole[..end]);
    }
}

#[test]
fn nesting_copies_and_absurd_lengths_are_bounded() {
    assert_eq!(refused(b"]".repeat(5 << 20)), PickleError::TooMany);
    assert_eq!(refused(b"(".repeat(5 << 20)), PickleError::TooMany);
    assert_eq!(refused([&b"]q\x00"[..], &b"h\x00".repeat(5 << 20)].concat()), PickleError::TooMany);
    let deep = [b"]".repeat(1 << 20), b"a".repeat((1 << 20) - 1), b".".to_vec()].concat();
    assert!(matches!(refused(deep), PickleError::Shape(_)));
    assert!(matches!(refused(b"]q\x00h\x00a."), PickleError::Shape(_))); // a list that holds itself
    assert!(matches!(refused(b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffx."), PickleError::Damaged { .. }));
    assert!(matches!(refused(b"B\xff\xff\xff\xffx."), PickleError::Damaged { .. }));
}

#[test]
fn shapes_and_labels_must_be_those_of_the_bytes() {
    let two = bytes("cifar", 2 * 3072);
    assert!(matches!(refused(python2(&two[..6000], &[7, 0])), PickleError::Shape(_)));
    assert!(matches!(refused(python2(&two, &[7])), PickleError::Shape(_)));
    assert!(matches!(refused(b"}."), PickleError::Shape(_)));
    assert!(matches!(refused(b"]."), PickleError::Shape(_)));
}
