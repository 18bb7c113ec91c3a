//! Setting pictures aside for validation, class by class and by seed.

use super::dataset::Dataset;
use super::error::DataError;
use rexnet_random::Stream;

impl Dataset {
    /// Splits off `share` of every class for validation: rounded, at least one picture of a class that has two, never
    /// the last one. Gives (training, validation), both in this set's order; a class's choice depends on `seed`, its
    /// name and its own pictures alone.
    ///
    /// # Errors
    /// `Share` when `share` is not in `[0, 1)`.
    pub fn split_off(&self, share: f64, seed: u64) -> Result<(Self, Self), DataError> {
        if !(0.0..1.0).contains(&share) {
            return Err(DataError::Share { share });
        }
        let mut of_class = vec![Vec::new(); self.classes.len()];
        for (i, sample) in self.samples.iter().enumerate() {
            of_class[sample.label].push(i);
        }
        let stream = Stream::new(seed).named("val-split");
        let mut aside = vec![false; self.samples.len()];
        for (name, members) in self.classes.iter().zip(&of_class) {
            let order = stream.named(name).permutation(members.len());
            for &i in &order[..held_out(members.len(), share)] {
                aside[members[i]] = true;
            }
        }
        let (val, mut train): (Vec<usize>, Vec<usize>) = (0..aside.len()).partition(|&i| aside[i]);
        train.sort_unstable();
        let mut train = self.subset(&train);
        train.report = self.report.clone();
        Ok((train, self.subset(&val)))
    }
}

/// How many of `n` pictures go to validation.
fn held_out(n: usize, share: f64) -> usize {
    if share == 0.0 || n < 2 {
        return 0;
    }
    ((n as f64 * share).round() as usize).clamp(1, n - 1)
}

#[cfg(test)]
mod tests {
    use super::super::{Sample, Source};
    use super::*;

    fn set(counts: &[(&str, usize)]) -> Dataset {
        let classes = counts.iter().map(|(name, _)| (*name).to_owned()).collect();
        let labels = counts.iter().enumerate().flat_map(|(label, (_, n))| std::iter::repeat_n(label, *n));
        let samples =
            labels.enumerate().map(|(i, label)| Sample { source: Source::file("", format!("{label}/{i}")), label });
        Dataset { classes, samples: samples.collect(), ..Dataset::default() }
    }

    fn names(set: &Dataset, class: usize) -> Vec<String> {
        set.samples.iter().filter(|s| s.label == class).map(|s| s.source.name().into_owned()).collect()
    }

    #[test]
    fn every_class_keeps_a_picture_to_train_on() {
        for share in [0.01, 0.1, 0.5, 0.99] {
            let (train, val) = set(&[("one", 1), ("two", 2), ("many", 40), ("none", 0)]).split_off(share, 3).unwrap();
            assert!(train.counts()[..3].iter().all(|n| *n >= 1), "{share}");
            assert_eq!(val.counts()[0], 0);
            assert_eq!(val.counts()[1], 1);
            assert_eq!(val.empty_classes(), ["one", "none"]);
            assert_eq!(train.samples.len() + val.samples.len(), 43);
        }
    }

    #[test]
    fn shares_hold_for_each_class() {
        let (train, val) = set(&[("a", 100), ("b", 30)]).split_off(0.1, 0).unwrap();
        assert_eq!((val.counts(), train.counts()), (vec![10, 3], vec![90, 27]));
    }

    #[test]
    fn the_choice_is_the_seeds_and_no_other_class_changes_it() {
        let (_, first) = set(&[("a", 50), ("b", 50)]).split_off(0.2, 1).unwrap();
        let (_, again) = set(&[("a", 50), ("b", 90)]).split_off(0.2, 1).unwrap();
        let (_, other) = set(&[("a", 50), ("b", 50)]).split_off(0.2, 2).unwrap();
        assert_eq!(names(&first, 0), names(&again, 0));
        assert_ne!(names(&first, 0), names(&other, 0));
    }

    #[test]
    fn a_share_that_leaves_nothing_is_refused() {
        for share in [1.0, -0.1, f64::NAN, 2.0] {
            assert!(matches!(set(&[("a", 5)]).split_off(share, 0), Err(DataError::Share { .. })));
        }
    }
}
