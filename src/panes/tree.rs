//! The paths not taken: the run as a tree, what each path cost, and where two of them part.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::Pane;
use super::View;
use super::format;
use super::lines::lines;
use super::lines::wrapped;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Notice;
use crate::state::Run;
use crate::state::State;
use crate::state::run::NodeId;
use crate::state::run::Segment;
use crate::state::search::Mark;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::draw;
use crate::ui::panel;
use crate::ui::safe;
use crate::ui::table;

/// Rows below the tree, on which two paths are compared.
const COMPARED: u16 = 4;
/// Columns of a row's numbers: tokens, bits, probability.
const NUMBERS: usize = 30;

/// The tree pane.
#[derive(Debug, Default)]
pub struct Tree {
    selected: usize,
    offset: usize,
    folded: BTreeSet<NodeId>,
}

impl Tree {
    fn segments(&self, run: &Run) -> Vec<Segment> {
        run.segments(|node| self.folded.contains(&node))
    }

    /// The segment under the cursor.
    pub fn selected(&self, run: &Run) -> Option<NodeId> {
        let segments = self.segments(run);
        segments.get(self.selected.min(segments.len().saturating_sub(1))).map(Segment::last)
    }
}

fn rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(COMPARED + 3)).max(1)
}

impl Pane for Tree {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, area: Rect) -> bool {
        let segments = self.segments(&ctx.state.run);
        let last = segments.len().saturating_sub(1);
        self.selected = self.selected.min(last);
        let page = rows(area);
        let here = segments.get(self.selected);
        match command {
            Command::Take => match here {
                Some(segment) => ctx.go_to(segment.last()),
                None => ctx.say(Notice::hint(Message::TreeIsEmpty, &[])),
            },
            Command::Fold => {
                if let Some(segment) = here.filter(|segment| segment.branches) {
                    let first = segment.first();
                    if !self.folded.remove(&first) {
                        self.folded.insert(first);
                    }
                }
            }
            Command::Prune => {
                if let Some(segment) = here {
                    ctx.prune(segment.first());
                }
            }
            Command::LookAhead => ctx.look_ahead(),
            Command::SearchBack | Command::SearchForward => {
                ctx.state.search.turn(command == Command::SearchForward);
            }
            _ => {
                let Some(moved) = super::moved(command, self.selected, page, segments.len()) else { return false };
                self.selected = moved;
            }
        }
        self.offset = table::follow(self.offset, self.selected, page, segments.len());
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        let segments = self.segments(&ctx.state.run).len();
        if at.y > area.y && usize::from(at.y - area.y - 1) < rows(area) {
            self.selected = (self.offset + usize::from(at.y - area.y - 1)).min(segments.saturating_sub(1));
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, theme) = (state.language, &state.theme);
        let segments = self.segments(&state.run);
        let branches = state.run.branches().len();
        let mut details = language.say(Message::TreeCount, &[&branches]);
        if let Some((step, steps)) = state.search.step() {
            details = format!("{details} · {}", language.say(Message::TreeBeamStep, &[&step, &steps]));
        }
        let frame = Panel {
            title: language.text(Message::TitleTree),
            details: if branches > 0 { &details } else { "" },
            note: language.text(Message::TreeColumns),
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, theme);
        if segments.is_empty() {
            let what = if state.predicts_next() { Message::TreeIsEmpty } else { Message::FillsIn };
            super::remark(state, what, inner, buf);
            return None;
        }
        let selected = self.selected.min(segments.len() - 1);
        let below = COMPARED.min(inner.height / 3);
        let upper = Rect { height: inner.height - below, ..inner };
        let unread = unread(state, &segments, upper.width);
        let said = (unread.len() as u16).min(upper.height / 2);
        let tree = Rect { height: upper.height - said, ..upper };
        let offset = table::follow(self.offset, selected, usize::from(tree.height), segments.len());
        for ((index, segment), row) in segments.iter().enumerate().skip(offset).zip(tree.rows()) {
            let lit = index == selected;
            self.row(state, segment, lit, row, buf);
        }
        panel::scrollbar(offset, usize::from(tree.height), segments.len(), view.area, buf, theme);
        lines(&unread, Rect { y: tree.bottom(), height: said, ..inner }, state, buf);
        compare(state, &segments[selected], Rect { y: upper.bottom(), height: below, ..inner }, buf);
        None
    }
}

/// How many paths are still to be read, and that some cannot be; nothing where all of them are read.
fn unread(state: &State, segments: &[Segment], columns: u16) -> Vec<Line<'static>> {
    if segments.iter().all(|segment| segment.bits.is_some()) {
        return Vec::new();
    }
    let (language, run) = (state.language, &state.run);
    let ends = run.branches();
    let open: Vec<&NodeId> = ends.iter().filter(|end| !run.is_known(**end)).collect();
    let closed = open.iter().filter(|end| state.branches.is_closed(***end)).count();
    let mut said = Vec::new();
    if open.len() > closed {
        let message = if state.under.list().is_empty() { Message::TreeUnread } else { Message::TreeUnreadChanged };
        said.push(language.say(message, &[&(open.len() - closed), &ends.len()]));
    }
    if closed > 0 {
        said.push(language.text(Message::TreeClosed).to_owned());
    }
    said.iter().flat_map(|text| wrapped(text, usize::from(columns), state.theme.dim())).collect()
}

impl Tree {
    /// `├─ ␣was very happy …   name   12 · 31.2 · 4e-10`.
    fn row(&self, state: &State, segment: &Segment, lit: bool, row: Rect, buf: &mut Buffer) {
        let theme = &state.theme;
        let style = if segment.on_path { theme.text() } else { theme.dim() };
        let mark = if lit { "▸ " } else { "  " };
        let name = state.run.name_of(segment.last()).map(|name| format!(" {} ", safe::fit(&safe::visible(name), 16)));
        let name = name.unwrap_or_default();
        let signs: Vec<Span<'_>> = state.search.marks(segment).map(|mark| sign(state, mark)).collect();
        let signed: usize = signs.iter().map(|sign| safe::width(&sign.content)).sum();
        let folded = if segment.branches && self.folded.contains(&segment.first()) { " […]" } else { "" };
        let numbers = numbers(segment, state.branches.is_closed(segment.last()));
        let lines = branch_lines(segment, theme.ascii);
        let fixed =
            safe::width(mark) + safe::width(&lines) + safe::width(&name) + signed + safe::width(folded) + NUMBERS + 1;
        let words = text(state, &segment.nodes, usize::from(row.width).saturating_sub(fixed));
        let here = segment.nodes.iter().any(|node| state.run.path().last() == Some(node));
        let mut spans = vec![
            Span::styled(mark, theme.accent()),
            Span::styled(lines, theme.dim()),
            Span::styled(words, if here { style.patch(theme.key()) } else { style }),
            Span::styled(folded, theme.dim()),
        ];
        spans.extend(signs);
        spans.push(Span::styled(name, theme.special()));
        let line = Line::from(spans);
        let left = Rect { width: row.width.saturating_sub(NUMBERS as u16), ..row };
        draw::line(buf, left, &line, Alignment::Left, theme);
        let right = Rect { x: left.right(), width: row.width - left.width, ..row };
        draw::line(buf, right, &Line::styled(numbers, theme.number()), Alignment::Right, theme);
        if lit {
            draw::restyle(buf, row, theme.selected_row());
        }
    }
}

/// What a search says of a segment.
fn sign(state: &State, mark: Mark) -> Span<'static> {
    let (language, theme) = (state.language, &state.theme);
    let [live, finished, dropped, road] = if theme.ascii { ["*", "+", "x", ">"] } else { ["◆", "■", "✗", "›"] };
    match mark {
        Mark::Live(place, score) => Span::styled(format!(" {live}{place} {score:.3}"), theme.accent()),
        Mark::Finished(place, score) => Span::styled(format!(" {finished}{place} {score:.3}"), theme.good()),
        Mark::Dropped => Span::styled(format!(" {dropped} {}", language.text(Message::TreeDropped)), theme.dim()),
        Mark::Road(rank) => {
            Span::styled(format!(" {road}{rank} {}", language.text(Message::TreeGreedy)), theme.special())
        }
    }
}

/// How many tokens, their path's bits and probability; where these are still to be read, that they are.
fn numbers(segment: &Segment, closed: bool) -> String {
    let tokens = format::count(segment.nodes.len() as u64);
    let unread = || [if closed { "–" } else { "…" }; 2].map(str::to_owned);
    let known = |bits: f64| [format::bits(bits), format::percent((-bits).exp2() as f32)];
    let [bits, share] = segment.bits.map_or_else(unread, known);
    format!("{tokens:>5} {bits:>9} {share:>10} ")
}

/// The lines that lead to a segment.
fn branch_lines(segment: &Segment, ascii: bool) -> String {
    let [through, last, more, nothing] =
        if ascii { ["|- ", "`- ", "|  ", "   "] } else { ["├─ ", "└─ ", "│  ", "   "] };
    let Some((own, above)) = segment.more.split_last() else { return String::new() };
    let mut lines: String = above.iter().map(|&follows| if follows { more } else { nothing }).collect();
    lines.push_str(if *own { through } else { last });
    lines
}

/// The text of nodes, made visible, as much of it as fits: the end is what tells branches apart least, so it is cut.
fn text(state: &State, nodes: &[NodeId], columns: usize) -> String {
    let mut words = String::new();
    for &node in nodes {
        words.push_str(&state.label(state.run.node(node).token));
        if safe::width(&words) > columns {
            break;
        }
    }
    safe::fit(&words, columns)
}

/// The selected path beside the current one: where they part, how each goes on, what each costs.
fn compare(state: &State, segment: &Segment, area: Rect, buf: &mut Buffer) {
    let (language, theme, run) = (state.language, &state.theme, &state.run);
    let ours: Vec<NodeId> = run.path()[run.text_len()..].to_vec();
    let theirs = run.way_to(segment.last());
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let bits = |nodes: &[NodeId]| -> Option<f64> {
        nodes.iter().try_fold(0.0, |sum, &node| Some(sum + run.node(node).score?.surprisal))
    };
    let cost = |nodes: &[NodeId]| bits(nodes).map_or_else(|| "–".to_owned(), format::bits);
    let rule = Rect { height: 1, ..area };
    draw::fill(buf, rule, if theme.ascii { "-" } else { "─" }, theme.border(false));
    let mut lines = Vec::new();
    if ours == theirs {
        lines.push(Line::styled(format!(" {}", language.text(Message::TreeIsHere)), theme.dim()));
    } else if same == theirs.len() {
        let after = language.say(Message::TreeGoesOn, &[&ours[same..].len(), &cost(&ours[same..])]);
        lines.push(Line::styled(format!(" {after}"), theme.dim()));
    } else {
        let parted = match same.checked_sub(1).map(|last| ours[last]) {
            Some(node) => language.say(Message::TreePart, &[&safe::fit(&state.label(run.node(node).token), 16), &same]),
            None => language.text(Message::TreePartAtOnce).to_owned(),
        };
        lines.push(Line::styled(format!(" {parted}"), theme.dim()));
        for (name, nodes) in [(Message::TreeOurs, &ours[same..]), (Message::TreeTheirs, &theirs[same..])] {
            let head = format!(" {} ", safe::left(language.text(name), 9));
            let tail = language.say(Message::TreeCost, &[&nodes.len(), &cost(nodes)]);
            let room = usize::from(area.width).saturating_sub(safe::width(&head) + safe::width(&tail) + 3);
            let (first, rest) = nodes.split_at(nodes.len().min(1));
            let first = safe::fit(&text(state, first, room), room);
            let rest = text(state, rest, room.saturating_sub(safe::width(&first)));
            lines.push(Line::from(vec![
                Span::styled(head, theme.dim()),
                Span::styled(first, theme.accent()),
                Span::styled(rest, theme.text()),
                Span::styled(format!("  {tail}"), theme.number()),
            ]));
        }
    }
    for (line, row) in lines.iter().zip(area.rows().skip(1)) {
        draw::line(buf, row, line, Alignment::Left, theme);
    }
}
