//! Results on stdout, as text or JSON; everything else on stderr.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use rexnet::Error;
use rexnet_vision::data::{Reason, Report};
use serde::{Serialize, Serializer};

use crate::cli::Common;

/// A result of a verb: one value, two views.
pub(crate) trait Answer: Serialize {
    /// Writes the view for people.
    fn text(&self, to: &mut dyn Write) -> io::Result<()>;
}

/// Where a verb speaks.
pub(crate) struct Out {
    json: bool,
    quiet: bool,
    verbose: bool,
}

impl Out {
    pub(crate) fn new(common: &Common) -> Self {
        Self { json: common.json, quiet: common.quiet, verbose: common.verbose }
    }

    /// Prints a result. JSON takes one line, so that a verb may answer many times.
    pub(crate) fn emit(&mut self, answer: &impl Answer) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        if self.json {
            let line = serde_json::to_string(answer).map_err(io::Error::from)?;
            writeln!(stdout, "{line}")?;
        } else {
            answer.text(&mut stdout)?;
        }
        stdout.flush()?;
        Ok(())
    }

    /// Says something on the way; silent under `--quiet`.
    pub(crate) fn note(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            say(message);
        }
    }

    /// Says what only the curious want to know; silent but under `--verbose`.
    pub(crate) fn detail(&self, message: impl std::fmt::Display) {
        if self.verbose {
            say(message);
        }
    }

    /// A bar for so many things to do, seen on a terminal alone.
    pub(crate) fn progress(&self, count: usize) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len}, {eta} to go").expect("a sound template");
        ProgressBar::new(count as u64).with_style(style).with_finish(ProgressFinish::AndClear)
    }

    /// Tells what a scan of `place` passed over. What was hidden on purpose, and names, only the curious hear.
    pub(crate) fn passed_over(&self, place: impl std::fmt::Display, report: &Report) {
        for (reason, passed) in report.iter() {
            let message = format!("{place}: passed over {} {reason}", passed.count);
            match reason {
                Reason::Hidden => self.detail(message),
                _ => self.note(message),
            }
            passed.examples.iter().for_each(|name| self.detail(format_args!("  {name}")));
        }
    }

    /// Renders an error: what and where, then on a line of its own what to do.
    #[allow(clippy::unused_self, reason = "speaking goes through `Out`, whatever it needs to know")]
    pub(crate) fn error(&self, error: &Error) {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.ends_with(&text) {
                message = format!("{message}: {text}");
            }
            cause = inner.source();
        }
        say(format_args!("error: {message}"));
        if let Some(help) = error.help() {
            say(format_args!("help: {help}"));
        }
    }

    /// Whether the reader is a machine.
    pub(crate) fn json(&self) -> bool {
        self.json
    }
}

/// A path in JSON, which must hold for one that is no Unicode, too.
pub(crate) fn path_as_text<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

/// Text without the control characters that a file may have put into it, which a terminal would obey.
fn printable(text: &str) -> Cow<'_, str> {
    let is_foreign = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_foreign) {
        return text.into();
    }
    let shown = |c: char| if is_foreign(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect::<String>().into()
}

/// Nothing is left to do when stderr itself fails.
fn say(message: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(&message.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_scripts_stay() {
        assert_eq!(printable("a\u{1b}[2J\u{7}.png: größe 花\n\tnext"), "a\\u{1b}[2J\\u{7}.png: größe 花\n\tnext");
    }
}
