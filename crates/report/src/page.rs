//! A page in one file: no script, nothing fetched.

use std::fmt::{self, Write};

use crate::markup::Escaped;
use crate::theme;

/// Something a page can hold.
pub trait Part {
    /// Writes it as HTML in which every text is escaped.
    /// # Errors
    /// What `out` refuses.
    fn html(&self, out: &mut dyn Write) -> fmt::Result;
}

/// A page, filled from top to bottom.
///
/// ```
/// use rexnet_report::{Chart, Facts, Page};
/// let mut page = Page::new("flowers17", "rexnet_100, 30 epochs");
/// page.section("Result");
/// page.add(&Facts::new().row("top-1", "81.2 %"));
/// page.section("Curves");
/// page.add(&Chart::new("Loss", "epoch", "cross entropy").line("train", [(1.0, 2.3), (2.0, 1.1)]));
/// assert!(page.to_html().starts_with("<!doctype html>"));
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    subtitle: String,
    sections: Vec<Section>,
}

#[derive(Clone, Debug)]
struct Section {
    heading: String,
    body: String,
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>, subtitle: impl Into<String>) -> Self {
        Self { title: title.into(), subtitle: subtitle.into(), sections: Vec::new() }
    }

    /// Begins a section; what is added from now on is part of it.
    pub fn section(&mut self, heading: impl Into<String>) {
        self.sections.push(Section { heading: heading.into(), body: String::new() });
    }

    /// Adds to the section that was begun last, or to one without a heading.
    pub fn add(&mut self, part: &dyn Part) {
        if self.sections.is_empty() {
            self.section("");
        }
        if let Some(section) = self.sections.last_mut() {
            part.html(&mut section.body).expect("a String takes everything");
        }
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: &str) {
        self.add(&Paragraph(text));
    }

    /// The whole page. Its policy lets a browser fetch nothing and run no script, whatever the texts hold.
    pub fn to_html(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a String takes everything");
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let title = Escaped(&self.title);
        out.write_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
        out.write_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; ")?;
        out.write_str("style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n")?;
        out.write_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")?;
        out.write_str("<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n")?;
        write!(out, "<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n", theme::page())?;
        write!(out, "<header>\n<h1>{title}</h1>\n")?;
        if !self.subtitle.is_empty() {
            writeln!(out, "<p>{}</p>", Escaped(&self.subtitle))?;
        }
        self.write_contents(out)?;
        out.write_str("</header>\n<main>\n")?;
        for (at, Section { heading, body }) in self.sections.iter().enumerate() {
            writeln!(out, "<section id=\"s{at}\">")?;
            if !heading.is_empty() {
                writeln!(out, "<h2>{}</h2>", Escaped(heading))?;
            }
            writeln!(out, "{body}</section>")?;
        }
        out.write_str("</main>\n</body>\n</html>\n")
    }

    fn write_contents(&self, out: &mut String) -> fmt::Result {
        let named = self.sections.iter().enumerate().filter(|(_, section)| !section.heading.is_empty());
        if self.sections.len() < 3 {
            return Ok(());
        }
        out.write_str("<nav aria-label=\"Sections\">")?;
        for (at, section) in named {
            write!(out, "<a href=\"#s{at}\">{}</a>", Escaped(&section.heading))?;
        }
        out.write_str("</nav>\n")
    }
}

struct Paragraph<'a>(&'a str);

impl Part for Paragraph<'_> {
    fn html(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "<p>{}</p>", Escaped(self.0))
    }
}
