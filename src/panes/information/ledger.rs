//! The list: each part of the text with what it cost.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::number;
use crate::lab::information::Cost;
use crate::lab::information::Part;
use crate::lab::information::Segmentation;
use crate::lab::information::Unit;
use crate::lab::information::regroup;
use crate::state::Flow;
use crate::state::State;
use crate::ui::Message;
use crate::ui::Table;
use crate::ui::bar;
use crate::ui::safe;
use crate::ui::table;
use crate::ui::table::Column;
use crate::ui::table::Width;

/// Surprisal that fills a bar, in bits.
fn full(by: Segmentation) -> f64 {
    match by {
        Segmentation::Tokens | Segmentation::Words => 16.0,
        Segmentation::Characters => 8.0,
        Segmentation::Bytes => 4.0,
    }
}

/// The parts of the text, with what each cost.
pub(super) struct Ledger {
    pub(super) parts: Vec<Part>,
    flow: Flow,
}

impl Ledger {
    /// The path by its tokens, or the text by other units; none while its words are not known.
    pub(super) fn of(state: &State, by: Segmentation) -> Self {
        let flow = Flow::of(state);
        let end = flow.finished;
        let scored = state.scored();
        let cost = |index: usize, score: Option<crate::job::Score>| {
            let bytes = flow.bytes_of(index);
            let bits = score.filter(|_| scored.contains(&index)).map(|score| score.surprisal);
            Cost { bytes: bytes.start.min(end)..bytes.end.min(end), bits }
        };
        let costs: Vec<Cost> = state.run.tokens().enumerate().map(|(index, node)| cost(index, node.score)).collect();
        let parts = match by {
            Segmentation::Tokens => costs
                .into_iter()
                .enumerate()
                .map(|(at, cost)| Part { bytes: cost.bytes, bits: cost.bits, tokens: at..at + 1, shared: false })
                .collect(),
            Segmentation::Words => {
                let words = state.words.as_ref().filter(|words| *words.text == flow.text[..end]);
                let both_ways = words.and_then(|words| words.words.last());
                let words = both_ways.iter().flat_map(|(_, words)| words).map(|word| word.start..word.end);
                regroup(&costs, words)
            }
            other => regroup(&costs, other.ranges(&flow.text[..end], [])),
        };
        Self { parts, flow }
    }

    /// The part in view: `part`, if it has a share of the selected token, or the first that has.
    pub(super) fn selected(&self, state: &State, part: usize) -> usize {
        let has = |part: &Part| part.tokens.contains(&state.selected);
        if self.parts.get(part).is_some_and(has) {
            return part;
        }
        self.parts.iter().position(has).unwrap_or_else(|| part.min(self.parts.len().saturating_sub(1)))
    }

    pub(super) fn draw(
        &self,
        state: &State,
        unit: Unit,
        by: Segmentation,
        (offset, selected): (usize, usize),
        area: Rect,
        buf: &mut Buffer,
    ) {
        let (language, theme) = (state.language, &state.theme);
        let tokens = by == Segmentation::Tokens;
        let column = |title, width, align| Column { title, width: Width::Exact(width), align };
        let digits = (self.parts.len().max(1).ilog10() + 1).max(2) as u16;
        let label = (area.width / 5).clamp(6, 18);
        let fixed = digits + label + 8 + 6 + 6 + 9 + 7;
        let bars = area.width.saturating_sub(fixed).clamp(4, 40);
        let middle = if tokens { Message::ColumnRank } else { Message::ColumnTokens };
        let what = if tokens { Message::ColumnToken } else { Message::ColumnUnit };
        let columns = [
            column("#", digits, Alignment::Right),
            column(language.text(what), label, Alignment::Left),
            column("", bars, Alignment::Left),
            column(super::name(unit, state), 8, Alignment::Right),
            column(language.text(middle), 6, Alignment::Right),
            column(if tokens { language.text(Message::ColumnEntropy) } else { "" }, 6, Alignment::Right),
            column(language.text(Message::ColumnSum), 9, Alignment::Right),
        ];
        // The sum up to each row in view, from the beginning of the text.
        let visible = usize::from(area.height);
        let mut sums = Vec::with_capacity(visible);
        let mut sum = 0.0;
        for (index, part) in self.parts.iter().enumerate().take(offset + visible) {
            sum += part.bits.unwrap_or(0.0);
            if index >= offset {
                sums.push(sum);
            }
        }
        let cell = |row: usize, column: usize| -> Line<'static> {
            let Some(part) = self.parts.get(row) else { return Line::default() };
            let node = state.run.at(part.tokens.start).filter(|_| tokens);
            let score = node.and_then(|node| node.score).filter(|_| part.bits.is_some());
            let bits = part.bits;
            let heat = bits.map_or_else(|| theme.dim(), |bits| theme.surprisal(bits as f32));
            match column {
                0 => Line::styled((row + 1).to_string(), theme.dim()),
                1 => {
                    let bytes = || self.flow.text.as_bytes().get(part.bytes.clone()).unwrap_or_default();
                    let text = node.map_or_else(|| safe::token_label(bytes()), |node| state.label(node.token));
                    Line::styled(text, heat)
                }
                2 => bits.map_or_else(Line::default, |bits| {
                    Line::styled(bar::bar((bits / full(by)) as f32, usize::from(bars), theme), heat)
                }),
                3 => match bits {
                    Some(bits) => Line::styled(number(unit, bits), theme.number()),
                    None => Line::styled("–", theme.dim()),
                },
                4 if tokens => Line::raw(score.map_or_else(String::new, |score| (score.rank + 1).to_string())),
                4 => Line::raw(format!("{}{}", part.tokens.len(), if part.shared { "~" } else { "" })),
                5 => Line::raw(score.map_or_else(String::new, |score| number(unit, score.entropy))),
                _ => {
                    let sum = sums.get(row.saturating_sub(offset)).filter(|_| bits.is_some());
                    Line::styled(sum.map_or_else(String::new, |&sum| number(unit, sum)), theme.dim())
                }
            }
        };
        let rows = self.parts.len();
        table::draw(
            &Table { columns: &columns, rows, offset, selected: Some(selected), cell: &cell },
            area,
            buf,
            theme,
        );
    }
}
