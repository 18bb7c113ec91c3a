//! Confidence against accuracy.

use std::fmt::{self, Write};

use crate::grouped;
use crate::page::Part;

const LEFT: f64 = 52.0;
const TOP: f64 = 34.0;
const SIDE: f64 = 260.0;
const WIDTH: f64 = LEFT + SIDE + 18.0;
const HISTOGRAM: f64 = 44.0;
const HEIGHT: f64 = TOP + SIDE + 8.0 + HISTOGRAM + 44.0;

/// Pictures of similar confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Pictures.
    pub count: u64,
    /// Their mean confidence, a part of 1; of no meaning without pictures.
    pub confidence: f64,
    /// The share that was recognised; of no meaning without pictures.
    pub accuracy: f64,
}

/// A reliability diagram: bins of equal width over confidence, the accuracy of each as a bar, its mean confidence as a
/// stroke across it, and below it the share of pictures that it holds.
#[derive(Clone, Debug)]
pub struct Reliability {
    bins: Vec<ReliabilityBin>,
}

impl Reliability {
    /// `bins` cover confidences from 0 to 1.
    pub fn new(bins: impl IntoIterator<Item = ReliabilityBin>) -> Self {
        Self { bins: bins.into_iter().collect() }
    }

    fn draw_bin(&self, out: &mut dyn Write, at: usize, most: u64) -> fmt::Result {
        let bin = self.bins[at];
        let wide = SIDE / self.bins.len() as f64;
        let left = LEFT + at as f64 * wide;
        let [low, high] = [at, at + 1].map(|edge| 100.0 * edge as f64 / self.bins.len() as f64);
        let [accuracy, confidence] = [bin.accuracy, bin.confidence].map(|share| 100.0 * share);
        writeln!(out, "<g><title>confidence {low:.0} to {high:.0} %: {} pictures", grouped(bin.count))?;
        write!(out, "accuracy {accuracy:.1} %, mean confidence {confidence:.1} %</title>")?;
        let (x, inner) = (left + 1.0, wide - 2.0);
        let tall = SIDE * bin.accuracy.clamp(0.0, 1.0);
        write!(
            out,
            r#"<rect class="r" x="{x:.1}" y="{:.1}" width="{inner:.1}" height="{tall:.1}"/>"#,
            TOP + SIDE - tall
        )?;
        let y = TOP + SIDE - SIDE * bin.confidence.clamp(0.0, 1.0);
        write!(out, r#"<path class="curve c1" d="M{x:.1} {y:.1}h{inner:.1}"/>"#)?;
        let tall = (HISTOGRAM * bin.count as f64 / most as f64).max(1.0);
        let y = TOP + SIDE + 8.0 + HISTOGRAM - tall;
        write!(out, r#"<rect class="f7" x="{x:.1}" y="{y:.1}" width="{inner:.1}" height="{tall:.1}"/></g>"#)
    }
}

impl Part for Reliability {
    fn html(&self, out: &mut dyn Write) -> fmt::Result {
        let pictures: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let alt =
            format!("Reliability diagram of {pictures} pictures: accuracy over confidence, {} bins.", self.bins.len());
        write!(
            out,
            r#"<figure class="chart square"><svg class="fig" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{alt}">"#
        )?;
        out.write_str(r#"<text class="head" x="2" y="16">Reliability</text>"#)?;
        for fifth in 0..=5 {
            let (percent, along) = (20 * fifth, SIDE * f64::from(fifth) / 5.0);
            let (x, y) = (LEFT + along, TOP + SIDE - along);
            write!(out, r#"<path class="grid" d="M{LEFT} {y:.1}h{SIDE}"/>"#)?;
            write!(out, r#"<text x="{}" y="{:.1}" text-anchor="end">{percent}</text>"#, LEFT - 8.0, y + 4.0)?;
            write!(out, r#"<text x="{x:.1}" y="{}" text-anchor="middle">{percent}</text>"#, HEIGHT - 24.0)?;
        }
        let most = self.bins.iter().map(|bin| bin.count).max().unwrap_or(0);
        for at in (0..self.bins.len()).filter(|&at| self.bins[at].count > 0) {
            self.draw_bin(out, at, most)?;
        }
        write!(out, r#"<path class="ideal" d="M{LEFT} {}l{SIDE} {}"/>"#, TOP + SIDE, -SIDE)?;
        write!(out, r#"<path class="axis" d="M{LEFT} {}h{SIDE}m{} {}h{SIDE}"/>"#, TOP + SIDE, -SIDE, 8.0 + HISTOGRAM)?;
        let (across, down) = (LEFT + SIDE / 2.0, TOP + SIDE / 2.0);
        write!(out, r#"<text x="{across}" y="{}" text-anchor="middle">confidence in %</text>"#, HEIGHT - 6.0)?;
        write!(out, r#"<text transform="translate(12 {down}) rotate(-90)" text-anchor="middle">accuracy in %</text>"#)?;
        let down = TOP + SIDE + 8.0 + HISTOGRAM;
        write!(out, r#"<text class="small" x="{}" y="{down}" text-anchor="end">pictures</text>"#, LEFT - 6.0)?;
        out.write_str("</svg></figure>\n")
    }
}
