//! `rexnet data list`: known sets, where they come from, and how they are opened here.

use std::io::{self, Write};

use clap::Args;
use rexnet::Result;
use serde::Serialize;

use crate::out::{Answer, Out};
use crate::table::{Table, grouped};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet data list\n  rexnet data list --json")]
pub(crate) struct Request {}

pub(crate) fn run(_: &Request, out: &mut Out) -> Result<()> {
    out.emit(&Sets(SETS))
}

#[derive(Serialize)]
#[serde(transparent)]
struct Sets(&'static [Set]);

/// A set that others publish; nothing is fetched from here.
#[derive(Serialize)]
struct Set {
    name: &'static str,
    classes: u32,
    /// Pictures with public labels, all splits together.
    pictures: u64,
    source: &'static str,
    /// How it is opened as it is published.
    open: &'static str,
}

const AS_IT_IS: &str = "the unpacked folder, as it is";
const NEEDS_CSV: &str = "a CSV with `path` and `label`, made from its own list";

const SETS: &[Set] = &[
    Set {
        name: "CIFAR-10",
        classes: 10,
        pictures: 60_000,
        source: "https://www.cs.toronto.edu/~kriz/cifar.html",
        open: "the folder of the binary or the Python version, as it is",
    },
    Set {
        name: "CIFAR-100",
        classes: 100,
        pictures: 60_000,
        source: "https://www.cs.toronto.edu/~kriz/cifar.html",
        open: "the folder of the binary or the Python version, as it is",
    },
    Set {
        name: "ImageNet-1k (ILSVRC 2012)",
        classes: 1000,
        pictures: 1_331_167,
        source: "https://image-net.org/challenges/LSVRC/2012/",
        open: "a folder with train/WNID/ and val/WNID/",
    },
    Set {
        name: "Oxford Flowers 17",
        classes: 17,
        pictures: 1360,
        source: "https://www.robots.ox.ac.uk/~vgg/data/flowers/17/",
        open: NEEDS_CSV,
    },
    Set {
        name: "Oxford Flowers 102",
        classes: 102,
        pictures: 8189,
        source: "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        open: NEEDS_CSV,
    },
    Set {
        name: "Food-101",
        classes: 101,
        pictures: 101_000,
        source: "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        open: "its folder images/, as it is; its own split by a CSV",
    },
    Set {
        name: "FGVC-Aircraft",
        classes: 100,
        pictures: 10_000,
        source: "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/",
        open: NEEDS_CSV,
    },
    Set {
        name: "Oxford-IIIT Pet",
        classes: 37,
        pictures: 7349,
        source: "https://www.robots.ox.ac.uk/~vgg/data/pets/",
        open: NEEDS_CSV,
    },
    Set {
        name: "Caltech-101",
        classes: 102,
        pictures: 9144,
        source: "https://data.caltech.edu/records/mzrjq-6wc02",
        open: AS_IT_IS,
    },
    Set {
        name: "shapes",
        classes: 6,
        pictures: 0,
        source: "`rexnet data synth`, as many as you ask for",
        open: AS_IT_IS,
    },
];

impl Answer for Sets {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(&["name", "classes", "pictures", "from", "open as"]);
        for Set { name, classes, pictures, source, open } in self.0 {
            let pictures = if *pictures == 0 { String::new() } else { grouped(*pictures) };
            table.row(vec![(*name).into(), classes.to_string(), pictures, (*source).into(), (*open).into()]);
        }
        table.write(to)
    }
}
