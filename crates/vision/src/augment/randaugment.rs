//! RandAugment (Cubuk and others 2019) with timm's semantics and timm's way to write it.

use std::fmt;
use std::str::FromStr;

use rexnet_random::Draws;
use serde::{Deserialize, Serialize};

use super::affine::Canvas;
use super::operation::{MAX_LEVEL, OPERATIONS};
use crate::Picture;

/// Probability that a chosen operation is carried out.
const APPLIED: f64 = 0.5;

/// Some operations in a row, each drawn from the table with replacement and carried out half the time.
/// Written as `rand-m9-n2-mstd0.5-inc1`, every part behind `rand` being optional.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RandAugment {
    /// `m`: mean magnitude; what is drawn is clipped to 0..10.
    pub magnitude: f64,
    /// `n`: operations in a row.
    pub layers: usize,
    /// `mstd`: standard deviation of the magnitude.
    pub magnitude_std: f64,
    /// `inc1`: whether a greater magnitude is more of an effect for every operation.
    pub increasing: bool,
}

/// What is wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RandAugmentError {
    /// Another policy, or none.
    #[error("`{0}` does not begin with `rand`, as in `rand-m9-mstd0.5-inc1`")]
    Policy(String),
    /// A part that is not known.
    #[error("`{0}` is no part of RandAugment; it has `m`, `n`, `mstd` and `inc`")]
    Part(String),
    /// A value out of range.
    #[error("`{key}` of RandAugment must be {wanted}, not `{value}`")]
    Value {
        /// The part.
        key: &'static str,
        /// What it may be.
        wanted: &'static str,
        /// What was written.
        value: String,
    },
}

/// An operation to carry out.
struct Layer {
    /// Its place in the table.
    operation: usize,
    level: f64,
    sign: f64,
}

impl RandAugment {
    pub(super) fn apply(&self, picture: Picture, canvas: Canvas, draws: &mut Draws) -> Picture {
        self.draw(draws).fold(picture, |picture, Layer { operation, level, sign }| {
            OPERATIONS[operation].apply(picture, level, sign, self.increasing, canvas)
        })
    }

    fn draw(&self, draws: &mut Draws) -> impl Iterator<Item = Layer> {
        (0..self.layers).filter_map(|_| {
            let operation = draws.below(OPERATIONS.len() as u64) as usize;
            let applied = draws.uniform() < APPLIED;
            let level = (self.magnitude + self.magnitude_std * draws.normal()).clamp(0.0, MAX_LEVEL);
            let sign = if draws.uniform() < 0.5 { 1.0 } else { -1.0 };
            applied.then_some(Layer { operation, level, sign })
        })
    }
}

impl FromStr for RandAugment {
    type Err = RandAugmentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        if parts.next() != Some("rand") {
            return Err(RandAugmentError::Policy(text.into()));
        }
        let mut found = Self { magnitude: MAX_LEVEL, layers: 2, magnitude_std: 0.0, increasing: false };
        for part in parts {
            let (key, value) = part.split_at(part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len()));
            match key {
                "m" => found.magnitude = f64::from(number::<u8>("m", value, "a whole number up to 30", |m| *m <= 30)?),
                "n" => found.layers = number("n", value, "a whole number from 1 to 15", |n| (1..=15).contains(n))?,
                "mstd" => found.magnitude_std = number("mstd", value, "from 0 to 100", |s| (0.0..=100.0).contains(s))?,
                "inc" => found.increasing = number::<u8>("inc", value, "0 or 1", |inc| *inc <= 1)? == 1,
                _ => return Err(RandAugmentError::Part(part.into())),
            }
        }
        Ok(found)
    }
}

fn number<T: FromStr>(
    key: &'static str,
    value: &str,
    wanted: &'static str,
    holds: impl Fn(&T) -> bool,
) -> Result<T, RandAugmentError> {
    value.parse().ok().filter(holds).ok_or_else(|| RandAugmentError::Value { key, wanted, value: value.into() })
}

impl fmt::Display for RandAugment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { magnitude, layers, magnitude_std, increasing } = self;
        write!(f, "rand-m{magnitude}-n{layers}-mstd{magnitude_std}-inc{}", u8::from(*increasing))
    }
}

impl TryFrom<String> for RandAugment {
    type Error = RandAugmentError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RandAugment> for String {
    fn from(randaugment: RandAugment) -> Self {
        randaugment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_random::Stream;

    fn drawn(text: &str, pictures: u64) -> Vec<Vec<Layer>> {
        let randaugment: RandAugment = text.parse().unwrap();
        (0..pictures).map(|i| randaugment.draw(&mut Stream::new(1).at(i).draws()).collect()).collect()
    }

    fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    #[test]
    fn timms_texts_are_read_and_written() {
        let published = RandAugment { magnitude: 9.0, layers: 2, magnitude_std: 0.5, increasing: false };
        assert_eq!("rand-m9-mstd0.5".parse(), Ok(published));
        assert_eq!("rand-mstd0.5-inc1-m9".parse(), Ok(RandAugment { increasing: true, ..published }));
        assert_eq!(
            "rand-n3".parse(),
            Ok(RandAugment { magnitude: 10.0, layers: 3, magnitude_std: 0.0, increasing: false })
        );
        assert_eq!(published.to_string().parse(), Ok(published));
    }

    #[test]
    fn what_is_unknown_or_out_of_range_is_named() {
        let error = |text: &str| text.parse::<RandAugment>().unwrap_err().to_string();
        assert!(error("original-mstd0.5").contains("`original-mstd0.5` does not begin with `rand`"));
        assert!(error("rand-m9-x3").contains("`x3`"));
        assert!(error("rand-").contains("``"));
        assert_eq!(error("rand-m31"), "`m` of RandAugment must be a whole number up to 30, not `31`");
        assert!(error("rand-m").contains("`m`"));
        assert!(error("rand-n0").contains("from 1 to 15"));
        assert!(error("rand-mstd0.5.5").contains("`mstd`"));
        assert!(error("rand-inc2").contains("0 or 1"));
    }

    #[test]
    fn every_operation_comes_equally_often_and_half_of_the_time() {
        let drawn = drawn("rand-m9-mstd0.5", 20_000);
        let mut counts = [0; OPERATIONS.len()];
        drawn.iter().flatten().for_each(|layer| counts[layer.operation] += 1);
        // 40,000 choices, each carried out with 1/2, of 15 operations: 1333 each, standard deviation 36.
        assert!(counts.iter().all(|count| (1190..1480).contains(count)), "{counts:?}");
        let both = drawn.iter().filter(|layers| layers.len() == 2).count();
        assert!((4700..5300).contains(&both), "two independent halves are a quarter: {both}");
        let up = drawn.iter().flatten().filter(|layer| layer.sign > 0.0).count() as f64;
        assert!((up / counts.iter().sum::<i32>() as f64 - 0.5).abs() < 0.015);
    }

    #[test]
    fn magnitudes_are_normal_about_the_mean_and_clipped() {
        let levels = |text| drawn(text, 20_000).into_iter().flatten().map(|layer| layer.level).collect::<Vec<_>>();
        let five = levels("rand-m5-mstd0.5");
        let (mean, deviation) = moments(five.iter().copied());
        assert!((mean - 5.0).abs() < 0.02 && (deviation - 0.5).abs() < 0.02, "{mean} {deviation}");
        // At 9 and a deviation of 0.5, the 2.3 % beyond 10 are drawn to it.
        let nine = levels("rand-m9-mstd0.5");
        let clipped = nine.iter().filter(|&&level| level == 10.0).count() as f64 / nine.len() as f64;
        assert!((clipped - 0.0228).abs() < 0.004, "{clipped}");
        assert!(levels("rand-m15-mstd0.5").iter().all(|&level| level == 10.0));
        assert!(levels("rand-m4").iter().all(|&level| level == 4.0));
    }
}
