//! The models that can be opened, the families that can be read, and beside them the open model or two families compared.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::format;
use crate::lm::Blueprint;
use crate::lm::FAMILIES;
use crate::lm::Family;
use crate::model::EMBEDDED;
use crate::model::Embedded;
use crate::model::Model;
use crate::model::Spec;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Notice;
use crate::state::State;
use crate::ui::Language;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;

/// Columns of the list.
const LIST: u16 = 15;
/// Columns of what a row is about.
const WHAT: usize = 20;
/// The narrowest column of a comparison.
const COLUMN: u16 = 20;

/// The models pane.
#[derive(Debug, Default)]
pub struct Models {
    selected: usize,
}

/// A row of the list.
enum Item {
    Title(Message),
    Model(&'static Embedded),
    Family(&'static Family),
    Blank,
}

fn items() -> Vec<Item> {
    let models = EMBEDDED.iter().map(|model| Item::Model(model));
    let families = FAMILIES.iter().map(Item::Family);
    let rows = std::iter::once(Item::Title(Message::Embedded)).chain(models);
    rows.chain([Item::Blank, Item::Title(Message::Families)]).chain(families).collect()
}

fn choices() -> usize {
    EMBEDDED.len() + FAMILIES.len()
}

/// The row of a choice in the list.
fn row_of(choice: usize) -> usize {
    if choice < EMBEDDED.len() { choice + 1 } else { choice + 3 }
}

/// The first row of the list in view.
fn offset(choice: usize, visible: usize) -> usize {
    (row_of(choice) + 1).saturating_sub(visible)
}

impl Pane for Models {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let page = usize::from(area.height.saturating_sub(2)).max(1);
        match (command, EMBEDDED.get(self.selected)) {
            (Command::Take, Some(model)) => ctx.open(Spec::Embedded(model)),
            (Command::Take, None) => ctx.say(Notice::hint(Message::FamilyIsNoFile, &[])),
            _ => {
                let Some(moved) = super::moved(command, self.selected, page, choices()) else { return false };
                self.selected = moved;
            }
        }
        true
    }

    fn click(&mut self, _ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let inner = area.inner(ratatui::layout::Margin::new(0, 1));
        if at.y >= inner.y && at.x < inner.x + LIST {
            let row = usize::from(at.y - inner.y) + offset(self.selected, usize::from(inner.height));
            self.selected = (0..choices()).find(|&choice| row_of(choice) == row).unwrap_or(self.selected);
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let frame = Panel {
            title: language.text(Message::TitleModels),
            foot: language.text(Message::OpenOther),
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let list = Rect { width: LIST.min(inner.width), ..inner };
        let beside = Rect { x: list.right() + 1, width: inner.width.saturating_sub(LIST + 1), ..inner };
        self.list(state, list, buf);
        let lines = match self.selected.checked_sub(EMBEDDED.len()).and_then(|index| FAMILIES.get(index)) {
            Some(family) => comparison(state, family, beside.width),
            None => state.model.as_ref().map(|model| description(state, model)).unwrap_or_default(),
        };
        for (line, row) in lines.iter().zip(beside.rows()) {
            draw::line(buf, row, line, Alignment::Left, theme);
        }
        None
    }
}

impl Models {
    fn list(&self, state: &State, area: Rect, buf: &mut Buffer) {
        let (language, theme) = (state.language, &state.theme);
        let skipped = offset(self.selected, usize::from(area.height));
        let family = state.model.as_ref().map(|model| model.engine.blueprint.family);
        for ((row, item), place) in items().into_iter().enumerate().skip(skipped).zip(area.rows()) {
            let mark = |open: bool| match open {
                true if theme.ascii => "*",
                true => "●",
                false => " ",
            };
            let style = if row == row_of(self.selected) { theme.selected_row() } else { theme.text() };
            let line = match item {
                Item::Title(title) => Line::styled(format!(" {}", language.text(title)), theme.dim()),
                Item::Blank => Line::default(),
                Item::Model(model) => {
                    let open = state.model.as_ref().is_some_and(|open| open.name == model.name);
                    Line::styled(safe::left(&format!(" {} {}", mark(open), model.name), LIST.into()), style)
                }
                Item::Family(of) => {
                    let open = family == Some(of.name);
                    Line::styled(safe::left(&format!(" {} {}", mark(open), of.name), LIST.into()), style)
                }
            };
            draw::line(buf, place, &line, Alignment::Left, theme);
        }
    }
}

/// A family beside the open model, and where there is room the families after it; rows that differ are marked.
fn comparison(state: &State, family: &'static Family, width: u16) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let mut columns: Vec<(String, Blueprint)> = Vec::new();
    if let Some(model) = &state.model {
        let name = language.say(Message::OpenModelColumn, &[&safe::visible(&model.name)]);
        columns.push((name, model.engine.blueprint.clone()));
    }
    let after = FAMILIES.iter().skip_while(|other| other.name != family.name);
    columns.extend(after.map(|f| (language.say(Message::TypicalColumn, &[&f.name]), (f.typical)())));
    let room = usize::from(width).saturating_sub(WHAT + 2);
    let shown = (room / usize::from(COLUMN)).clamp(1, columns.len().max(1));
    // Where only one column fits, it is the family's.
    let columns =
        if shown == 1 { &columns[columns.len().min(2) - 1..][..1] } else { &columns[..shown.min(columns.len())] };
    let each = (room / columns.len().max(1)).min(44);
    let rows: Vec<_> = columns.iter().map(|(_, blueprint)| said(blueprint, language)).collect();
    let differs = |row: usize| rows.iter().any(|other| other[row].1 != rows[0][row].1);
    let count = rows.first().map_or(0, Vec::len);
    let marked = (0..count).filter(|&row| differs(row)).count();
    let cell = |text: &str| safe::left(&safe::fit(text, each.saturating_sub(1)), each);
    let fact = |what: Message, how: &str| {
        Line::from(vec![
            Span::styled(format!("  {} ", safe::left(language.text(what), WHAT - 1)), theme.dim()),
            Span::styled(how.to_owned(), theme.text()),
        ])
    };
    let mut lines = vec![
        fact(Message::ModelFamily, &format!("{} · {}", family.name, family.source)),
        fact(Message::SuitedFor, &language.term(family.suited_for)),
        Line::default(),
    ];
    let mut heads = vec![Span::raw(" ".repeat(WHAT + 2))];
    heads.extend(columns.iter().map(|(name, _)| Span::styled(cell(name), theme.title(false))));
    lines.push(Line::from(heads));
    for row in 0..count {
        let (mark, style) = match differs(row) {
            true if theme.ascii => ("! ", theme.accent()),
            true => ("≠ ", theme.accent()),
            false => ("  ", theme.text()),
        };
        let mut spans = vec![
            Span::styled(mark, style),
            Span::styled(safe::left(&safe::fit(&rows[0][row].0, WHAT - 1), WHAT), theme.dim()),
        ];
        spans.extend(rows.iter().map(|rows| Span::styled(cell(&rows[row].1), style)));
        lines.push(Line::from(spans));
    }
    if columns.len() > 1 {
        lines.push(Line::styled(format!("  {}", language.say(Message::Differences, &[&marked, &count])), theme.dim()));
    }
    lines
}

/// A blueprint's rows in a language.
fn said(blueprint: &Blueprint, language: Language) -> Vec<(String, String)> {
    let rows = blueprint.rows().into_iter();
    rows.map(|(what, how)| (language.term(what).into_owned(), language.term(&how).into_owned())).collect()
}

/// The open model: sizes, blueprint, how its tensors are stored.
fn description(state: &State, model: &Model) -> Vec<Line<'static>> {
    let (language, theme) = (state.language, &state.theme);
    let config = &model.engine.config;
    let mut rows: Vec<(String, String)> = vec![
        (language.text(Message::ModelName).to_owned(), safe::visible(&model.name)),
        (language.text(Message::ModelFamily).to_owned(), model.engine.blueprint.family.to_owned()),
        (language.text(Message::ModelParameters).to_owned(), format::count(model.parameters)),
        (language.text(Message::ModelSize).to_owned(), format::size(model.bytes)),
        (
            language.text(Message::ModelShape).to_owned(),
            language.say(
                Message::ModelShapeOf,
                &[&config.layers, &config.heads, &config.kv_heads, &config.width, &config.feed_forward],
            ),
        ),
        (language.text(Message::ModelContext).to_owned(), format::count(config.context as u64)),
        (language.text(Message::ModelVocabulary).to_owned(), format::count(config.vocabulary as u64)),
    ];
    let stored = model.dtypes.iter().map(|(dtype, stored)| format!("{} {}", dtype.name(), format::size(stored.bytes)));
    rows.push((language.text(Message::ModelStored).to_owned(), stored.collect::<Vec<_>>().join(" · ")));
    rows.extend(said(&model.engine.blueprint, language));
    rows.into_iter()
        .map(|(what, how)| {
            Line::from(vec![
                Span::styled(format!("  {} ", safe::left(&what, WHAT - 1)), theme.dim()),
                Span::styled(how, theme.text()),
            ])
        })
        .collect()
}
