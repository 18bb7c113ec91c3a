//! CSV lists, as people and spreadsheets write them.
#![allow(clippy::unwrap_used, reason = "a helper may fail its test")]

mod common;

use common::{listing, load, open, pairs, png, put, put_pictures};
use rexnet_vision::data::{DataError, Reason, Split};
use tempfile::{TempDir, tempdir};

/// A folder with three pictures and a list.
fn with_list(text: impl AsRef<[u8]>) -> (TempDir, std::path::PathBuf) {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["one.png", "two.png", "deep/three, four.png"]);
    put(dir.path(), "list.csv", text);
    let path = dir.path().join("list.csv");
    (dir, path)
}

#[test]
fn a_list_saved_by_a_spreadsheet_is_read() {
    let rows = "\u{feff}File,Label,note\r\none.png,dog,\"a \"\"good\"\" one\"\r\n\"deep/three, four.png\",cat,\r\n";
    let (_dir, path) = with_list(rows);
    assert_eq!(listing(&load(path).unwrap()), pairs(&[("one.png", "dog"), ("deep/three, four.png", "cat")]));
}

#[test]
fn semicolons_and_tabs_separate_where_no_comma_does() {
    for separator in [";", "\t"] {
        let (_dir, path) = with_list(format!("path{separator}class\none.png{separator}dog\n"));
        assert_eq!(listing(&load(path).unwrap()), pairs(&[("one.png", "dog")]));
    }
}

#[test]
fn a_missing_column_lists_those_found() {
    let (_dir, path) = with_list("picture,label\none.png,dog\n");
    let error = load(path).unwrap_err().to_string();
    assert!(error.contains("no column `path` or `file`; the columns are `picture`, `label`"), "{error}");
    let (_dir, path) = with_list("path,colour\none.png,red\n");
    let error = load(path).unwrap_err().to_string();
    assert!(error.contains("no column `label` or `class` or `class_index`"), "{error}");
}

#[test]
fn utf16_is_named() {
    let text: Vec<u8> = "\u{feff}path,label\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (_dir, path) = with_list(text);
    assert!(load(path).unwrap_err().to_string().contains("UTF-16"));
}

#[test]
fn class_index_is_the_number_and_names_come_from_a_name_column() {
    let (_dir, path) = with_list("file,class_index\none.png,3\ntwo.png,0\n");
    let set = load(path).unwrap();
    assert!(set.numbered);
    assert_eq!((set.classes.len(), set.samples[0].label, set.samples[1].label), (4, 3, 0));
    let (_dir, path) = with_list("file,class_index,label\none.png,1,ant\ntwo.png,0,bee\n");
    let set = load(path).unwrap();
    assert_eq!(set.classes, ["bee", "ant"]);
    assert!(!set.numbered);
}

#[test]
fn an_impossible_class_index_names_its_line() {
    for index in ["-1", "many", "99999999999999999999", "4294967295"] {
        let (_dir, path) = with_list(format!("file,class_index\none.png,0\ntwo.png,{index}\n"));
        let Err(DataError::List { line: 3, what, .. }) = load(path) else { panic!("{index}") };
        assert!(what.contains(index));
    }
}

#[test]
fn one_index_with_two_names_is_an_error() {
    let (_dir, path) = with_list("file,class_index,label\none.png,1,ant\ntwo.png,1,bee\n");
    assert!(load(path).unwrap_err().to_string().contains("`ant` in one row and `bee` in another"));
}

#[test]
fn rows_without_a_file_or_a_class_are_counted() {
    let (_dir, path) = with_list("path,label\none.png,dog\nlost.png,dog\ntwo.png,\n");
    let set = load(path).unwrap();
    assert_eq!(listing(&set), pairs(&[("one.png", "dog")]));
    assert_eq!((set.report.count(Reason::Missing), set.report.count(Reason::NoLabel)), (1, 1));
}

#[test]
fn a_list_may_point_outside_its_folder_and_use_windows_separators() {
    let outside = tempdir().unwrap();
    put(outside.path(), "far.png", png([1, 2, 3]));
    let far = outside.path().join("far.png");
    let up = format!("../{}/far.png", outside.path().file_name().unwrap().to_str().unwrap());
    let text = format!("path,label\n{},a\n{up},b\n\"deep\\three, four.png\",c\n", far.display());
    let (_dir, path) = with_list(text);
    let set = load(path).unwrap();
    assert_eq!(set.counts(), [1, 1, 1]);
    assert!(set.samples.iter().all(|s| s.source.path().unwrap().is_file()));
}

#[test]
fn a_split_column_makes_splits_with_common_class_numbers() {
    let (_dir, path) =
        with_list("path,label,split\none.png,a,train\ntwo.png,b,train\n\"deep/three, four.png\",b,val\n");
    let data = open(path).unwrap();
    assert_eq!(data.splits(), [Split::Train, Split::Val]);
    let val = data.load(Split::Val).unwrap();
    assert_eq!((val.classes.clone(), val.samples[0].label), (vec!["a".into(), "b".into()], 1));
}
