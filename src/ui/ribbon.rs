//! One text under several segmentations, aligned by character and wrapped into staves like music: each ribbon is a line
//! of a stave, and wherever any ribbon cuts, all of them leave a column, so that equal columns mean equal bytes.

mod lay;

use super::draw::put;
use super::safe;
use super::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::ops::Range;

pub use lay::{staves, staves_around};

/// One segmentation of the text.
#[derive(Clone, Copy, Debug)]
pub struct Ribbon<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The byte offsets where a piece starts, sorted; they may fall inside a character.
    pub boundaries: &'a [usize],
}

/// The ribbons that can be told apart at a boundary; further ones are drawn as if they never cut.
pub const MOST_RIBBONS: usize = 64;

/// A stretch of the text that fits on one line, under every ribbon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stave {
    /// The bytes it covers.
    pub bytes: Range<usize>,
    /// Its grapheme clusters, left to right.
    pub cells: Vec<Cell>,
    /// The boundaries between and inside its cells, left to right. One at the very end is drawn here, not on the next.
    pub slots: Vec<Slot>,
    /// Columns it takes.
    pub columns: usize,
}

/// A grapheme cluster in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its bytes.
    pub bytes: Range<usize>,
    /// Its first column.
    pub x: usize,
    /// The columns it takes: those of its parts where it is split.
    pub width: usize,
    /// Its visible form.
    pub text: String,
    /// Whether that is a mark, not the cluster itself.
    pub marked: bool,
    /// Where some ribbon cuts inside it, the finest parts that it is cut into; otherwise none.
    pub parts: Vec<Part>,
}

/// Some of the bytes of a split cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its bytes.
    pub bytes: Range<usize>,
    /// Its first column.
    pub x: usize,
    /// The columns it takes.
    pub width: usize,
    /// Its bytes in hex.
    pub text: String,
}

/// A place where at least one ribbon cuts, one column wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The byte that a piece starts at.
    pub byte: usize,
    /// Its column.
    pub x: usize,
    cuts: u64,
    ribbons: u32,
}

/// What one ribbon does at a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It cuts, and so does every other ribbon.
    Agreed,
    /// It cuts, and another does not.
    Cut,
    /// It does not cut, and another does.
    NotCut,
}

impl Slot {
    /// What a ribbon does here.
    pub fn cut(&self, ribbon: usize) -> Cut {
        match (self.agreed(), ribbon < MOST_RIBBONS && self.cuts >> ribbon & 1 == 1) {
            (true, _) => Cut::Agreed,
            (false, true) => Cut::Cut,
            (false, false) => Cut::NotCut,
        }
    }

    /// Whether every ribbon cuts here.
    pub fn agreed(&self) -> bool {
        self.cuts.count_ones() == self.ribbons
    }
}

impl Stave {
    /// Whether a byte belongs to it.
    pub fn contains(&self, byte: usize) -> bool {
        self.bytes.contains(&byte)
    }

    /// Moves its bytes up, for a stave that was laid out from the middle of a text.
    pub fn shift(&mut self, bytes: usize) {
        let shift = |range: &mut Range<usize>| *range = range.start + bytes..range.end + bytes;
        shift(&mut self.bytes);
        for cell in &mut self.cells {
            shift(&mut cell.bytes);
            cell.parts.iter_mut().for_each(|part| shift(&mut part.bytes));
        }
        self.slots.iter_mut().for_each(|slot| slot.byte += bytes);
    }

    /// The byte drawn at a column: a cell's or a part's first.
    pub fn byte_at(&self, column: usize) -> Option<usize> {
        let cell = self.cells.iter().rev().find(|cell| cell.x <= column)?;
        let part = cell.parts.iter().rev().find(|part| part.x <= column);
        Some(part.map_or(cell.bytes.start, |part| part.bytes.start))
    }

    /// The columns of the bytes that are drawn here, from the first cell or part to the last; none of them, nothing.
    pub fn span(&self, bytes: Range<usize>) -> Option<Range<usize>> {
        let mut span: Option<Range<usize>> = None;
        let mut add = |at: &Range<usize>, x: usize, width: usize| {
            if at.start < bytes.end && bytes.start < at.end {
                let start = span.as_ref().map_or(x, |span| span.start);
                span = Some(start..x + width);
            }
        };
        for cell in &self.cells {
            if cell.parts.is_empty() {
                add(&cell.bytes, cell.x, cell.width);
            }
            cell.parts.iter().for_each(|part| add(&part.bytes, part.x, part.width));
        }
        span
    }

    /// Draws one ribbon of the stave into the first row of `area`; `style` says the style of the piece that a byte is in.
    ///
    /// A cut that all agree on is `│`, another `┆` in the warning style; where this ribbon does not cut, the piece runs on.
    /// A cluster that this ribbon cuts is drawn as the bytes of its parts.
    pub fn draw(&self, ribbon: usize, area: Rect, buf: &mut Buffer, theme: &Theme, style: &dyn Fn(usize) -> Style) {
        let x = |column: usize| area.x.saturating_add(column.min(usize::from(u16::MAX)) as u16);
        for slot in &self.slots {
            let (glyph, style) = match (slot.cut(ribbon), theme.ascii) {
                (Cut::Agreed, false) => ("│", theme.dim()),
                (Cut::Agreed, true) => ("|", theme.dim()),
                (Cut::Cut, false) => ("┆", theme.warning()),
                (Cut::Cut, true) => (":", theme.warning()),
                (Cut::NotCut, _) => (" ", style(slot.byte)),
            };
            put(buf, area, x(slot.x), area.y, glyph, style);
        }
        for cell in &self.cells {
            if self.splits(ribbon, cell) {
                for part in &cell.parts {
                    put(buf, area, x(part.x), area.y, &part.text, style(part.bytes.start).patch(theme.warning()));
                }
            } else {
                let text = shown(&safe::left(&cell.text, cell.width), *theme);
                let style = style(cell.bytes.start);
                let style = if cell.marked { style.patch(theme.warning()) } else { style };
                put(buf, area, x(cell.x), area.y, &text, style);
            }
        }
    }

    fn splits(&self, ribbon: usize, cell: &Cell) -> bool {
        let first = self.slots.partition_point(|slot| slot.byte <= cell.bytes.start);
        let inner = self.slots[first..].iter().take_while(|slot| slot.byte < cell.bytes.end);
        !cell.parts.is_empty() && inner.into_iter().any(|slot| slot.cut(ribbon) != Cut::NotCut)
    }
}

fn shown(text: &str, theme: Theme) -> String {
    if theme.ascii { safe::ascii_marks(text) } else { text.to_owned() }
}
