//! A direction of a chart: numbers to pixels, and the numbers that are written beside it.

use crate::number::tick;

/// Numbers from `low` to `high` laid over the pixels from `from` to `to`.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
    step: f64,
}

/// How far an axis reaches past the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// Exactly to them.
    Data,
    /// A twentieth further on each side.
    Margin,
    /// To the next tick.
    Tick,
}

impl Axis {
    /// An axis over the finite `values`, those above zero where `log`; from 0 to 1 when there are none. `most` is the
    /// number of ticks to stay under.
    pub(crate) fn new(values: impl Iterator<Item = f64>, log: bool, reach: Reach, most: usize) -> Self {
        let mut range: Option<[f64; 2]> = None;
        for value in values.filter(|value| fits(*value, log)) {
            let [low, high] = range.unwrap_or([value, value]);
            range = Some([low.min(value), high.max(value)]);
        }
        let [mut low, mut high] = range.unwrap_or(if log { [1.0, 10.0] } else { [0.0, 1.0] });
        if log {
            [low, high] = [low.log10(), high.log10()];
        }
        // One value alone, or several too close for f64 to tell ticks apart, stand in the middle.
        if high - low <= 1e-9 * low.abs().max(high.abs()) {
            let room = if low == 0.0 || log { 0.5 } else { 0.1 * low.abs() };
            [low, high] = [low - room, high + room];
        }
        if reach == Reach::Margin {
            let room = 0.05 * (high - low);
            [low, high] = [low - room, high + room];
        }
        let step = nice_step((high - low) / most as f64);
        if reach == Reach::Tick && !log {
            [low, high] = [(low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step];
        }
        Self { low, high, from: 0.0, to: 1.0, log, step }
    }

    pub(crate) fn over(self, from: f64, to: f64) -> Self {
        Self { from, to, ..self }
    }

    /// Pixel of `value`; none for what the axis cannot show.
    pub(crate) fn at(&self, value: f64) -> Option<f64> {
        let place = if self.log { value.log10() } else { value };
        fits(value, self.log).then(|| self.from + (place - self.low) / (self.high - self.low) * (self.to - self.from))
    }

    /// Numbers to write, and how.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            return self.log_ticks();
        }
        let inside = (self.low / self.step - 1e-9).ceil() as i64..=(self.high / self.step + 1e-9).floor() as i64;
        let largest = self.low.abs().max(self.high.abs());
        inside.map(|i| i as f64 * self.step).map(|value| (value, tick(value, self.step, largest))).collect()
    }

    /// 1, 2 and 5 times powers of ten; powers alone over more than three of them, and not each of very many.
    fn log_ticks(&self) -> Vec<(f64, String)> {
        let decades = self.high - self.low;
        let within: &[f64] = if decades > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let every = (decades / 8.0).ceil().max(1.0) as i32;
        let powers = (self.low.floor() as i32..=self.high.ceil() as i32).filter(|power| power % every == 0);
        let values = powers.flat_map(|power| within.iter().map(move |m| m * 10f64.powi(power)));
        values
            .filter(|value| (self.low - 1e-9..=self.high + 1e-9).contains(&value.log10()))
            .map(|value| (value, crate::number(value)))
            .collect()
    }
}

fn fits(value: f64, log: bool) -> bool {
    value.is_finite() && (!log || value > 0.0)
}

/// The least of 1, 2, 5 times a power of ten that is not under `step`.
fn nice_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= step * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[f64], log: bool, reach: Reach) -> Vec<String> {
        Axis::new(values.iter().copied(), log, reach, 6).ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(shown(&[0.13, 0.97], false, Reach::Tick), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(shown(&[0.0, 29.0], false, Reach::Data), ["0", "5", "10", "15", "20", "25"]);
        assert_eq!(shown(&[0.0, 120_000.0], false, Reach::Data), ["0", "20k", "40k", "60k", "80k", "100k", "120k"]);
        assert_eq!(shown(&[8e7, 2.2e9], true, Reach::Data), ["100M", "200M", "500M", "1G", "2G"]);
        assert_eq!(shown(&[1e-5, 1.0], true, Reach::Data), ["1e−5", "1e−4", "0.001", "0.01", "0.1", "1"]);
    }

    #[test]
    fn every_range_has_ticks_and_finite_pixels() {
        let (tiny, huge) = (f64::MIN_POSITIVE, f64::MAX / 4.0);
        for values in [&[][..], &[0.0], &[5.0], &[-3.0, -3.0], &[f64::NAN, 2.0], &[1e9, 1e9 + 1e-7], &[tiny, huge]] {
            for log in [false, true] {
                for reach in [Reach::Data, Reach::Margin, Reach::Tick] {
                    let axis = Axis::new(values.iter().copied(), log, reach, 6).over(0.0, 100.0);
                    let ticks = axis.ticks();
                    assert!(log || (2..=14).contains(&ticks.len()), "{values:?} {log} {reach:?}: {ticks:?}");
                    let places = values.iter().filter_map(|&value| axis.at(value));
                    assert!(places.into_iter().all(|at| (-1e-3..=100.001).contains(&at)), "{values:?} {log} {reach:?}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_place_on_an_axis_has_no_pixel() {
        let axis = Axis::new([1.0, 10.0].into_iter(), true, Reach::Data, 6);
        assert_eq!((axis.at(0.0), axis.at(-1.0), axis.at(f64::NAN), axis.at(f64::INFINITY)), (None, None, None, None));
    }
}
