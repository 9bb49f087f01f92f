//! The interventions in words, and what they change in the distribution in view.

use ratatui::text::Line;
use ratatui::text::Span;

use super::lines;
use crate::job::Effect;
use crate::lm::Change;
use crate::lm::Heads;
use crate::lm::Intervention;
use crate::lm::PatchPlace;
use crate::lm::Side;
use crate::state::State;
use crate::ui::Message;
use crate::ui::safe;

/// Rows that the list of interventions takes at most.
const LISTED: usize = 3;

/// The interventions in rows of so many columns, those that are off in brackets; how many more there are where they are too
/// many.
pub(super) fn listed(state: &State, columns: usize) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let more = |left: usize| format!(" · {}", language.say(Message::ChangesMore, &[&left]));
    let count = state.settings.changes.len();
    let mut rows = vec![vec![Span::styled(format!(" {} ", language.text(Message::Changed)), theme.dim())]];
    let mut used = safe::width(&rows[0][0].content);
    for (index, listed) in state.settings.changes.iter().enumerate() {
        let words = describe(&listed.intervention, state);
        let (words, style) = if listed.on { (words, theme.warning()) } else { (format!("({words})"), theme.dim()) };
        let (row, left) = (rows.len(), count - index - 1);
        let Some(spans) = rows.last_mut() else { break };
        let first = spans.len() == 1;
        let width = safe::width(&words) + if first { 0 } else { 3 };
        let reserved = if row == LISTED && left > 0 { safe::width(&more(left)) } else { 0 };
        if first || used + width + reserved <= columns {
            spans.extend((!first).then(|| Span::styled(" · ", theme.dim())));
            spans.push(Span::styled(words, style));
            used += width;
        } else if row < LISTED {
            used = 1 + safe::width(&words);
            rows.push(vec![Span::raw(" "), Span::styled(words, style)]);
        } else {
            spans.push(Span::styled(more(left + 1), theme.dim()));
            break;
        }
    }
    rows.into_iter().map(Line::from).collect()
}

/// Columns that what interventions change mostly fits in; where there are fewer it has two rows, whatever it says.
const ONE_ROW: usize = 76;

/// What the interventions change in the distribution at the selected token, in rows of so many columns.
pub(super) fn effect(state: &State, columns: usize) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let (said, style) = match state.effect() {
        _ if state.changes().is_empty() => (language.text(Message::AllSwitchedOff).to_owned(), theme.dim()),
        Some(effect) => (changed(state, effect), theme.number()),
        None if state.explained.failed => (language.text(Message::NotExplained).to_owned(), theme.dim()),
        None => (language.text(Message::Computing).to_owned(), theme.dim()),
    };
    let mut rows = lines::listed(&said, columns, style);
    let least = if columns < ONE_ROW { 2 } else { 1 };
    rows.resize(rows.len().max(least), Line::default());
    rows
}

fn changed(state: &State, effect: &Effect) -> String {
    let [before, after] = effect.probability.map(|p| format!("{p:.3}"));
    let kl = if effect.kl_bits == 0.0 {
        "0".to_owned()
    } else if effect.kl_bits < 0.001 {
        format!("{:.0e}", effect.kl_bits)
    } else {
        format!("{:.3}", effect.kl_bits)
    };
    let (choice, now) = (state.label(effect.choice), state.label(effect.now));
    state.language.say(Message::EffectOf, &[&kl, &choice, &effect.rank, &before, &after, &now])
}

fn label(state: &State, index: usize) -> String {
    state.run.at(index).map_or_else(|| "–".to_owned(), |node| state.label(node.token))
}

/// An intervention in words; layers, heads and positions count from 1, as on the rest of the screen.
fn describe(intervention: &Intervention, state: &State) -> String {
    let language = state.language;
    let head = |side: Side, layer: usize, head: usize| {
        let name = language.say(Message::LayerHead, &[&(layer + 1), &(head + 1)]);
        sided(side, name, state)
    };
    let layer = |side: Side, layer: usize| sided(side, language.say(Message::OneLayer, &[&(layer + 1)]), state);
    match intervention {
        Intervention::Head(place) => language.say(Message::TakenOut, &[&head(place.side, place.layer, place.head)]),
        Intervention::Even(place) => language.say(Message::MadeEven, &[&head(place.side, place.layer, place.head)]),
        Intervention::Attention(place) => language.say(Message::AttentionOut, &[&layer(place.side, place.layer)]),
        Intervention::FeedForward(place) => language.say(Message::FeedForwardOut, &[&layer(place.side, place.layer)]),
        Intervention::Layer(place) => language.say(Message::TakenOut, &[&layer(place.side, place.layer)]),
        Intervention::Block { side, position } => {
            let source = if *side == Side::Main { state.source_len() } else { 0 };
            let token = label(state, source + position);
            language.say(Message::TokenBlocked, &[&token, &(source + position + 1)])
        }
        Intervention::Cell { heads, query, key, change } => {
            let place = cell(heads, *query, *key, state);
            match change {
                Change::Force(weight) => language.say(Message::CellForced, &[&place, weight]),
                Change::Scale(factor) => language.say(Message::CellScaled, &[&place, factor]),
                Change::Forbid => language.say(Message::CellForbidden, &[&place]),
            }
        }
        Intervention::Patch { place, position, tokens, .. } => {
            let name = match place {
                PatchPlace::Stream(place) => layer(place.side, place.layer),
                PatchPlace::Head(place) => head(place.side, place.layer, place.head),
            };
            language.say(Message::PatchedIn, &[&name, &(position + 1), &tokens.len()])
        }
    }
}

fn sided(side: Side, name: String, state: &State) -> String {
    match side {
        Side::Main => name,
        Side::Encoder => state.language.say(Message::OfEncoder, &[&name]),
        Side::Cross => state.language.say(Message::ToSource, &[&name]),
    }
}

fn cell(heads: &Heads, query: usize, key: usize, state: &State) -> String {
    let source = state.source_len();
    let (queries, keys) = match heads.side {
        Side::Encoder => (0, 0),
        Side::Main => (source, source),
        Side::Cross => (source, 0),
    };
    let number = |number: Option<usize>| number.map_or_else(|| "*".to_owned(), |number| (number + 1).to_string());
    let name = state.language.say(Message::LayerHead, &[&number(heads.layer), &number(heads.head)]);
    let arrow = if state.theme.ascii { "->" } else { "→" };
    format!("{} {arrow} {} ({name})", label(state, queries + query), label(state, keys + key))
}
