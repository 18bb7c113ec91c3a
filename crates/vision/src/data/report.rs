//! What a scan passed over, and why: counts for every reason and the first few names.

use std::collections::BTreeMap;
use std::fmt;

/// Why something that lies among the pictures is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The name begins with a dot, or is a folder that file managers leave behind.
    Hidden,
    /// Neither the extension nor the first bytes are those of a picture format that is read here.
    NotAPicture,
    /// A file beside the class folders.
    OutsideClasses,
    /// A link to nothing.
    BrokenLink,
    /// A link to a folder that holds it.
    LinkLoop,
    /// The system refuses to read it.
    Unreadable,
    /// A list names a file that is not there.
    Missing,
    /// A picture without a class.
    NoLabel,
    /// A label without a picture.
    NoPicture,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hidden => "hidden (the name begins with a dot)",
            Self::NotAPicture => "not a picture",
            Self::OutsideClasses => "beside the class folders",
            Self::BrokenLink => "a link to nothing",
            Self::LinkLoop => "a link to a folder that holds it",
            Self::Unreadable => "not readable",
            Self::Missing => "named in the list, but not there",
            Self::NoLabel => "without a class",
            Self::NoPicture => "a label without a picture",
        })
    }
}

/// How many were passed over for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// All of them.
    pub count: usize,
    /// The first [`Report::EXAMPLES`] names.
    pub examples: Vec<String>,
}

/// Everything that was passed over, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    passed: BTreeMap<Reason, Passed>,
}

impl Report {
    /// Names kept for each reason.
    pub const EXAMPLES: usize = 5;

    pub(super) fn pass(&mut self, reason: Reason, name: impl fmt::Display) {
        let entry = self.passed.entry(reason).or_default();
        entry.count += 1;
        if entry.examples.len() < Self::EXAMPLES {
            entry.examples.push(name.to_string());
        }
    }

    /// How many were passed over for `reason`.
    pub fn count(&self, reason: Reason) -> usize {
        self.passed.get(&reason).map_or(0, |p| p.count)
    }

    /// Reasons that occurred, with their counts and examples.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, &Passed)> {
        self.passed.iter().map(|(reason, passed)| (*reason, passed))
    }

    /// Whether nothing at all was passed over.
    pub fn is_empty(&self) -> bool {
        self.passed.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing was there");
        }
        for (i, (reason, passed)) in self.iter().enumerate() {
            let first = passed.examples.first().map_or("", String::as_str);
            write!(f, "{}{} {reason} (as {first})", if i == 0 { "" } else { "; " }, passed.count)?;
        }
        Ok(())
    }
}
