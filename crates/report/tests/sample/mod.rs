//! A page with a part of each kind, texts hostile where they can be.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use rexnet_report::{Cell, Chart, Confusion, Facts, Page, Picture, Pictures, Reliability, ReliabilityBin, Table};

/// A class name that would run, were it not escaped.
pub(crate) const HOSTILE: &str = "<script>console.error(1)</script>\"'><img src=http://127.0.0.1:9/a onerror=alert(1)>";

const NAMES: [&str; 12] = [
    "daffodil",
    "snowdrop",
    "lily of the valley",
    HOSTILE,
    "bluebell",
    "crocus",
    "größe",
    "tigerlily",
    "向日葵",
    "fritillary",
    "سوسن",
    "windflower",
];

/// Networks as the zoo lists them: multiply-adds, ImageNet top-1, name.
const ZOO: [(f64, f64, &str); 9] = [
    (3.99e8, 77.9, "rexnet_100"),
    (8.6e8, 79.5, "rexnet_130"),
    (1.1e9, 80.3, "rexnet_150"),
    (1.8e9, 81.6, "rexnet_200"),
    (3.4e9, 82.8, "rexnet_300"),
    (3.0e8, 72.0, "mobilenetv2_100"),
    (3.9e8, 77.1, "efficientnet_b0"),
    (4.07e8, 75.0, "efficientnet_lite0"),
    (2.3e8, 73.8, "rexnet_lite_090"),
];

pub(crate) fn page() -> Page {
    let mut page =
        Page::new(format!("flowers, {HOSTILE}"), "rexnet_100 at 224 × 224, 30 epochs on 1020 pictures, seed 7");
    page.section("Result");
    let facts = [
        ("top-1", "81.18 %"),
        ("top-5", "96.47 %"),
        ("loss", "0.7121"),
        ("calibration error", "0.0413"),
        ("params", "4.8M"),
        ("MACs", "399M"),
        ("pictures", "340, 2 skipped"),
        ("run", "runs/flowers17-rexnet_100-1"),
    ];
    page.add(&facts.iter().fold(Facts::new(), |facts, (name, value)| facts.row(*name, *value)));
    page.text("Judged by the engine on the validation split, as on any other day.");
    page.section("Curves");
    page.add(&loss());
    page.add(&accuracy());
    page.section("Classes");
    page.add(&classes());
    page.section("Confusion");
    page.add(&confusion(&NAMES.map(String::from)));
    page.section("Calibration");
    page.text("Bars are the accuracy of pictures of similar confidence, strokes their mean confidence.");
    page.add(&Reliability::new((0..15).map(bin)));
    page.section("Pictures");
    page.add(&(0..12).map(picture).collect::<Pictures>());
    page.section("Networks");
    page.add(&networks());
    page
}

fn loss() -> Chart {
    let train = (0..6000).map(|step| {
        let t = f64::from(step);
        (
            t,
            if (2000..2100).contains(&step) {
                f64::NAN
            } else {
                0.3 + 2.5 * (-t / 1500.0).exp() + 0.1 * (t * 0.7).sin() * (t / 31.0).cos()
            },
        )
    });
    let val = (1..=30).map(|epoch| (200.0 * f64::from(epoch), 0.7 + 2.0 * (-f64::from(epoch) / 6.0).exp()));
    Chart::new("Loss", "step", "cross entropy").line("training", train).line("validation", val)
}

fn accuracy() -> Chart {
    let top = |k: f64| (1..=30).map(move |epoch| (f64::from(epoch), 100.0 - 90.0 * (-f64::from(epoch) / k).exp()));
    Chart::new("Accuracy", "epoch", "percent").line("top-1", top(12.0)).line("top-5", top(5.0)).line(HOSTILE, top(9.0))
}

fn classes() -> Table {
    let table = Table::new("", ["class", "pictures", "recall", "precision"]);
    let rows = NAMES.iter().enumerate().map(|(at, name)| {
        let share = (at != 6).then(|| 1.0 - at as f64 / 17.0);
        [
            (*name).into(),
            Cell::Number(Some(20.0 + at as f64)),
            Cell::Share(share),
            Cell::Share(Some(0.95 - at as f64 / 30.0)),
        ]
    });
    rows.fold(table, Table::row)
}

pub(crate) fn confusion(names: &[String]) -> Confusion {
    let n = names.len();
    let count = |label: usize, predicted: usize| match label.abs_diff(predicted) {
        0 => 14 + label as u64 % 7,
        1 if label.is_multiple_of(3) => 3,
        d if (label * 7 + predicted * 3) % 13 == d => 1,
        _ => 0,
    };
    Confusion::new(names.into(), (0..n * n).map(|at| count(at / n, at % n)).collect())
}

fn bin(at: u32) -> ReliabilityBin {
    let confidence = (f64::from(at) + 0.5) / 15.0;
    ReliabilityBin { count: u64::from(at * at), confidence, accuracy: confidence.powf(1.3) }
}

fn picture(at: u32) -> Picture {
    let pixels = RgbImage::from_fn(96, 64 + 8 * at, |x, y| {
        image::Rgb([(x * 2 + 13 * at) as u8, (y + 90) as u8, (200 - x - y % 64 + at) as u8])
    });
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, ImageFormat::Png).unwrap();
    let name = NAMES[at as usize];
    let right = at % 4 != 3;
    let detail = if right { "97.1 %".to_string() } else { format!("is {}, 54.0 %", NAMES[at as usize - 1]) };
    Picture::png(bytes.into_inner(), format!("picture of {name}")).caption(name, detail).mark(right)
}

pub(crate) fn networks() -> Chart {
    let of = |family: &'static str| {
        let known = ZOO.into_iter().filter(move |(.., name)| name.starts_with("rexnet") == (family == "rexnet"));
        known.map(|(macs, top1, name)| (macs, top1, name.to_string()))
    };
    let chart = Chart::new("Accuracy by cost", "MACs", "ImageNet top-1 in %").log_x();
    chart.dots("rexnet", of("rexnet")).dots("others", of("others"))
}
