//! Pictures with captions, in a grid.

use std::fmt::{self, Write};

use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;

use crate::markup::Escaped;
use crate::page::Part;

/// A picture and what is said below it.
#[derive(Clone, Debug)]
pub struct Picture {
    media: &'static str,
    bytes: Vec<u8>,
    alt: String,
    caption: String,
    detail: String,
    right: Option<bool>,
}

impl Picture {
    /// The bytes of a PNG file; `alt` says what it shows.
    pub fn png(bytes: Vec<u8>, alt: impl Into<String>) -> Self {
        Self::new("image/png", bytes, alt.into())
    }

    /// The bytes of a JPEG file; `alt` says what it shows.
    pub fn jpeg(bytes: Vec<u8>, alt: impl Into<String>) -> Self {
        Self::new("image/jpeg", bytes, alt.into())
    }

    fn new(media: &'static str, bytes: Vec<u8>, alt: String) -> Self {
        Self { media, bytes, alt, caption: String::new(), detail: String::new(), right: None }
    }

    /// A line below it, and a quieter one.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { caption: caption.into(), detail: detail.into(), ..self }
    }

    /// Marks its caption as a right or a wrong answer, by a sign and a colour.
    #[must_use]
    pub fn mark(self, right: bool) -> Self {
        Self { right: Some(right), ..self }
    }
}

impl Picture {
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        let data = Base64Display::new(&self.bytes, &BASE64_STANDARD);
        write!(out, r#"<li><figure><img alt="{}" src="data:{};base64,{data}">"#, Escaped(&self.alt), self.media)?;
        out.write_str(r#"<figcaption dir="auto">"#)?;
        match self.right {
            Some(true) => out.write_str(r#"<span class="mark r" role="img" aria-label="right">✓</span> "#)?,
            Some(false) => out.write_str(r#"<span class="mark w" role="img" aria-label="wrong">✗</span> "#)?,
            None => {}
        }
        write!(out, "{}", Escaped(&self.caption))?;
        if !self.detail.is_empty() {
            write!(out, "<small>{}</small>", Escaped(&self.detail))?;
        }
        out.write_str("</figcaption></figure></li>\n")
    }
}

/// A grid of pictures.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    pictures: Vec<Picture>,
}

impl FromIterator<Picture> for Pictures {
    fn from_iter<I: IntoIterator<Item = Picture>>(pictures: I) -> Self {
        Self { pictures: pictures.into_iter().collect() }
    }
}

impl Part for Pictures {
    fn html(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str("<ul class=\"pictures\">\n")?;
        self.pictures.iter().try_for_each(|picture| picture.write(out))?;
        out.write_str("</ul>\n")
    }
}
