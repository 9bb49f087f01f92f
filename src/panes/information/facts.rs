//! The text as a whole: what it cost, the chain rule as the sum it is, and its code beside other compressors.

use ratatui::text::Line;
use ratatui::text::Span;

use super::super::lines;
use super::name;
use super::number;
use crate::lab::information::Total;
use crate::lab::information::Unit;
use crate::state::Flow;
use crate::state::State;
use crate::ui::Message;
use crate::ui::bar;
use crate::ui::safe;

/// From so many rows on, each compressor has its own.
const TALL: usize = 8;

/// The lines that fit in so many columns and rows.
pub(super) fn lines(state: &State, unit: Unit, width: usize, rows: usize) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let scored = state.scored();
    let scores = state.run.tokens().take(scored.end).skip(scored.start).filter_map(|node| node.score);
    let terms: Vec<f64> = scores.map(|score| score.surprisal).collect();
    let total: Total = terms.iter().copied().collect();
    let flow = Flow::of(state);
    let from = flow.starts.get(scored.start).copied().unwrap_or(flow.finished).min(flow.finished);
    let text = &flow.text[from..flow.finished];
    let per = |count: usize| if count == 0 { "–".to_owned() } else { number(unit, total.bits() / count as f64) };
    let (bytes, characters) = (text.len(), text.chars().count());
    let (sum, mean) = (number(unit, total.bits()), number(unit, total.mean()));
    let perplexity = format!("{:.2}", total.perplexity());
    let whole = language.say(Message::InfoTotal, &[&sum, &name(unit, state), &terms.len(), &perplexity, &mean]);
    let each = language.say(Message::InfoPer, &[&per(bytes), &per(characters), &bytes, &characters]);
    let mut lines: Vec<Line<'static>> =
        [whole, each].into_iter().map(|said| Line::styled(format!(" {said}"), theme.text())).collect();
    let tall = rows > TALL;
    let code = code(state, width, tall);
    let room = rows.saturating_sub(lines.len() + code.len());
    lines.extend(chain(state, &terms, total, unit, width, room));
    lines.extend(code);
    lines
}

/// log p(x1…xn) written out: as many of its terms as fit in so many rows, and their sum.
fn chain(state: &State, terms: &[f64], total: Total, unit: Unit, width: usize, rows: usize) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    if rows == 0 || terms.is_empty() {
        return Vec::new();
    }
    let log = if unit == Unit::Bits { "log2" } else { "ln" };
    let head = if state.predicts_next() {
        format!(" {log} p(x1…xn) = Σ {log} p(xi|x1…xi-1) =")
    } else {
        format!(" Σ {log} p(xi|x≠i) =")
    };
    let end = format!(" = −{}", number(unit, total.bits()));
    let words = |left: usize| format!(" {}", language.say(Message::InfoMoreTerms, &[&left]));
    let reserve = safe::width(&end) + safe::width(&words(terms.len())) + 1;
    let mut written = vec![head];
    let mut left = terms.len();
    for term in terms {
        let term = format!(" −{}", number(unit, *term));
        let row = written.len();
        let Some(line) = written.last_mut() else { break };
        let room = if row == rows { width.saturating_sub(reserve) } else { width };
        if safe::width(line) + safe::width(&term) <= room {
            line.push_str(&term);
        } else if row < rows {
            written.push(format!("  {term}"));
        } else {
            break;
        }
        left -= 1;
    }
    let end = if left > 0 { words(left) + &end } else { end };
    let row = written.len();
    match written.last_mut() {
        Some(line) if row == rows || safe::width(line) + safe::width(&end) <= width => line.push_str(&end),
        _ => written.push(format!("  {end}")),
    }
    written.into_iter().map(|line| Line::styled(line, theme.number())).collect()
}

/// The text's code beside what other compressors make of its bytes: a row each where there is room, or one for all.
fn code(state: &State, width: usize, tall: bool) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let remark = |message| vec![Line::styled(format!(" {}", language.text(message)), theme.dim())];
    if !state.predicts_next() || state.source_len() > 0 {
        return remark(Message::InfoNoCode);
    }
    let Some(bill) = state.bill() else { return remark(Message::InfoComputing) };
    let own = bill.code_bits.map(|bits| ("lmscope", bits.div_ceil(8)));
    let rivals = bill.rivals.iter().flatten().map(|rival| (rival.name, rival.bytes));
    let all: Vec<(&str, u64)> = own.into_iter().chain(rivals).collect();
    let code = bill.code_bits.map(|bits| language.say(Message::InfoCode, &[&bits, &bill.bytes])).unwrap_or_default();
    if !tall {
        let parts: Vec<String> = all.iter().map(|(name, bytes)| format!("{name} {bytes} B")).collect();
        return lines::listed(&format!("{} · {code}", parts.join(" · ")), width, theme.text());
    }
    let most = all.iter().map(|(_, bytes)| *bytes).chain([bill.bytes as u64, 1]).max().unwrap_or(1);
    let columns = width.saturating_sub(32).min(30);
    let mut lines = vec![Line::styled(format!(" {code}"), theme.dim())];
    lines.extend(all.iter().map(|&(name, bytes)| {
        let share = if bill.bytes == 0 { 0.0 } else { bytes as f64 / bill.bytes as f64 * 100.0 };
        let style = if name == "lmscope" { theme.number() } else { theme.dim() };
        Line::from(vec![
            Span::styled(format!(" {name:<8}{bytes:>8} B {share:>6.1} % "), theme.text()),
            Span::styled(bar::bar(bytes as f32 / most as f32, columns, theme), style),
        ])
    }));
    lines
}
