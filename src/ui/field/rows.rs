//! The soft-wrapped rows of a text, laid out as far as somebody looked.

use super::super::cluster;
use std::ops::Range;

/// Rows from the start of the text up to where they were needed, for one width.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    columns: usize,
    laid: Vec<Range<usize>>,
    done: bool,
    next: usize,
}

impl Rows {
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Another width lays everything out again.
    pub(super) fn set_columns(&mut self, columns: usize) {
        if self.columns != columns {
            *self = Self { columns, ..Self::default() };
        }
    }

    /// Forgets what a change at a byte can have moved. A row looks ahead no further than into the row after the next.
    pub(super) fn invalidate(&mut self, byte: usize) {
        let keep = self.laid.partition_point(|row| row.start <= byte).saturating_sub(3);
        self.next = self.laid.get(keep).map_or(0, |row| row.start);
        self.laid.truncate(keep);
        self.done = false;
    }

    /// The row that holds a byte; where one row ends and the next begins, the next.
    pub(super) fn row_of(&mut self, text: &str, byte: usize) -> usize {
        while !self.done && self.next <= byte {
            self.lay(text);
        }
        self.laid.partition_point(|row| row.start <= byte).saturating_sub(1)
    }

    /// The bytes of a row, without its line end.
    pub(super) fn row(&mut self, text: &str, index: usize) -> Option<Range<usize>> {
        while !self.done && self.laid.len() <= index {
            self.lay(text);
        }
        self.laid.get(index).cloned()
    }

    /// How many rows there are, if the end has been reached.
    pub(super) fn total(&self) -> Option<usize> {
        self.done.then_some(self.laid.len())
    }

    fn lay(&mut self, text: &str) {
        let start = self.next;
        let (end, next) = row(text, start, self.columns);
        self.laid.push(start..end);
        self.done = next.is_none();
        self.next = next.unwrap_or(text.len());
    }
}

/// The end of the row at `start` and the start of the next: filled greedily, broken after spaces and beside wide glyphs.
///
/// The last column is kept free for the cursor and for one space that hangs over the edge.
fn row(text: &str, start: usize, columns: usize) -> (usize, Option<usize>) {
    let room = columns.max(2) - 1;
    let bytes = text.as_bytes();
    let (mut at, mut used, mut breakable) = (start, 0, None);
    loop {
        match &bytes[at..] {
            [] => return (at, None),
            [b'\n', ..] => return (at, Some(at + 1)),
            [b'\r', b'\n', ..] => return (at, Some(at + 2)),
            _ => {}
        }
        let cluster = cluster::at(text, at);
        let space = bytes[at] == b' ';
        if used + cluster.width > room && at > start {
            if !space {
                let end = breakable.unwrap_or(at);
                return (end, Some(end));
            }
            return match &bytes[cluster.end..] {
                [] => (cluster.end, None),
                [b'\n', ..] => (cluster.end, Some(cluster.end + 1)),
                [b'\r', b'\n', ..] => (cluster.end, Some(cluster.end + 2)),
                _ => (cluster.end, Some(cluster.end)),
            };
        }
        if cluster.width > 1 && at > start {
            breakable = Some(at);
        }
        used += cluster.width;
        at = cluster.end;
        if space || cluster.width > 1 {
            breakable = Some(at);
        }
    }
}
