//! Why a candidate has the probability it has, and what it would take to be chosen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::active_outcome;
use crate::lm::Distribution;
use crate::lm::Kind;
use crate::lm::Note;
use crate::lm::Shaped;
use crate::panes::format;
use crate::panes::lines::wrapped;
use crate::state::State;
use crate::state::settings::name_of;
use crate::ui::Message;
use crate::ui::safe;

/// Draws what there is to say of the selected candidate, and of what the active stage did to it.
pub(super) fn draw(state: &State, distribution: &Distribution, shaped: &Shaped, area: Rect, buf: &mut Buffer) {
    let Some(&id) = distribution.front(state.candidate + 1).get(state.candidate) else { return };
    let lines = [Some(chance(state, distribution, shaped, id)), of_stage(state, shaped, id)];
    let said = lines.into_iter().flatten();
    let rows: Vec<_> = said.flat_map(|line| wrapped(&line, usize::from(area.width), state.theme.text())).collect();
    crate::panes::lines::lines(&rows, area, state, buf);
}

/// Its chance, or which stage cut it and what would keep it.
fn chance(state: &State, distribution: &Distribution, shaped: &Shaped, id: u32) -> String {
    let language = state.language;
    let label = safe::fit(&state.label(id), 16);
    let before = format::percent(distribution.probability(id));
    if let Some([from, to]) = shaped.stretch(id) {
        let after = format::percent(shaped.probability(id));
        return language.say(Message::WhyLeft, &[&label, &before, &after, &format!("{from:.4}"), &format!("{to:.4}")]);
    }
    let Some(stage) = shaped.removed_by(id).and_then(|index| shaped.stages().get(index)) else { return label };
    let name = language.text(name_of(stage.stage.kind));
    match shaped.need(id) {
        Some(need) => {
            let value = if need.parameter == "k" { format!("{:.0}", need.value) } else { format!("{:.4}", need.value) };
            let sign = match (need.parameter, need.more) {
                ("k" | "n", _) => "≥",
                (_, true) => ">",
                (_, false) => "≤",
            };
            language.say(Message::WhyCut, &[&label, &before, &name, &need.parameter, &sign, &value])
        }
        None => language.say(Message::WhyCutPlain, &[&label, &before, &name]),
    }
}

/// What the active stage did: temperature as the power it is, and what stages found out.
fn of_stage(state: &State, shaped: &Shaped, id: u32) -> Option<String> {
    let language = state.language;
    let index = active_outcome(state)?;
    let outcome = shaped.stages().get(index)?;
    let name = language.text(name_of(outcome.stage.kind));
    let entering = shaped.entering(index);
    match (outcome.stage.kind, outcome.note) {
        (_, Note::Emptied) => Some(language.say(Message::WhyEmptied, &[&name])),
        (Kind::Temperature, _) if !outcome.stage.is_greedy() && outcome.column.keeps(id) => {
            let t = outcome.stage.values[0];
            // p^(1/T) of this token, over the sum of all.
            let p = entering.probability(id);
            let power = p.powf(1.0 / t);
            let share = outcome.column.probability(id);
            let digits = |number: f64| format!("{number:.4}");
            Some(language.say(
                Message::WhyTemperature,
                &[
                    &digits(p),
                    &outcome.stage.kind.parameters()[0].written(t),
                    &digits(power),
                    &digits(power / share),
                    &digits(share),
                ],
            ))
        }
        (Kind::Temperature, _) if outcome.stage.is_greedy() => Some(language.text(Message::NothingToChance).to_owned()),
        (_, Note::Chance(chance)) => {
            let acted = outcome.survivors() < entering.survivors();
            let says = if acted { Message::WhyXtcActed } else { Message::WhyXtcRested };
            Some(language.say(says, &[&format!("{chance:.4}"), &outcome.stage.values[0], &outcome.stage.values[1]]))
        }
        (_, Note::Surprisal(mu)) => {
            Some(language.say(Message::WhyMirostat, &[&format::bits(mu), &outcome.stage.values[0]]))
        }
        (_, Note::Temperature(t)) => {
            let bits = entering.entropy() / std::f64::consts::LN_2;
            let most = (entering.survivors() as f64).log2();
            Some(language.say(Message::WhyDynamic, &[&format!("{t:.3}"), &format::bits(bits), &format::bits(most)]))
        }
        _ => {
            let (before, after) = (entering.survivors() as u64, outcome.survivors() as u64);
            let mass = format::percent(shaped.mass(index) as f32);
            Some(language.say(Message::WhyStage, &[&name, &format::count(before), &format::count(after), &mass]))
        }
    }
}
