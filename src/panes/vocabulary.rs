//! The pieces of the model's vocabulary, and how the selected one is made.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::format;
use crate::job::Lane;
use crate::lab::vocabulary::Entry;
use crate::lab::vocabulary::Reason;
use crate::lab::vocabulary::Sort;
use crate::lab::vocabulary::branches;
use crate::lab::vocabulary::say;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::text::Browser;
use crate::text::Kind;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;
use crate::ui::table;
use crate::ui::table::Column;
use crate::ui::table::Table;
use crate::ui::table::Width;

/// The vocabulary pane. What it shows is shared: it has no cursor of its own.
#[derive(Debug, Default)]
pub struct Vocabulary;

/// The list, and what is told of the selected piece.
fn parts(inner: Rect) -> (Rect, Rect) {
    let list = Rect { width: inner.width / 2, ..inner };
    let beside = Rect { x: list.right() + 2, width: inner.width.saturating_sub(list.width + 2), ..inner };
    (list, beside)
}

/// What is inside the frame: with a box around it or a rule above, it begins in the same row.
fn inside(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// The first row of a list of `height` lines under a header; the selected one is in its middle where it can be.
fn offset(state: &State, height: u16) -> usize {
    let visible = usize::from(height.saturating_sub(1)).max(1);
    let vocabulary = &state.vocabulary;
    vocabulary.at.saturating_sub(visible / 2).min(vocabulary.listed.len().saturating_sub(visible))
}

impl Pane for Vocabulary {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let page = usize::from(inside(area).height.saturating_sub(2)).max(1);
        let vocabulary = &mut ctx.state.vocabulary;
        match command {
            Command::NextSort => {
                let at = Sort::ALL.iter().position(|&sort| sort == vocabulary.wanted.sort).unwrap_or(0);
                vocabulary.wanted.sort = Sort::ALL[(at + 1) % Sort::ALL.len()];
            }
            Command::OnlyUnreachable => vocabulary.wanted.never = !vocabulary.wanted.never,
            Command::Take => {}
            _ => {
                let Some(at) = super::moved(command, vocabulary.at, page, vocabulary.listed.len()) else {
                    return false;
                };
                vocabulary.at = at;
            }
        }
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let inner = inside(area);
        let (list, _) = parts(inner);
        let row = list.contains(at).then(|| usize::from(at.y - list.y)).and_then(|line| line.checked_sub(1));
        // The lower edge of a box takes a line of the list.
        let height = inner.height.saturating_sub(u16::from(area.x < inner.x));
        if let Some(row) = row.map(|row| row + offset(ctx.state, height)) {
            ctx.state.vocabulary.at = row.min(ctx.state.vocabulary.listed.len().saturating_sub(1));
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, vocabulary) = (state.language, &state.vocabulary);
        let browser = vocabulary.survey.as_ref().and_then(|survey| survey.browser());
        let details = browser.map(|browser| details(state, &browser)).unwrap_or_default();
        let busy = state.is_busy(Lane::Vocabulary);
        let frame = Panel {
            title: language.text(Message::TitleVocabulary),
            details: &details,
            note: if busy { language.text(Message::VocabularySurveying) } else { "" },
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, &state.theme);
        let Some(browser) = browser else {
            let message = if busy { Message::VocabularySurveying } else { Message::NothingToShow };
            super::remark(state, message, inner, buf);
            return None;
        };
        if vocabulary.listed.is_empty() {
            if !busy {
                super::remark(state, Message::VocabularyNone, inner, buf);
            }
            return None;
        }
        let (list, beside) = parts(inner);
        draw_list(state, &browser, list, buf);
        draw_piece(state, &browser, beside, buf);
        None
    }
}

/// The kind of vocabulary, what is listed of it, and in which order.
fn details(state: &State, browser: &Browser<'_>) -> String {
    let (language, vocabulary) = (state.language, &state.vocabulary);
    let sizes = [vocabulary.listed.len(), browser.len()].map(|size| format::count(size as u64));
    let order = match vocabulary.wanted.sort {
        Sort::Id => Message::CliId,
        Sort::Length => Message::CliBytes,
        Sort::Rank => Message::CliMergeRank,
        Sort::Score => Message::CliLogProbability,
    };
    let of = [&browser.kind().name() as &dyn std::fmt::Display, &sizes[0], &sizes[1], &language.text(order)];
    let mut said = language.say(Message::VocabularyOf, &of);
    if !vocabulary.typed.is_empty() {
        let sought = language.say(Message::VocabularySought, &[&safe::visible(&vocabulary.typed)]);
        said = format!("{said} · {sought}");
    }
    if vocabulary.wanted.never {
        said = format!("{said} · {}", language.text(Message::VocabularyNever));
    }
    said
}

fn draw_list(state: &State, browser: &Browser<'_>, area: Rect, buf: &mut Buffer) {
    let (language, theme, vocabulary) = (state.language, &state.theme, &state.vocabulary);
    let has_scores = browser.kind() == Kind::Unigram;
    let order = if has_scores { Message::CliLogProbability } else { Message::CliMergeRank };
    let exact =
        |title, width| Column { title: language.text(title), width: Width::Exact(width), align: Alignment::Right };
    let columns = [
        exact(Message::CliId, 7),
        Column { title: language.text(Message::CliToken), width: Width::Share(1), align: Alignment::Left },
        exact(Message::CliBytes, 5),
        exact(order, 9),
    ];
    let cell = |row: usize, column: usize| {
        let Some(entry) = vocabulary.listed.get(row) else { return Line::default() };
        match column {
            0 => Line::styled(entry.id.to_string(), theme.dim()),
            1 => piece(state, browser, entry),
            2 => Line::styled(entry.length.to_string(), theme.text()),
            _ => Line::styled(order_of(entry), theme.number()),
        }
    };
    let listed = Table {
        columns: &columns,
        rows: vocabulary.listed.len(),
        offset: offset(state, area.height),
        selected: Some(vocabulary.at),
        cell: &cell,
    };
    table::draw(&listed, area, buf, theme);
}

fn piece(state: &State, browser: &Browser<'_>, entry: &Entry) -> Line<'static> {
    let theme = &state.theme;
    let style = if browser.is_special(entry.id) { theme.special() } else { theme.text() };
    Line::from(safe::label_spans(browser.piece(entry.id), style, theme.dim()))
}

fn order_of(entry: &Entry) -> String {
    match (entry.score, entry.rank) {
        (Some(score), _) => format!("{score:.4}"),
        (None, Some(rank)) => rank.to_string(),
        (None, None) => String::new(),
    }
}

/// The selected piece: how it is spelled, why no text gives it where none does, and its merges down to bytes.
fn draw_piece(state: &State, browser: &Browser<'_>, area: Rect, buf: &mut Buffer) {
    let (language, theme, vocabulary) = (state.language, &state.theme, &state.vocabulary);
    let Some(entry) = vocabulary.selected() else { return };
    let mut lines = Vec::new();
    let reach = vocabulary.unreachable.as_ref().and_then(|unreachable| unreachable.get(&entry.id));
    if let Some(reach) = reach {
        lines.push(Line::styled(say(browser, reach, language), theme.warning()));
        let proof =
            if Reason::of(reach).is_some_and(Reason::is_proved) { Message::CliProved } else { Message::CliNotProved };
        lines.push(Line::styled(language.text(proof), theme.dim()));
    }
    if browser.kind() == Kind::BytePairs {
        let nodes = browser.tree(entry.id);
        for (node, branch) in nodes.iter().zip(branches(&nodes)) {
            let mut spans = vec![Span::styled(branch, theme.dim())];
            spans.extend(safe::label_spans(&node.bytes, theme.text(), theme.dim()));
            let id = node.id.map(|id| format!("  #{id}")).unwrap_or_default();
            spans.push(Span::styled(id, theme.dim()));
            let end = match node.rank {
                Some(rank) => language.say(Message::CliMergedAt, &[&rank]),
                None => hex(&node.bytes),
            };
            spans.push(Span::styled(format!("  {end}"), theme.number()));
            lines.push(Line::from(spans));
        }
    } else {
        let mut spans = vec![Span::styled(format!("#{}  ", entry.id), theme.dim())];
        spans.extend(safe::label_spans(browser.piece(entry.id), theme.text(), theme.dim()));
        spans.push(Span::styled(format!("  {}", hex(browser.piece(entry.id))), theme.number()));
        lines.push(Line::from(spans));
        lines.push(Line::styled(language.text(Message::VocabularyNoMerges), theme.dim()));
    }
    for (line, row) in lines.iter().zip(area.rows()) {
        draw::line(buf, row, line, Alignment::Left, theme);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}
