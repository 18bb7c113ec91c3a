//! Colours of both schemes. A page holds them as variables; a figure that stands alone carries them itself, since
//! not every viewer of SVG knows variables.

use std::fmt::Write;

/// Name, light, dark. `s0` to `s7` tell series apart.
const COLOURS: &[(&str, &str, &str)] = &[
    ("bg", "#ffffff", "#15181c"),
    ("soft", "#f4f5f7", "#1e2228"),
    ("line", "#e1e4e8", "#30363d"),
    ("text", "#1b1f24", "#e6e9ec"),
    ("muted", "#5b636d", "#9ba4ae"),
    ("good", "#2563c9", "#74a9ff"),
    ("bad", "#b04a06", "#f29b54"),
    ("s0", "#2563c9", "#74a9ff"),
    ("s1", "#b04a06", "#f29b54"),
    ("s2", "#0f7f63", "#4cc7a3"),
    ("s3", "#a8338f", "#e58bd6"),
    ("s4", "#7d6200", "#d0b34a"),
    ("s5", "#6647cc", "#ab9af7"),
    ("s6", "#bb3340", "#f2828a"),
    ("s7", "#47707e", "#93bac8"),
];

/// Series that have a colour of their own.
pub(crate) const SERIES: usize = 8;

const FIGURE: &str = include_str!("figure.css");

/// The style sheet of a page.
pub(crate) fn page() -> String {
    let (light, dark) = COLOURS.iter().fold((String::new(), String::new()), |(mut light, mut dark), colour| {
        let _ = write!(light, "--{}:{};", colour.0, colour.1);
        let _ = write!(dark, "--{}:{};", colour.0, colour.2);
        (light, dark)
    });
    format!(
        ":root{{color-scheme:light dark;{light}}}\n@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n{}{FIGURE}",
        include_str!("page.css")
    )
}

/// The style sheet of a figure that stands alone.
pub(crate) fn figure() -> String {
    let literal = |pick: fn(&(&str, &'static str, &'static str)) -> &'static str| {
        COLOURS.iter().fold(FIGURE.to_owned(), |css, colour| css.replace(&format!("var(--{})", colour.0), pick(colour)))
    };
    format!("{}@media(prefers-color-scheme:dark){{{}}}", literal(|c| c.1), literal(|c| c.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance by WCAG 2.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_series_stand_out_on_both_grounds() {
        let (bg, soft) = (COLOURS[0], COLOURS[1]);
        for &(name, light, dark) in &COLOURS[3..] {
            for (colour, grounds) in [(light, [bg.1, soft.1]), (dark, [bg.2, soft.2])] {
                let least = grounds.map(|ground| contrast(colour, ground));
                assert!(least.iter().all(|&c| c >= 4.5), "{name} {colour}: {least:?}");
            }
        }
    }

    #[test]
    fn a_figure_that_stands_alone_needs_no_variables() {
        assert!(!figure().contains("var("));
    }
}
