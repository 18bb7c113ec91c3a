//! What no verb was made for: odd files, odd names. Every answer is an error that names the place, never a panic.

mod support;

use std::path::Path;

use support::models::{put, put_picture, save, small_net};
use support::{Said, rexnet_in};
use tempfile::{TempDir, tempdir};

/// A model of two classes and a set of one picture.
fn folder() -> TempDir {
    let folder = tempdir().expect("a folder");
    save(&folder.path().join("net.safetensors"), small_net(2), Some(&["day", "night"]));
    put_picture(&folder.path().join("data/day/0.png"), [9, 9, 9]);
    folder
}

/// The verbs that open a model, with the model's name last.
const OF_A_MODEL: [&[&str]; 6] = [
    &["predict", "data", "-m"],
    &["eval", "data", "-m"],
    &["export", "--to", "safetensors", "--out", "out.safetensors"],
    &["quantize", "--calib", "data", "--out", "out.safetensors"],
    &["info"],
    &["bench", "--seconds", "0"],
];

/// The verbs that open a data set, with its name last.
const OF_DATA: [&[&str]; 3] = [&["data", "check"], &["data", "info"], &["eval", "-m", "net.safetensors"]];

/// Whether it is an error in the form that errors have.
fn is_plain(said: &Said, place: &str) -> bool {
    [1, 2].contains(&said.code)
        && said.stdout.is_empty()
        && said.stderr.contains("error: ")
        && said.stderr.contains(place)
}

fn refused(folder: &Path, verbs: &[&[&str]], place: &str) -> Vec<String> {
    let said = verbs.iter().map(|verb| (verb, rexnet_in(folder, &[verb, &[place][..]].concat())));
    let wrong = said.filter(|(_, said)| !is_plain(said, place));
    wrong.map(|(verb, said)| format!("{verb:?} {place}: {} {}{}", said.code, said.stdout, said.stderr)).collect()
}

#[test]
fn places_that_hold_no_model_are_named_by_every_verb() {
    let folder = folder();
    put(&folder.path().join("empty.safetensors"), b"");
    put(&folder.path().join("text.pth"), b"once upon a time");
    put(&folder.path().join("length.safetensors"), b"\xff\xff\xff\xff\xff\0\0\0{}");
    put(&folder.path().join("names.safetensors"), b"\x02\0\0\0\0\0\0\0{}");
    std::fs::create_dir(folder.path().join("hollow")).expect("a writable folder");
    let mut wrong = Vec::new();
    for place in ["empty.safetensors", "text.pth", "length.safetensors", "names.safetensors", "hollow", "nowhere.toml"]
    {
        wrong.extend(refused(folder.path(), &OF_A_MODEL, place));
    }
    if cfg!(unix) {
        wrong.extend(refused(folder.path(), &OF_A_MODEL, "/dev/null"));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_was_downloaded_in_place_of_weights_is_said_with_what_to_do() {
    let folder = folder();
    let whole = std::fs::read(folder.path().join("net.safetensors")).expect("a model");
    put(&folder.path().join("pointer"), b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
    put(&folder.path().join("page"), b"<!DOCTYPE html><html>");
    put(&folder.path().join("half"), &whole[..whole.len() / 2]);
    for (place, what, help) in [
        ("pointer", "a Git-LFS pointer", "git lfs pull"),
        ("page", "a web page", "in a browser"),
        ("half", "half a download", "fetch the file again"),
    ] {
        for verb in OF_A_MODEL {
            let said = rexnet_in(folder.path(), &[verb, &[place][..]].concat());
            let is_told = said.stderr.contains(what) && said.stderr.contains(help);
            assert!(said.code == 1 && is_told, "{verb:?} {place}: {}", said.stderr);
        }
    }
}

#[test]
fn places_that_hold_no_data_are_named_by_every_verb() {
    let folder = folder();
    put(&folder.path().join("empty.csv"), b"");
    put(&folder.path().join("wild.csv"), b"\x1b[2J\xff\0,\"\n\"");
    put(&folder.path().join("wild.tar"), &[0xa5; 2000]);
    put(&folder.path().join("cifar/train.bin"), &[0; 3000]);
    std::fs::create_dir(folder.path().join("hollow")).expect("a writable folder");
    let places = ["empty.csv", "wild.csv", "wild.tar", "cifar", "hollow", "net.safetensors", "nowhere"];
    let wrong: Vec<String> = places.iter().flat_map(|place| refused(folder.path(), &OF_DATA, place)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let said = rexnet_in(folder.path(), &["data", "info", "wild.csv"]);
    assert!(!said.stderr.contains('\x1b'), "a terminal would obey: {}", said.stderr);
}

#[cfg(unix)]
mod unix {
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn of_a_file_without_an_end_only_the_beginning_is_read() {
        let folder = folder();
        let said = rexnet_in(folder.path(), &["predict", "/dev/zero", "-m", "net.safetensors", "--json"]);
        assert!(said.json()["error"].as_str().is_some_and(|error| error.contains("not a JPEG")), "{}", said.stdout);
        let piped = Command::new(env!("CARGO_BIN_EXE_rexnet"))
            .args(["predict", "-", "-m", "net.safetensors"])
            .current_dir(folder.path())
            .stdin(Stdio::from(File::open("/dev/zero").expect("a device")))
            .output()
            .expect("the binary runs");
        assert_eq!(piped.status.code(), Some(1));
        symlink("/dev/zero", folder.path().join("data/day/endless.png")).expect("a writable folder");
        let text = rexnet_in(folder.path(), &["data", "check", "data"]).ok();
        assert!(text.contains("passed over 1 not a picture (as data/day/endless.png)"), "{text}");
    }

    #[test]
    fn a_device_is_never_replaced_by_a_file() {
        let folder = folder();
        let device = folder.path().join("device");
        symlink("/dev/null", &device).expect("a writable folder");
        for format in ["safetensors", "onnx"] {
            let args = ["export", "net.safetensors", "--to", format, "--out", "device", "--force"];
            let said = rexnet_in(folder.path(), &args);
            assert!(said.code == 1 && said.stderr.contains("device: not a regular file"), "{}", said.stderr);
            assert!(device.is_symlink());
        }
    }

    #[test]
    fn links_that_lead_back_are_counted_and_followed_by_nobody() {
        let folder = folder();
        for (to, name) in [(".", "self"), ("..", "day/up"), ("../data", "again"), ("..", "above"), ("nothing", "dead")]
        {
            symlink(to, folder.path().join("data").join(name)).expect("a writable folder");
        }
        let found = rexnet_in(folder.path(), &["data", "info", "data", "--json"]).json();
        let split = &found["splits"][0];
        assert_eq!((&split["pictures"], split["classes"].as_array().map(Vec::len)), (&1.into(), Some(1)), "{found}");
        let counts: Vec<_> = split["passed_over"].as_array().expect("a list").iter().map(|row| &row["count"]).collect();
        assert_eq!(counts, [1, 4], "one link to nothing, four that lead back: {found}");
        let said = rexnet_in(folder.path(), &["predict", "data", "-m", "net.safetensors", "--json"]);
        assert_eq!(said.stdout.lines().count(), 1, "{}", said.stdout);
    }

    #[test]
    fn names_that_are_not_unicode_serve_every_verb_and_json_stays_valid() {
        let folder = folder();
        let odd = OsStr::from_bytes(b"caf\xe9");
        std::fs::create_dir(folder.path().join(odd)).expect("a writable folder");
        for name in ["net.safetensors", "data"] {
            std::fs::rename(folder.path().join(name), folder.path().join(odd).join(name)).expect("the same disk");
        }
        // `%` stands for the odd folder.
        for line in [
            "predict %/data -m %/net.safetensors",
            "eval %/data:all -m %/net.safetensors --report %/page.html --fit-temperature",
            "data check %/data",
            "data info %/data:all",
            "data synth --out %/shapes --train 6 --val 6 --side 8",
            "info %/net.safetensors",
            "bench %/net.safetensors --seconds 0",
            "export %/net.safetensors --to onnx --out %/net.onnx",
            "quantize %/net.safetensors --calib %/data --out %/int8.safetensors",
        ] {
            let word = |word: &str| match word.split_once('%') {
                None => word.into(),
                Some((_, tail)) => OsStr::from_bytes(&[odd.as_bytes(), tail.as_bytes()].concat()).to_owned(),
            };
            let args: Vec<OsString> = line.split(' ').map(word).chain(["--json".into()]).collect();
            let said = rexnet_in(folder.path(), &args);
            assert_eq!(said.code, 0, "{line}: {}", said.stderr);
            said.json();
        }
        rexnet_in(&folder.path().join(odd), &["doctor", "--json"]).json();
    }
}

#[test]
fn a_view_that_memory_cannot_hold_is_refused_before_it_is_made() {
    let folder = folder();
    let refused: [&[&str]; 3] = [
        &["predict", "data", "-m", "net.safetensors", "--size", "32768"],
        &["eval", "data", "-m", "net.safetensors", "--size", "32768"],
        &["bench", "net.safetensors", "--size", "32768"],
    ];
    for words in refused {
        let said = rexnet_in(folder.path(), words);
        assert!(is_plain(&said, "32768x32768") && said.stderr.contains("--size"), "{words:?}: {}", said.stderr);
    }
}
