//! The distribution of the next token, over the whole vocabulary, before and after the sampler.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::changes;
use super::format;
use crate::job::Lane;
use crate::lm::Shaped;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Knob;
use crate::state::Settings;
use crate::state::State;
use crate::state::evidence::Shown;
use crate::state::settings::name_of;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::Table;
use crate::ui::bar;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;
use crate::ui::table;
use crate::ui::table::Column;
use crate::ui::table::Width;

/// Rows of the pane that are not candidates: the sampler's line, the table's head, the tail's line.
const FIXED: u16 = 3;

/// The least columns of a bar, and of the name of a stage, where interventions take room too.
const BAR: u16 = 10;

/// The next-token pane; its cursor, the selected candidate, is the state's.
#[derive(Debug, Default)]
pub struct Generate {
    offset: usize,
}

/// The parts of the pane inside its frame.
struct Parts {
    /// What the interventions change; no rows while none is on.
    effect: Rect,
    sampler: Rect,
    table: Rect,
    tail: Rect,
}

fn parts(state: &State, inner: Rect) -> Parts {
    let said =
        if state.changes().is_empty() { 0 } else { changes::effect(state, usize::from(inner.width)).len() as u16 };
    let changed = if inner.height > FIXED + 1 + said { said } else { 0 };
    let effect = Rect { height: changed, ..inner };
    let inner = Rect { y: inner.y + changed, height: inner.height - changed, ..inner };
    let row = |y: u16| Rect { y, height: u16::from(y < inner.bottom()), ..inner };
    Parts {
        effect,
        sampler: row(inner.y),
        table: Rect { y: inner.y + 1.min(inner.height), height: inner.height.saturating_sub(2), ..inner },
        tail: row(inner.bottom().saturating_sub(1).max(inner.y + 1)),
    }
}

/// The table's cells in the pane.
fn table_of(state: &State, area: Rect) -> Rect {
    parts(state, area.inner(ratatui::layout::Margin::new(1, 1))).table
}

impl Pane for Generate {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let rows = ctx.state.shown().map_or(0, |shown| shown.distribution.len());
        let page = usize::from(table_of(ctx.state, area).height.saturating_sub(1)).max(1);
        let Some(moved) = super::moved(command, ctx.state.candidate, page, rows) else { return false };
        ctx.state.candidate = moved;
        self.offset = table::follow(self.offset, ctx.state.candidate, page, rows);
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let table = table_of(ctx.state, area);
        let rows = ctx.state.shown().map_or(0, |shown| shown.distribution.len());
        if at.y > table.y && table.contains(at) {
            let offset = self.offset(ctx.state, usize::from(table.height.saturating_sub(1)));
            ctx.state.candidate = (offset + usize::from(at.y - table.y - 1)).min(rows.saturating_sub(1));
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let shown = state.shown();
        let after = state.run.at(state.selected).map(|node| state.label(node.token));
        let place = if state.predicts_next() { Message::AfterToken } else { Message::InPlaceOf };
        let details = after.map(|label| language.say(place, &[&safe::fit(&label, 20)])).unwrap_or_default();
        let note = shown.map_or_else(String::new, |shown| {
            language.say(Message::EntropyBits, &[&format::bits(shown.distribution.entropy_bits())])
        });
        let frame = Panel {
            title: language.text(if state.predicts_next() { Message::TitleNext } else { Message::TitleHidden }),
            details: &details,
            note: &note,
            foot: &came(state).unwrap_or_default(),
            focused: view.focused,
            rule: !view.boxed,
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let Parts { effect, sampler, table, tail } = parts(state, inner);
        super::lines::lines(&changes::effect(state, usize::from(effect.width)), effect, state, buf);
        draw::line(buf, sampler, &sampler_line(state, usize::from(sampler.width)), Alignment::Left, theme);
        let (Some(shown), Some(shaped)) = (shown, state.shaped()) else {
            let busy = state.is_busy(Lane::Run) || state.opening.is_some();
            let what = match &state.model {
                Some(model) if !model.engine.has_head() => Message::HasNoHead,
                Some(model) if !state.predicts_next() && !model.can_hide() => Message::NoMaskToken,
                Some(_) if state.selected < state.source_len() => Message::SourceHasNone,
                _ if busy || (state.is_busy(Lane::Evidence) && state.has_distribution(state.selected)) => {
                    Message::Reading
                }
                Some(_) if !state.predicts_next() && !state.run.is_empty() => Message::NoPartOfText,
                _ => Message::NothingToShow,
            };
            super::remark(state, what, table, buf);
            return None;
        };
        self.candidates(state, shown, shaped, table, buf);
        let last = self.last_visible(state, shown, table);
        draw::line(buf, tail, &tail_line(state, shown, shaped, last), Alignment::Left, theme);
        None
    }
}

impl Generate {
    fn offset(&self, state: &State, visible: usize) -> usize {
        let rows = state.shown().map_or(0, |shown| shown.distribution.len());
        table::follow(self.offset, state.candidate, visible, rows)
    }

    fn last_visible(&self, state: &State, shown: &Shown, area: Rect) -> usize {
        let visible = usize::from(area.height.saturating_sub(1));
        (self.offset(state, visible) + visible).min(shown.distribution.len())
    }

    fn candidates(&self, state: &State, shown: &Shown, shaped: &Shaped, area: Rect, buf: &mut Buffer) {
        let (language, theme) = (state.language, &state.theme);
        let distribution = &shown.distribution;
        let visible = usize::from(area.height.saturating_sub(1));
        let offset = self.offset(state, visible);
        let order = distribution.front(offset + visible);
        let came = state.predicted(state.selected).map(|node| node.token);
        let effect = state.effect();
        let digits = (distribution.len().ilog10() + 1).max(2) as u16;
        let columns = columns(state, digits, area.width);
        let room = |sought: Cell| columns.iter().find(|(cell, _)| *cell == sought).map_or(0, |(_, width)| *width);
        // Both columns of bars share one scale, so that they can be compared.
        let best = shaped.column().id(0).map_or(0.0, |id| shaped.probability(id));
        let greatest = distribution.probability(order[0]).max(best);
        // A share too small for an eighth of a column has no bar.
        let bar = |probability: f32, columns: u16| {
            let share = probability / greatest;
            let seen = share * f32::from(columns) >= 1.0 / 16.0;
            bar::bar(if seen { share } else { 0.0 }, usize::from(columns), theme)
        };
        let cell = |rank: usize, column: usize| -> Line<'static> {
            let (Some(&id), Some((kind, width))) = (order.get(rank), columns.get(column)) else {
                return Line::default();
            };
            let probability = distribution.probability(id);
            let sampled = shaped.probability(id);
            let cut = shaped.removed_by(id);
            let style = if cut.is_some() { theme.dim() } else { theme.text() };
            match kind {
                Cell::Rank => {
                    let mark = match came == Some(id) {
                        true if theme.ascii => Span::styled("=", theme.accent()),
                        true => Span::styled("→", theme.accent()),
                        false => Span::raw(" "),
                    };
                    Line::from(vec![
                        mark,
                        Span::styled(format!("{:>width$}", rank + 1, width = usize::from(digits)), theme.dim()),
                    ])
                }
                Cell::Token => Line::styled(state.label(id), style),
                Cell::Before => {
                    let before = effect.map_or(0.0, |effect| effect.before.probability(id));
                    Line::styled(format::percent(before), theme.dim())
                }
                Cell::RankBefore => {
                    let was = effect.and_then(|effect| effect.ranks.get(id as usize)).copied().unwrap_or(0) as usize;
                    Line::styled(was.to_string(), if was == rank + 1 { theme.dim() } else { theme.warning() })
                }
                Cell::ModelBar => Line::styled(bar(probability, *width), style),
                Cell::Model => Line::styled(format::percent(probability), style),
                Cell::SampledBar if cut.is_some() => {
                    let stage = cut.and_then(|stage| shaped.stages().get(stage));
                    let by = stage.map(|outcome| language.text(name_of(outcome.stage.kind)));
                    Line::styled(language.say(Message::CutBy, &[&by.unwrap_or_default()]), theme.dim())
                }
                Cell::SampledBar => Line::styled(bar(sampled, *width), theme.number()),
                Cell::Sampled if cut.is_some() => Line::styled("–", theme.dim()),
                Cell::Sampled => Line::styled(format::percent(sampled), theme.number()),
            }
        };
        // A column of bars has the name of its numbers; where there are no bars, the numbers have it.
        let title = |cell: Cell| match cell {
            Cell::Rank | Cell::RankBefore => "#",
            Cell::Token => language.text(Message::ColumnToken),
            Cell::Before => language.text(Message::ColumnBefore),
            Cell::ModelBar => language.text(Message::ColumnModel),
            Cell::Model if room(Cell::ModelBar) == 0 => language.text(Message::ColumnModel),
            Cell::SampledBar => language.text(Message::ColumnSampler),
            Cell::Model | Cell::Sampled => "",
        };
        let align = |cell: Cell| match cell {
            Cell::Token | Cell::ModelBar | Cell::SampledBar => Alignment::Left,
            _ => Alignment::Right,
        };
        let titled = |&(cell, width): &(Cell, u16)| Column {
            title: title(cell),
            width: Width::Exact(width),
            align: align(cell),
        };
        let columns: Vec<_> = columns.iter().map(titled).collect();
        let content =
            Table { columns: &columns, rows: distribution.len(), offset, selected: Some(state.candidate), cell: &cell };
        table::draw(&content, area, buf, theme);
    }
}

/// What a column of candidates says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Rank,
    Token,
    /// The probability before the interventions, and the rank.
    Before,
    RankBefore,
    ModelBar,
    Model,
    /// The bar after the sampler, or the stage that cut the token.
    SampledBar,
    Sampled,
}

/// The columns of the candidates in a width, each with its own: what there is no room for is left out.
fn columns(state: &State, digits: u16, width: u16) -> Vec<(Cell, u16)> {
    let (rank, share) = (digits + 2, 7);
    let mut columns = vec![(Cell::Rank, rank), (Cell::Token, (width / 4).clamp(8, 18))];
    let wide = width >= 50;
    if state.effect().is_some() && wide {
        columns.push((Cell::Before, share));
        columns.extend((width >= 64).then_some((Cell::RankBefore, rank)));
    }
    columns.push((Cell::Model, share));
    columns.extend(wide.then_some((Cell::Sampled, share)));
    // The column of the mark, and one before each other.
    let used: u16 = columns.iter().map(|(_, width)| width + 1).sum();
    let left = width.saturating_sub(used);
    let before = |columns: &mut Vec<_>, cell: Cell, bar: Cell, width: u16| {
        let at = columns.iter().position(|(other, _)| *other == cell).unwrap_or(0);
        columns.insert(at, (bar, width));
    };
    if !wide {
        before(&mut columns, Cell::Model, Cell::ModelBar, left.saturating_sub(1));
    } else if state.effect().is_none() || left >= 2 * (BAR + 1) {
        let bars = left.saturating_sub(2);
        before(&mut columns, Cell::Model, Cell::ModelBar, bars / 2);
        before(&mut columns, Cell::Sampled, Cell::SampledBar, bars - bars / 2);
    } else {
        before(&mut columns, Cell::Sampled, Cell::SampledBar, left.saturating_sub(1));
    }
    columns
}

/// `T 0.8 top-k off top-p 0.95 …`, the parameter that the keys turn lit and always in view.
fn sampler_line(state: &State, columns: usize) -> Line<'static> {
    let (language, theme, settings) = (state.language, &state.theme, &state.settings);
    let texts = |knob: Knob| {
        let value = settings.value(knob).unwrap_or_else(|| language.text(Settings::off(knob)).to_owned());
        // A stage's further parameters follow its first one.
        match knob {
            Knob::Stage { parameter: 1.., .. } => (":".to_owned(), value),
            _ => (format!(" {} ", language.text(settings.name(knob))), value),
        }
    };
    let width = |&knob: &Knob| {
        let (name, value) = texts(knob);
        safe::width(&name) + safe::width(&value)
    };
    let mut shown = settings.knobs();
    while shown.iter().map(width).sum::<usize>() > columns && shown.first() != Some(&settings.active) {
        shown.remove(0);
    }
    let spans = |knob: Knob| {
        let (name, value) = texts(knob);
        let (dim, bright) =
            if knob == settings.active { (theme.accent(), theme.accent()) } else { (theme.dim(), theme.text()) };
        [Span::styled(name, dim), Span::styled(value, bright)]
    };
    shown.into_iter().flat_map(spans).collect()
}

/// What is below the last visible row: how many tokens, how much probability.
fn tail_line(state: &State, shown: &Shown, shaped: &Shaped, last: usize) -> Line<'static> {
    let (language, theme) = (state.language, &state.theme);
    let distribution = &shown.distribution;
    let left = distribution.len() - last;
    let front = distribution.front(last).iter().take(last);
    // Far down, the tail's own small numbers are summed: a difference from one would lose them.
    let mass = if left < last {
        distribution.order()[last..].iter().rev().map(|&id| f64::from(distribution.probability(id))).sum()
    } else {
        1.0 - front.map(|&id| f64::from(distribution.probability(id))).sum::<f64>()
    };
    let kept = format::count(shaped.survivors() as u64);
    let tail = if left == 0 {
        language.say(Message::NoTail, &[&kept])
    } else {
        language.say(Message::Tail, &[&format::count(left as u64), &format::percent(mass.max(0.0) as f32), &kept])
    };
    Line::styled(format!(" {tail}"), theme.dim())
}

/// The token that came next on the path: its rank here, and what it cost.
fn came(state: &State) -> Option<String> {
    let node = state.predicted(state.selected)?;
    let score = node.score?;
    let label = safe::fit(&state.label(node.token), 12);
    let came = if state.predicts_next() { Message::Came } else { Message::Stands };
    Some(state.language.say(came, &[&label, &(score.rank + 1), &format::bits(score.surprisal)]))
}
