//! Tables for people: aligned columns, numbers to the right.

use std::io::{self, Write};

/// Rows of cells under a head.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(ToString::to_string).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the table. A column is aligned to the right where every cell under its head is a number or empty.
    pub(crate) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let layout: Vec<(usize, bool)> = (0..columns)
            .map(|column| {
                let width = self.rows.iter().map(|row| cell(row, column).chars().count()).max().unwrap_or(0);
                (width, self.rows.iter().skip(1).all(|row| is_number(&cell(row, column))))
            })
            .collect();
        for row in &self.rows {
            let line: Vec<String> = layout
                .iter()
                .enumerate()
                .map(|(column, &(width, right))| {
                    let text = cell(row, column);
                    if right { format!("{text:>width$}") } else { format!("{text:<width$}") }
                })
                .collect();
            writeln!(to, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn is_number(cell: &str) -> bool {
    cell.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '%'))
}

/// `4,796,873`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (4_796_873, "4,796,873")] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut table = Table::new(&["name", "params"]);
        table.row(vec!["a".into(), "1,000".into()]);
        table.row(vec!["long name".into(), "7".into()]);
        let mut text = Vec::new();
        table.write(&mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "name       params\na           1,000\nlong name       7\n");
    }
}
