//! What surrounds the data of a chart: axes, their numbers and names, the legend.

use std::fmt::{self, Write};

use crate::axis::Axis;
use crate::markup::{Escaped, shortened, width};
use crate::theme;

/// Characters of a series' name in the legend.
const NAME: usize = 40;

/// The area of the data, in pixels.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Frame {
    pub(crate) fn draw(&self, out: &mut dyn Write, x: &Axis, y: &Axis, names: [&str; 2]) -> fmt::Result {
        let Self { left, top, right, bottom } = *self;
        for (value, text) in y.ticks() {
            let Some(at) = y.at(value) else { continue };
            write!(out, r#"<path class="grid" d="M{left:.1} {at:.1}H{right:.1}"/>"#)?;
            write!(out, r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{text}</text>"#, left - 8.0, at + 4.0)?;
        }
        let mut free = f64::NEG_INFINITY;
        for (value, text) in x.ticks() {
            let Some(at) = x.at(value) else { continue };
            write!(out, r#"<path class="axis" d="M{at:.1} {bottom:.1}v4"/>"#)?;
            let half = width(&text, 12.0) / 2.0;
            if at - half > free {
                write!(out, r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{text}</text>"#, bottom + 18.0)?;
                free = at + half + 4.0;
            }
        }
        write!(out, r#"<path class="axis" d="M{left:.1} {bottom:.1}H{right:.1}"/>"#)?;
        let middle = f64::midpoint(left, right);
        write!(
            out,
            r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            bottom + 38.0,
            Escaped(names[0])
        )?;
        let middle = f64::midpoint(top, bottom);
        let turn = format!("translate(12 {middle:.1}) rotate(-90)");
        write!(out, r#"<text transform="{turn}" text-anchor="middle">{}</text>"#, Escaped(names[1]))
    }
}

/// Names of the series beside their colours, in as many rows as they need; empty for a single series.
pub(crate) struct Legend {
    entries: Vec<(usize, String, [f64; 2])>,
    rows: usize,
}

impl Legend {
    pub(crate) fn new<'a>(names: impl ExactSizeIterator<Item = &'a str>, room: f64) -> Self {
        let mut legend = Self { entries: Vec::new(), rows: 0 };
        if names.len() < 2 {
            return legend;
        }
        let (mut x, mut row) = (2.0, 0);
        for (at, name) in names.enumerate() {
            let name = shortened(name, NAME);
            let wide = 22.0 + width(&name, 12.0) + 16.0;
            if x > 2.0 && x + wide > room {
                (x, row) = (2.0, row + 1);
            }
            legend.entries.push((at % theme::SERIES, name, [x, 36.0 + 18.0 * row as f64]));
            x += wide;
        }
        legend.rows = row + 1;
        legend
    }

    pub(crate) fn height(&self) -> f64 {
        18.0 * self.rows as f64
    }

    pub(crate) fn draw(&self, out: &mut dyn Write) -> fmt::Result {
        for (colour, name, [x, y]) in &self.entries {
            write!(out, r#"<rect class="f{colour}" x="{x:.1}" y="{:.1}" width="14" height="4" rx="2"/>"#, y - 6.0)?;
            write!(out, r#"<text class="name" x="{:.1}" y="{y:.1}">{}</text>"#, x + 20.0, Escaped(name))?;
        }
        Ok(())
    }
}
