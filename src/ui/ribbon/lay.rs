//! Laying the staves out, in one pass over the text.

use super::super::{cluster, safe};
use super::{Cell, MOST_RIBBONS, Part, Ribbon, Slot, Stave};
use std::fmt::Write as _;
use std::ops::Range;

/// A stave also ends at the first cluster boundary after every so many bytes, so that the middle of a long text can be
/// laid out without what comes before.
const SPAN: usize = 8192;

/// Every stave of a text, at most `columns` wide where a single cluster is not wider.
pub fn staves(text: &str, ribbons: &[Ribbon<'_>], columns: usize) -> Vec<Stave> {
    from_to(text, ribbons, columns, 0..text.len())
}

/// At most `rows` of the staves that [`staves`] would return: those around a byte, its own near the middle.
pub fn staves_around(text: &str, ribbons: &[Ribbon<'_>], columns: usize, byte: usize, rows: usize) -> Vec<Stave> {
    if rows == 0 {
        return Vec::new();
    }
    let byte = byte.min(text.len().saturating_sub(1));
    let anchor = |index: usize| if index == 0 { 0 } else { cluster::boundary(text, index * SPAN) };
    let mut index = byte / SPAN;
    while index > 0 && anchor(index) > byte {
        index -= 1;
    }
    let mut start = anchor(index);
    let mut found = Vec::new();
    let mut at = start;
    let mut after = 0;
    let layer = Layer { text, ribbons, columns: columns.max(1) };
    while at < text.len() && after <= rows {
        let stave = layer.stave(at);
        at = stave.bytes.end;
        after += usize::from(at > byte);
        found.push(stave);
    }
    while index > 0 && found.iter().take_while(|stave| stave.bytes.end <= byte).count() < rows {
        index -= 1;
        let earlier = anchor(index);
        let mut before = from_to(text, ribbons, columns, earlier..start);
        before.append(&mut found);
        found = before;
        start = earlier;
    }
    let own = found.iter().take_while(|stave| stave.bytes.end <= byte).count();
    let first = own.saturating_sub(rows / 2).min(found.len().saturating_sub(rows));
    found.into_iter().skip(first).take(rows).collect()
}

fn from_to(text: &str, ribbons: &[Ribbon<'_>], columns: usize, range: Range<usize>) -> Vec<Stave> {
    let layer = Layer { text, ribbons, columns: columns.max(1) };
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let stave = layer.stave(at);
        at = stave.bytes.end;
        found.push(stave);
    }
    found
}

struct Layer<'a> {
    text: &'a str,
    ribbons: &'a [Ribbon<'a>],
    columns: usize,
}

impl Layer<'_> {
    /// The stave that starts at a cluster boundary inside the text.
    fn stave(&self, start: usize) -> Stave {
        let limit = (start / SPAN + 1) * SPAN;
        let mut next: Vec<usize> =
            self.used().map(|ribbon| ribbon.boundaries.partition_point(|&at| at <= start)).collect();
        let mut stave = Stave { bytes: start..start, cells: Vec::new(), slots: Vec::new(), columns: 0 };
        // Where it can end: at any cut, or better where the last ribbon cuts, so that its pieces stay whole.
        let (mut breakable, mut better) = (None, None);
        let mut at = start;
        while at < self.text.len() && (at == start || at < limit) {
            let cluster = cluster::at(self.text, at);
            let mut cuts = self.cuts(cluster.end, &mut next);
            let after = cuts.pop_if(|slot| slot.byte == cluster.end).filter(|slot| slot.byte < self.text.len());
            let cell = self.cell(at..cluster.end, cluster.width, stave.columns, &mut cuts);
            let end = cell.x + cell.width + usize::from(after.is_some());
            if end > self.columns && at > start {
                let far = |place: &(usize, usize, usize)| place.2 * 2 >= self.columns;
                if let Some((cells, slots, columns)) = better.filter(far).or(breakable.filter(far)) {
                    stave.cells.truncate(cells);
                    stave.slots.truncate(slots);
                    stave.columns = columns;
                }
                break;
            }
            stave.slots.append(&mut cuts);
            stave.columns = end;
            stave.cells.push(cell);
            if let Some(slot) = after {
                stave.slots.push(Slot { x: end - 1, ..slot });
                breakable = Some((stave.cells.len(), stave.slots.len(), end));
                if slot.cuts >> (slot.ribbons.max(1) - 1) & 1 == 1 {
                    better = breakable;
                }
            }
            at = cluster.end;
            if self.text.as_bytes()[at - 1] == b'\n' {
                break;
            }
        }
        stave.bytes.end = stave.cells.last().map_or(start, |cell| cell.bytes.end);
        stave
    }

    fn used(&self) -> impl Iterator<Item = &Ribbon<'_>> {
        self.ribbons.iter().take(MOST_RIBBONS)
    }

    /// The boundaries up to `end` that no cluster has claimed yet, sorted, each with the ribbons that cut there.
    fn cuts(&self, end: usize, next: &mut [usize]) -> Vec<Slot> {
        let mut cuts: Vec<Slot> = Vec::new();
        for (index, (ribbon, next)) in self.used().zip(next).enumerate() {
            while let Some(&byte) = ribbon.boundaries.get(*next).filter(|&&byte| byte <= end) {
                *next += 1;
                let ribbons = self.ribbons.len() as u32;
                cuts.push(Slot { byte, x: 0, cuts: 1 << index, ribbons });
            }
        }
        cuts.sort_by_key(|slot| slot.byte);
        cuts.dedup_by(|later, first| {
            let same = later.byte == first.byte;
            first.cuts |= if same { later.cuts } else { 0 };
            same
        });
        cuts
    }

    /// A cluster's cell; where it is cut inside, its parts side by side with the slots placed between them.
    fn cell(&self, bytes: Range<usize>, width: usize, x: usize, inner: &mut [Slot]) -> Cell {
        let text = safe::visible(&self.text[bytes.clone()]);
        let marked = text != self.text[bytes.clone()];
        if inner.is_empty() {
            return Cell { bytes, x, width: width.min(self.columns), text, marked, parts: Vec::new() };
        }
        let mut parts = Vec::with_capacity(inner.len() + 1);
        let (mut at, mut column) = (bytes.start, x);
        for slot in inner {
            let part = self.part(at..slot.byte, column);
            slot.x = column + part.width;
            column = slot.x + 1;
            at = slot.byte;
            parts.push(part);
        }
        let part = self.part(at..bytes.end, column);
        column += part.width;
        parts.push(part);
        Cell { bytes, x, width: (column - x).max(width.min(self.columns)), text, marked, parts }
    }

    fn part(&self, bytes: Range<usize>, x: usize) -> Part {
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in &self.text.as_bytes()[bytes.clone()] {
            _ = write!(text, "{byte:02X}");
        }
        Part { width: text.len(), bytes, x, text }
    }
}
