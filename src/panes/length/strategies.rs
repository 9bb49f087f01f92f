//! The strategies side by side, and what one of them has in the cache.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::write;
use crate::lab::length::Foretold;
use crate::lab::length::Strategy;
use crate::panes::format;
use crate::panes::format::wrapped;
use crate::state::State;
use crate::state::length::Way;
use crate::ui::Message;
use crate::ui::bar;
use crate::ui::draw as ink;
use crate::ui::safe;

/// Columns of a strategy's name, and of its numbers.
const NAME: usize = 11;
const NUMBER: usize = 11;
/// The rows above the first strategy.
const HEAD: u16 = 2;
/// From this width on, the lost bits are drawn as bars.
const BARS: u16 = 62;
/// Rows of the text with what is kept of it marked.
const TEXT: u16 = 6;
/// The moments whose cache is drawn, at most.
const MOMENTS: u16 = 32;

/// The strategy at a place of the screen.
pub(super) fn at(state: &State, area: Rect, at: Position) -> Option<usize> {
    let row = usize::from(at.y.checked_sub(area.y + HEAD)?);
    (area.contains(at) && state.reads_on() && row < Strategy::ALL.len()).then_some(row)
}

/// What a strategy cost of the tokens that the full context is known of, and what that cost: bits per token.
fn loss(way: &Way, full: Option<&Way>) -> Option<f64> {
    let full = full?;
    let both = way.foretold.len().min(full.foretold.len());
    let mean = |way: &Way| way.foretold[..both].iter().map(|token| token.bits).sum::<f64>() / both as f64;
    (both > 0).then(|| mean(way) - mean(full))
}

/// Draws them, beside what length costs or `alone`.
pub(super) fn draw(state: &State, selected: Strategy, alone: bool, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    if area.is_empty() {
        return;
    }
    let mut rows = area.rows();
    let mut next = || rows.next().unwrap_or_default();
    if !state.reads_on() {
        let name = state.model.as_ref().map_or("", |model| &model.name);
        for line in wrapped(&language.say(Message::CliNoDecoderAlone, &[&name]), usize::from(area.width)) {
            write(&line, theme.warning(), next(), state, buf);
        }
        if alone {
            write(language.text(Message::LengthOtherPart), theme.dim(), next(), state, buf);
        }
        return;
    }
    let count = state.length.tokens().len();
    let foretold = count.saturating_sub(1);
    if count <= state.length.cache() {
        write(language.text(Message::LengthFits), theme.warning(), next(), state, buf);
    } else {
        write(&language.say(Message::LengthSame, &[&foretold]), theme.text(), next(), state, buf);
    }
    let head = [Message::LengthHeld, Message::MaskBitsPerToken, Message::LengthLost, Message::LengthTime];
    let head = head.map(|message| safe::right(language.text(message), NUMBER)).concat();
    let name = safe::left(language.text(Message::LengthStrategy), NAME);
    write(&format!("{name}{head}"), theme.dim(), next(), state, buf);
    let full = state.length.way(Strategy::Full);
    let losses = Strategy::ALL.map(|strategy| state.length.way(strategy).and_then(|way| loss(way, full)));
    let most = losses.iter().flatten().fold(f64::MIN_POSITIVE, |most, &loss| most.max(loss));
    for (strategy, lost) in Strategy::ALL.into_iter().zip(losses) {
        let row = next();
        let name = safe::left(strategy.name(), NAME);
        let text = match state.length.way(strategy) {
            Some(way) if way.foretold.is_empty() => format!("{name}{}", safe::right("–", NUMBER)),
            Some(way) => {
                let time = match way.time {
                    Some(time) => format!("{:.2} s", time.as_secs_f64()),
                    None => format!("{:.0} %", way.foretold.len() as f64 / foretold.max(1) as f64 * 100.0),
                };
                let lost = lost.map_or_else(|| "–".to_owned(), |lost| format!("{lost:+.3}"));
                let cells = [way.held().to_string(), format::bits(way.total().mean()), lost, time];
                format!("{name}{}", cells.map(|cell| safe::right(&cell, NUMBER)).concat())
            }
            None => format!("{name}{}", safe::right("·", NUMBER)),
        };
        let style = if strategy == selected { theme.accent() } else { theme.text() };
        let bars = usize::from(area.width).saturating_sub(NAME + 4 * NUMBER + 3).min(24);
        let bar = lost.filter(|_| area.width >= BARS).map(|lost| bar::bar((lost / most).max(0.0) as f32, bars, theme));
        write(&format!("{text}  {}", bar.unwrap_or_default()), style, row, state, buf);
        if strategy == selected {
            let width = (NAME + 4 * NUMBER) as u16;
            ink::restyle(buf, Rect { width: width.min(row.width), ..row }, theme.selected_row());
        }
    }
    let used = HEAD + Strategy::ALL.len() as u16;
    let below = Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area };
    cache(state, selected, full, below, buf);
}

/// What the cache of a strategy holds: at the selected token word for word, and over the whole text from moment to moment.
fn cache(state: &State, strategy: Strategy, full: Option<&Way>, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let mut rows = area.rows();
    let does = format!("{}: {}", strategy.name(), language.term(strategy.does()));
    write(&does, theme.title(true), rows.next().unwrap_or_default(), state, buf);
    let Some(way) = state.length.way(strategy).filter(|way| !way.foretold.is_empty()) else { return };
    // The first token is foretold by nothing.
    let here = state.selected.clamp(1, way.foretold.len());
    let token = &way.foretold[here - 1];
    let label = |index: usize| state.length.tokens().get(index).map_or_else(String::new, |&id| state.label(id));
    let before = full.and_then(|full| full.foretold.get(here - 1)).map(|token| format::bits(token.bits));
    let holes: [&dyn std::fmt::Display; 4] =
        [&label(token.at), &format::bits(token.bits), &before.unwrap_or_else(|| "–".to_owned()), &token.held()];
    write(&language.say(Message::LengthHere, &holes), theme.text(), rows.next().unwrap_or_default(), state, buf);
    let rest = Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2), ..area };
    let text = Rect { height: TEXT.min(rest.height / 2), ..rest };
    words(state, token, text, buf);
    let strips = Rect { y: text.bottom(), height: rest.height - text.height, ..rest };
    moments(state, way, here, strips, buf);
}

/// The text before a token: what the cache holds of it bright, what was dropped faint, what the model wrote itself in front.
fn words(state: &State, token: &Foretold, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    if area.is_empty() {
        return;
    }
    let kept = |index: usize| token.kept.iter().any(|run| run.contains(&index));
    let mut pieces: Vec<(String, Style)> = Vec::new();
    if !token.written.is_empty() {
        let written: Vec<u8> = token.written.iter().flat_map(|&id| state.piece(id)).copied().collect();
        pieces.push((format!("«{}» ", safe::visible_bytes(&written)), theme.warning()));
    }
    let tokens = state.length.tokens();
    let columns = usize::from(area.width).max(1);
    // Enough to fill the area and no more.
    let shown = usize::from(area.height) * columns;
    let first = (0..token.at).rev().scan(0, |used, index| {
        *used += safe::width(&state.label(tokens[index])) + 1;
        (*used < shown).then_some(index)
    });
    let first = first.last().unwrap_or(token.at);
    for (index, &id) in tokens.iter().enumerate().take(token.at).skip(first) {
        let label = state.label(id);
        // Where there is no colour, what was dropped is struck by dots.
        let (text, style) =
            if kept(index) { (label, theme.good()) } else { (label.chars().map(|_| '·').collect(), theme.dim()) };
        pieces.push((text, style));
    }
    pieces.push((format!(" {}", state.label(tokens[token.at])), theme.selected_row()));
    let (mut x, mut row) = (area.x, 0);
    for (text, style) in pieces {
        let text = safe::fit(&text, columns);
        let width = safe::width(&text) as u16;
        if x + width > area.right() {
            (x, row) = (area.x, row + 1);
        }
        if row >= area.height {
            return;
        }
        ink::put(buf, area, x, area.y + row, &text, style);
        x += width;
    }
}

/// How much of each part of the text the cache holds, from moment to moment; the one in view is marked.
fn moments(state: &State, way: &Way, here: usize, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let Some(rows) = area.height.checked_sub(1).filter(|rows| *rows > 0) else { return };
    write(language.text(Message::LengthMoments), theme.dim(), Rect { height: 1, ..area }, state, buf);
    let (length, done) = (state.length.tokens().len(), way.foretold.len());
    let rows = usize::from(rows.min(MOMENTS)).min(done);
    let columns = usize::from(area.width.saturating_sub(8)).clamp(1, length.max(1));
    let nearest = (here * rows).div_ceil(done.max(1)).clamp(1, rows.max(1));
    for moment in 1..=rows {
        let index = if moment == nearest { here } else { (done * moment / rows).max(1) };
        let token = &way.foretold[index - 1];
        let cells: String = (0..columns).map(|column| cell(token, column, columns, length, theme.ascii)).collect();
        let y = area.y + moment as u16;
        let style = if moment == nearest { theme.accent() } else { theme.dim() };
        let number = safe::right(&(token.at + 1).to_string(), 6);
        write(&format!("{number}  {cells}"), style, Rect { y, height: 1, ..area }, state, buf);
    }
}

/// How much of a column's tokens the cache holds.
fn cell(token: &Foretold, column: usize, columns: usize, length: usize, ascii: bool) -> char {
    let (start, end) = (column * length / columns, (column + 1) * length / columns);
    if start >= token.at {
        return ' ';
    }
    let glyphs = if ascii { ['.', '-', '+', '#', '#'] } else { ['·', '░', '▒', '▓', '█'] };
    match token.share(start..end.min(token.at)) {
        0.0 => glyphs[0],
        share if share < 0.34 => glyphs[1],
        share if share < 0.67 => glyphs[2],
        share if share < 1.0 => glyphs[3],
        _ => glyphs[4],
    }
}
