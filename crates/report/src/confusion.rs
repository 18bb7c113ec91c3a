//! Which class was taken for which.

use std::fmt::{self, Write};

use crate::grouped;
use crate::markup::{Escaped, shortened, width};
use crate::page::Part;

/// Characters of a class name at the edge; the whole name shows under the pointer.
const NAME: usize = 24;

/// A confusion matrix: a row a class, a column a prediction. Colour is the share of the row, in one hue on the
/// diagonal and another off it, so that confusions of small classes show as well as those of large ones.
#[derive(Clone, Debug)]
pub struct Confusion {
    names: Vec<String>,
    counts: Vec<u64>,
}

impl Confusion {
    /// `counts` is `[classes, classes]`: label by prediction.
    /// # Panics
    /// When there are not as many counts as pairs of names.
    pub fn new(names: Vec<String>, counts: Vec<u64>) -> Self {
        assert_eq!(counts.len(), names.len() * names.len(), "{} classes", names.len());
        Self { names, counts }
    }

    /// Side of a cell in pixels: room for a count while classes are few, a name's height when they are many.
    fn cell(&self) -> f64 {
        match self.names.len() {
            0..=10 => 44.0,
            11..=20 => 32.0,
            21..=36 => 22.0,
            _ => 12.0,
        }
    }

    fn draw_names(&self, out: &mut dyn Write, edge: f64) -> fmt::Result {
        let (cell, class) = (self.cell(), if self.cell() < 16.0 { "small" } else { "name" });
        for (at, name) in self.names.iter().enumerate() {
            let middle = edge + (at as f64 + 0.5) * cell + 3.5;
            let (whole, short) = (Escaped(name), shortened(name, NAME));
            let short = Escaped(&short);
            write!(out, r#"<text class="{class}" x="{:.1}" y="{middle:.1}" text-anchor="end">"#, edge - 6.0)?;
            write!(out, "{short}<title>{whole}</title></text>")?;
            let turn = format!("translate({middle:.1} {:.1}) rotate(-90)", edge - 6.0);
            write!(out, r#"<text class="{class}" transform="{turn}">{short}<title>{whole}</title></text>"#)?;
        }
        Ok(())
    }

    fn draw_row(&self, out: &mut dyn Write, label: usize, edge: f64) -> fmt::Result {
        let (n, cell) = (self.names.len(), self.cell());
        let row = &self.counts[label * n..][..n];
        let total: u64 = row.iter().sum();
        let y = edge + label as f64 * cell;
        for (predicted, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            let share = count as f64 / total as f64;
            let (x, hue) = (edge + predicted as f64 * cell, if label == predicted { 'r' } else { 'w' });
            write!(out, "<g><title>{} taken for {}: ", Escaped(&self.names[label]), Escaped(&self.names[predicted]))?;
            write!(out, "{} of {} ({:.1} %)</title>", grouped(count), grouped(total), 100.0 * share)?;
            let (side, strength) = (cell - 1.0, opacity(share));
            write!(
                out,
                r#"<rect class="{hue}" x="{x}" y="{y}" width="{side}" height="{side}" fill-opacity="{strength:.2}"/>"#
            )?;
            let text = count.to_string();
            if cell >= 22.0 && width(&text, 12.0) < cell - 4.0 {
                let class = if strength > 0.6 { "full" } else { "on" };
                let (x, y) = (x + side / 2.0, y + side / 2.0 + 4.0);
                write!(out, r#"<text class="{class}" x="{x}" y="{y}" text-anchor="middle">{text}</text>"#)?;
            }
            out.write_str("</g>")?;
        }
        Ok(())
    }
}

/// Least visible for the least share, full for all.
fn opacity(share: f64) -> f64 {
    0.15 + 0.85 * share.powf(0.7)
}

impl Part for Confusion {
    fn html(&self, out: &mut dyn Write) -> fmt::Result {
        let (n, cell) = (self.names.len(), self.cell());
        let size = if cell < 16.0 { 10.0 } else { 12.0 };
        let longest = self.names.iter().map(|name| width(&shortened(name, NAME), size)).fold(0.0, f64::max);
        let edge = (30.0 + longest).ceil();
        let side = edge + n as f64 * cell + 8.0;
        let right: u64 = (0..n).map(|class| self.counts[class * n + class]).sum();
        let total: u64 = self.counts.iter().sum();
        let alt = format!("Confusion matrix of {n} classes: {right} of {total} pictures lie on the diagonal.");
        let (figure, scroll) = (if n > 70 { "wide" } else { "" }, if n > 100 { "scroll tall" } else { "scroll" });
        write!(
            out,
            r#"<figure class="{figure}"><div class="{scroll}" tabindex="0" role="region" aria-label="{alt}">"#
        )?;
        write!(
            out,
            r#"<svg class="fig" width="{side}" height="{side}" viewBox="0 0 {side} {side}" role="img" aria-label="{alt}">"#
        )?;
        let across = n as f64 * cell - 1.0;
        let middle = edge + across / 2.0;
        write!(out, r#"<text x="{middle}" y="12" text-anchor="middle">taken for</text>"#)?;
        write!(out, r#"<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">class</text>"#)?;
        write!(out, r#"<rect class="cell" x="{edge}" y="{edge}" width="{across}" height="{across}"/>"#)?;
        for tenth in (10..n).step_by(10).filter(|_| n > 36) {
            let at = edge + tenth as f64 * cell - 0.5;
            write!(out, r#"<path class="grid" d="M{edge} {at}h{across}M{at} {edge}v{across}"/>"#)?;
        }
        self.draw_names(out, edge)?;
        for label in 0..n {
            self.draw_row(out, label, edge)?;
            out.write_str("\n")?;
        }
        out.write_str("</svg></div><figcaption class=\"key\"><i class=\"r\"></i>right <i class=\"w\"></i>wrong; ")?;
        out.write_str("the stronger, the larger the share of the row's class</figcaption></figure>\n")
    }
}
