//! What length costs, as it is measured: bytes and times, and the curve with its quadratic part.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::write;
use crate::lab::length::cost::Fit;
use crate::lab::length::cost::Point;
use crate::panes::format;
use crate::panes::format::wrapped;
use crate::state::State;
use crate::ui::Message;
use crate::ui::draw as ink;
use crate::ui::safe;

/// The least and the most columns of a number of the table.
const NUMBER: (usize, usize) = (9, 13);
/// Columns of the times beside the curve.
const SCALE: u16 = 9;
/// The least rows of the curve.
const CURVE: u16 = 4;

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A number with three digits that count, without an exponent unless it is very small.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    match value.abs() {
        size if size < 1e-4 => format!("{value:.1e}"),
        size => format!("{value:.*}", (2.0 - size.log10().floor()).clamp(0.0, 6.0) as usize),
    }
}

/// The terms of a curve through the points.
fn fit(points: &[Point], value: &dyn Fn(&Point) -> Option<f64>) -> Option<Fit> {
    let pairs: Vec<_> = points.iter().filter_map(|point| Some((point.tokens as f64, value(point)?))).collect();
    Fit::of(&pairs)
}

/// Draws it.
pub(super) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    if area.is_empty() {
        return;
    }
    let points = &state.length.points;
    let mut rows = area.rows();
    let mut next = || rows.next().unwrap_or_default();
    let planned = state.costed();
    let most = planned.last().copied().unwrap_or(1);
    write(&language.say(Message::LengthCostTitle, &[&most, &state.threads]), theme.text(), next(), state, buf);
    let head = [
        Message::MaskForetold,
        Message::KeyCacheSize,
        Message::LengthPrompt,
        Message::LengthEach,
        Message::LengthNext,
        Message::LengthQuadratic,
    ];
    let column = (usize::from(area.width) / head.len()).clamp(NUMBER.0, NUMBER.1);
    let fits = usize::from(area.width) / column;
    let line = |cells: Vec<String>| -> String {
        let cell = |cell: String| safe::right(&safe::fit(&cell, column - 1), column);
        cells.into_iter().take(fits).map(cell).collect()
    };
    write(
        &line(head.iter().map(|message| language.text(*message).to_owned()).collect()),
        theme.dim(),
        next(),
        state,
        buf,
    );
    let prompt = fit(points, &|point| Some(ms(point.prefill)));
    let step = fit(points, &|point| point.step.map(ms));
    for &tokens in &planned {
        let row = next();
        let Some(point) = points.iter().find(|point| point.tokens == tokens) else {
            write(&line(vec![tokens.to_string(), "·".to_owned()]), theme.dim(), row, state, buf);
            continue;
        };
        let share = prompt.map(|fit| fit.quadratic_share(tokens as f64));
        let cells = vec![
            tokens.to_string(),
            format::size(point.cache as u64),
            format!("{:.1}", ms(point.prefill)),
            format!("{:.3}", ms(point.prefill) / tokens as f64),
            point.step.map_or_else(|| "–".to_owned(), |step| format!("{:.2}", ms(step))),
            share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0)),
        ];
        write(&line(cells), theme.number(), row, state, buf);
    }
    let mut used = 2 + planned.len() as u16;
    for (message, fit) in [(Message::LengthPrefillFit, prompt), (Message::LengthStepFit, step)] {
        let Some(fit) = fit else { continue };
        let [a, b, c] = fit.terms.map(number);
        for line in wrapped(&language.say(message, &[&a, &b, &c]), usize::from(area.width)) {
            write(&line, theme.text(), next(), state, buf);
            used += 1;
        }
    }
    let below = Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area };
    if let Some(prompt) = prompt.filter(|_| below.height >= CURVE) {
        curve(state, points, prompt, most, below, buf);
    }
}

/// The time of a prompt against its tokens: the measured points, and below them the parts of the fitted curve.
fn curve(state: &State, points: &[Point], fit: Fit, most: usize, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let width = area.width.saturating_sub(SCALE);
    let height = area.height.saturating_sub(1).min((width / 3).max(18));
    let measured = points.iter().map(|point| point.tokens).max().unwrap_or(0);
    let top =
        points.iter().map(|point| ms(point.prefill)).fold(fit.at(measured as f64), f64::max).max(f64::MIN_POSITIVE);
    let (linear, square, dot) = if theme.ascii { (".", "#", "o") } else { ("░", "▒", "●") };
    let level = |value: f64| (value / top * f64::from(height)).round() as u16;
    for column in 0..width {
        let n = f64::from(column + 1) / f64::from(width) * most as f64;
        if n > measured as f64 {
            break;
        }
        let [_, _, c] = fit.terms;
        let (whole, below) = (level(fit.at(n)), level(fit.at(n) - c * n * n));
        for row in 0..whole.min(height) {
            let (glyph, style) = if row < below { (linear, theme.dim()) } else { (square, theme.warning()) };
            ink::put(buf, area, area.x + SCALE + column, area.y + height - 1 - row, glyph, style);
        }
    }
    for point in points {
        let column = (point.tokens as f64 / most as f64 * f64::from(width)).round() as u16;
        let row = level(ms(point.prefill)).clamp(1, height.max(1)) - 1;
        ink::put(buf, area, area.x + SCALE + column.max(1) - 1, area.y + height - 1 - row, dot, theme.number());
    }
    let scale = |value: f64| safe::right(&format!("{value:.0} ms "), usize::from(SCALE));
    write(&scale(top), theme.dim(), Rect { width: SCALE, height: 1, ..area }, state, buf);
    let axis = Rect { y: area.y + height, height: 1, ..area };
    let last = state.language.say(Message::LengthTokensAxis, &[&most]);
    let text =
        format!("{}0{}", " ".repeat(usize::from(SCALE)), safe::right(&last, usize::from(width).saturating_sub(1)));
    write(&text, theme.dim(), axis, state, buf);
}
