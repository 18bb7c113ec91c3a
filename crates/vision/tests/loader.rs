//! Batches are a function of seed and step.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::Path;

use rexnet_spec::Input;
use rexnet_testkit::bytes;
use rexnet_vision::Picture;
use rexnet_vision::augment::Augment;
use rexnet_vision::data::{Batch, Data, Dataset, Loader, LoaderError, LoaderOptions, Options};
use tempfile::tempdir;

fn write(folder: &Path, class: &str, count: usize) {
    fs::create_dir_all(folder.join(class)).unwrap();
    for i in 0..count {
        let name = format!("{class}.{i}");
        let picture = Picture::new(12, 9, bytes(&name, 12 * 9 * 3));
        fs::write(folder.join(class).join(format!("{i:02}.png")), picture.to_png()).unwrap();
    }
}

fn dataset(folder: &Path) -> Dataset {
    Data::open(folder, Options::default()).unwrap().for_eval().unwrap().1
}

fn options(threads: usize) -> LoaderOptions {
    let input = Input { size: [8, 8], ..Input::imagenet() };
    LoaderOptions { seed: 5, batch: 6, threads, augment: Augment::default(), input }
}

/// Everything that draws.
fn all() -> Augment {
    let randaugment = Some("rand-m9-mstd0.5-inc1".parse().unwrap());
    let (erase, mixup, cutmix) = (0.5, 0.2, 1.0);
    Augment { randaugment, color_jitter: 0.4, hue_jitter: 0.1, erase, mixup, cutmix, ..Augment::default() }
}

fn batches(folder: &Path, threads: usize, steps: impl Iterator<Item = u64>) -> Vec<Batch> {
    let options = LoaderOptions { augment: all(), ..options(threads) };
    let mut loader = Loader::new(dataset(folder), options).unwrap();
    steps.map(|step| loader.at(step).unwrap()).collect()
}

#[test]
fn batches_are_the_same_for_any_number_of_threads() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a", 11);
    write(folder.path(), "b", 9);
    let one = batches(folder.path(), 1, 0..8);
    assert_eq!(batches(folder.path(), 2, 0..8), one);
    assert_eq!(batches(folder.path(), 8, 0..8), one);
    assert_ne!(one[0].pixels, one[3].pixels, "another epoch, another order");
    assert!(one.iter().all(|batch| (0.0..1.0).contains(&batch.lambda)));
    let plain = Loader::new(dataset(folder.path()), options(1)).unwrap().at(0).unwrap();
    assert_eq!((&plain.labels, plain.lambda), (&one[0].labels, 1.0));
    assert_ne!(plain.pixels, one[0].pixels);
}

#[test]
fn a_step_is_the_same_wherever_the_loader_begins() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a", 20);
    let whole = batches(folder.path(), 2, 0..9);
    assert_eq!(batches(folder.path(), 2, 5..9), whole[5..]);
    assert_eq!(batches(folder.path(), 2, [7, 2].into_iter()), [whole[7].clone(), whole[2].clone()]);
}

#[test]
fn every_picture_comes_once_an_epoch() {
    let folder = tempdir().unwrap();
    for class in ["a", "b", "c", "d", "e", "f"] {
        write(folder.path(), class, 2);
    }
    for epoch in batches(folder.path(), 2, 0..6).chunks(2) {
        let mut labels: Vec<usize> = epoch.iter().flat_map(|batch| batch.labels.clone()).collect();
        labels.sort_unstable();
        assert_eq!(labels, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    }
}

#[test]
fn a_broken_picture_is_named_and_another_takes_its_place() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a", 20);
    fs::write(folder.path().join("a/07.png"), b"not a picture at all").unwrap();
    let mut loader = Loader::new(dataset(folder.path()), options(2)).unwrap();
    for step in 0..6 {
        assert_eq!(loader.at(step).unwrap().labels.len(), 6);
    }
    assert_eq!(loader.broken(), ["a/07.png"]);
}

#[test]
fn too_many_broken_pictures_end_it() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a", 20);
    for i in 0..5 {
        fs::write(folder.path().join(format!("a/{i:02}.png")), b"").unwrap();
    }
    let mut loader = Loader::new(dataset(folder.path()), options(2)).unwrap();
    let error = (0..6).find_map(|step| loader.at(step).err()).unwrap();
    assert!(matches!(error, LoaderError::TooManyBroken { count: 20, .. }), "{error}");
    assert!(error.to_string().contains("an empty file"), "{error}");
}

#[test]
fn data_of_nothing_but_broken_pictures_are_an_error_and_no_wait() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a", 3);
    for i in 0..3 {
        fs::write(folder.path().join(format!("a/{i:02}.png")), b"").unwrap();
    }
    let mut loader = Loader::new(dataset(folder.path()), options(2)).unwrap();
    assert!(matches!(loader.at(0), Err(LoaderError::TooManyBroken { broken: 3, .. })));
}

#[test]
fn fewer_pictures_than_a_batch_make_one_smaller_batch_and_one_picture_makes_none() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a", 4);
    let mut loader = Loader::new(dataset(folder.path()), options(1)).unwrap();
    assert_eq!((loader.batches(), loader.at(3).unwrap().labels.len()), (1, 4));
    let one = dataset(folder.path()).subset(&[0]);
    assert!(matches!(Loader::new(one, options(1)), Err(LoaderError::TooFew { found: 1 })));
}
