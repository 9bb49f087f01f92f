//! The interventions in words, and what they change in the distribution in view.

use ratatui::text::Line;
use ratatui::text::Span;

use crate::lm::Change;
use crate::lm::Heads;
use crate::lm::Intervention;
use crate::lm::PatchPlace;
use crate::lm::Side;
use crate::state::State;
use crate::ui::Message;

/// The interventions, those that are off in brackets.
pub(super) fn listed(state: &State) -> Line<'static> {
    let theme = &state.theme;
    let mut spans = vec![Span::styled(format!(" {} ", state.language.text(Message::Changed)), theme.dim())];
    for (index, listed) in state.settings.changes.iter().enumerate() {
        let words = describe(&listed.intervention, state);
        let separator = if index == 0 { "" } else { " · " };
        spans.push(Span::styled(separator, theme.dim()));
        if listed.on {
            spans.push(Span::styled(words, theme.warning()));
        } else {
            spans.push(Span::styled(format!("({words})"), theme.dim()));
        }
    }
    Line::from(spans)
}

/// What the interventions change in the distribution at the selected token.
pub(super) fn effect(state: &State) -> Line<'static> {
    let (language, theme) = (state.language, &state.theme);
    if state.changes().is_empty() {
        return Line::styled(format!(" {}", language.text(Message::AllSwitchedOff)), theme.dim());
    }
    let known = state.effect();
    let Some(effect) = known else {
        let message = if state.explained.failed { Message::NotExplained } else { Message::Computing };
        return Line::styled(format!(" {}", language.text(message)), theme.dim());
    };
    let [before, after] = effect.probability.map(|p| format!("{p:.3}"));
    let kl = if effect.kl_bits < 0.001 { format!("{:.0e}", effect.kl_bits) } else { format!("{:.3}", effect.kl_bits) };
    let (choice, now) = (state.label(effect.choice), state.label(effect.now));
    let holes: [&dyn std::fmt::Display; 6] = [&kl, &choice, &effect.rank, &before, &after, &now];
    Line::styled(format!(" {}", language.say(Message::EffectOf, &holes)), theme.number())
}

fn label(state: &State, index: usize) -> String {
    state.run.at(index).map_or_else(String::new, |node| state.label(node.token))
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
