//! Folders of classes, and folders of splits.

mod common;

use common::{listing, load, open, pairs, png, put, put_pictures};
use rexnet_vision::data::{Data, DataError, Options, Order, Reason, Split, Validation};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

#[test]
fn classes_are_the_top_level_folders_in_torchvisions_order() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["1/a.png", "2/a.png", "10/a.png", "apple/a.png", "Zebra/a.png"]);
    let set = load(dir.path()).unwrap();
    assert_eq!(set.classes, ["1", "10", "2", "Zebra", "apple"]); // torchvision 0.29.2's ImageFolder
    let natural = Options { order: Order::Natural, ..Options::default() };
    let set = Data::open(dir.path(), natural).unwrap().load(Split::All).unwrap();
    assert_eq!(set.classes, ["1", "2", "10", "Zebra", "apple"]);
}

#[test]
fn pictures_may_lie_deeper_and_keep_their_top_level_class() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["cats/small/a.png", "dogs/small/a.png", "dogs/b.png"]);
    let set = load(dir.path()).unwrap();
    let wanted = [("cats/small/a.png", "cats"), ("dogs/b.png", "dogs"), ("dogs/small/a.png", "dogs")];
    assert_eq!(listing(&set), pairs(&wanted));
}

#[test]
fn a_classes_file_fixes_the_order_and_keeps_a_class_without_pictures() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["ant/a.png", "bee/a.png"]);
    put(dir.path(), "classes.txt", "\u{feff}wasp\r\nbee\r\n\r\nant\r\n");
    let set = load(dir.path()).unwrap();
    assert_eq!(set.classes, ["wasp", "bee", "ant"]);
    assert_eq!((set.counts(), set.empty_classes()), (vec![0, 1, 1], vec!["wasp"]));
    assert!(set.report.is_empty(), "{}", set.report);
}

#[test]
fn a_classes_file_that_lacks_a_folder_or_repeats_a_name_is_an_error() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["ant/a.png", "bee/a.png"]);
    put(dir.path(), "classes.txt", "ant\nwasp\n");
    let error = load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("`bee` is not among the known classes") && error.contains("`wasp`"), "{error}");
    put(dir.path(), "classes.txt", "ant\nbee\nant\n");
    assert!(matches!(load(dir.path()), Err(DataError::TwiceNamed { first: 0, second: 2, .. })));
}

#[test]
fn dot_names_are_no_data_and_an_empty_class_keeps_its_number() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["a/1.png", "a/._1.png", "a/.cache/2.png", ".hidden/3.png", "__MACOSX/4.png", "c/5.png"]);
    fs::create_dir(dir.path().join("b")).unwrap();
    let set = load(dir.path()).unwrap();
    assert_eq!((set.classes.clone(), set.counts()), (vec!["a".into(), "b".into(), "c".into()], vec![1, 0, 1]));
    assert_eq!(set.report.count(Reason::Hidden), 4);
}

#[test]
fn extensions_are_a_hint_in_any_case_and_content_decides_for_the_rest() {
    let dir = tempdir().unwrap();
    let names = ["a/1.PNG", "a/2.JpEg", "a/3.jfif", "a/4.webp", "a/5.TIF", "a/6", "a/7.dat"];
    put_pictures(dir.path(), &names);
    put(dir.path(), "a/notes.txt", "no picture");
    put(dir.path(), "readme.md", "no picture either");
    let set = load(dir.path()).unwrap();
    assert_eq!(listing(&set).len(), names.len());
    assert_eq!(set.report.count(Reason::NotAPicture), 1);
    assert_eq!(set.report.count(Reason::OutsideClasses), 1);
}

#[test]
fn a_folder_with_nothing_usable_says_how_many_were_passed_over_and_why() {
    let dir = tempdir().unwrap();
    put(dir.path(), "a/1.txt", "x");
    put(dir.path(), "a/2.txt", "x");
    put(dir.path(), "3.png", png([1, 2, 3]));
    let error = load(dir.path()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("2 not a picture") && text.contains("1 beside the class folders"), "{text}");
    assert!(error.help().is_some());
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_and_dead_links_are_counted() {
    use std::os::unix::fs::symlink;
    let (dir, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    put_pictures(elsewhere.path(), &["far.png"]);
    put_pictures(dir.path(), &["a/near.png"]);
    symlink(elsewhere.path(), dir.path().join("b")).unwrap();
    symlink(elsewhere.path().join("far.png"), dir.path().join("a/linked.png")).unwrap();
    symlink(dir.path().join("a"), dir.path().join("a/self")).unwrap();
    symlink("/nowhere/at/all", dir.path().join("a/dead.png")).unwrap();
    let set = load(dir.path()).unwrap();
    assert_eq!(listing(&set), pairs(&[("a/linked.png", "a"), ("a/near.png", "a"), ("b/far.png", "b")]));
    assert_eq!(set.report.count(Reason::LinkLoop), 1);
    assert_eq!(set.report.count(Reason::BrokenLink), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn names_outside_ascii_and_outside_utf8_are_opened_as_they_are() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempdir().unwrap();
    let odd = Path::new(std::ffi::OsStr::from_bytes(b"\xff\xfe.png"));
    put(dir.path(), Path::new("кошка 猫").join(odd), png([1, 2, 3]));
    let set = load(dir.path()).unwrap();
    assert_eq!(set.classes, ["кошка 猫"]);
    assert!(set.samples[0].source.path().unwrap().is_file());
    assert_eq!(set.samples[0].source.name(), "кошка 猫/\u{fffd}\u{fffd}.png");
}

#[test]
fn train_and_val_are_splits_with_the_numbers_of_train() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["train/a/1.png", "train/b/1.png", "train/c/1.png", "val/c/2.png", "test/b/3.png"]);
    let data = open(dir.path()).unwrap();
    assert_eq!(data.splits(), [Split::Train, Split::Val, Split::Test]);
    let training = data.for_training(0.5, 0).unwrap();
    assert_eq!(training.validation, Validation::Given(Split::Val));
    assert_eq!(listing(&training.val), pairs(&[("c/2.png", "c")]));
    assert_eq!(training.val.empty_classes(), ["a", "b"]); // classes without validation pictures, by name
    assert_eq!(training.val.samples[0].label, 2);
    assert_eq!(data.for_eval().unwrap().0, Split::Val);
}

#[test]
fn a_validation_class_that_training_lacks_is_an_error() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["train/cat/1.png", "train/dog/1.png", "val/Cat/2.png", "val/dog/2.png"]);
    let error = open(dir.path()).unwrap().for_training(0.1, 0).unwrap_err().to_string();
    assert!(error.contains("`Cat` is not among the known classes") && error.contains("`cat`"), "{error}");
}

#[test]
fn training_never_touches_test_and_splits_off_its_own_validation() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["train/a/1.png", "train/a/2.png", "train/a/3.png", "train/a/4.png", "test/a/9.png"]);
    let data = open(dir.path()).unwrap();
    let training = data.for_training(0.25, 7).unwrap();
    assert_eq!(training.validation, Validation::SplitOff { share: 0.25, seed: 7 });
    assert_eq!((training.train.samples.len(), training.val.samples.len()), (3, 1));
    let (split, eval) = data.for_eval().unwrap();
    assert_eq!((split, listing(&eval)), (Split::Test, pairs(&[("a/9.png", "a")])));
}

#[test]
fn a_suffix_names_a_split_and_a_missing_one_lists_those_found() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["train/a/1.png", "val/a/2.png"]);
    let named = |split: &str| format!("{}:{split}", dir.path().display());
    assert_eq!(open(named("train")).unwrap().for_eval().unwrap().0, Split::Train);
    let error = open(named("test")).err().unwrap().to_string();
    assert!(error.contains("no split `test`; there is `train`, `val`"), "{error}");
}

#[test]
fn a_class_may_be_called_train() {
    let dir = tempdir().unwrap();
    put_pictures(dir.path(), &["bus/1.png", "car/1.png", "train/1.png"]);
    assert_eq!(load(dir.path()).unwrap().classes, ["bus", "car", "train"]);
}
