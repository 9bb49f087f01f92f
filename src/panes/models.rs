//! The model that is open, as its blueprint says, and the ones that can be opened.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::format;
use crate::model::EMBEDDED;
use crate::model::Model;
use crate::model::Spec;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;

/// Rows before the first model of the list.
const HEAD: u16 = 1;

/// The models pane.
#[derive(Debug, Default)]
pub struct Models {
    selected: usize,
}

impl Pane for Models {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        match command {
            Command::Up => self.selected = self.selected.saturating_sub(1),
            Command::Down => self.selected = (self.selected + 1).min(EMBEDDED.len() - 1),
            Command::Top => self.selected = 0,
            Command::Bottom => self.selected = EMBEDDED.len() - 1,
            Command::Take => ctx.open(Spec::Embedded(EMBEDDED[self.selected])),
            _ => return false,
        }
        true
    }

    fn click(&mut self, _ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let first = area.y + 1 + HEAD;
        if at.y >= first && usize::from(at.y - first) < EMBEDDED.len() {
            self.selected = usize::from(at.y - first);
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let frame = Panel {
            title: language.text(Message::TitleModels),
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        let mut lines = vec![Line::styled(format!(" {}", language.text(Message::Embedded)), theme.dim())];
        for (index, model) in EMBEDDED.iter().enumerate() {
            let open = state.model.as_ref().is_some_and(|open| open.name == model.name);
            let mark = if open { "●" } else { " " };
            let style = if index == self.selected { theme.selected_row() } else { theme.text() };
            lines.push(Line::styled(format!(" {mark} {:<10} {}", model.name, model.prompt), style));
        }
        lines.push(Line::styled(format!(" {}", language.text(Message::OpenOther)), theme.dim()));
        lines.push(Line::default());
        if let Some(model) = &state.model {
            lines.extend(description(state, model));
        }
        for (line, row) in lines.iter().zip(inner.rows()) {
            draw::line(buf, row, line, Alignment::Left, theme);
        }
        None
    }
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
    let blueprint = model.engine.blueprint.rows().into_iter();
    rows.extend(blueprint.map(|(what, how)| (language.term(what).to_owned(), language.term(&how).to_owned())));
    rows.into_iter()
        .map(|(what, how)| {
            Line::from(vec![
                Span::styled(format!(" {} ", safe::left(&what, 20)), theme.dim()),
                Span::styled(how, theme.text()),
            ])
        })
        .collect()
}
