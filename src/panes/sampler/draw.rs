//! The draw: probabilities laid end to end, the random number, and where it fell.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::job::Origin;
use crate::lm::Shaped;
use crate::lm::uniform;
use crate::state::State;
use crate::ui::Message;
use crate::ui::draw;
use crate::ui::safe;

/// Draws the bar, and below it where the number falls.
pub(super) fn draw(state: &State, shaped: &Shaped, area: Rect, buf: &mut Buffer) {
    if area.height < 2 || area.width < 12 {
        return;
    }
    let (language, theme) = (state.language, &state.theme);
    let bar = Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area };
    let width = f64::from(bar.width);
    let column = |share: f64| (share * width).round() as u16;
    let selected = state.shown().and_then(|shown| shown.distribution.front(state.candidate + 1).get(state.candidate));
    let mut reached = 0.0;
    for (rank, id) in (0..).map_while(|rank| shaped.column().id(rank).map(|id| (rank, id))) {
        let from = column(reached);
        reached += shaped.column().probability(id);
        let to = column(reached).min(bar.width);
        // Past a column's width the rest cannot be told apart; it is drawn as one.
        let rest = (shaped.column().probability(id) * width < 0.5).then_some(bar.width);
        let place = Rect { x: bar.x + from, width: rest.unwrap_or(to).saturating_sub(from), ..bar };
        let style = if selected == Some(&id) && rest.is_none() { theme.accent() } else { theme.token(rank % 2 == 0) };
        draw::fill(buf, place, if rest.is_some() { "·" } else { " " }, style);
        if rest.is_none() && place.width >= 2 {
            let edge = if theme.colours == crate::ui::Colours::None { "|" } else { "" };
            let label = format!("{edge}{}", safe::fit(&state.label(id), usize::from(place.width) - edge.len()));
            draw::put(buf, place, place.x, place.y, &label, style);
        }
        if rest.is_some() {
            break;
        }
    }
    let next = state.run.at(state.selected + 1).filter(|_| state.predicts_next());
    let generated = state.run.tokens().take(state.selected + 1).filter(|node| node.origin.is_generated()).count();
    let number = match next.map(|node| node.origin) {
        Some(Origin::Sampled { draw }) => draw,
        _ => uniform(state.settings.seed, generated as u64),
    };
    let says = match next.map(|node| node.origin) {
        Some(Origin::Picked) => Some(Message::PickedByHand),
        Some(Origin::Searched) => Some(Message::SearchedByBeam),
        Some(Origin::Greedy) => Some(Message::TakenAsBest),
        _ if state.settings.sampler().is_greedy() => Some(Message::NothingToChance),
        _ => None,
    };
    let below = Rect { y: bar.y + 1, ..bar };
    if let Some(says) = says {
        return draw::line(buf, below, &Line::styled(language.text(says), theme.dim()), Alignment::Left, theme);
    }
    let (token, [from, to]) = shaped.draw_at(number);
    // What stands there may have been drawn through another pipeline.
    let came = next.is_some_and(|node| node.token == token);
    let at = column(number).min(bar.width - 1);
    let words = language.say(
        if came { Message::FellOn } else { Message::WouldFallOn },
        &[&format!("{number:.4}"), &safe::fit(&state.label(token), 16), &format!("{from:.4}"), &format!("{to:.4}")],
    );
    let words = safe::fit(&words, usize::from(bar.width).saturating_sub(2));
    let wide = safe::width(&words) as u16;
    draw::put(buf, below, bar.x + at, below.y, if theme.ascii { "^" } else { "▲" }, theme.accent());
    // The words stand on the side of the mark that has room for them.
    let right = at + 2 + wide <= bar.width;
    let x = if right { at + 2 } else { at.saturating_sub(wide + 1) };
    if right || at > wide {
        draw::put(buf, below, bar.x + x, below.y, &words, theme.dim());
    }
}
