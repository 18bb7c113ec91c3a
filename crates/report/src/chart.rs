//! Lines and dots over two axes, as SVG.

use std::fmt::{self, Write};

use crate::axis::{Axis, Reach};
use crate::frame::{Frame, Legend};
use crate::labels;
use crate::markup::{Escaped, width};
use crate::page::Part;
use crate::{number, theme};

const WIDTH: f64 = 520.0;
/// Height of the area of the data.
const PLOT: f64 = 216.0;
/// Room for the numbers and the name of the lower axis.
const BOTTOM: f64 = 44.0;
const RIGHT: f64 = 18.0;
/// Dots of a line that answer to the pointer.
const HOVERED: usize = 120;

/// A chart of several series.
///
/// ```
/// use rexnet_report::Chart;
/// let svg = Chart::new("Loss", "epoch", "cross entropy").line("train", [(1.0, 2.3), (2.0, 1.1)]).to_svg();
/// assert!(svg.starts_with("<svg"));
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    title: String,
    x: String,
    y: String,
    log: [bool; 2],
    series: Vec<Series>,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    points: Vec<[f64; 2]>,
    /// A label for each dot; none for a line.
    labels: Option<Vec<String>>,
}

impl Chart {
    /// An empty chart with names of its axes, units included.
    pub fn new(title: impl Into<String>, x: impl Into<String>, y: impl Into<String>) -> Self {
        Self { title: title.into(), x: x.into(), y: y.into(), log: [false; 2], series: Vec::new() }
    }

    /// Adds a line through `points` in their order. Where a number is not finite, the line is broken.
    #[must_use]
    pub fn line(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().map(|(x, y)| [x, y]).collect();
        self.series.push(Series { name: name.into(), points, labels: None });
        self
    }

    /// Adds dots, each with a label beside it where there is room, and under the pointer in any case.
    #[must_use]
    pub fn dots(mut self, name: impl Into<String>, dots: impl IntoIterator<Item = (f64, f64, String)>) -> Self {
        let (points, labels) = dots.into_iter().map(|(x, y, label)| ([x, y], label)).unzip();
        self.series.push(Series { name: name.into(), points, labels: Some(labels) });
        self
    }

    /// Powers of ten stand equally far apart from left to right. What is not above zero is left out.
    #[must_use]
    pub fn log_x(self) -> Self {
        Self { log: [true, self.log[1]], ..self }
    }

    /// Powers of ten stand equally far apart from bottom to top. What is not above zero is left out.
    #[must_use]
    pub fn log_y(self) -> Self {
        Self { log: [self.log[0], true], ..self }
    }

    /// A file of its own, for both colour schemes.
    pub fn to_svg(&self) -> String {
        let mut out = String::new();
        self.draw(&mut out, true).expect("a String takes everything");
        out
    }

    fn draw(&self, out: &mut dyn Write, alone: bool) -> fmt::Result {
        let dots = self.series.iter().any(|series| series.labels.is_some());
        let values = |of: usize| self.series.iter().flat_map(move |series| series.points.iter().map(move |p| p[of]));
        let x = Axis::new(values(0), self.log[0], if dots { Reach::Margin } else { Reach::Data }, 8);
        let y = Axis::new(values(1), self.log[1], if dots { Reach::Margin } else { Reach::Tick }, 6);
        let legend = Legend::new(self.series.iter().map(|series| series.name.as_str()), WIDTH);
        let top = 40.0 + legend.height();
        let numbers = y.ticks().iter().map(|(_, text)| width(text, 12.0)).fold(0.0, f64::max);
        let frame = Frame { left: 30.0 + numbers, top, right: WIDTH - RIGHT, bottom: top + PLOT };
        let height = frame.bottom + BOTTOM;
        let (x, y) = (x.over(frame.left, frame.right), y.over(frame.bottom, frame.top));
        let edge = if alone { -16.0 } else { 0.0 };
        let [wide, tall] = [WIDTH, height].map(|side| side - 2.0 * edge);
        write!(out, r#"<svg class="fig" viewBox="{edge} {edge} {wide} {tall}" role="img""#)?;
        write!(out, r#" aria-label="{}""#, Escaped(&self.alt()))?;
        if alone {
            write!(out, r#" xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}">"#)?;
            write!(out, "<style>{}</style>", theme::figure())?;
            write!(out, r#"<rect class="ground" x="{edge}" y="{edge}" width="{wide}" height="{tall}"/>"#)?;
        } else {
            out.write_str(">")?;
        }
        write!(out, r#"<text class="head" x="2" y="16">{}</text>"#, Escaped(&self.title))?;
        legend.draw(out)?;
        frame.draw(out, &x, &y, [&self.x, &self.y])?;
        let place = |point: &[f64; 2]| Some([x.at(point[0])?, y.at(point[1])?]);
        for (at, series) in self.series.iter().enumerate() {
            match &series.labels {
                None => series.draw_line(out, at % theme::SERIES, &place)?,
                Some(labels) => series.draw_dots(out, at % theme::SERIES, labels, &place)?,
            }
        }
        self.draw_labels(out, &frame, &place)?;
        out.write_str("</svg>")
    }

    fn draw_labels(&self, out: &mut dyn Write, frame: &Frame, place: Place) -> fmt::Result {
        let labelled = self.series.iter().filter_map(|series| Some((series, series.labels.as_ref()?)));
        let dots: Vec<labels::Dot> = labelled
            .flat_map(|(series, labels)| series.points.iter().zip(labels))
            .filter_map(|(point, label)| Some(labels::Dot { at: place(point)?, label }))
            .collect();
        for label in labels::placed(&dots, [frame.left, frame.top, frame.right, frame.bottom]) {
            let ([x, y], text) = (label.at, Escaped(label.text));
            write!(out, r#"<text class="small" x="{x:.1}" y="{y:.1}">{text}</text>"#)?;
        }
        Ok(())
    }

    /// What the chart shows, for those who cannot see it.
    fn alt(&self) -> String {
        let series: Vec<String> = self.series.iter().filter_map(Series::alt).collect();
        format!("{}: {} over {}. {}", self.title, self.y, self.x, series.join(" "))
    }
}

impl Part for Chart {
    fn html(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(r#"<figure class="chart">"#)?;
        self.draw(out, false)?;
        out.write_str("</figure>\n")
    }
}

type Place<'a> = &'a dyn Fn(&[f64; 2]) -> Option<[f64; 2]>;

impl Series {
    fn alt(&self) -> Option<String> {
        let finite: Vec<_> = self.points.iter().filter(|p| p[0].is_finite() && p[1].is_finite()).collect();
        let [x0, y0, x1, y1] =
            [finite.first()?[0], finite.first()?[1], finite.last()?[0], finite.last()?[1]].map(number);
        Some(match self.labels {
            None => format!("{} goes from {y0} at {x0} to {y1} at {x1}.", self.name),
            Some(_) => format!("{} has {} dots.", self.name, finite.len()),
        })
    }

    fn draw_line(&self, out: &mut dyn Write, colour: usize, place: Place) -> fmt::Result {
        let dense = if self.points.len() > WIDTH as usize { " dense" } else { "" };
        write!(out, r#"<path class="curve c{colour}{dense}" d=""#)?;
        let mut pen_down = false;
        for stretch in thinned(&self.points, place) {
            if let Some([x, y]) = stretch {
                // No length: a lone point shows by its round cap.
                let (pen, length) = if pen_down { ('L', "") } else { ('M', "h0") };
                write!(out, "{pen}{x:.1} {y:.1}{length}")?;
            }
            pen_down = stretch.is_some();
        }
        out.write_str(r#""/>"#)?;
        let every = self.points.len().div_ceil(HOVERED).max(1);
        for (at, point) in self.points.iter().enumerate() {
            let wanted = at % every == 0 || at + 1 == self.points.len();
            if let Some([x, y]) = place(point).filter(|_| wanted) {
                write!(out, r#"<circle class="hit f{colour}" cx="{x:.1}" cy="{y:.1}" r="5">"#)?;
                self.draw_title(out, point, "")?;
            }
        }
        Ok(())
    }

    fn draw_dots(&self, out: &mut dyn Write, colour: usize, labels: &[String], place: Place) -> fmt::Result {
        for (point, label) in self.points.iter().zip(labels) {
            if let Some([x, y]) = place(point) {
                write!(out, r#"<circle class="dot f{colour}" cx="{x:.1}" cy="{y:.1}" r="5">"#)?;
                self.draw_title(out, point, label)?;
            }
        }
        Ok(())
    }

    fn draw_title(&self, out: &mut dyn Write, point: &[f64; 2], label: &str) -> fmt::Result {
        let name = if label.is_empty() { &self.name } else { label };
        write!(out, "<title>{}\n{}, {}</title></circle>", Escaped(name), number(point[0]), number(point[1]))
    }
}

/// Places of a line's points, none where it breaks. Of many points within one pixel, the first, least, largest and last
/// stay, which draws the same line.
fn thinned(points: &[[f64; 2]], place: Place) -> Vec<Option<[f64; 2]>> {
    let places: Vec<Option<[f64; 2]>> = points.iter().map(place).collect();
    if places.len() <= 4 * WIDTH as usize {
        return places;
    }
    let column = |place: &Option<[f64; 2]>| place.map(|[x, _]| x.round() as i64);
    let mut kept = Vec::new();
    for group in places.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |a: &&usize, b: &&usize| {
            let height = |at: usize| group[at].map_or(0.0, |[_, y]| y);
            height(**a).total_cmp(&height(**b))
        };
        let all: Vec<usize> = (0..group.len()).collect();
        let mut ends = [0, group.len() - 1, 0, 0];
        ends[2] = all.iter().min_by(by_height).copied().unwrap_or(0);
        ends[3] = all.iter().max_by(by_height).copied().unwrap_or(0);
        ends.sort_unstable();
        let mut last = None;
        for at in ends {
            if last != Some(at) {
                kept.push(group[at]);
            }
            last = Some(at);
        }
    }
    kept
}
