//! The report of a file whose tensors are not those of a network.

use std::fmt;

/// Every difference between a file's tensors and a network's. Names are the file's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mismatch {
    /// Network that was asked for.
    pub network: String,
    /// Network that the file is, where it is a known one.
    pub file_is: Option<String>,
    /// Tensors of the network that the file lacks.
    pub missing: Vec<String>,
    /// Tensors of the file that the network lacks.
    pub unexpected: Vec<String>,
    /// Tensors of both in different shapes: name, shape in the file, shape in the network.
    pub shapes: Vec<(String, Vec<usize>, Vec<usize>)>,
}

/// Names that a message shows of each kind.
const SHOWN: usize = 3;

impl Mismatch {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.shapes.is_empty()
    }

    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        let is_head = |name: &str| ["head.fc", "classifier.", "output.", "_fc."].iter().any(|h| name.starts_with(h));
        match &self.file_is {
            Some(name) if *name != self.network => Some(format!("name the network `{name}`")),
            _ if !self.shapes.is_empty() && self.shapes.iter().all(|(name, ..)| is_head(name)) => {
                Some("the classes differ; `rexnet train --init FILE` makes a new classifier".into())
            }
            _ => None,
        }
    }
}

impl std::error::Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not the tensors of `{}`", self.network)?;
        if let Some(name) = &self.file_is {
            write!(f, " but those of `{name}`")?;
        }
        let shapes: Vec<String> = self
            .shapes
            .iter()
            .take(SHOWN)
            .map(|(name, file, net)| format!("{name} {file:?} in the file, {net:?} in the network"))
            .collect();
        list(f, "of another shape", self.shapes.len(), &shapes)?;
        list(f, "missing", self.missing.len(), &self.missing)?;
        list(f, "unexpected", self.unexpected.len(), &self.unexpected)
    }
}

fn list(f: &mut fmt::Formatter<'_>, what: &str, count: usize, names: &[String]) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    let shown = &names[..names.len().min(SHOWN)];
    write!(f, "; {count} {what}: {}", shown.join(", "))?;
    if count > shown.len() { write!(f, " and {} more", count - shown.len()) } else { Ok(()) }
}
