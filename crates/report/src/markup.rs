//! Text made safe inside HTML and SVG.

use std::fmt::{self, Display, Formatter, Write};

/// Text as it stands between tags or in a quoted attribute. What XML forbids becomes U+FFFD.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' => f.write_char(c)?,
                '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                c if c.is_control() => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// The first `most` characters, the last of them an ellipsis where something was cut.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.into();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Width of `text` in pixels for a sans-serif font of `size` pixels: near enough for margins.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let wide = |c: char| if c.is_ascii() { 0.56 } else { 0.75 };
    text.chars().map(wide).sum::<f64>() * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place_between_tags_or_quotes() {
        let hostile = "<script>alert('1')</script> & \"x\"";
        let safe = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;";
        assert_eq!(Escaped(hostile).to_string(), safe);
        assert_eq!(Escaped("a\0b\u{1b}c\u{ffff}é花").to_string(), "a\u{fffd}b\u{fffd}c\u{fffd}é花");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(shortened("花花花花", 3), "花花…");
        assert_eq!(shortened("花花花", 3), "花花花");
    }
}
