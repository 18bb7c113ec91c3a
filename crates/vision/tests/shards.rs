//! Tar shards in webdataset's layout, and hostile ones.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

mod common;

use common::{listing, load, pairs, png, put};
use rexnet_vision::data::{DataError, Reason};
use std::path::Path;
use tempfile::tempdir;

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn pattern(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_range_of_shards_is_one_data_set() {
    let dir = tempdir().unwrap();
    let red = png([255, 0, 0]);
    put(dir.path(), "s-008.tar", tar(&[("a/1.png", &red), ("a/1.cls", b"2"), ("a/1.txt", b"x")]));
    put(dir.path(), "s-009.tar", tar(&[("2.json", br#"{"label": 0}"#), ("2.jpg", &red), ("3.cls", b"1")]));
    put(dir.path(), "s-010.tar", tar(&[("4.seg.png", &red), ("4.cls", b" 1\n"), ("5.png", &red)]));
    let set = load(pattern(dir.path(), "s-{008..010}.tar")).unwrap();
    let wanted = [("s-008.tar/a/1.png", "2"), ("s-009.tar/2.jpg", "0"), ("s-010.tar/4.seg.png", "1")];
    assert_eq!(listing(&set), pairs(&wanted));
    assert!(set.numbered);
    assert_eq!((set.report.count(Reason::NoPicture), set.report.count(Reason::NoLabel)), (1, 1));
}

#[test]
fn classes_may_be_names() {
    let dir = tempdir().unwrap();
    let red = png([255, 0, 0]);
    put(
        dir.path(),
        "s.tar",
        tar(&[("1.png", &red), ("1.cls", b"wasp"), ("2.png", &red), ("2.json", br#"{"class":"ant"}"#)]),
    );
    let set = load(dir.path().join("s.tar")).unwrap();
    assert_eq!(set.classes, ["ant", "wasp"]);
    put(dir.path(), "classes.txt", "wasp\nbee\nant\n");
    let set = load(dir.path().join("s.tar")).unwrap();
    assert_eq!(set.counts(), [1, 0, 1]);
    put(dir.path(), "classes.txt", "wasp\n");
    assert!(matches!(load(dir.path().join("s.tar")), Err(DataError::ClassesDiffer { .. })));
}

#[test]
fn a_member_that_claims_more_bytes_than_the_shard_has_is_one_clear_error() {
    for claimed in [100_000, 1 << 40, u64::MAX / 2, u64::MAX] {
        let dir = tempdir().unwrap();
        let mut bytes = tar(&[("1.cls", b"0"), ("1.png", &png([1, 2, 3]))]);
        let mut header = tar::Header::from_byte_slice(&bytes[1024..1536]).clone();
        header.set_size(claimed);
        header.set_cksum();
        bytes[1024..1536].copy_from_slice(header.as_bytes());
        put(dir.path(), "s.tar", bytes);
        let error = load(dir.path().join("s.tar")).unwrap_err();
        assert!(matches!(error, DataError::Shard { .. }), "{claimed}: {error}");
    }
}

#[test]
fn a_truncated_shard_and_a_file_that_is_no_tar_are_errors() {
    let dir = tempdir().unwrap();
    let whole = tar(&[("1.cls", b"0"), ("1.png", &png([1, 2, 3]))]);
    put(dir.path(), "cut.tar", &whole[..1024 + 512 + 10]);
    put(dir.path(), "text.tar", "this is not a tar file. ".repeat(100));
    for name in ["cut.tar", "text.tar"] {
        assert!(matches!(load(dir.path().join(name)), Err(DataError::Shard { .. })), "{name}");
    }
}

#[test]
fn hostile_labels_are_errors() {
    let red = png([255, 0, 0]);
    let huge = vec![b'1'; 2 << 20];
    let cases: [(&str, &[u8]); 4] =
        [("1.json", b"{\"label\": "), ("1.json", br#"{"label": [1]}"#), ("1.cls", b"99999999999"), ("1.cls", &huge)];
    for (name, label) in cases {
        let dir = tempdir().unwrap();
        put(dir.path(), "s.tar", tar(&[("1.png", &red), (name, label)]));
        assert!(matches!(load(dir.path().join("s.tar")), Err(DataError::Shard { .. })), "{name}");
    }
}

#[test]
fn an_impossible_range_is_an_error_before_any_file_is_opened() {
    for range in ["s-{3..1}.tar", "s-{a..b}.tar", "s-{0..99999999999}.tar"] {
        assert!(matches!(load(range), Err(DataError::Pattern { .. })), "{range}");
    }
    assert!(matches!(load("s-{0..1}.tar"), Err(DataError::Io { .. })));
}

#[test]
fn members_that_escape_the_folder_are_never_written_and_links_are_no_pictures() {
    let dir = tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "1.png", "/etc/passwd").unwrap();
    let red = png([255, 0, 0]);
    for (name, bytes) in [("2.png", red.as_slice()), ("2.cls", b"0")] {
        let mut header = tar::Header::new_gnu();
        let path = format!("../../{name}");
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }
    put(dir.path(), "in/deep/s.tar", builder.into_inner().unwrap());
    let set = load(dir.path().join("in/deep/s.tar")).unwrap();
    assert_eq!(listing(&set), pairs(&[("s.tar/../../2.png", "0")]));
    assert!(!dir.path().join("2.png").exists());
}
