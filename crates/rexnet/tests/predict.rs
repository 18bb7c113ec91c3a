//! `rexnet predict`.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use rexnet_spec::Interpolation;
use rexnet_vision::Picture;
use rexnet_weights::ModelFile;
use serde_json::Value;
use support::models::{put, put_picture, save, save_stubborn, small_net};
use support::rexnet_in;
use tempfile::tempdir;

/// A folder with a model of two named classes that always answers the second.
fn folder() -> tempfile::TempDir {
    let folder = tempdir().expect("a folder");
    save_stubborn(&folder.path().join("net.safetensors"), small_net(2), Some(&["day", "Nacht"]), 1);
    put_picture(&folder.path().join("a.png"), [200, 30, 30]);
    folder
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

#[test]
fn a_picture_gets_the_names_that_the_model_file_carries() {
    let folder = folder();
    let text = rexnet_in(folder.path(), &["predict", "a.png", "-m", "net.safetensors"]).ok();
    assert!(text.contains("100.0 %  Nacht"), "{text}");
    let said = rexnet_in(folder.path(), &["predict", "a.png", "-m", "net.safetensors", "--json", "--logits"]).json();
    assert_eq!(
        (&said["path"], &said["top"][0]["index"], &said["top"][0]["name"]),
        (&"a.png".into(), &1.into(), &"Nacht".into())
    );
    assert_eq!(said["logits"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_model_without_names_shows_numbers_and_says_so_once() {
    let folder = folder();
    save(&folder.path().join("bare.safetensors"), small_net(3), None);
    put_picture(&folder.path().join("b.png"), [0, 30, 30]);
    let said = rexnet_in(folder.path(), &["predict", "a.png", "b.png", "-m", "bare.safetensors"]);
    assert_eq!(said.stderr.matches("no class names").count(), 1, "{}", said.stderr);
    assert!(said.ok().contains("class 0"));
}

#[test]
fn a_broken_picture_is_named_and_the_others_are_still_seen() {
    let folder = folder();
    put(&folder.path().join("pictures/1_page.jpg"), b"<!DOCTYPE html><html>");
    put(&folder.path().join("pictures/2_none.png"), b"");
    put_picture(&folder.path().join("pictures/deep/3.PNG"), [9, 9, 9]);
    put(&folder.path().join("pictures/notes.txt"), b"hello");
    let said = rexnet_in(folder.path(), &["predict", "pictures", "-m", "net.safetensors", "--json"]);
    assert_eq!(said.code, 1);
    let rows = lines(&said.stdout);
    assert!(rows[0]["error"].as_str().is_some_and(|error| error.contains("an HTML page")), "{}", said.stdout);
    assert_eq!(rows[1]["error"], "an empty file");
    assert_eq!(rows[2]["top"][0]["name"], "Nacht");
    assert!(
        said.stderr.contains("2 paths gave no picture") && said.stderr.contains("1 not a picture"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_folder_gives_the_same_answers_as_its_pictures_one_by_one() {
    let folder = tempdir().expect("a folder");
    save(&folder.path().join("net.safetensors"), small_net(4), None);
    let names: Vec<String> = (0..70).map(|i| format!("p/{i:02}.png")).collect();
    for (i, name) in names.iter().enumerate() {
        put_picture(&folder.path().join(name), [3 * i as u8, 255 - i as u8, 7]);
    }
    let predict = |paths: &[&str], threads: &str| {
        let tail = ["-m", "net.safetensors", "--json", "--logits", "--threads", threads];
        rexnet_in(folder.path(), &[&["predict"], paths, &tail[..]].concat()).ok()
    };
    let all = predict(&["p"], "2");
    assert_eq!(all, predict(&["p"], "1"), "threads change nothing");
    assert_eq!(lines(&all)[69], lines(&predict(&["p/69.png"], "2"))[0], "neighbours change nothing");
}

#[test]
fn standard_input_is_a_picture_like_any_other() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rexnet"))
        .args(["predict", "-", "-m", "net.safetensors", "--json"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let picture = std::fs::read(folder.path().join("a.png")).expect("a picture");
    child.stdin.take().expect("a pipe").write_all(&picture).expect("it reads");
    let said = child.wait_with_output().expect("it ends");
    let row: Value = serde_json::from_slice(&said.stdout).expect("a JSON line");
    assert_eq!((&row["path"], &row["top"][0]["name"]), (&"-".into(), &"Nacht".into()));
}

#[test]
fn json_has_the_documented_keys() {
    let folder = folder();
    put(&folder.path().join("none.png"), b"");
    let tail = ["-m", "net.safetensors", "--json", "--logits", "--embed"];
    let said = rexnet_in(folder.path(), &[&["predict", "a.png", "none.png"], &tail[..]].concat());
    let rows = lines(&said.stdout);
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&rows[0]), ["path", "top", "logits", "embedding"]);
    assert_eq!(keys(&rows[0]["top"][0]), ["index", "name", "score"]);
    assert_eq!(keys(&rows[1]), ["path", "error"]);
    let plain = rexnet_in(folder.path(), &["predict", "a.png", "-m", "net.safetensors", "--json"]).json();
    assert_eq!(keys(&plain), ["path", "top"]);
}

#[test]
fn the_embedding_is_what_the_classifier_reads() {
    let folder = folder();
    save(&folder.path().join("net.safetensors"), small_net(4), None);
    put_picture(&folder.path().join("b.png"), [3, 200, 90]);
    let args = ["predict", "a.png", "b.png", "-m", "net.safetensors", "--json", "--logits", "--embed"];
    let model = ModelFile::open(folder.path().join("net.safetensors")).expect("a model");
    let tensors = model.binding().expect("its network's").tensors().expect("readable");
    let values = |name: &str| tensors[name].as_f32().expect("numbers").to_vec();
    let (weight, bias) = (values("head.fc.weight"), values("head.fc.bias"));
    let numbers = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).expect("numbers") };
    let rows = lines(&rexnet_in(folder.path(), &args).ok());
    for row in &rows {
        let (embedding, logits) = (numbers(&row["embedding"]), numbers(&row["logits"]));
        assert_eq!(weight.len(), 4 * embedding.len());
        for (class, of_class) in weight.chunks_exact(embedding.len()).enumerate() {
            let product: f64 = of_class.iter().zip(&embedding).map(|(&w, x)| f64::from(w) * x).sum();
            let wanted = product + f64::from(bias[class]);
            assert!((logits[class] - wanted).abs() < 1e-4, "class {class}: {} for {wanted}", logits[class]);
        }
    }
    assert_ne!(rows[0]["embedding"], rows[1]["embedding"]);
}

#[test]
fn the_orientation_tag_is_obeyed_unless_the_model_file_or_a_switch_says_otherwise() {
    let folder = folder();
    let mut ignoring = small_net(3);
    save(&folder.path().join("net.safetensors"), ignoring.clone(), None);
    ignoring.input.exif = false;
    save(&folder.path().join("ignoring.safetensors"), ignoring, None);
    // The first is the second with a tag that turns it by a quarter.
    let pictures = concat!(env!("CARGO_MANIFEST_DIR"), "/../vision/tests/fixtures/pictures");
    let logits = |picture: &str, args: &[&str]| {
        let path = format!("{pictures}/{picture}");
        let all = [&["predict", &path, "--json", "--logits"], args].concat();
        rexnet_in(folder.path(), &all).json()["logits"].clone()
    };
    let lying = logits("colour.png", &["-m", "net.safetensors"]);
    assert_ne!(logits("turned_6.png", &["-m", "net.safetensors"]), lying);
    assert_eq!(logits("turned_6.png", &["-m", "net.safetensors", "--ignore-exif"]), lying);
    assert_eq!(logits("turned_6.png", &["-m", "ignoring.safetensors"]), lying);
}

#[test]
fn pictures_of_any_shape_and_depth_are_seen() {
    let folder = folder();
    for (width, height) in [(1, 2000), (2000, 1), (1, 1)] {
        let thin = Picture::filled(width, height, [90, 90, 90]).to_png();
        put(&folder.path().join(format!("p/{width}x{height}.png")), &thin);
    }
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../vision/tests/fixtures/pictures");
    for name in ["grey.png", "grey_alpha.png", "one_bit.png", "palette_clear.png", "alpha.png", "cmyk.jpg", "first.gif"]
    {
        std::fs::copy(format!("{fixtures}/{name}"), folder.path().join("p").join(name)).expect("a fixture");
    }
    let rows = lines(&rexnet_in(folder.path(), &["predict", "p", "-m", "net.safetensors", "--json"]).ok());
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row["top"][0]["name"] == "Nacht"), "{rows:?}");
}

#[test]
fn a_network_of_one_channel_takes_colour_weights_as_their_sum() {
    let folder = folder();
    let net = small_net(3);
    save(&folder.path().join("colour.safetensors"), net.clone(), None);
    let mut grey = net;
    (grey.input.channels, grey.input.mean, grey.input.std) = (1, vec![0.5], vec![0.25]);
    put(&folder.path().join("grey.toml"), grey.to_toml().as_bytes());
    let logits = |model: &str| {
        put_picture(&folder.path().join("grey.png"), [77, 77, 77]);
        let args = ["predict", "grey.png", "-m", model, "--weights", "colour.safetensors", "--json", "--logits"];
        let row = rexnet_in(folder.path(), &args).json();
        serde_json::from_value::<Vec<f64>>(row["logits"].clone()).expect("numbers")
    };
    // Of equal planes, a sum over weights is a sum over planes.
    (grey.input.channels, grey.input.mean, grey.input.std) = (3, vec![0.5; 3], vec![0.25; 3]);
    put(&folder.path().join("three.toml"), grey.to_toml().as_bytes());
    for (one, three) in logits("grey.toml").into_iter().zip(logits("three.toml")) {
        assert!((one - three).abs() < 1e-4, "{one} for {three}");
    }
}

#[test]
fn how_pictures_are_prepared_is_told_to_the_curious() {
    let folder = folder();
    let mut net = small_net(2);
    net.input.interpolation = Interpolation::Bilinear;
    net.input.mean = vec![0.25, 0.5, 0.75];
    save(&folder.path().join("net.safetensors"), net, None);
    let said = rexnet_in(folder.path(), &["predict", "a.png", "-m", "net.safetensors", "-v"]);
    assert!(said.stderr.contains("bilinear") && said.stderr.contains("mean [0.25, 0.5, 0.75]"), "{}", said.stderr);
}

#[test]
fn without_a_model_the_error_says_where_to_get_one() {
    let said = rexnet_in(folder().path(), &["predict", "a.png"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("-m") && said.stderr.contains("hf:"), "{}", said.stderr);
}

#[test]
fn a_picture_over_the_limit_is_refused_with_the_flag_that_raises_it() {
    let folder = folder();
    let said = rexnet_in(folder.path(), &["predict", "a.png", "-m", "net.safetensors", "--max-pixels", "1k"]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("40x36 pixels") && said.stdout.contains("--max-pixels"), "{}", said.stdout);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_unicode_are_read_and_json_stays_valid() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    put_picture(&folder.path().join("odd").join(OsStr::from_bytes(b"caf\xe9 \"x\".png")), [1, 2, 3]);
    put_picture(&folder.path().join("odd/дом.png"), [1, 2, 3]);
    let said = rexnet_in(folder.path(), &["predict", "odd", "-m", "net.safetensors", "--json"]).ok();
    let rows = lines(&said);
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["top"][0]["name"] == "Nacht"));
    assert_eq!(rows[1]["path"], "odd/дом.png");
}

#[test]
fn a_path_that_is_not_there_does_not_stop_the_others() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("empty")).expect("a writable folder");
    let said =
        rexnet_in(folder.path(), &["predict", "nowhere.jpg", "empty", "a.png", "-m", "net.safetensors", "--json"]);
    let rows = lines(&said.stdout);
    assert_eq!((said.code, rows.len()), (1, 3), "{}", said.stderr);
    assert!(rows[0]["error"].as_str().is_some_and(|error| error.contains("cannot be read")), "{}", said.stdout);
    assert!(rows[1]["error"].as_str().is_some_and(|error| error.contains("no picture in it")), "{}", said.stdout);
    assert_eq!(rows[2]["top"][0]["name"], "Nacht");
}

#[test]
fn names_that_begin_with_a_dot_are_no_data_and_are_counted_for_the_curious() {
    let folder = folder();
    put_picture(&folder.path().join("p/.hidden.png"), [1, 2, 3]);
    put_picture(&folder.path().join("p/.cache/x.png"), [1, 2, 3]);
    put_picture(&folder.path().join("p/a.png"), [1, 2, 3]);
    let said = rexnet_in(folder.path(), &["predict", "p", "-m", "net.safetensors", "--json"]);
    assert!(said.stderr.is_empty() && lines(&said.stdout).len() == 1, "{}{}", said.stdout, said.stderr);
    let said = rexnet_in(folder.path(), &["predict", "p", "-m", "net.safetensors", "-v"]);
    assert!(said.stderr.contains("2 hidden") && said.stderr.contains(".hidden.png"), "{}", said.stderr);
}
