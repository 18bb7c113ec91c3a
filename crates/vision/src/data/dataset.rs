//! One split of a data set: classes, pictures with their class, and what was passed over.

use super::error::DataError;
use super::report::Report;
use super::source::Source;
use std::collections::HashMap;

/// A picture and the number of its class.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Where the pixels are.
    pub source: Source,
    /// Index into [`Dataset::classes`].
    pub label: usize,
}

/// Pictures of known classes, in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// Class names by number. A class may be empty.
    pub classes: Vec<String>,
    /// Whether the source gave bare numbers, so that `classes` holds `0`, `1`, … and no real name.
    pub numbered: bool,
    /// The pictures.
    pub samples: Vec<Sample>,
    /// What lay among them and is not used.
    pub report: Report,
}

impl Dataset {
    /// Pictures of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for sample in &self.samples {
            counts[sample.label] += 1;
        }
        counts
    }

    /// Classes without a single picture; they keep their numbers.
    pub fn empty_classes(&self) -> Vec<&str> {
        let counts = self.counts();
        self.classes.iter().zip(counts).filter(|(_, n)| *n == 0).map(|(name, _)| name.as_str()).collect()
    }

    /// A number that changes when a class, a picture's name, its label or the order changes (FNV-1a, 64 bits). It does
    /// not depend on where the data lie, and does not look at pixels.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut eat = |bytes: &[u8]| {
            for byte in bytes.iter().copied().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        };
        self.classes.iter().for_each(|name| eat(name.as_bytes()));
        for sample in &self.samples {
            eat(sample.source.name().as_bytes());
            eat(&(sample.label as u64).to_le_bytes());
        }
        hash
    }

    /// The same classes with only the pictures at `indices`, in that order.
    ///
    /// # Panics
    /// When an index is not below the number of samples.
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let samples = indices.iter().map(|&i| self.samples[i].clone()).collect();
        Self { classes: self.classes.clone(), numbered: self.numbered, samples, report: Report::default() }
    }

    /// The same pictures under the class numbers of `classes`: those of a training set, or of a model. Names are
    /// matched by name, bare numbers by number; classes that have no picture here stay empty.
    ///
    /// # Errors
    /// `ClassesDiffer` when a picture's class is not among `classes`; it lists the difference both ways.
    pub fn with_classes(mut self, classes: &[String]) -> Result<Self, DataError> {
        let numbers: HashMap<&str, usize> = classes.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        let number_of = |(i, name): (usize, &String)| match numbers.get(name.as_str()) {
            Some(&number) => Some(number),
            None if self.numbered && i < classes.len() => Some(i),
            None => None,
        };
        let map: Vec<Option<usize>> = self.classes.iter().enumerate().map(number_of).collect();
        let counts = self.counts();
        let unknown: Vec<String> =
            (0..map.len()).filter(|&i| map[i].is_none() && counts[i] > 0).map(|i| self.classes[i].clone()).collect();
        if !unknown.is_empty() {
            let absent = classes.iter().filter(|name| !self.classes.contains(name)).cloned().collect();
            return Err(DataError::ClassesDiffer { unknown, absent });
        }
        for sample in &mut self.samples {
            sample.label = map[sample.label].unwrap_or_default(); // every class with a picture has a number
        }
        self.classes = classes.to_vec();
        self.numbered = false;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(classes: &[&str], labels: &[usize]) -> Dataset {
        let samples = labels
            .iter()
            .enumerate()
            .map(|(i, &label)| Sample { source: Source::file("", format!("{i}.png")), label })
            .collect();
        Dataset { classes: classes.iter().map(|s| (*s).to_owned()).collect(), samples, ..Dataset::default() }
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn validation_takes_the_numbers_of_training_by_name() {
        let val = set(&["bee", "cat"], &[0, 1, 1]).with_classes(&names(&["ant", "bee", "cat"])).unwrap();
        assert_eq!(val.counts(), [0, 1, 2]);
        assert_eq!(val.empty_classes(), ["ant"]);
    }

    #[test]
    fn a_class_that_training_lacks_is_an_error_that_lists_the_difference() {
        let error = set(&["Cat", "bee"], &[0, 1]).with_classes(&names(&["ant", "bee", "cat"])).unwrap_err();
        let DataError::ClassesDiffer { unknown, absent } = error else { panic!("{error}") };
        assert_eq!((unknown, absent), (names(&["Cat"]), names(&["ant", "cat"])));
    }

    #[test]
    fn bare_numbers_are_matched_by_number() {
        let mut list = set(&["0", "1", "2"], &[2, 0]);
        list.numbered = true;
        let list = list.with_classes(&names(&["ant", "bee", "cat"])).unwrap();
        assert_eq!(list.samples.iter().map(|s| s.label).collect::<Vec<_>>(), [2, 0]);
    }

    #[test]
    fn the_fingerprint_sees_names_labels_and_order() {
        let base = set(&["a", "b"], &[0, 1, 0]);
        assert_eq!(base.fingerprint(), set(&["a", "b"], &[0, 1, 0]).fingerprint());
        let others = [set(&["a", "c"], &[0, 1, 0]), set(&["a", "b"], &[0, 1, 1]), base.subset(&[1, 0, 2])];
        assert!(others.iter().all(|other| other.fingerprint() != base.fingerprint()));
    }
}
