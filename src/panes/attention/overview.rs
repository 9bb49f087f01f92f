//! Every head at a glance: layer by layer, or sorted by what was measured of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::window;
use crate::job::HeadView;
use crate::lab::heads::Habit;
use crate::lab::heads::HeadScore;
use crate::lab::heads::Measure;
use crate::lm::Intervention;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::GLANCE_EVERY;
use crate::state::Notice;
use crate::state::State;
use crate::ui::Message;
use crate::ui::draw;
use crate::ui::grid;
use crate::ui::safe;

/// Columns of the layer names.
const LAYER: u16 = 4;
/// Columns and rows of one head where they stand layer by layer: a letter, or letter and share over a small picture.
const LETTER: (u16, u16) = (3, 1);
const PICTURE: (u16, u16) = (6, 3);
/// The same with a picture as large as what is known of a head has rows, and one between.
const LARGE: [(u16, u16); 2] = [(14, 7), (10, 5)];
/// Rows of the numbers above and of what is said below.
const AROUND: u16 = 8;
/// The same where they are sorted: name, letter and number in a line, or a small picture over them.
const LINE: (u16, u16) = (16, 1);
const CARD: (u16, u16) = (8, 4);
/// Rows from which on there is room for pictures.
const PICTURES_FROM: u16 = 20;

/// Which heads are shown, and in which order.
#[derive(Debug, Default)]
pub(super) struct Overview {
    /// The habit whose heads are pointed out; all unless one is.
    habit: Option<Habit>,
    /// What they are sorted by; nothing leaves them layer by layer.
    order: Option<Measure>,
    /// Whether the least stands first.
    least_first: bool,
}

/// The columns that the overview has in a page.
pub(super) fn width(state: &State, inner: Rect) -> u16 {
    let wide = |size: (u16, u16)| columns(state, size) + 1;
    let large = large(state, inner.width / 3, inner.height);
    let pictures = inner.height >= PICTURES_FROM && wide(PICTURE) <= inner.width / 2;
    let wanted = wide(large.unwrap_or(if pictures { PICTURE } else { LETTER })).max(25);
    if inner.width >= 60 && inner.height >= 5 { wanted.min(inner.width / 2) } else { 0 }
}

impl Overview {
    pub(super) fn act(&mut self, ctx: &mut Ctx<'_>, command: Command) -> bool {
        match command {
            Command::NextHabit => {
                self.habit = after(&Habit::ALL, self.habit);
                self.tell_habit(ctx);
            }
            Command::NextOrder => self.order = after(&Measure::ALL, self.order),
            Command::ReverseOrder if self.order.is_none() => ctx.say(Notice::hint(Message::NotSorted, &[])),
            Command::ReverseOrder => self.least_first = !self.least_first,
            Command::NextHead if self.order.is_some() => self.step(ctx, true),
            Command::PreviousHead if self.order.is_some() => self.step(ctx, false),
            _ => return false,
        }
        true
    }

    /// Says which heads are pointed out, and how many they are.
    fn tell_habit(&self, ctx: &mut Ctx<'_>) {
        let Some(habit) = self.habit else { return };
        let state = &*ctx.state;
        let heads = state.overview().into_iter().flat_map(|seen| seen.heads.iter().flatten());
        let scores: Vec<HeadScore> = heads.filter_map(|view| view.score).collect();
        let shown = scores.iter().filter(|score| self.shows(score)).count();
        let said = state.language.text(habit.said());
        ctx.say(Notice::hint(Message::HabitShown, &[&said, &shown, &scores.len()]));
    }

    /// Looks at the head after (or before) the one in view in the order that they are sorted in.
    fn step(&self, ctx: &mut Ctx<'_>, forward: bool) {
        let sorted = self.sorted(ctx.state);
        let here = sorted.iter().position(|&place| place == (ctx.state.layer, ctx.state.head));
        let at = match here {
            Some(here) if forward => (here + 1) % sorted.len(),
            Some(here) => (here + sorted.len() - 1) % sorted.len(),
            None => 0,
        };
        if let Some(&(layer, head)) = sorted.get(at) {
            ctx.look_at(layer, head);
        }
    }

    /// The layer and the head at a place of the screen.
    pub(super) fn at(&self, state: &State, area: Rect, at: Position) -> Option<(usize, usize)> {
        let places = self.places(state, area);
        places.into_iter().find(|(_, cell)| cell.contains(at)).map(|(place, _)| place)
    }

    /// Layers and heads in the order that they are sorted in, those of the habit that is pointed out alone.
    fn sorted(&self, state: &State) -> Vec<(usize, usize)> {
        let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers);
        let mut places: Vec<_> =
            (0..layers).flat_map(|layer| (0..heads_of(state)).map(move |head| (layer, head))).collect();
        let score = |&(layer, head): &(usize, usize)| seen(state, layer, head).and_then(|view| view.score);
        if self.habit.is_some() {
            places.retain(|place| score(place).is_some_and(|score| self.shows(&score)));
        }
        if let Some(measure) = self.order {
            places.sort_by(|a, b| measure.compare(score(a).as_ref(), score(b).as_ref(), self.least_first));
        }
        places
    }

    /// Whether a head is one of those that are pointed out.
    fn shows(&self, score: &HeadScore) -> bool {
        self.habit.is_none_or(|habit| habit == score.habit)
    }

    /// The heads in view, each with its cells.
    fn places(&self, state: &State, area: Rect) -> Vec<((usize, usize), Rect)> {
        let size = self.size(state, area);
        let cell = |column: usize, line: usize, left: u16| {
            let (x, y) = (area.x + left + column as u16 * size.0, area.y + 1 + line as u16 * size.1);
            Rect { x, y, width: size.0, height: size.1 }
        };
        let rows = self.rows(state, area);
        if self.order.is_none() {
            let ((first, shown), offset) = (heads_shown(state, area), layer_offset(state, rows));
            let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers);
            let row =
                |(line, layer)| (0..shown).map(move |column| ((layer, first + column), cell(column, line, LAYER + 1)));
            return (offset..layers).take(rows).enumerate().flat_map(row).collect();
        }
        let sorted = self.sorted(state);
        let columns = usize::from(area.width.saturating_sub(1) / size.0).max(1);
        let here = sorted.iter().position(|&place| place == (state.layer, state.head)).unwrap_or(0);
        let first = window(here / columns, rows, sorted.len().div_ceil(columns)) * columns;
        let shown = sorted.into_iter().skip(first).take(rows * columns);
        shown.enumerate().map(|(index, place)| (place, cell(index % columns, index / columns, 1))).collect()
    }

    /// Columns and rows of one head.
    fn size(&self, state: &State, area: Rect) -> (u16, u16) {
        match (self.order.is_some(), pictured(state, area)) {
            (false, _) => in_layers(state, area),
            (true, false) => LINE,
            (true, true) => CARD,
        }
    }

    /// How many rows of heads are in view.
    fn rows(&self, state: &State, area: Rect) -> usize {
        let rows = usize::from(area.height.saturating_sub(1)).saturating_sub(notes(state, area).len());
        rows / usize::from(self.size(state, area).1)
    }

    /// Every head, what they are sorted by above and what was measured of the one in view below.
    pub(super) fn draw(&self, state: &State, area: Rect, buf: &mut Buffer) {
        let theme = &state.theme;
        if state.model.is_none() || area.width <= LAYER + LETTER.0 || area.height < 2 {
            return;
        }
        match self.order {
            None => self.layers(state, area, buf),
            Some(measure) => {
                let said = if self.least_first { Message::SortedLeastFirst } else { Message::SortedGreatestFirst };
                let text = state.language.say(said, &[&state.language.text(measure.said())]);
                let above = Rect { x: area.x + 1, width: area.width - 1, height: 1, ..area };
                draw::line(buf, above, &Line::styled(text, theme.title(true)), Alignment::Left, theme);
            }
        }
        for ((layer, head), cell) in self.places(state, area) {
            let cell = cell.intersection(area);
            match self.order {
                None => self.in_layer(state, layer, head, cell, buf),
                Some(measure) => in_order(state, measure, layer, head, cell, buf),
            }
        }
        let notes = notes(state, area);
        for (line, text) in notes.iter().enumerate() {
            let y = area.bottom() - (notes.len() - line) as u16;
            let style = if line == 0 { theme.text() } else { theme.dim() };
            let row = Rect { x: area.x + 1, y, width: area.width - 1, height: 1 };
            draw::line(buf, row, &Line::styled(text.clone(), style), Alignment::Left, theme);
        }
    }

    /// The numbers of the heads above, of the layers at the left.
    fn layers(&self, state: &State, area: Rect, buf: &mut Buffer) {
        let theme = &state.theme;
        let size = self.size(state, area);
        let (first, shown) = heads_shown(state, area);
        for column in 0..shown {
            let style = if first + column == state.head { theme.accent() } else { theme.dim() };
            let number = Line::styled(format!("{:>2}", first + column + 1), style);
            let above = Rect { x: area.x + 1 + LAYER + column as u16 * size.0, y: area.y, width: size.0, height: 1 };
            draw::line(buf, above, &number, Alignment::Left, theme);
        }
        let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers);
        let rows = self.rows(state, area);
        for (line, layer) in (layer_offset(state, rows)..layers).take(rows).enumerate() {
            let more = match line {
                0 if layer > 0 => "▴",
                _ if line + 1 == rows && layer + 1 < layers => "▾",
                _ => "",
            };
            let style = if layer == state.layer { theme.accent() } else { theme.dim() };
            let name = Line::styled(format!("L{}{more}", layer + 1), style);
            let row = Rect { x: area.x + 1, y: area.y + 1 + line as u16 * size.1, width: LAYER, height: 1 };
            draw::line(buf, row, &name, Alignment::Left, theme);
        }
    }

    /// A head among its layer's: its letter, with its share where there is room for a picture, in brackets when it is in view.
    fn in_layer(&self, state: &State, layer: usize, head: usize, area: Rect, buf: &mut Buffer) {
        let theme = &state.theme;
        let view = seen(state, layer, head);
        let score = view.and_then(|view| view.score);
        let here = (layer, head) == (state.layer, state.head);
        let (mark, style) = match score {
            _ if state.is_out(layer, head) => (out(state), theme.warning()),
            Some(score) if !self.shows(&score) => ('·', theme.dim()),
            Some(score) if score.habit == Habit::Mixed => (letter(score.habit), theme.dim()),
            Some(score) => (letter(score.habit), theme.heat(score.score).style),
            None => (' ', theme.dim()),
        };
        let pointed_out = score.is_none_or(|score| self.shows(&score));
        let share = score.filter(|score| area.height > 1 && pointed_out && score.habit != Habit::Mixed);
        // `.83`; what is all there is `1.`.
        let share = share.map_or_else(String::new, |score| {
            let text = format!("{:.2}", score.score);
            text.strip_prefix('0').unwrap_or(text.trim_end_matches('0')).to_owned()
        });
        let spans = if here {
            vec![Span::styled(format!("[{mark}{share}]"), theme.accent())]
        } else {
            vec![Span::raw(" "), Span::styled(mark.to_string(), style), Span::styled(share, theme.dim())]
        };
        draw::line(buf, Rect { height: 1, ..area }, &Line::from(spans), Alignment::Left, theme);
        if let Some(view) = view.filter(|_| pointed_out && area.height > 1) {
            picture(state, view, Rect { y: area.y + 1, width: area.width - 2, height: area.height - 1, ..area }, buf);
        }
    }
}

/// A head in its place of the order: its picture where there is room, its name, and what it is sorted by.
fn in_order(state: &State, measure: Measure, layer: usize, head: usize, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let view = seen(state, layer, head);
    let score = view.and_then(|view| view.score);
    let here = (layer, head) == (state.layer, state.head);
    let name = format!("L{}H{}", layer + 1, head + 1);
    let value = score.map_or_else(
        || "–".to_owned(),
        |score| match measure {
            Measure::Distance | Measure::EffectiveRank => format!("{:.1}", measure.of(&score)),
            _ => format!("{:.2}", measure.of(&score)),
        },
    );
    let away = state.is_out(layer, head);
    let mark = if away { out(state) } else { score.map_or(' ', |score| letter(score.habit)) };
    let style = match score {
        _ if here => theme.accent(),
        _ if away => theme.warning(),
        Some(score) if score.habit != Habit::Mixed => theme.heat(score.score).style,
        _ => theme.dim(),
    };
    let line = |text: String, style| Line::styled(text, style);
    if area.height < CARD.1 {
        let (open, close) = if here { ('[', ']') } else { (' ', ' ') };
        let text = format!("{open}{name:<6} {mark} {value}{close}");
        return draw::line(buf, area, &line(text, style), Alignment::Left, theme);
    }
    if let Some(view) = view {
        picture(state, view, Rect { width: area.width - 2, height: area.height - 2, ..area }, buf);
    }
    let row = |up: u16| Rect { y: area.bottom() - up, height: 1, ..area };
    let name = if here { format!("[{name}]") } else { name };
    draw::line(buf, row(2), &line(name, if here { theme.accent() } else { theme.text() }), Alignment::Left, theme);
    draw::line(buf, row(1), &line(format!("{mark} {value}"), style), Alignment::Left, theme);
}

/// The one after this; none after the last, and the first after none.
fn after<T: Copy + PartialEq>(all: &[T], this: Option<T>) -> Option<T> {
    let index = this.map_or(0, |this| all.iter().position(|&other| other == this).map_or(0, |at| at + 1));
    all.get(index).copied()
}

fn picture(state: &State, view: &HeadView, area: Rect, buf: &mut Buffer) {
    if !view.picture.is_empty() {
        let value = |row: usize, column: usize| *view.picture.get(row)?.get(column)?;
        grid::thumbnail(view.picture.len(), &value, area, buf, &state.theme);
    }
}

fn seen(state: &State, layer: usize, head: usize) -> Option<&HeadView> {
    state.overview()?.heads.get(layer)?.get(head)
}

/// What was measured of a head, where that is not long ago.
pub(super) fn head_score(state: &State, layer: usize, head: usize) -> Option<HeadScore> {
    let seen = state.overview()?;
    let fresh = seen.length + GLANCE_EVERY >= state.run.context_len();
    seen.heads.get(layer)?.get(head)?.score.filter(|_| fresh)
}

/// `looks at the token before, 83 %`.
pub(super) fn habit_text(state: &State, score: HeadScore) -> String {
    let what = state.language.text(score.habit.said());
    if score.habit == Habit::Mixed {
        return what.to_owned();
    }
    format!("{what} {:.0} %", score.score * 100.0)
}

/// The letter of a habit.
fn letter(habit: Habit) -> char {
    match habit {
        Habit::Previous => 'p',
        Habit::First => 'f',
        Habit::Same => 's',
        Habit::Induction => 'i',
        Habit::Local => 'l',
        Habit::Uniform => 'u',
        Habit::Mixed => '·',
    }
}

/// The mark of a head that is taken out.
fn out(state: &State) -> char {
    if state.theme.ascii { 'x' } else { '×' }
}

fn heads_of(state: &State) -> usize {
    state.model.as_ref().map_or(0, |model| model.engine.config.heads)
}

/// Whether every head of a layer has room for a picture.
fn pictured(state: &State, area: Rect) -> bool {
    area.height >= PICTURES_FROM && area.width >= columns(state, PICTURE)
}

/// How many columns the heads of a layer take, each of this size, with the layer's name before them.
fn columns(state: &State, size: (u16, u16)) -> u16 {
    (heads_of(state) as u16).saturating_mul(size.0).saturating_add(LAYER + 1)
}

/// The size of a head where every head of every layer has room for a large picture.
fn large(state: &State, width: u16, height: u16) -> Option<(u16, u16)> {
    let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers) as u16;
    let fits = |size: &(u16, u16)| {
        columns(state, *size) < width && layers.saturating_mul(size.1).saturating_add(AROUND) <= height
    };
    LARGE.into_iter().find(fits)
}

/// The size of a head among its layer's.
fn in_layers(state: &State, area: Rect) -> (u16, u16) {
    let small = if pictured(state, area) { PICTURE } else { LETTER };
    large(state, area.width + 1, area.height).unwrap_or(small)
}

/// The first head of a layer in view, and how many are.
fn heads_shown(state: &State, area: Rect) -> (usize, usize) {
    let heads = heads_of(state);
    let shown = usize::from(area.width.saturating_sub(LAYER + 1) / in_layers(state, area).0).min(heads);
    (window(state.head, shown, heads), shown)
}

/// The first layer in view.
fn layer_offset(state: &State, rows: usize) -> usize {
    let layers = state.model.as_ref().map_or(0, |model| model.engine.config.layers);
    window(state.layer, rows, layers)
}

/// What was measured of the head in view, then what the letters mean, in the lines that there is room for.
fn notes(state: &State, area: Rect) -> Vec<String> {
    let language = state.language;
    let measured = head_score(state, state.layer, state.head).map_or_else(String::new, |score| {
        let distance = format!("{:.1}", score.distance);
        // A model that sees both ways looks ahead as well.
        let measures = if state.predicts_next() { Message::HeadMeasures } else { Message::HeadMeasuresBothWays };
        language.say(measures, &[&format!("{:.1}", score.entropy), &distance])
    });
    let columns = usize::from(area.width.saturating_sub(1));
    let rank = head_score(state, state.layer, state.head)
        .map(|score| language.say(Message::HeadRank, &[&format!("{:.1}", score.effective_rank)]));
    let room = |rank: &String| safe::width(&measured) + safe::width(rank) <= columns;
    let mut lines = vec![measured.clone() + &rank.filter(room).unwrap_or_default()];
    let away = format!("{} {}", out(state), language.text(Message::HeadOut));
    let any = state.under.list().iter().any(Intervention::takes_heads_out);
    for item in language.text(Message::HabitLegend).split("  ").chain(any.then_some(away.as_str())) {
        let legend = lines.len() > 1;
        match lines.last_mut() {
            Some(line) if legend && safe::width(line) + safe::width(item) + 2 <= columns => {
                line.push_str("  ");
                line.push_str(item);
            }
            _ => lines.push(item.to_owned()),
        }
    }
    lines.truncate(usize::from(area.height / 3));
    lines
}
