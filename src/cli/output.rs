//! Writing results: JSON on one line, or a table with aligned columns.

use std::io::Write;

use serde::Serialize;

use super::failure::{self, Failure};
use crate::ui::Message;
use crate::ui::{Language, safe};

/// Where results go.
pub(super) struct Output<'a> {
    to: &'a mut dyn Write,
    pub(super) language: Language,
}

/// A column of a table.
pub(super) enum Column {
    /// Text, to the left.
    Left(Message),
    /// Numbers, to the right.
    Right(Message),
}

impl<'a> Output<'a> {
    pub(super) fn new(to: &'a mut dyn Write, language: Language) -> Self {
        Self { to, language }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(failure::output)
    }

    /// One JSON value on one line.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self.to, value).map_err(|error| failure::output(error.into()))?;
        self.line("")
    }

    /// Part of a JSON value that is written as it comes.
    pub(super) fn part(&mut self, text: &str) -> Result<(), Failure> {
        self.to.write_all(text.as_bytes()).map_err(failure::output)
    }

    /// Bytes as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.to.write_all(bytes).map_err(failure::output)
    }

    /// A JSON value inside another.
    pub(super) fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self.to, value).map_err(|error| failure::output(error.into()))
    }

    /// The members that are left of an object whose beginning is written, and its end.
    pub(super) fn rest(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let rest = serde_json::to_string(value).map_err(|error| failure::output(error.into()))?;
        self.line(rest.strip_prefix('{').unwrap_or(&rest))
    }

    /// A line. Whatever came from a model or a file has to be made visible before.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.to, "{text}").map_err(failure::output)
    }

    /// A word of ours, its holes filled.
    pub(super) fn say(&mut self, word: Message, arguments: &[&dyn std::fmt::Display]) -> Result<(), Failure> {
        self.line(&word.say(self.language, arguments))
    }

    /// Rows under headings, each column as wide as its widest cell.
    pub(super) fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) -> Result<(), Failure> {
        let titles: Vec<String> = columns.iter().map(|column| column.title(self.language)).collect();
        let mut widths: Vec<usize> = titles.iter().map(|title| safe::width(title)).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(safe::width(cell));
            }
        }
        for row in std::iter::once(&titles).chain(rows) {
            let cells = row.iter().zip(columns).zip(&widths).map(|((cell, column), width)| match column {
                Column::Left(_) => safe::left(cell, stands_in(cell, *width)),
                Column::Right(_) => safe::right(cell, stands_in(cell, *width)),
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Rows without headings, each column as wide as its widest cell, all to the left.
    pub(super) fn rows(&mut self, rows: &[Vec<String>]) -> Result<(), Failure> {
        aligned(rows).iter().try_for_each(|line| self.line(line))
    }
}

/// The widest that a column is made for its widest cell.
const WIDEST: usize = 256;

/// How many columns a cell takes: one that is wider than any column sticks out, and the others don't make room for it.
fn stands_in(cell: &str, width: usize) -> usize {
    if width <= WIDEST { width } else { safe::width(cell).max(WIDEST) }
}

/// Rows as lines, each column as wide as its widest cell, all to the left.
pub(super) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| safe::width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| safe::left(cell, stands_in(cell, *width))).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

impl Column {
    fn title(&self, language: Language) -> String {
        match self {
            Self::Left(word) | Self::Right(word) => word.text(language).to_owned(),
        }
    }
}

/// A probability, four digits of it at any size.
pub(super) fn probability(p: f32) -> String {
    if p == 0.0 || p >= 0.0001 { format!("{p:.4}") } else { format!("{p:.1e}") }
}

/// A whole number with its thousands apart.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
