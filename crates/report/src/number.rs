//! Numbers as people read them.

/// Four significant digits, with k, M, G or T from ten thousand up: `0.8125`, `299.9M`, `3e−5`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "–"
        } else if value > 0.0 {
            "∞"
        } else {
            "−∞"
        }
        .into();
    }
    let (unit, suffix) = unit(value.abs());
    let value = value / unit;
    if value != 0.0 && value.abs() < 1e-3 {
        return minus(&trimmed_exponent(value));
    }
    let digits = (3 - value.abs().max(1e-9).log10().floor() as i32).clamp(0, 6);
    minus(&format!("{}{suffix}", trimmed(format!("{value:.*}", digits as usize))))
}

/// `value` to the precision of `step`, in the unit that suits numbers up to `largest`.
pub(crate) fn tick(value: f64, step: f64, largest: f64) -> String {
    let (unit, suffix) = unit(largest);
    let step = step / unit;
    if largest < 1e-3 && value != 0.0 {
        return minus(&trimmed_exponent(value));
    }
    let digits = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    let shown = format!("{:.digits$}", value / unit);
    minus(&if value == 0.0 { shown } else { shown + suffix })
}

/// `count` of things with thin spaces between thousands.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// The unit in which `largest` has one to three digits before the point, once it is rounded to four.
fn unit(largest: f64) -> (f64, &'static str) {
    match largest {
        x if x >= 0.999_95e12 => (1e12, "T"),
        x if x >= 0.999_95e9 => (1e9, "G"),
        x if x >= 0.999_95e6 => (1e6, "M"),
        x if x >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    }
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

fn trimmed_exponent(value: f64) -> String {
    let text = format!("{value:.3e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{}", trimmed(mantissa.into()), minus(exponent)),
        None => text,
    }
}

fn minus(text: &str) -> String {
    text.replacen('-', "−", usize::from(text.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_and_a_unit() {
        let cases = [
            (0.0, "0"),
            (0.812_512, "0.8125"),
            (-2.5, "−2.5"),
            (81.25, "81.25"),
            (1234.0, "1234"),
            (12_340.0, "12.34k"),
            (299_912_000.0, "299.9M"),
            (999_960.0, "1M"),
            (1e9, "1G"),
            (3e-5, "3e−5"),
            (-3e-5, "−3e−5"),
            (f64::NAN, "–"),
        ];
        for (value, wanted) in cases {
            assert_eq!(number(value), wanted);
        }
    }

    #[test]
    fn ticks_share_unit_and_precision() {
        assert_eq!(tick(0.5, 0.05, 1.0), "0.50");
        assert_eq!(tick(500_000.0, 500_000.0, 1.5e6), "0.5M");
        assert_eq!(tick(0.0, 500_000.0, 1.5e6), "0.0");
        assert_eq!(tick(-20.0, 10.0, 20.0), "−20");
        assert_eq!(tick(2e-5, 1e-5, 4e-5), "2e−5");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(999), "999");
    }
}
