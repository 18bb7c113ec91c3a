//! `data::check`.

use std::path::Path;

use rexnet_random::Stream;
use rexnet_spec::Interpolation;
use rexnet_vision::data::{Dataset, Place, Sample, Source, Twins, check};
use rexnet_vision::picture::Filter;
use rexnet_vision::{Decode, Picture};

/// A blurred pattern that no other number has.
fn pattern(number: u64) -> Picture {
    let stream = Stream::new(number);
    let rough = Picture::new(5, 5, (0..75).map(|i| (256.0 * stream.uniform(i)) as u8).collect());
    rough.resize(48, 40, Filter::pillow(Interpolation::Bicubic))
}

fn put(folder: &Path, name: &str, picture: &Picture) -> Sample {
    std::fs::write(folder.join(name), picture.to_png()).expect("a writable folder");
    Sample { source: Source::file(folder, name), label: 0 }
}

fn set(samples: Vec<Sample>) -> Dataset {
    Dataset { classes: vec!["one".into()], samples, ..Dataset::default() }
}

fn at(set: usize, sample: usize) -> Place {
    Place { set, sample }
}

#[test]
fn twins_are_found_across_sets_and_equal_ones_within_a_set_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, picture: &Picture| put(folder.path(), name, picture);
    let half = pattern(2).resize(24, 20, Filter::pillow(Interpolation::Bicubic));
    let train = set(vec![
        put("0.png", &pattern(0)),
        put("1.png", &pattern(1)),
        put("2.png", &pattern(2)),
        put("3.png", &pattern(0)),
        put("half of 2.png", &half),
    ]);
    let val = set(vec![
        put("4.png", &pattern(4)),
        put("5.png", &pattern(1)),
        put("6.png", &half.resize(48, 40, Filter::pillow(Interpolation::Bicubic))),
    ]);
    let found = check(&[&train, &val], &Decode::default(), &|| {});
    let twins = |first, second, exact| Twins { first, second, exact };
    assert_eq!(
        found.twins,
        [twins(at(0, 0), at(0, 3), true), twins(at(0, 1), at(1, 1), true), twins(at(0, 2), at(1, 2), false)],
        "what looks alike within one set is no finding"
    );
    assert!(found.broken.is_empty());
}

#[test]
fn flat_pictures_of_other_colours_and_mirror_images_are_no_twins() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, picture: &Picture| put(folder.path(), name, picture);
    let train = set(vec![put("grey.png", &Picture::filled(9, 9, [90; 3])), put("0.png", &pattern(0))]);
    let val = set(vec![put("light.png", &Picture::filled(9, 9, [99; 3])), put("m.png", &pattern(0).mirrored())]);
    assert_eq!(check(&[&train, &val], &Decode::default(), &|| {}).twins, []);
    let near = set(vec![put("near.png", &Picture::filled(30, 9, [97, 90, 83]))]);
    assert_eq!(check(&[&train, &near], &Decode::default(), &|| {}).twins.len(), 1);
}

#[test]
fn broken_pictures_are_placed_and_every_picture_is_told() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let folder = tempfile::tempdir().expect("a folder");
    let good = put(folder.path(), "0.png", &pattern(0));
    std::fs::write(folder.path().join("1.png"), &pattern(1).to_png()[..60]).expect("a writable folder");
    let cut = Sample { source: Source::file(folder.path(), "1.png"), label: 0 };
    let gone = Sample { source: Source::file(folder.path(), "gone.png"), label: 0 };
    let told = AtomicUsize::new(0);
    let count = || {
        told.fetch_add(1, Ordering::Relaxed);
    };
    let found = check(&[&set(vec![good, cut]), &set(vec![gone])], &Decode::default(), &count);
    assert_eq!(found.broken.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [at(0, 1), at(1, 0)]);
    assert!(found.broken[0].1.to_string().contains("truncated PNG"), "{}", found.broken[0].1);
    assert_eq!(told.into_inner(), 3);
}
