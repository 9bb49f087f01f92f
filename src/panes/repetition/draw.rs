//! The parts of the page, each in its area.

use ratatui::buffer::Buffer;
use ratatui::layout::Alignment;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::text::Span;

use super::HEADS;
use super::Item;
use crate::job::Cure;
use crate::job::MEASURED;
use crate::lab::repetition;
use crate::lab::repetition::Grams;
use crate::panes::format;
use crate::state::State;
use crate::state::repetition::CURED;
use crate::ui::Message;
use crate::ui::bar;
use crate::ui::draw as ink;
use crate::ui::safe;

/// The sizes of the n-grams that are counted.
const SIZES: [usize; 4] = [1, 2, 3, 4];
/// The fewest tokens of a span that counts as copied.
const COPIED: usize = 3;
/// Columns of a cure's name.
const NAME: usize = 20;
/// Columns of a share.
const SHARE: usize = 8;
/// From this width on, a cure shows its bits as well.
const ROOMY: u16 = 70;

/// Draws lines from the top of an area.
fn lines(lines: &[Line<'_>], area: Rect, state: &State, buf: &mut Buffer) {
    for (line, row) in lines.iter().zip(area.rows()) {
        ink::line(buf, row, line, Alignment::Left, &state.theme);
    }
}

/// A row that can be selected; its first column is kept for the mark.
fn selectable(mut line: Line<'static>, selected: bool, state: &State) -> Line<'static> {
    if !selected {
        return line;
    }
    if let Some(first) = line.spans.first_mut() {
        let mark = if state.theme.ascii { ">" } else { "▸" };
        first.content = format!("{mark}{}", first.content.get(1..).unwrap_or_default()).into();
    }
    line.patch_style(state.theme.selected_row())
}

/// The text of tokens with its spaces marked, or their ids where the model has no tokenizer.
fn quote(state: &State, tokens: &[u32]) -> String {
    text(state, tokens, safe::token_label)
}

/// The text of tokens as `shown` makes it safe.
fn text(state: &State, tokens: &[u32], shown: fn(&[u8]) -> String) -> String {
    if !state.has_tokenizer() {
        return tokens.iter().map(|&token| state.label(token)).collect::<Vec<_>>().join(" ");
    }
    let bytes: Vec<u8> = tokens.iter().flat_map(|&token| state.piece(token)).copied().collect();
    shown(&bytes)
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0))
}

/// `rep-n` and `distinct-n` of the path, its longest repetition, what is copied from the text, the loop.
pub(super) fn measures(state: &State, selected: Option<Item>, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let said = state.said();
    let grams = SIZES.map(|n| Grams::of(&said, n));
    let row = |name: Message, value: &dyn Fn(&Grams) -> Option<f64>| {
        let mut spans = vec![Span::styled(format!(" {}", safe::left(language.text(name), 11)), theme.dim())];
        for grams in &grams {
            spans.push(Span::styled(format!(" {}: ", grams.n), theme.dim()));
            spans.push(Span::styled(safe::right(&share(value(grams)), SHARE), theme.number()));
        }
        Line::from(spans)
    };
    let mut longest = Vec::new();
    match repetition::longest_repeat(&said) {
        Some(span) => {
            let quoted = safe::fit(&quote(state, &said[span.start..][..span.length]), 32);
            let found = language.say(Message::RepetitionLongest, &[&span.length, &quoted]);
            longest.push(Span::styled(format!(" {found}"), theme.text()));
        }
        None => longest.push(Span::styled(format!(" {}", language.text(Message::RepetitionNoSpan)), theme.dim())),
    }
    let given = state.run.text_len().saturating_sub(state.said_from());
    if said.len() > given {
        let (prompt, written) = said.split_at(given);
        let copied = share(Some(repetition::copied(prompt, written, COPIED).share()));
        let copied = language.say(Message::RepetitionCopied, &[&copied]);
        longest.push(Span::styled(format!(" · {copied}"), theme.text()));
    }
    let found = match state.repetition.cycle {
        Some(cycle) => {
            let start = state.said_from() + cycle.start + 1;
            let copy = quote(state, &said[cycle.start..][..cycle.period]);
            let found = language.say(Message::LoopFound, &[&start, &cycle.period, &cycle.copies()]);
            let line = Line::from(vec![
                Span::styled(format!(" {found}  "), theme.warning()),
                Span::styled(copy, theme.text()),
            ]);
            selectable(line, selected == Some(Item::Loop), state)
        }
        None => Line::styled(format!(" {}", language.text(Message::RepetitionNoLoop)), theme.dim()),
    };
    let rows = [
        row(Message::RepetitionRep, &Grams::repeated),
        row(Message::RepetitionDistinct, &Grams::distinct_share),
        Line::from(longest),
        found,
    ];
    lines(&rows, area, state, buf);
}

/// The probability of saying the sentence again, against how often it was said.
pub(super) fn curve(state: &State, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let tokens: Vec<u32> = state.said();
    let span = state.sentence();
    let source = state.said_from();
    let sentence = tokens.get(span.start.saturating_sub(source)..span.end.saturating_sub(source)).unwrap_or_default();
    let title = language.say(Message::RepetitionCurve, &[&quote(state, sentence)]);
    let mut rows = vec![Line::styled(format!(" {title}"), theme.dim())];
    let curve = &state.repetition.curve;
    let tall = usize::from(area.height) > curve.len().max(3);
    if tall {
        let columns = usize::from(area.width.saturating_sub(18)).min(48);
        for copy in curve {
            rows.push(Line::from(vec![
                Span::styled(format!(" {:>3} ", copy.before), theme.dim()),
                Span::styled(bar::bar(copy.mean as f32, columns, theme), theme.heat(copy.mean as f32).style),
                Span::styled(format!(" {:>8}", format::percent(copy.mean as f32)), theme.number()),
            ]));
        }
    } else if let (Some(first), Some(last)) = (curve.first(), curve.last()) {
        let ends = [first, last].map(|copy| format::percent(copy.mean as f32));
        rows.push(Line::from(vec![
            Span::styled(format!("   {} ", ends[0]), theme.number()),
            Span::styled(bar::sparkline(curve.iter().map(|copy| copy.mean as f32), theme), theme.text()),
            Span::styled(format!(" {}  × {}", ends[1], last.before), theme.number()),
        ]));
    }
    lines(&rows, area, state, buf);
}

/// The first head in view.
pub(super) fn heads_offset(state: &State, selected: Option<Item>, area: Rect) -> usize {
    let room = usize::from(area.height.saturating_sub(1)).max(1);
    let mut listed = state.repetition.heads.iter().flat_map(|heads| heads.ranked.iter().take(HEADS));
    let at = listed.position(|&head| selected == Some(Item::Head(head)));
    at.map_or(0, |at| (at + 1).saturating_sub(room))
}

/// The heads that copy.
pub(super) fn heads(state: &State, selected: Option<Item>, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let Some(heads) = &state.repetition.heads else { return };
    let title = if heads.own { Message::RepetitionHeads } else { Message::RepetitionHeadsOfRandom };
    let mut rows = vec![Line::styled(format!(" {}", language.say(title, &[&heads.places])), theme.dim())];
    let columns = usize::from(area.width.saturating_sub(20)).min(32);
    for &head in heads.ranked.iter().take(HEADS).skip(heads_offset(state, selected, area)) {
        let name = format!("L{}.H{}", head.layer + 1, head.head + 1);
        let line = Line::from(vec![
            Span::styled(format!(" {}", safe::left(&name, 8)), theme.text()),
            Span::styled(bar::bar(head.score, columns, theme), theme.heat(head.score).style),
            Span::styled(format!(" {:>8}", format::percent(head.score)), theme.number()),
        ]);
        rows.push(selectable(line, selected == Some(Item::Head(head)), state));
    }
    lines(&rows, area, state, buf);
}

/// What a cure is called.
fn name(cure: Option<Cure>) -> Message {
    match cure {
        Some(Cure::None) => Message::CureNone,
        Some(Cure::Temperature) => Message::CureTemperature,
        Some(Cure::Penalties) => Message::CurePenalties,
        Some(Cure::Dry) => Message::CureDry,
        Some(Cure::Beams) => Message::CureBeams,
        Some(Cure::Filter) => Message::CureFilter,
        None => Message::CureHand,
    }
}

/// Every cure beside the others: how much it repeats, what it costs, what it writes.
pub(super) fn cures(state: &State, selected: Option<Item>, area: Rect, buf: &mut Buffer) {
    let (language, theme) = (state.language, &state.theme);
    let title = language.say(Message::RepetitionCures, &[&state.settings.seed, &CURED]);
    let roomy = area.width >= ROOMY;
    let mut heading = format!(" {}", safe::left(&title, NAME + 1));
    let rep = format!("rep-{MEASURED}");
    if safe::width(&title) > NAME {
        heading = format!(" {title} · {rep} · {}", language.text(Message::RepetitionPerToken));
    } else {
        heading.push_str(&safe::right(&rep, SHARE));
    }
    let mut rows = vec![Line::styled(heading, theme.dim())];
    for cure in Cure::ALL.map(Some).into_iter().chain([None]) {
        let mut spans = vec![Span::styled(format!(" {}", safe::left(language.text(name(cure)), NAME)), theme.text())];
        let written: Option<(Vec<u32>, f64, String)> = match cure {
            Some(cure) => state.repetition.of(cure).map(|cured| {
                let at = if cured.draft > 1 && !cured.done { format!("{}: ", cured.draft) } else { String::new() };
                let progress = if cured.done { String::new() } else { format!("{at}{}/{CURED} ", cured.tokens.len()) };
                (cured.tokens.clone(), cured.bits, progress)
            }),
            None => by_hand(state),
        };
        if let Some((tokens, bits, progress)) = written {
            let repeated = Grams::of(&tokens, MEASURED).repeated();
            spans.push(Span::styled(safe::right(&share(repeated), SHARE), theme.number()));
            if roomy {
                let each = bits / tokens.len().max(1) as f64;
                spans.push(Span::styled(format!(" {:>6}", format::bits(each)), theme.number()));
            }
            spans.push(Span::styled(format!("  {progress}"), theme.dim()));
            let used: usize = spans.iter().map(|span| safe::width(&span.content)).sum();
            let room = usize::from(area.width).saturating_sub(used);
            spans.push(Span::styled(safe::fit(&text(state, &tokens, safe::visible_bytes), room), theme.text()));
        } else {
            let hint = match cure {
                None => Message::CureByHand,
                Some(Cure::None) if !state.repetition.curing => Message::RepetitionPress,
                Some(_) => Message::CliBlank,
            };
            spans.push(Span::styled(format!("  {}", language.text(hint)), theme.dim()));
        }
        rows.push(selectable(Line::from(spans), selected == Some(Item::Cure(cure)), state));
    }
    lines(&rows, area, state, buf);
}

/// What the path has after the text, once a token of it was chosen by hand.
fn by_hand(state: &State) -> Option<(Vec<u32>, f64, String)> {
    let nodes: Vec<_> = state.run.tokens().skip(state.run.text_len()).collect();
    nodes.iter().any(|node| node.origin == crate::job::Origin::Picked).then(|| {
        let bits = nodes.iter().filter_map(|node| node.score).map(|score| score.surprisal).sum();
        (nodes.iter().map(|node| node.token).collect(), bits, String::new())
    })
}
