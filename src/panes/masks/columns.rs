//! The masks side by side, a column each: its name, its picture, what it costs in all, what each token costs.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use super::Drawn;
use super::label;
use super::write;
use crate::lab::masks;
use crate::lab::masks::Cost;
use crate::lab::masks::Misfit;
use crate::lm::Mask;
use crate::panes::attention::window;
use crate::panes::format;
use crate::ui::Message;
use crate::ui::draw as ink;
use crate::ui::grid;
use crate::ui::safe;

/// Columns of a token's name, where there is room and where there is not.
const NAME: (u16, u16) = (18, 12);
/// From this width on there is room.
const ROOMY: u16 = 100;
/// The least and the most columns of a mask.
const COLUMN: (u16, u16) = (9, 22);
/// Columns of a number; a star may stand behind it.
const NUMBER: usize = 6;
/// Rows of what a mask costs in all.
const TOTALS: [Message; 5] =
    [Message::MaskForetold, Message::MaskBitsPerToken, Message::MaskOwnSame, Message::MaskPeeked, Message::MaskApart];
/// The kind of a mask whose order is too long to be said.
const PERMUTATION: &str = "permutation";
/// The most rows of a picture.
const PICTURE: u16 = 11;

/// How many columns of the screen so many masks need to stand well.
pub(super) fn width(masks: usize) -> u16 {
    NAME.1 + masks as u16 * (COLUMN.0 + 1)
}

/// Where things are in the columns' area.
struct Places {
    area: Rect,
    name: u16,
    column: u16,
    /// The first mask in view and how many are.
    first: usize,
    shown: usize,
    /// Columns and rows of a picture.
    picture: (u16, u16),
    /// How many pictures each has: who sees whom, and how much.
    pictures: u16,
}

fn places(drawn: &Drawn<'_>, area: Rect) -> Places {
    let name = if area.width >= ROOMY { NAME.0 } else { NAME.1 };
    let room = area.width.saturating_sub(name);
    let count = drawn.masks.len().max(1) as u16;
    let column = (room / count).clamp(COLUMN.0, COLUMN.1);
    let shown = usize::from((room / column).min(count));
    let tokens = drawn.state.masks.tokens().len() as u16;
    let across = (column - 1).min(tokens);
    // Half a row for a token: cells are about twice as high as wide. The tokens below have to keep some room.
    let spare = area.height.saturating_sub(1 + TOTALS.len() as u16 + 6);
    let picture = (across, across.div_ceil(2).min(PICTURE).min(spare));
    let both = picture.1 > 0 && area.height >= 1 + 2 * picture.1 + TOTALS.len() as u16 + tokens;
    let first = window(drawn.at, shown, drawn.masks.len());
    Places { area, name, column, first, shown, picture, pictures: 1 + u16::from(both) }
}

impl Places {
    /// Where a column begins, by its place in view.
    fn x(&self, place: usize) -> u16 {
        self.area.x + self.name + place as u16 * self.column
    }

    /// The row of the first total.
    fn totals(&self) -> u16 {
        self.area.y + 1 + self.picture.1 * self.pictures
    }

    /// The row of the first token.
    fn tokens(&self) -> u16 {
        self.totals() + TOTALS.len() as u16
    }
}

/// Rows that the names and the totals take.
pub(super) const HEAD: u16 = 1 + TOTALS.len() as u16;

/// The first token in view, and how many are.
fn tokens(drawn: &Drawn<'_>, places: &Places) -> (usize, usize) {
    let room = usize::from(places.area.bottom().saturating_sub(places.tokens()));
    let count = drawn.state.masks.tokens().len();
    let first = window(drawn.state.selected_trial(), room, count);
    (first, room.min(count - first))
}

/// The mask and the token at a place of the screen.
pub(super) fn at(drawn: &Drawn<'_>, area: Rect, at: Position) -> (Option<usize>, Option<usize>) {
    if !area.contains(at) {
        return (None, None);
    }
    let places = places(drawn, area);
    let column = at.x.checked_sub(places.area.x + places.name).map(|x| usize::from(x / places.column));
    let mask = column.filter(|column| *column < places.shown).map(|column| places.first + column);
    let (first, count) = tokens(drawn, &places);
    let row = at.y.checked_sub(places.tokens()).map(usize::from);
    (mask, row.filter(|row| *row < count).map(|row| first + row))
}

/// Draws them.
pub(super) fn draw(drawn: &Drawn<'_>, area: Rect, buf: &mut Buffer) {
    let (state, theme) = (drawn.state, &drawn.state.theme);
    let places = places(drawn, area);
    let row = |x: u16, y: u16, width: u16| Rect { x, y, width, height: u16::from(y < area.bottom()) };
    let totals = places.totals();
    for (index, message) in TOTALS.into_iter().enumerate() {
        let name = safe::fit(state.language.text(message), usize::from(places.name) - 1);
        write(&name, theme.dim(), row(area.x, totals + index as u16, places.name), state, buf);
    }
    let (first, count) = tokens(drawn, &places);
    let selected = state.selected_trial();
    for line in 0..count {
        let style = if first + line == selected { theme.accent() } else { theme.text() };
        let room = usize::from(places.name) - 1;
        let name = safe::fit(&label(state, first + line), room);
        write(&name, style, row(area.x, places.tokens() + line as u16, places.name), state, buf);
    }
    let home = drawn.masks.first().and_then(|mask| mask.as_ref().ok()).and_then(|mask| state.masks.tried(mask));
    for place in 0..places.shown {
        let index = places.first + place;
        let (x, here) = (places.x(place), index == drawn.at);
        let wide = places.column - 1;
        let style = if here { theme.accent() } else { theme.text() };
        let Some(mask) = drawn.masks.get(index) else { continue };
        write(&safe::left(&name(mask, usize::from(wide)), usize::from(wide)), style, row(x, area.y, wide), state, buf);
        let Ok(mask) = mask else {
            write("–", theme.warning(), row(x, totals, wide), state, buf);
            continue;
        };
        let (width, height) = places.picture;
        let height = height.min(area.height.saturating_sub(1));
        for number in 0..places.pictures {
            let how_much = (number == 1) ^ drawn.weights;
            let y = area.y + 1 + number * height;
            picture(drawn, mask, how_much, Rect { x, y, width, height }, buf);
        }
        let Some(tried) = state.masks.tried(mask) else {
            let waiting = if state.is_busy(crate::job::Lane::Trials) { "…" } else { "–" };
            write(waiting, theme.dim(), row(x, totals, wide), state, buf);
            continue;
        };
        let total = masks::total(&tried.costs);
        let some = total.count() > 0;
        let values = [
            some.then(|| total.count().to_string()),
            some.then(|| bits(total.mean())),
            home.and_then(|home| masks::alike(&home.costs, &tried.costs)).map(bits),
            masks::peeked(&tried.costs).map(|total| bits(total.mean())),
            masks::divergence(&tried.costs).map(|kl| format!("{kl:.3}")),
        ];
        for (index, value) in values.into_iter().enumerate() {
            let text = value.unwrap_or_else(|| "–".to_owned());
            let style = if index == 1 { theme.number() } else { theme.dim() };
            write(&safe::right(&text, NUMBER), style, row(x, totals + index as u16, wide), state, buf);
        }
        for line in 0..count {
            let cost = tried.costs.get(first + line).copied().unwrap_or_default();
            let y = places.tokens() + line as u16;
            cell(drawn, cost, row(x, y, wide), buf);
        }
    }
    if let Some(line) = selected.checked_sub(first).filter(|line| *line < count) {
        let y = places.tokens() + line as u16;
        ink::restyle(buf, row(area.x, y, places.name), theme.selected_row());
    }
}

/// The name of a mask in so many columns: whole, or its kind alone, or that shortened.
fn name(mask: &Result<Mask, Misfit>, columns: usize) -> String {
    let (whole, kind, short) = match mask {
        Ok(mask @ Mask::Permutation(_)) => (mask.to_string(), PERMUTATION, "permut."),
        Ok(mask @ Mask::Bidirectional) => (mask.to_string(), "", "bidirect."),
        Ok(mask) => (mask.to_string(), "", ""),
        Err(Misfit::Longer { mask, .. }) => (mask.clone(), "", ""),
        Err(Misfit::Order { .. }) => (PERMUTATION.to_owned(), "", "permut."),
    };
    let fits = |name: &&str| !name.is_empty() && safe::width(name) <= columns;
    [whole.as_str(), kind, short].into_iter().find(fits).map_or_else(|| safe::fit(&whole, columns), str::to_owned)
}

/// Bits as wide as the column has room for.
fn bits(bits: f64) -> String {
    format::bits_within(bits, NUMBER)
}

/// What a token costs; a star where the whole pass would have seen it.
fn cell(drawn: &Drawn<'_>, cost: Cost, row: Rect, buf: &mut Buffer) {
    let (state, theme) = (drawn.state, &drawn.state.theme);
    let Some(bits) = cost.bits else {
        return write(&safe::right("–", NUMBER), theme.dim(), row, state, buf);
    };
    let star = if cost.peeked.is_some() { "*" } else { "" };
    let text = format!("{}{star}", safe::right(&self::bits(bits), NUMBER));
    write(&text, theme.surprisal(bits as f32), row, state, buf);
}

/// Who sees whom, or how much.
fn picture(drawn: &Drawn<'_>, mask: &Mask, how_much: bool, area: Rect, buf: &mut Buffer) {
    let state = drawn.state;
    let size = state.masks.tokens().len();
    let layer = mask.of_layer(state.layer);
    let weights = state.masks.weights(mask, (state.layer, state.head)).filter(|_| how_much);
    let value = |query: usize, key: usize| {
        let seen = layer.visible(query, key);
        match weights {
            Some(weights) => weights.rows.get(query).and_then(|row| row.get(key)).copied().filter(|_| seen),
            None => seen.then_some(0.75),
        }
    };
    grid::thumbnail(size, &value, area, buf, &state.theme);
}
