//! The parts of the page, each in its area.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::super::lines;
use super::CELL;
use super::NAME;
use crate::lm::AttentionKind;
use crate::lm::explain::Attribution;
use crate::lm::explain::Contribution;
use crate::lm::explain::Part;
use crate::state::State;
use crate::ui::Message;
use crate::ui::bar;
use crate::ui::draw as ink;
use crate::ui::safe;

/// The least and the most columns of a part's name.
const PART: (usize, usize) = (14, 30);
/// Columns of a contribution's number.
const NUMBER: usize = 9;

fn token(state: &State, index: usize) -> String {
    state.run.at(index).map_or_else(String::new, |node| state.label(node.token))
}

/// What is in view: the first position and how many, the first depth (counted back) and how many.
fn window(state: &State, back: usize, area: Rect) -> (usize, usize, usize, usize) {
    let columns = usize::from(area.width.saturating_sub(NAME) / CELL);
    let rows = usize::from(area.height.saturating_sub(1));
    let depths = state.model.as_ref().map_or(0, |model| model.engine.config.layers) + 1;
    let (source, length) = (state.source_len(), state.run.len());
    let first = super::super::attention::window(state.selected.max(source), columns, length).max(source);
    let offset = super::super::attention::window(back, rows, depths);
    (first, columns.min(length - first.min(length)), offset, rows.min(depths - offset.min(depths)))
}

/// The position and the depth, counted back, of a place on the screen.
pub(super) fn at(state: &State, back: usize, area: Rect, at: Position) -> Option<(usize, usize)> {
    let (first, columns, offset, rows) = window(state, back, area);
    let column = usize::from(at.x.checked_sub(area.x + NAME)? / CELL);
    let row = usize::from(at.y.checked_sub(area.y + 1)?);
    (column < columns && row < rows).then_some((first + column, offset + row))
}

/// What each layer would say at each position, the output at the top; the heat is its probability.
pub(super) fn lens(state: &State, back: usize, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let (first, columns, offset, rows) = window(state, back, area);
    let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers);
    let place = |column: usize, y: u16| Rect { x: area.x + NAME + column as u16 * CELL, y, width: CELL, height: 1 };
    for column in 0..columns {
        let index = first + column;
        let style = if index == state.selected { theme.accent() } else { theme.dim() };
        let name = safe::fit(&token(state, index), usize::from(CELL) - 1);
        ink::line(buf, place(column, area.y), &Line::styled(name, style), Alignment::Left, theme);
    }
    for row in 0..rows {
        let depth = layers - (offset + row);
        let y = area.y + 1 + row as u16;
        let style = if offset + row == back.min(layers) { theme.accent() } else { theme.dim() };
        ink::line(
            buf,
            Rect { x: area.x, y, width: NAME, height: 1 },
            &Line::styled(depth_name(depth), style),
            Alignment::Left,
            theme,
        );
        for column in 0..columns {
            let index = first + column;
            let Some(found) = state.explained.lens(index).and_then(|lens| lens.depths.get(depth)) else { continue };
            let Some(&(id, probability)) = found.top.first() else { continue };
            let here = index == state.selected && offset + row == back.min(layers);
            let heat = theme.heat(probability);
            // The right half of the pair of glyphs tells the probability where there is no colour.
            let glyph: String = heat.glyphs.chars().take(1).collect();
            let room = usize::from(CELL) - 2;
            let text = safe::left(&safe::fit(&state.label(id), room), room);
            let style = if here { theme.selected_row() } else { heat.style };
            let spans = vec![Span::styled(glyph, heat.style), Span::styled(text, style)];
            ink::line(buf, place(column, y), &Line::from(spans), Alignment::Left, theme);
        }
    }
}

/// How the row of a depth is called: the embedding, or the layer that it stands behind.
fn depth_name(depth: usize) -> String {
    if depth == 0 { "E".to_owned() } else { format!("L{depth}") }
}

/// The cell under the cursor in words.
pub(super) fn cell(state: &State, depth: usize, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let Some(lens) = state.explained.lens(state.selected) else { return };
    let Some(found) = lens.depths.get(depth) else { return };
    let where_ = match depth {
        0 => language.text(Message::LensBefore).to_owned(),
        _ => language.say(Message::LensAfter, &[&depth]),
    };
    let mut spans = vec![Span::styled(format!(" {where_} "), theme.text())];
    for &(id, probability) in &found.top {
        spans.push(Span::styled(format!(" {}", state.label(id)), theme.text()));
        spans.push(Span::styled(format!(" {probability:.3}"), theme.number()));
    }
    let choice = state.label(lens.choice);
    let probability = format!("{:.4}", found.probability);
    let (norm, entropy) = (format!("{:.1}", found.norm), format!("{:.2}", found.entropy_bits));
    let holes: [&dyn std::fmt::Display; 6] =
        [&choice, &found.rank, &probability, &entropy, &norm, &depth_name(lens.settled())];
    let mut rows = vec![Line::from(spans)];
    rows.extend(lines::listed(&language.say(Message::LensCell, &holes), usize::from(area.width), theme.dim()));
    lines::lines(&rows, area, state, buf);
}

fn name(part: Part, state: &State) -> String {
    let language = state.language;
    match part {
        Part::Embedding => language.text(Message::PartEmbedding).to_owned(),
        Part::Patch(layer) => language.say(Message::PartPatch, &[&(layer + 1)]),
        Part::Head { layer, kind: AttentionKind::Cross, head } => {
            language.say(Message::PartCross, &[&(layer + 1), &(head + 1)])
        }
        Part::Head { layer, head, .. } => language.say(Message::PartHead, &[&(layer + 1), &(head + 1)]),
        Part::OutputBias { layer, kind: AttentionKind::Cross } => language.say(Message::PartCrossBias, &[&(layer + 1)]),
        Part::OutputBias { layer, .. } => language.say(Message::PartBias, &[&(layer + 1)]),
        Part::Cell(layer) => language.say(Message::PartCell, &[&(layer + 1)]),
        Part::FeedForward(layer) => language.say(Message::PartFeedForward, &[&(layer + 1)]),
        Part::Constant => language.text(Message::PartConstant).to_owned(),
    }
}

/// The parts of the choice's logit, if they are known.
fn known(state: &State) -> Option<&Attribution> {
    state.explained.attribution.as_ref().filter(|found| found.position == state.selected)
}

/// What stands below the parts: that they add up, and what was held fast.
fn below(found: &Attribution, columns: u16, state: &State) -> Vec<Line<'static>> {
    let held = if found.gated { Message::HeldGate } else { Message::Held };
    let held = state.language.say(held, &[&found.norms]);
    let mut notes = adds_up(found, state);
    notes.extend(lines::wrapped(&held, usize::from(columns), state.theme.dim()));
    notes
}

/// How many parts there is room for in an area, and how many stand above those in view at most.
pub(super) fn rows(state: &State, area: Rect) -> (usize, usize) {
    let Some(found) = known(state) else { return (1, 0) };
    let notes = below(found, area.width, state).len();
    let (room, count) = (usize::from(area.height).saturating_sub(1 + notes), found.parts.len());
    // Where there is no room for all, a row says what the others come to.
    let rows = if count > room { room.saturating_sub(1).max(1) } else { count };
    (rows, count - rows.min(count))
}

/// What each part added to the logit of the choice, the greatest first, and that they add up to it; `passed` of them stand
/// above those in view.
pub(super) fn sum(state: &State, passed: usize, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let Some(found) = known(state) else { return };
    let mut parts = found.parts.clone();
    parts.sort_by(|a, b| b.logit.abs().total_cmp(&a.logit.abs()));
    let (rows, last) = rows(state, area);
    let passed = passed.min(last);
    let (shown, count) = (passed..passed + rows, parts.len());
    let mut title = language.say(Message::SumTitle, &[&state.label(found.token), &token(state, found.position)]);
    if last > 0 {
        title = format!("{title} · {}", language.say(Message::PartsShown, &[&(shown.start + 1), &shown.end, &count]));
    }
    let mut lines = vec![Line::styled(format!(" {title}"), theme.text())];
    let greatest = parts.first().map_or(1.0, |part| part.logit.abs()).max(f64::MIN_POSITIVE);
    let names: Vec<String> = parts[shown.clone()].iter().map(|part| name(part.part, state)).collect();
    let most = (usize::from(area.width) / 2).saturating_sub(NUMBER).clamp(PART.0, PART.1);
    let wide = names.iter().map(|name| safe::width(name)).max().unwrap_or(0).clamp(PART.0, most);
    let half = usize::from(area.width).saturating_sub(wide + NUMBER + 4) / 2;
    let row = |(part, name): (&Contribution, &String)| {
        let share = (part.logit.abs() / greatest) as f32;
        let axis = if theme.ascii { "|" } else { "│" };
        let (left, right) = if part.logit < 0.0 {
            (bar::bar_left(share, half, theme), String::new())
        } else {
            (" ".repeat(half), bar::bar(share, half, theme).trim_end().to_owned())
        };
        Line::from(vec![
            Span::styled(format!(" {}", safe::left(&safe::fit(name, wide), wide)), theme.text()),
            Span::styled(safe::right(&format!("{:+.3}", part.logit), NUMBER), theme.number()),
            Span::raw(" "),
            Span::styled(left, theme.warning()),
            Span::styled(axis, theme.dim()),
            Span::styled(right, theme.good()),
        ])
    };
    lines.extend(parts[shown.clone()].iter().zip(&names).map(row));
    if last > 0 {
        let others = language.say(Message::PartRest, &[&(count - rows)]);
        let left: f64 = parts[..shown.start].iter().chain(&parts[shown.end..]).map(|part| part.logit).sum();
        lines.push(Line::from(vec![
            Span::styled(format!(" {}", safe::left(&others, wide)), theme.dim()),
            Span::styled(safe::right(&format!("{left:+.3}"), NUMBER), theme.number()),
        ]));
    }
    lines.extend(below(found, area.width, state));
    lines::lines(&lines, area, state, buf);
}

/// The sum and the logit; where the model bends logits, first what it bends the sum to.
fn adds_up(found: &Attribution, state: &State) -> Vec<Line<'static>> {
    let number = |x: f64| format!("{x:.4}");
    let (sum, logit) = (number(found.sum), number(f64::from(found.logit)));
    let difference = format!("{:.0e}", found.difference());
    let mut said = Vec::new();
    if let Some(capped) = found.capped {
        said.push(state.language.say(Message::SumBent, &[&sum, &number(capped)]));
    }
    let sum = found.capped.map_or(sum, number);
    said.push(state.language.say(Message::CliAddUp, &[&sum, &logit, &difference]));
    said.into_iter().map(|text| Line::styled(format!(" {text}"), state.theme.title(true))).collect()
}
