//! Two pairs of distributions: the model's against what the sampler makes of it, and the marked one against the selected.

use ratatui::text::Line;
use ratatui::text::Span;

use super::name;
use super::number;
use super::percent;
use crate::job::Compared;
use crate::job::Pair;
use crate::lab::information::Unit;
use crate::state::State;
use crate::ui::Message;
use crate::ui::safe;

/// Columns of a token's label.
const LABEL: usize = 14;
/// Columns of a number.
const CELL: usize = 9;
/// Rows of a pair that are not tokens.
const MEASURES: usize = 5;

/// The lines that fit in so many columns and rows.
pub(super) fn lines(state: &State, unit: Unit, width: usize, rows: usize) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let dim = |text: &str| Line::styled(format!(" {text}"), theme.dim());
    if rows == 0 {
        return Vec::new();
    }
    let Some(sampled) = state.sampled_pair() else { return vec![dim(language.text(Message::InfoNothing))] };
    let here = state.run.at(state.selected).map(|node| state.label(node.token)).unwrap_or_default();
    let here = safe::fit(&here, LABEL);
    let marked = state.information.marked.as_ref();
    let half = if marked.is_some() { rows / 2 } else { rows.saturating_sub(2) };
    let mut lines = pair(state, &language.say(Message::InfoSampledPair, &[&here]), &sampled, unit, width, half);
    let Some(marked) = marked else {
        lines.extend([Line::default(), dim(language.text(Message::InfoNoMark))]);
        return lines;
    };
    let (label, index) = &marked.at;
    let at = format!("{} #{}", safe::fit(label, LABEL), index + 1);
    let title = language.say(Message::InfoMarkedPair, &[&at, &safe::visible(&marked.model.name), &here]);
    if let Some(marked) = state.marked_pair() {
        lines.extend(pair(state, &title, &marked, unit, width, rows - half));
    } else {
        let id = state.marked_difference().unwrap_or(0);
        lines.push(Line::styled(format!(" {title}"), theme.title(true)));
        lines.push(Line::styled(format!(" {}", language.say(Message::InfoOtherVocabulary, &[&id])), theme.warning()));
    }
    lines
}

/// A pair: its measures, the identity with its numbers, the tokens that tell the two apart.
fn pair(state: &State, title: &str, pair: &Pair, unit: Unit, width: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let mut lines = vec![Line::styled(format!(" {title}"), theme.title(true))];
    match state.compared(pair) {
        None => lines.push(Line::styled(format!(" {}", state.language.text(Message::InfoMeasuring)), theme.dim())),
        Some(compared) => lines.extend(measures(state, compared, unit, width, rows)),
    }
    lines.truncate(rows);
    lines
}

fn measures(state: &State, compared: &Compared, unit: Unit, width: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let Some(of) = compared.divergence else { return Vec::new() };
    let n = |bits: f64| number(unit, bits);
    let error = of.identity_error();
    let check = if error.is_nan() { "∞ = ∞".to_owned() } else { format!("Δ {:.0e}", unit.of(error)) };
    let row = |text: String| Line::styled(text, theme.text());
    let identity = format!(" H(p,q) {} = H(p) {} + KL(p‖q) {}  ", n(of.cross_pq), n(of.entropy_p), n(of.kl_pq));
    let mut lines = vec![
        row(format!(" H(p) {}  H(q) {}  JS {} {}", n(of.entropy_p), n(of.entropy_q), n(of.js), name(unit, state))),
        Line::from(vec![Span::styled(identity, theme.text()), Span::styled(check, theme.good())]),
        row(format!(" H(q,p) {}  KL(q‖p) {}", n(of.cross_qp), n(of.kl_qp))),
    ];
    if rows <= MEASURES {
        return lines;
    }
    let cells = |cells: [String; 5]| cells.map(|cell| safe::right(&cell, CELL)).join("");
    let heads = ["p", "q", "KL(p‖q)", "KL(q‖p)", "JS"].map(str::to_owned);
    lines.push(Line::styled(format!(" {}{}", " ".repeat(LABEL), cells(heads)), theme.dim()));
    let telling = compared.telling.iter().filter(|telling| telling.terms[2] > 0.0);
    lines.extend(telling.take(rows - MEASURES).map(|telling| {
        let [pq, qp, js] = telling.terms.map(n);
        let label = safe::left(&safe::fit(&state.label(telling.token), LABEL), LABEL);
        let numbers = cells([percent(telling.p), percent(telling.q), pq, qp, js]);
        row(safe::fit(&format!(" {label}{numbers}"), width))
    }));
    lines
}
