//! The same text under dictionary matching and under the model's tokens, aligned by character.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::format;
use crate::job::Origin;
use crate::job::Words;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Flow;
use crate::state::State;
use crate::state::run::Node;
use crate::text::Method;
use crate::text::Word;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::Table;
use crate::ui::bar;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::ribbon::Cut;
use crate::ui::ribbon::Ribbon;
use crate::ui::ribbon::Slot;
use crate::ui::ribbon::Stave;
use crate::ui::ribbon::staves_around;
use crate::ui::safe;
use crate::ui::table;
use crate::ui::table::Column;
use crate::ui::table::Width;

/// Rows of one stave: three dictionary methods, the tokens, their ids, their bits, and a blank one.
const STAVE: u16 = 7;
/// Rows beside the facts from which on the list of tokens is shown too.
const LIST_FROM: u16 = 12;
/// Surprisal that fills a column of the bits row.
const FULL_BITS: f32 = 12.0;

/// The tokens pane.
#[derive(Debug, Default)]
pub struct Tokens;

/// The text and its cuts, ready to be laid out.
struct Cuts<'a> {
    flow: Flow,
    words: &'a Words,
    /// Where pieces start, for each ribbon.
    boundaries: Vec<Vec<usize>>,
}

impl<'a> Cuts<'a> {
    fn of(state: &'a State) -> Option<Self> {
        let words = state.words.as_deref()?;
        let flow = Flow::of(state);
        let end = words.text.len();
        let mut boundaries: Vec<Vec<usize>> =
            words.words.iter().map(|(_, words)| words.iter().map(|word| word.start).collect()).collect();
        let mut tokens: Vec<usize> = flow.starts.iter().copied().filter(|&start| start < end).collect();
        tokens.dedup();
        boundaries.push(tokens);
        Some(Self { flow, words, boundaries })
    }

    fn staves(&self, state: &State, area: Rect) -> Vec<Stave> {
        let ribbons: Vec<Ribbon<'_>> =
            self.boundaries.iter().map(|boundaries| Ribbon { name: "", boundaries }).collect();
        let label = label_width(state, area);
        let columns = usize::from(area.width.saturating_sub(label)).max(4);
        let rows = usize::from((area.height + 1) / STAVE).max(1);
        let byte = self.flow.bytes_of(state.selected).start.min(self.words.text.len());
        let laid = staves_around(&self.words.text, &ribbons, columns, byte, rows);
        self.filled(laid, columns, byte)
    }

    /// Where there is room for one stave and it is the short end of a text, the stave that ends there and begins as far
    /// before as there is room for.
    fn filled(&self, laid: Vec<Stave>, columns: usize, byte: usize) -> Vec<Stave> {
        let [only] = laid.as_slice() else { return laid };
        if only.bytes.start == 0 || only.columns * 2 >= columns {
            return laid;
        }
        let text = &*self.words.text;
        let ribbons: Vec<Ribbon<'_>> =
            self.boundaries.iter().map(|boundaries| Ribbon { name: "", boundaries }).collect();
        let before = staves_around(text, &ribbons, columns, only.bytes.start - 1, 1);
        let Some(before) = before.first() else { return laid };
        let room = columns - only.columns;
        let last = ribbons.len() - 1;
        let fits = |slot: &&Slot| {
            let cut = slot.cut(last) != Cut::NotCut && text.is_char_boundary(slot.byte);
            cut && before.columns - slot.x <= room && slot.byte < only.bytes.start
        };
        let Some(start) = before.slots.iter().find(fits).map(|slot| slot.byte) else { return laid };
        let shifted: Vec<Vec<usize>> = self
            .boundaries
            .iter()
            .map(|boundaries| boundaries.iter().filter(|&&at| at >= start).map(|at| at - start).collect())
            .collect();
        let ribbons: Vec<Ribbon<'_>> = shifted.iter().map(|boundaries| Ribbon { name: "", boundaries }).collect();
        let mut laid = staves_around(&text[start..], &ribbons, columns, byte - start, 1);
        for stave in &mut laid {
            stave.shift(start);
        }
        laid
    }
}

/// Columns of the ribbons' names.
fn label_width(state: &State, area: Rect) -> u16 {
    if area.width < 30 {
        return 0;
    }
    let names = Words::METHODS.map(|method| safe::width(state.language.text(method_name(method))));
    let longest = names.into_iter().chain([safe::width(state.language.text(Message::RibbonTokens))]).max();
    longest.unwrap_or(0) as u16 + 2
}

fn method_name(method: Method) -> Message {
    match method {
        Method::Forward => Message::RibbonForward,
        Method::Backward => Message::RibbonBackward,
        Method::Bidirectional => Message::RibbonBidirectional,
        Method::Route => Message::RibbonRoute,
        Method::Hmm => Message::RibbonHmm,
    }
}

/// Staves above, then facts, then, where there is room, the list of tokens.
struct Parts {
    staves: Rect,
    facts: Rect,
    list: Rect,
}

fn parts(inner: Rect, facts: u16) -> Parts {
    let facts = facts.min(inner.height.saturating_sub(STAVE - 1));
    let left = inner.height - facts;
    let staves = match left {
        0..LIST_FROM => left,
        _ => (left / 2).clamp(STAVE - 1, 2 * STAVE - 1),
    };
    let staves = Rect { height: staves, ..inner };
    let facts = Rect { y: staves.bottom(), height: facts, ..inner };
    Parts { staves, facts, list: Rect { y: facts.bottom(), height: inner.bottom() - facts.bottom(), ..inner } }
}

impl Pane for Tokens {
    fn act(&mut self, _ctx: &mut Ctx<'_>, _command: Command, _area: Rect) -> bool {
        false
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let state = &*ctx.state;
        let Some(cuts) = Cuts::of(state) else { return };
        let inner = area.inner(ratatui::layout::Margin::new(1, 1));
        let Parts { staves, .. } = parts(inner, facts(state, &cuts, usize::from(inner.width)).len() as u16);
        if !staves.contains(at) {
            return;
        }
        let label = label_width(state, staves);
        let row = usize::from((at.y - staves.y) / STAVE);
        let column = usize::from(at.x.saturating_sub(staves.x + label));
        let laid = cuts.staves(state, staves);
        if let Some(token) =
            laid.get(row).and_then(|stave| stave.byte_at(column)).and_then(|byte| cuts.flow.token_at(byte))
        {
            ctx.select(token);
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let frame = Panel {
            title: language.text(Message::TitleTokens),
            details: language.text(Message::TokensDetails),
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let cuts = Cuts::of(state)?;
        if state.run.is_empty() {
            super::remark(state, Message::NothingToShow, inner, buf);
            return None;
        }
        let facts = facts(state, &cuts, usize::from(inner.width));
        let Parts { staves: above, facts: below, list: rest } = parts(inner, facts.len() as u16);
        for (index, stave) in cuts.staves(state, above).iter().enumerate() {
            let top = index as u16 * STAVE;
            if top < above.height {
                let area = Rect { y: above.y + top, height: (above.height - top).min(STAVE), ..above };
                draw_stave(state, &cuts, stave, area, buf);
            }
        }
        for (line, row) in facts.iter().zip(below.rows()) {
            draw::line(buf, row, line, Alignment::Left, theme);
        }
        if rest.height > 2 {
            list(state, &cuts, rest, buf);
        }
        None
    }
}

fn draw_stave(state: &State, cuts: &Cuts<'_>, stave: &Stave, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let label = label_width(state, area);
    let row = |line: u16| Rect { y: area.y + line, height: u16::from(line < area.height), ..area };
    let inside = |line: u16| {
        let row = row(line);
        Rect { x: row.x + label, width: row.width.saturating_sub(label), ..row }
    };
    let name = |line: u16, text: &str, buf: &mut Buffer| {
        let area = Rect { width: label, ..row(line) };
        draw::line(buf, area, &Line::styled(format!(" {text}"), theme.dim()), Alignment::Left, theme);
    };
    let selected = cuts.flow.bytes_of(state.selected);
    let ribbons = cuts.words.words.len();
    for (ribbon, (method, words)) in cuts.words.words.iter().enumerate() {
        let line = ribbon as u16;
        name(line, state.language.text(method_name(*method)), buf);
        let style = |byte: usize| word_style(state, words, byte, &selected);
        stave.draw(ribbon, inside(line), buf, theme, &style);
    }
    let line = ribbons as u16;
    name(line, state.language.text(Message::RibbonTokens), buf);
    let style = |byte: usize| match cuts.flow.token_at(byte) {
        Some(token) if token == state.selected => theme.accent(),
        Some(token) => theme.token(token % 2 == 1),
        None => theme.text(),
    };
    stave.draw(ribbons, inside(line), buf, theme, &style);
    if line + 2 < area.height {
        name(line + 1, "id", buf);
        name(line + 2, state.language.text(Message::Bits), buf);
        under_tokens(state, cuts, stave, inside(line + 1), inside(line + 2), buf);
    }
}

fn word_style(state: &State, words: &[Word], byte: usize, selected: &std::ops::Range<usize>) -> Style {
    let index = words.partition_point(|word| word.start <= byte).saturating_sub(1);
    let Some(word) = words.get(index) else { return state.theme.text() };
    if word.start < selected.end && selected.start < word.end {
        state.theme.accent()
    } else {
        state.theme.token(index % 2 == 1)
    }
}

/// Below each token its id and its bits, where they fit.
fn under_tokens(state: &State, cuts: &Cuts<'_>, stave: &Stave, ids: Rect, bits: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let first = cuts.flow.starts.partition_point(|&start| start < stave.bytes.start);
    for token in first..cuts.flow.starts.len() {
        let bytes = cuts.flow.bytes_of(token);
        if bytes.start >= stave.bytes.end {
            break;
        }
        let (Some(span), Some(node)) = (stave.span(bytes), state.run.at(token)) else { continue };
        let place = |row: Rect| Rect {
            x: row.x.saturating_add(span.start as u16),
            width: (span.len() as u16).min(row.right().saturating_sub(row.x.saturating_add(span.start as u16))),
            ..row
        };
        let style = if token == state.selected { theme.accent() } else { theme.dim() };
        let id = node.token.to_string();
        if id.len() <= span.len() {
            draw::line(buf, place(ids), &Line::styled(id, style), Alignment::Left, theme);
        }
        if let Some(score) = node.score {
            let surprisal = score.surprisal as f32;
            let mark = bar::column(surprisal / FULL_BITS, theme).to_string();
            let number = format!("{surprisal:.1}");
            let style = theme.surprisal(surprisal);
            let mut spans = vec![Span::styled(mark, style)];
            if number.len() < span.len() {
                spans.push(Span::styled(number, style));
            }
            draw::line(buf, place(bits), &Line::from(spans), Alignment::Left, theme);
        }
    }
}

/// The selected token, the whole text, and where the methods disagree: items that flow into the width there is.
fn facts(state: &State, cuts: &Cuts<'_>, columns: usize) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let mut items = Vec::new();
    if let Some(node) = state.run.at(state.selected) {
        let piece = state.piece(node.token);
        let bytes = cuts.flow.bytes_of(state.selected);
        let place = format!("{}/{} {}", state.selected + 1, state.run.len(), state.label(node.token));
        items.push(Span::styled(place, theme.accent()));
        items.push(Span::styled(format!("id {}", node.token), theme.text()));
        if is_apart(state, node) {
            items.push(Span::styled(language.text(Message::StartToken), theme.dim()));
        } else if state.has_tokenizer() {
            items.push(Span::styled(hex(piece), theme.text()));
            items.push(Span::styled(format!("{}–{}", bytes.start, bytes.start + piece.len()), theme.dim()));
        }
        if let Some(score) = node.score {
            let cost = language.say(Message::CostAndRank, &[&format::bits(score.surprisal), &(score.rank + 1)]);
            items.push(Span::styled(cost, theme.number()));
        }
    }
    let mut lines = flow(items, columns, theme.dim());
    let scored: Vec<_> = state.run.tokens().filter_map(|node| node.score).collect();
    // A text longer than the context is read from some token on: what stands before it does not count.
    let read_from = cuts.flow.starts.first().copied().unwrap_or(0);
    let text_bytes = cuts.words.text.len().saturating_sub(read_from);
    if !scored.is_empty() {
        let total: f64 = scored.iter().map(|score| score.surprisal).sum();
        let mean = total / scored.len() as f64;
        // A source and what is hidden cost nothing and are not counted in.
        let partly = state.source_len() > 0 || !state.predicts_next();
        let has_cost = |&index: &usize| state.run.at(index).is_some_and(|node| node.score.is_some());
        let costly = (0..state.run.len()).filter(has_cost).map(|index| cuts.flow.bytes_of(index).len());
        let bytes = if partly { costly.sum() } else { text_bytes };
        let whole = language.say(
            if state.predicts_next() { Message::TextCost } else { Message::TextCostHidden },
            &[
                &format!("{total:.1}"),
                &format::bits(mean),
                &format!("{:.1}", mean.exp2()),
                &format::bits(total / bytes.max(1) as f64),
            ],
        );
        lines.extend(flow(
            whole
                .split(" · ")
                .take(if state.has_tokenizer() { 4 } else { 3 })
                .map(|item| Span::styled(item.to_owned(), theme.number())),
            columns,
            theme.dim(),
        ));
    }
    if !state.has_tokenizer() {
        // The text lists ids: its bytes are digits, and cutting it into words says nothing of the model.
        return lines;
    }
    let read = |starts: &Vec<usize>| starts.len() - starts.partition_point(|&start| start < read_from);
    let counts: Vec<_> = cuts.boundaries.iter().map(|starts| format::count(read(starts) as u64)).collect();
    let tokens = cuts.boundaries.last().map_or(0, Vec::len);
    let per_token = format!("{:.2}", text_bytes as f64 / tokens.max(1) as f64);
    let counted = language.say(
        Message::CutCounts,
        &[&counts.join(" / "), &per_token, &format::count(disagreements(&cuts.boundaries, read_from) as u64)],
    );
    lines.extend(flow(
        counted.split(" · ").map(|item| Span::styled(item.to_owned(), theme.dim())),
        columns,
        theme.dim(),
    ));
    lines
}

/// Whether a token is no part of the text: put before it, or a special token that was generated.
fn is_apart(state: &State, node: &Node) -> bool {
    matches!(node.origin, Origin::Start | Origin::End) || (node.origin.is_generated() && state.is_special(node.token))
}

/// Items one after another, on as many lines as they need.
fn flow(items: impl IntoIterator<Item = Span<'static>>, columns: usize, separator: Style) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut line = Line::raw(" ");
    for item in items {
        let first = line.spans.len() == 1;
        if !first && line.width() + 3 + safe::width(&item.content) > columns {
            lines.push(std::mem::replace(&mut line, Line::raw(" ")));
        } else if !first {
            line.push_span(Span::styled(" · ", separator));
        }
        line.push_span(item);
    }
    if line.spans.len() > 1 {
        lines.push(line);
    }
    lines
}

/// The first bytes of a piece in hex.
fn hex(piece: &[u8]) -> String {
    let digits: Vec<_> = piece.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    format!("{}{}", digits.join(" "), if piece.len() > 8 { " …" } else { "" })
}

/// Every token of the path, one a row: place, text, id, bytes, where, bits, entropy, rank.
fn list(state: &State, cuts: &Cuts<'_>, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let column = |title, width, align| Column { title, width: Width::Exact(width), align };
    let columns = [
        column("#", 6, Alignment::Right),
        column(language.text(Message::ColumnToken), 18, Alignment::Left),
        column("id", 7, Alignment::Right),
        column(language.text(Message::Bits), 7, Alignment::Right),
        column("H", 6, Alignment::Right),
        column(language.text(Message::ColumnRank), 7, Alignment::Right),
        column(language.text(Message::ColumnBytes), 26, Alignment::Left),
        column(language.text(Message::ColumnPlace), 11, Alignment::Left),
    ];
    let cell = |row: usize, column: usize| -> Line<'static> {
        let Some(node) = state.run.at(row) else { return Line::default() };
        let piece = state.piece(node.token);
        let score =
            |show: &dyn Fn(&crate::job::Score) -> String| node.score.as_ref().map_or_else(|| "–".to_owned(), show);
        let start = cuts.flow.bytes_of(row).start;
        match column {
            0 => Line::styled((row + 1).to_string(), theme.dim()),
            1 => Line::styled(state.label(node.token), theme.text()),
            2 => Line::styled(node.token.to_string(), theme.text()),
            3 => {
                let style = node.score.map_or(theme.dim(), |score| theme.surprisal(score.surprisal as f32));
                Line::styled(score(&|score| format::bits(score.surprisal)), style)
            }
            4 => Line::styled(score(&|score| format::bits(score.entropy)), theme.dim()),
            5 => Line::styled(score(&|score| format::count(score.rank as u64 + 1)), theme.number()),
            6 | 7 if is_apart(state, node) => {
                Line::styled(if column == 6 { language.text(Message::StartToken) } else { "" }, theme.dim())
            }
            6 => Line::styled(hex(piece), theme.dim()),
            _ => Line::styled(format!("{start}–{}", start + piece.len()), theme.dim()),
        }
    };
    let visible = usize::from(area.height.saturating_sub(1)).max(1);
    let rows = state.run.len();
    let offset = state.selected.saturating_sub(visible / 2).min(rows.saturating_sub(visible));
    table::draw(
        &Table { columns: &columns, rows, offset, selected: Some(state.selected), cell: &cell },
        area,
        buf,
        theme,
    );
}

/// At how many places some ribbon cuts and another does not.
#[expect(clippy::stable_sort_primitive, reason = "a stable sort merges what is in order already, whole ribbons here")]
fn disagreements(boundaries: &[Vec<usize>], from: usize) -> usize {
    let mut all: Vec<usize> = boundaries.iter().flatten().copied().filter(|&at| at >= from).collect();
    all.sort();
    all.chunk_by(|a, b| a == b).filter(|same| same.len() < boundaries.len()).count()
}
