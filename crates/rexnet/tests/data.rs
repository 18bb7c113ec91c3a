//! `rexnet data`.

mod support;

use std::path::Path;

use rexnet_random::Stream;
use rexnet_spec::Interpolation;
use rexnet_vision::Picture;
use rexnet_vision::picture::Filter;
use support::models::{put, put_picture};
use support::{rexnet, rexnet_in};
use tempfile::{TempDir, tempdir};

/// A blurred pattern that no other number has.
fn pattern(number: u64) -> Picture {
    let stream = Stream::new(number);
    let rough = Picture::new(5, 5, (0..75).map(|i| (256.0 * stream.uniform(i)) as u8).collect());
    rough.resize(48, 40, Filter::pillow(Interpolation::Bicubic))
}

/// Two classes with three pictures to learn from and one to validate on, all sound and different.
fn sound() -> TempDir {
    let folder = tempdir().expect("a folder");
    for (i, name) in ["train/day/0", "train/day/1", "train/night/0", "val/day/0", "val/night/0"].iter().enumerate() {
        put(&folder.path().join(format!("data/{name}.png")), &pattern(i as u64).to_png());
    }
    folder
}

fn names_under(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = folder
        .read_dir()
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_sound_set_passes_its_check() {
    let folder = sound();
    let text = rexnet_in(folder.path(), &["data", "check", "data"]).ok();
    assert!(text.contains("train: 3 pictures in 2 classes") && text.contains("none is in two splits"), "{text}");
}

#[test]
fn a_broken_picture_is_named_with_what_is_wrong() {
    let folder = sound();
    let whole = pattern(9).to_png();
    put(&folder.path().join("data/train/day/cut.png"), &whole[..whole.len() / 2]);
    let said = rexnet_in(folder.path(), &["data", "check", "data"]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("broken: day/cut.png: truncated PNG"), "{}", said.stdout);
    assert!(said.stderr.contains("data: one problem"), "{}", said.stderr);
}

#[test]
fn a_picture_in_two_splits_is_found_copied_or_saved_again() {
    let folder = sound();
    let data = folder.path().join("data");
    put(&data.join("val/day/copy.png"), &pattern(1).to_png());
    put(&data.join("val/night/half.png"), &pattern(2).resize(24, 20, Filter::pillow(Interpolation::Bicubic)).to_png());
    let said = rexnet_in(folder.path(), &["data", "check", "data", "--json"]);
    assert_eq!(said.code, 1);
    let found = said.json();
    let pairs: Vec<_> = found["twins"].as_array().expect("a list").iter().collect();
    let row = |i: usize| [&pairs[i]["second"]["path"], &pairs[i]["first"]["path"], &pairs[i]["exact"]];
    assert_eq!(pairs.len(), 2, "{found}");
    assert_eq!(row(0), [&"day/copy.png".into(), &"day/1.png".into(), &serde_json::Value::Bool(true)]);
    assert_eq!(row(1), [&"night/half.png".into(), &"night/0.png".into(), &serde_json::Value::Bool(false)]);
    let alone = rexnet_in(folder.path(), &["data", "check", "data:val"]);
    assert_eq!(alone.code, 0, "one split has nothing to be in twice: {}", alone.stdout);
}

#[test]
fn a_picture_under_two_classes_is_a_problem_and_twice_in_one_is_not() {
    let folder = sound();
    let data = folder.path().join("data");
    put(&data.join("train/day/again.png"), &pattern(0).to_png());
    let text = rexnet_in(folder.path(), &["data", "check", "data"]).ok();
    assert!(text.contains("twice: train day/again.png is the same picture as train day/0.png\n"), "{text}");
    put(&data.join("train/night/day.png"), &pattern(0).to_png());
    let said = rexnet_in(folder.path(), &["data", "check", "data"]);
    assert!(said.code == 1 && said.stdout.contains("which is another class"), "{}", said.stdout);
}

#[test]
fn empty_and_unknown_classes_and_what_is_passed_over_are_told() {
    let folder = sound();
    let data = folder.path().join("data");
    std::fs::create_dir(data.join("train/dusk")).expect("a writable folder");
    put(&data.join("train/day/.hidden.png"), b"");
    put(&data.join("train/day/notes.txt"), b"hello");
    put(&data.join("val/Day/0.png"), &pattern(20).to_png());
    let said = rexnet_in(folder.path(), &["data", "check", "data"]);
    assert_eq!(said.code, 1, "{}", said.stdout);
    for line in ["class `dusk` is empty", "class `Day` has no picture in train", "1 hidden", "1 not a picture"] {
        assert!(said.stdout.contains(line), "{line}: {}", said.stdout);
    }
}

#[test]
fn extensions_in_any_case_are_looked_at_and_the_content_decides() {
    let folder = sound();
    let png = |number| pattern(number).to_png();
    for (i, name) in ["IMG_1.JPG", "b.jfif", "c.webp", "d.PNG", "no_extension"].iter().enumerate() {
        put(&folder.path().join("data/train/day").join(name), &png(50 + i as u64));
    }
    let text = rexnet_in(folder.path(), &["data", "check", "data:train"]).ok();
    assert!(text.contains("train: 8 pictures in 2 classes"), "{text}");
}

#[test]
fn info_counts_classes_in_the_order_of_their_numbers_without_opening_pictures() {
    let folder = tempdir().expect("a folder");
    for class in ["1", "2", "10", "apple", "Zebra"] {
        put(&folder.path().join(format!("data/{class}/deep/er/broken.jpg")), b"\xff\xd8\xff");
    }
    let classes = |args: &[&str]| -> Vec<String> {
        let found = rexnet_in(folder.path(), &[&["data", "info", "data", "--json"], args].concat()).json();
        let classes = found["splits"][0]["classes"].as_array().expect("a list");
        classes.iter().map(|class| class["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(classes(&[]), ["1", "10", "2", "Zebra", "apple"], "torchvision's order");
    assert_eq!(classes(&["--numeric-order"]), ["1", "2", "10", "Zebra", "apple"]);
    put(&folder.path().join("order.txt"), b"Zebra\napple\n10\n2\n1\n");
    assert_eq!(classes(&["--classes", "order.txt"]), ["Zebra", "apple", "10", "2", "1"]);
}

#[test]
fn classes_of_one_name_under_two_folders_stay_apart() {
    let folder = tempdir().expect("a folder");
    put_picture(&folder.path().join("data/cats/small/0.png"), [1, 2, 3]);
    put_picture(&folder.path().join("data/dogs/small/0.png"), [1, 2, 3]);
    let text = rexnet_in(folder.path(), &["data", "info", "data"]).ok();
    assert!(text.contains("2 pictures in 2 classes") && text.contains("cats") && text.contains("dogs"), "{text}");
}

#[test]
fn a_folder_with_nothing_usable_says_what_was_there() {
    let folder = tempdir().expect("a folder");
    put(&folder.path().join("data/day/a.txt"), b"hello");
    put(&folder.path().join("data/day/b.mp4"), b"hello");
    let said = rexnet_in(folder.path(), &["data", "info", "data"]);
    assert!(said.code == 1 && said.stderr.contains("2 not a picture"), "{}", said.stderr);
}

#[test]
fn a_list_from_excel_is_read_and_a_missing_column_lists_those_found() {
    let folder = tempdir().expect("a folder");
    put_picture(&folder.path().join("a, b.png"), [1, 2, 3]);
    put(&folder.path().join("list.csv"), b"\xef\xbb\xbf\"path\",label\r\n\"a, b.png\",day\r\n");
    let text = rexnet_in(folder.path(), &["data", "check", "list.csv"]).ok();
    assert!(text.contains("1 pictures in 1 classes"), "{text}");
    put(&folder.path().join("other.csv"), b"picture,label\na.png,day\n");
    let said = rexnet_in(folder.path(), &["data", "info", "other.csv"]);
    assert!(said.code == 1 && said.stderr.contains("`picture`, `label`"), "{}", said.stderr);
}

#[test]
fn a_synthetic_set_is_a_function_of_its_seed_and_opens_as_a_data_set() {
    let folder = tempdir().expect("a folder");
    let synth = |out: &str, seed: &str| {
        let size = ["--train", "12", "--val", "6", "--side", "16"];
        rexnet_in(folder.path(), &[&["data", "synth", "--out", out, "--seed", seed], &size[..]].concat())
    };
    synth("a", "1").ok();
    synth("b", "1").ok();
    synth("c", "2").ok();
    let text = rexnet_in(folder.path(), &["data", "check", "a"]).ok();
    assert!(text.contains("train: 12 pictures in 6 classes") && text.contains("val: 6 pictures"), "{text}");
    let picture = |set: &str| {
        let class = folder.path().join(set).join("train/cross");
        std::fs::read(class.join(&names_under(&class)[0])).expect("a picture")
    };
    assert_eq!(picture("a"), picture("b"));
    assert_ne!(picture("a"), picture("c"));
    let said = synth("a", "3");
    assert!(said.code == 2 && said.stderr.contains("already there"), "{}", said.stderr);
}

#[test]
fn the_known_sets_say_where_they_come_from() {
    let sets = rexnet(&["data", "list", "--json"]).json();
    let sets = sets.as_array().expect("a list");
    assert!(sets.iter().any(|set| set["name"] == "CIFAR-100" && set["classes"] == 100));
    assert!(
        sets.iter().all(|set| set["source"].as_str().is_some_and(|s| s.starts_with("https://") || s.contains("synth")))
    );
}
