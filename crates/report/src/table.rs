//! Facts and tables.

use std::fmt::{self, Write};

use crate::markup::Escaped;
use crate::number;
use crate::page::Part;

/// Rows past which a table scrolls within the page.
const TALL: usize = 30;

/// Names and values, side by side.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    rows: Vec<(String, String)>,
}

impl Facts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    #[must_use]
    pub fn row(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.rows.push((name.into(), value.into()));
        self
    }
}

impl Part for Facts {
    fn html(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str("<dl>")?;
        for (name, value) in &self.rows {
            write!(out, "<div><dt>{}</dt><dd>{}</dd></div>", Escaped(name), Escaped(value))?;
        }
        out.write_str("</dl>\n")
    }
}

/// What stands in a field of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number to four digits; a dash where it is undefined.
    Number(Option<f64>),
    /// A part of 1, as percent beside a bar; a dash where it is undefined.
    Share(Option<f64>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// Rows under a heading. The first column names its row.
///
/// ```
/// use rexnet_report::{Cell, Table};
/// let table = Table::new("Classes", ["class", "pictures", "recall"])
///     .row(["rose".into(), Cell::Number(Some(80.0)), Cell::Share(Some(0.9))])
///     .row(["tulip".into(), Cell::Number(Some(0.0)), Cell::Share(None)]);
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    caption: String,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table; the caption may be empty where a section's heading says enough.
    pub fn new<S: Into<String>>(caption: impl Into<String>, columns: impl IntoIterator<Item = S>) -> Self {
        Self { caption: caption.into(), columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    /// # Panics
    /// When it does not have a cell for each column.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Self {
        let cells: Vec<Cell> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.columns.len(), "cells of a row of `{}`", self.caption);
        self.rows.push(cells);
        self
    }
}

impl Part for Table {
    fn html(&self, out: &mut dyn Write) -> fmt::Result {
        let caption = Escaped(if self.caption.is_empty() { "Table" } else { &self.caption });
        let scroll = if self.rows.len() > TALL { "scroll tall" } else { "scroll" };
        write!(out, r#"<div class="{scroll}" tabindex="0" role="region" aria-label="{caption}"><table>"#)?;
        if !self.caption.is_empty() {
            write!(out, "<caption>{caption}</caption>")?;
        }
        out.write_str("<thead><tr>")?;
        for (at, column) in self.columns.iter().enumerate() {
            let numeric = self.rows.first().is_some_and(|row| matches!(row[at], Cell::Number(_)));
            write!(out, r#"<th scope="col"{}>{}</th>"#, if numeric { r#" class="n""# } else { "" }, Escaped(column))?;
        }
        out.write_str("</tr></thead><tbody>\n")?;
        for row in &self.rows {
            out.write_str("<tr>")?;
            for (at, cell) in row.iter().enumerate() {
                cell.write(out, at == 0)?;
            }
            out.write_str("</tr>\n")?;
        }
        out.write_str("</tbody></table></div>\n")
    }
}

impl Cell {
    fn write(&self, out: &mut dyn Write, heading: bool) -> fmt::Result {
        match self {
            Self::Text(text) if heading => write!(out, r#"<th scope="row" dir="auto">{}</th>"#, Escaped(text)),
            Self::Text(text) => write!(out, r#"<td dir="auto">{}</td>"#, Escaped(text)),
            Self::Number(value) => write!(out, r#"<td class="n">{}</td>"#, value.map_or("–".into(), number)),
            Self::Share(Some(share)) if share.is_finite() => {
                let percent = 100.0 * share.clamp(0.0, 1.0);
                write!(
                    out,
                    r#"<td class="share"><i><b style="width:{percent:.1}%"></b></i>{:.1} %</td>"#,
                    100.0 * share
                )
            }
            Self::Share(_) => out.write_str(r#"<td class="share">–</td>"#),
        }
    }
}
