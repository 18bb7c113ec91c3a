//! Pictures become what Pillow, timm and torchvision make of them; `tools/fixtures_pictures.py` wrote the numbers.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use rexnet_spec::{Input, Interpolation, ResizeMode};
use rexnet_testkit::bytes;
use rexnet_vision::picture::{Decode, Filter, Normalise, Picture, PictureError, Preprocess, decode};
use serde_json::Value;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures").join(name)).unwrap()
}

fn rows(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn pair(value: &Value) -> [usize; 2] {
    [0, 1].map(|i| value[i].as_u64().unwrap() as usize)
}

fn noise(name: &str, [width, height]: [usize; 2]) -> Picture {
    Picture::new(width, height, bytes(&format!("{name}.{width}x{height}"), 3 * width * height))
}

/// Largest difference of two pictures, in levels.
fn levels(ours: &[u8], theirs: &[u8]) -> u8 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

fn interpolation(row: &Value) -> Interpolation {
    serde_json::from_value(row["filter"].clone()).unwrap()
}

#[test]
fn every_kind_of_file_becomes_the_colours_that_pillow_shows() {
    let mut wrong = Vec::new();
    for (name, row) in rows("files.json").as_object().unwrap() {
        let picture = decode(&fixture(name), &Decode::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!([picture.width(), picture.height()], pair(&row["size"]), "{name}");
        // Lossy formats leave the inverse transform to the decoder.
        let allowed = if fixture(name).starts_with(&[0xff, 0xd8]) { 4 } else { 1 };
        let far = levels(picture.rgb(), &hex(&row["rgb"]));
        if far > allowed {
            wrong.push(format!("{name}: {far} levels"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn orientation_is_left_alone_when_it_is_to_be_ignored() {
    let rules = Decode { exif: false, ..Decode::default() };
    for (turned, plain) in [
        ("turned_6.jpg", "turned_1.jpg"),
        ("turned_6.png", "colour.png"),
        ("turned_6.webp", "lossless.webp"),
        ("turned_6.tif", "colour.tif"),
    ] {
        let lying = decode(&fixture(turned), &rules).unwrap();
        assert_eq!(lying, decode(&fixture(plain), &rules).unwrap(), "{turned}");
        assert_eq!(decode(&fixture(turned), &Decode::default()).unwrap().width(), lying.height(), "{turned}");
    }
}

#[test]
fn resizing_is_pillows_to_the_bit_and_torchvisions_of_tensors_nearly() {
    let mut wrong = Vec::new();
    for row in rows("resized.json").as_array().unwrap() {
        let ([width, height], from) = (pair(&row["to"]), pair(&row["from"]));
        let filter = Filter { interpolation: interpolation(row), antialias: row["antialias"].as_bool().unwrap() };
        let far = levels(noise("resize", from).resize(width, height, filter).rgb(), &hex(&row["rgb"]));
        // torchvision's weights for tensors are of 16 bits.
        if far > if filter.antialias { 0 } else { 2 } {
            wrong.push(format!("{from:?} to {width}x{height}, {filter:?}: {far} levels"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_view_is_timms_to_the_bit_whatever_the_shape_of_the_picture() {
    let mut wrong = Vec::new();
    for row in rows("views.json").as_array().unwrap() {
        let [height, width] = pair(&row["size"]);
        let input = Input {
            size: [height as u32, width as u32],
            crop_pct: row["crop_pct"].as_f64().unwrap(),
            interpolation: interpolation(row),
            resize: if row["mode"] == "squash" { ResizeMode::Squash } else { ResizeMode::Center },
            ..Input::imagenet()
        };
        let view = Preprocess::new(&input).view(&noise("view", pair(&row["from"])));
        let far = levels(view.rgb(), &hex(&row["rgb"]));
        if far > 0 {
            wrong.push(format!("{:?} {input:?}: {far} levels", row["from"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn normalised_values_are_torchvisions_to_the_last_bit() {
    let theirs: Vec<f32> = serde_json::from_slice(&fixture("values.json")).unwrap();
    let mut ours = vec![0.0; theirs.len()];
    Normalise::new(&Input::imagenet()).write(&Picture::new(8, 8, bytes("values", 192)), &mut ours);
    assert_eq!(ours, theirs);
}

#[test]
fn a_letterbox_shows_the_whole_picture_amid_the_mean_colour() {
    let input = Input { size: [20, 20], resize: ResizeMode::Letterbox, ..Input::imagenet() };
    let view = Preprocess::new(&input).view(&Picture::filled(40, 10, [200, 100, 0]));
    let colour_of = |y| view.pixel(10, y);
    let (mean, colour) = ([124, 116, 104], [200, 100, 0]);
    assert_eq!([0, 6, 7, 11, 12, 19].map(colour_of), [mean, mean, colour, colour, mean, mean]);
}

#[test]
fn a_thread_of_pixels_costs_no_more_than_its_view() {
    // Resized as a whole, it would have 3e11 pixels.
    let thread = Picture::new(1, 5_000_000, bytes("thread", 15_000_000));
    let view = Preprocess::new(&Input::imagenet()).view(&thread);
    assert_eq!([view.width(), view.height()], [224, 224]);
    // Enlarged 256 times, a row of it is of one colour, near that of the middle.
    assert_eq!(view.pixel(0, 112), view.pixel(223, 112));
}

#[test]
fn grey_is_repeated_for_three_channels_and_kept_for_one() {
    let picture = decode(&fixture("grey.png"), &Decode::default()).unwrap();
    assert!(picture.rgb().chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    let input = Input { channels: 1, mean: vec![0.0], std: vec![1.0], ..Input::imagenet() };
    let mut values = vec![0.0; picture.width() * picture.height()];
    Normalise::new(&input).write(&picture, &mut values);
    let levels: Vec<f32> = picture.rgb().iter().step_by(3).map(|&v| f32::from(v) / 255.0).collect();
    assert_eq!(values, levels);
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let mut png = fixture("colour.png");
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    match decode(&png, &Decode::default()) {
        Err(PictureError::TooLarge { width: 65_535, height: 65_535, limit: 178_956_970 }) => {}
        other => panic!("{other:?}"),
    }
    let tight = Decode { max_pixels: 24 * 17 - 1, ..Decode::default() };
    for name in ["colour.png", "colour.jpg", "first.gif", "colour.tif", "lossless.webp", "colour.bmp"] {
        assert!(matches!(decode(&fixture(name), &tight), Err(PictureError::TooLarge { .. })), "{name}");
    }
}

/// The checksum of a PNG chunk, as the PNG specification defines it.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn a_part_of_a_file_is_an_error_and_never_a_part_of_a_picture() {
    let mut wrong = Vec::new();
    for (name, _) in rows("files.json").as_object().unwrap() {
        let whole = fixture(name);
        let picture = decode(&whole, &Decode::default()).unwrap();
        for end in 0..whole.len() {
            match decode(&whole[..end], &Decode::default()) {
                // What is missing came after the picture: a checksum, further frames, strangers' bytes.
                Ok(same) if same == picture && !matches!(&name[..], "colour.jpg" | "lossy.webp") => {}
                Ok(_) => wrong.push(format!("{name}: {end} of {} bytes are accepted", whole.len())),
                Err(error) if end > 64 && !matches!(error, PictureError::Truncated { .. }) && name != "palette.tif" => {
                    wrong.push(format!("{name}: {end} of {} bytes are called {error}", whole.len()));
                }
                Err(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_truncated_jpeg_says_in_which_row_it_ends() {
    let whole = fixture("colour.jpg");
    let ends = |end| match decode(&whole[..end], &Decode::default()) {
        Err(PictureError::Truncated { format: "JPEG", rows }) => {
            rows.map(|[ends, of]| (of == 17).then_some(ends).unwrap())
        }
        other => panic!("{other:?}"),
    };
    // Blocks are eight rows high.
    let mut found: Vec<_> = (200..whole.len()).filter_map(ends).collect();
    assert!(found.is_sorted());
    found.dedup();
    assert_eq!(found, [8, 16]);
    let message = (200..whole.len()).map(|end| decode(&whole[..end], &Decode::default()).unwrap_err().to_string());
    assert!(message.into_iter().any(|m| m == "truncated JPEG, ends in row 8 of 17"));
}

#[test]
fn damage_within_a_jpeg_is_an_error_and_no_grey() {
    let mut damaged = fixture("restarts.jpg");
    let restart = damaged.windows(2).rposition(|pair| pair[0] == 0xff && (0xd0..0xd8).contains(&pair[1])).unwrap();
    damaged[restart + 1] = 0xc4;
    let found = decode(&damaged, &Decode::default());
    assert!(matches!(found, Err(PictureError::Broken { format: "JPEG", .. })), "{found:?}");
}

#[test]
fn what_is_no_picture_is_named() {
    let found = |bytes: &[u8]| decode(bytes, &Decode::default()).unwrap_err().to_string();
    for (bytes, wanted) in [
        (&b""[..], "an empty file"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "starts with 'RIFF' but no 'WEBP'"),
        (b"\0\0\0\x18ftypheic\0\0", "a HEIF or AVIF file"),
        (b"hello world", "starts with 'hello wo'"),
    ] {
        assert!(found(bytes).contains(wanted), "{}", found(bytes));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(at in 0usize..1000, with: u8, name in prop::sample::select(vec![
        "colour.jpg", "cmyk.jpg", "scans.jpg", "palette.png", "grey16.png", "first.gif", "colour.tif", "palette.tif",
        "alpha.webp", "lossy.webp", "colour.bmp",
    ])) {
        let mut file = fixture(name);
        let at = at % file.len();
        file[at] = with;
        let _ = decode(&file, &Decode { max_pixels: 1 << 20, ..Decode::default() });
    }
}
