//! Bars and sparklines as text.

use super::theme::Theme;

const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_HEIGHTS: [char; 8] = ['_', '.', ',', '-', '~', '=', '+', '#'];

/// A bar of `value` (0 to 1) in exactly `columns` columns, to an eighth of a column; a value above 0 always shows.
pub fn bar(value: f32, columns: usize, theme: &Theme) -> String {
    let columns = columns.min(usize::from(u16::MAX));
    let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
    let eighths = (value * columns as f32 * 8.0).round() as usize;
    let eighths = if value > 0.0 { eighths.max(1) } else { eighths }.min(columns * 8);
    let mut text = String::with_capacity(columns * 3);
    let (full, part) =
        if theme.ascii { (((eighths + 4) / 8).max(usize::from(eighths > 0)), 0) } else { (eighths / 8, eighths % 8) };
    text.extend(std::iter::repeat_n(if theme.ascii { '#' } else { '█' }, full));
    if part > 0 {
        text.push(EIGHTHS[part]);
    }
    let used = full + usize::from(part > 0);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    text
}

/// A bar of `value` (0 to 1) that grows to the left from the right edge of exactly `columns` columns, to half a column; a
/// value above 0 always shows.
pub fn bar_left(value: f32, columns: usize, theme: &Theme) -> String {
    let columns = columns.min(usize::from(u16::MAX));
    let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
    let halves = (value * columns as f32 * 2.0).round() as usize;
    let (full, part) = match halves {
        0 if value > 0.0 && columns > 0 => (0, if theme.ascii { "#" } else { "▕" }),
        _ if theme.ascii => (halves.div_ceil(2), ""),
        _ => (halves / 2, if halves % 2 == 1 { "▐" } else { "" }),
    };
    let used = full + usize::from(!part.is_empty());
    let block = if theme.ascii { "#" } else { "█" };
    " ".repeat(columns.saturating_sub(used)) + part + &block.repeat(full)
}

/// One column whose height is `value` (0 to 1); a blank for not-a-number.
pub fn column(value: f32, theme: &Theme) -> char {
    if value.is_nan() {
        return ' ';
    }
    let heights = if theme.ascii { &ASCII_HEIGHTS } else { &HEIGHTS };
    heights[(value.clamp(0.0, 1.0) * 7.0).round() as usize]
}

/// One column per value, scaled from the least value to the greatest; all equal draws the lowest.
pub fn sparkline(values: impl IntoIterator<Item = f32> + Clone, theme: &Theme) -> String {
    let finite = values.clone().into_iter().filter(|value| value.is_finite());
    let (least, greatest) = finite
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, greatest), value| (least.min(value), greatest.max(value)));
    let span = greatest - least;
    let scale = |value: f32| if span > 0.0 { (value - least) / span } else { 0.0 };
    values.into_iter().map(|value| column(if value.is_nan() { value } else { scale(value) }, theme)).collect()
}
