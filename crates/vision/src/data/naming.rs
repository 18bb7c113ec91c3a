//! Which names are classes, and in which order: the class numbers of a data set.

use super::error::{DataError, read};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

/// The file that fixes the order of classes, one name a line, beside the data.
pub(super) const CLASSES_FILE: &str = "classes.txt";

/// More classes than this is a damaged file, not a data set.
pub(super) const MAX_CLASSES: usize = 1 << 20;

/// How class names are sorted where no file fixes their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By bytes, as torchvision: `1`, `10`, `2`, `Zebra`, `apple`.
    #[default]
    Bytes,
    /// Runs of digits by their value: `1`, `2`, `10`, `Zebra`, `apple`.
    Natural,
}

impl Order {
    /// Compares two names, given as their bytes.
    pub(super) fn compare(self, a: &OsStr, b: &OsStr) -> Ordering {
        let (a, b) = (a.as_encoded_bytes(), b.as_encoded_bytes());
        match self {
            Self::Bytes => a.cmp(b),
            Self::Natural => natural(a, b).then_with(|| a.cmp(b)),
        }
    }
}

fn natural(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (Some(&x), Some(&y)) = (a.first(), b.first()) else { return a.len().cmp(&b.len()) };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, n) = (number(&mut a), number(&mut b));
            match m.len().cmp(&n.len()).then_with(|| m.cmp(n)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        } else if x == y {
            (a, b) = (&a[1..], &b[1..]);
        } else {
            return x.cmp(&y);
        }
    }
}

/// Takes the digits off the front of `text`; gives them without leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    &digits[digits.iter().position(|c| *c != b'0').unwrap_or(digits.len())..]
}

/// Names in the order of a file with one name a line; blank lines and a byte-order mark are dropped.
pub(super) fn read_names(path: &Path) -> Result<Vec<String>, DataError> {
    let text = read(path)?;
    let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text)).into_owned();
    let names: Vec<String> = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
    index(&names, path)?;
    Ok(names)
}

/// The `classes.txt` of a folder, if it has one.
pub(super) fn names_beside(folder: &Path) -> Result<Option<Vec<String>>, DataError> {
    let path = folder.join(CLASSES_FILE);
    if path.is_file() { read_names(&path).map(Some) } else { Ok(None) }
}

/// Number of each name; a name that occurs twice is an error, for no picture of it could have one number.
pub(super) fn index<'a>(names: &'a [String], place: &Path) -> Result<HashMap<&'a str, usize>, DataError> {
    let mut numbers = HashMap::with_capacity(names.len());
    for (number, name) in names.iter().enumerate() {
        if let Some(first) = numbers.insert(name.as_str(), number) {
            return Err(DataError::TwiceNamed { path: place.into(), name: name.clone(), first, second: number });
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(order: Order, names: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|s| (*s).to_owned()).collect();
        names.sort_by(|a, b| order.compare(a.as_ref(), b.as_ref()));
        names
    }

    #[test]
    fn bytes_order_is_torchvisions_and_natural_order_is_asked_for() {
        let names = ["10", "apple", "2", "Zebra", "1"];
        assert_eq!(sorted(Order::Bytes, &names), ["1", "10", "2", "Zebra", "apple"]);
        assert_eq!(sorted(Order::Natural, &names), ["1", "2", "10", "Zebra", "apple"]);
    }

    #[test]
    fn natural_order_is_total_where_numbers_are_equal() {
        assert_eq!(sorted(Order::Natural, &["a01", "a1", "a001", "a", "a1b"]), ["a", "a001", "a01", "a1", "a1b"]);
        assert_eq!(sorted(Order::Natural, &["v1.10", "v1.9", "v1"]), ["v1", "v1.9", "v1.10"]);
    }
}
