//! What stands beside the masks: a head's weights, its rank, what a cache is worth.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Drawn;
use super::label;
use super::write;
use crate::job::Lane;
use crate::lab::masks::rank::HeadRank;
use crate::lab::masks::rank::Rank;
use crate::lab::masks::reuse::Reading;
use crate::panes::attention::window;
use crate::panes::format::wrapped;
use crate::state::masks::RANKED;
use crate::ui::Grid;
use crate::ui::Message;
use crate::ui::bar;
use crate::ui::grid;
use crate::ui::safe;

/// Columns of an architecture's name, and of a number beside it, where there is little room and where there is more.
const REUSE: (usize, usize, usize) = (22, 12, 16);

/// Sentences in a style each, from the top, in as many lines as they need.
fn lines(lines: &[(String, Style)], drawn: &Drawn<'_>, area: Rect, buf: &mut Buffer) {
    let columns = usize::from(area.width);
    let rows =
        lines.iter().flat_map(|(text, style)| wrapped(text, columns).into_iter().map(move |line| (line, *style)));
    for ((text, style), row) in rows.zip(area.rows()) {
        write(&text, style, row, drawn.state, buf);
    }
}

/// The weights of the head in view under the mask in view; where there are two streams, one beside the other.
pub(super) fn weights(drawn: &Drawn<'_>, area: Rect, buf: &mut Buffer) {
    let (state, theme) = (drawn.state, &drawn.state.theme);
    let (Some(mask), false) = (drawn.mask(), area.is_empty()) else { return };
    let place = (state.layer, state.head);
    let Some(found) = state.masks.weights(mask, place) else {
        let busy = state.is_busy(Lane::Trials);
        return write(if busy { "…" } else { "–" }, theme.dim(), Rect { height: 1, ..area }, state, buf);
    };
    let seen = mask.of_layer(state.layer);
    let name = safe::fit(&mask.to_string(), 24);
    match &found.query {
        None => {
            let title = state.language.say(Message::MaskWeights, &[&name, &(state.layer + 1), &(state.head + 1)]);
            one(drawn, &title, &found.rows, &|query, key| seen.visible(query, key), area, buf);
        }
        Some(rows) => {
            let left = Rect { width: area.width / 2, ..area };
            let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
            let [content, query] = [Message::MaskContent, Message::MaskQuery].map(|m| state.language.say(m, &[&name]));
            one(drawn, &content, &found.rows, &|query, key| seen.visible(query, key), left, buf);
            one(drawn, &query, rows, &|query, key| query != key && seen.visible(query, key), right, buf);
        }
    }
}

fn one(
    drawn: &Drawn<'_>,
    title: &str,
    rows: &[Vec<f32>],
    sees: &dyn Fn(usize, usize) -> bool,
    area: Rect,
    buf: &mut Buffer,
) {
    let (state, theme) = (drawn.state, &drawn.state.theme);
    write(title, theme.title(true), Rect { height: 1, ..area }, state, buf);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let (count, here) = (state.masks.tokens().len(), state.selected_trial());
    let value =
        |query: usize, key: usize| rows.get(query).and_then(|row| row.get(key)).copied().filter(|_| sees(query, key));
    let most = rows.get(here).and_then(|row| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])));
    let name = |index: usize| label(state, index);
    let mut shown = Grid {
        rows: count,
        columns: count,
        value: &value,
        row_label: &name,
        column_label: &name,
        cursor: most.map(|key| (here, key)),
        offset: (0, 0),
        spread: true,
    };
    for _ in 0..2 {
        let (rows, columns) = shown.layout(below).visible();
        shown.offset = (window(here, rows.max(1), count), window(here, columns.max(1), count));
    }
    grid::draw(&shown, below, buf, theme);
    let y = shown.layout(below).cells.bottom();
    if !(0..count).any(|key| sees(here, key)) && y < area.bottom() {
        let nothing = format!("{}: {}", label(state, here), state.language.text(Message::MaskSeesNothing));
        write(&nothing, theme.warning(), Rect { y, height: 1, ..area }, state, buf);
    }
}

/// Singular values as columns, on a logarithmic scale from the greatest to what float32 cannot tell from 0.
fn spectrum(rank: &Rank, drawn: &Drawn<'_>) -> String {
    let greatest = rank.singular.first().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let height = |value: f64| (1.0 + (value / greatest).log10() / 7.0) as f32;
    rank.singular.iter().map(|&value| bar::column(height(value).max(0.0), &drawn.state.theme)).collect()
}

/// The head in view in both ways, and what is so of all heads.
pub(super) fn rank(drawn: &Drawn<'_>, area: Rect, buf: &mut Buffer) {
    let (state, theme, language) = (drawn.state, &drawn.state.theme, drawn.state.language);
    let Some(model) = &state.model else { return };
    let config = &model.engine.config;
    let tokens = state.masks.tokens().len().min(RANKED);
    let ranks = &state.masks.ranks;
    let (layer, head) = (state.layer, state.head);
    let mut said = vec![(language.say(Message::RankColumns, &[&tokens, &tokens, &config.head_width]), theme.text())];
    if tokens < state.masks.tokens().len() {
        said.push((language.say(Message::RankFirst, &[&tokens]), theme.dim()));
    }
    said.push((String::new(), theme.text()));
    if let Some(found) = ranks.iter().find(|found| (found.layer, found.head) == (layer, head)) {
        let title = language.say(Message::LayerHead, &[&(layer + 1), &(head + 1)]);
        let title = format!("{title} · {} {}", language.text(Message::RankProducts), found.products);
        said.push((title, theme.title(true)));
        for (name, rank) in [(Message::RankCausal, &found.causal), (Message::RankBothWays, &found.both_ways)] {
            let holes: [&dyn std::fmt::Display; 5] = [
                &language.text(name),
                &rank.numerical,
                &tokens,
                &format!("{:.1}", rank.effective),
                &format!("{:.1}", rank.log_determinant),
            ];
            said.push((language.say(Message::RankOne, &holes), theme.text()));
            said.push((spectrum(rank, drawn), theme.number()));
        }
        said.push((language.text(Message::RankSpectrum).to_owned(), theme.dim()));
        said.push((String::new(), theme.text()));
    }
    let all = config.layers * config.heads;
    said.push((language.say(Message::RankMeasured, &[&ranks.len(), &all]), theme.dim()));
    if !ranks.is_empty() {
        let mean =
            |of: &dyn Fn(&HeadRank) -> f64| format!("{:.1}", ranks.iter().map(of).sum::<f64>() / ranks.len() as f64);
        let full = ranks.iter().filter(|head| head.causal.full()).count();
        let causal = mean(&|head| head.causal.numerical as f64);
        let other = mean(&|head| head.both_ways.numerical as f64);
        let (theirs, ours) = (mean(&|head| head.both_ways.effective), mean(&|head| head.causal.effective));
        let sentences = [
            language.say(Message::RankFull, &[&full, &ranks.len(), &causal, &tokens]),
            language.say(Message::RankOther, &[&other, &tokens, &theirs, &ours]),
        ];
        said.extend(sentences.map(|sentence| (sentence, theme.text())));
    }
    lines(&said, drawn, area, buf);
}

/// What of the cache can be used again under each architecture's rule, and the time it takes to go on.
pub(super) fn reuse(drawn: &Drawn<'_>, area: Rect, buf: &mut Buffer) {
    let (state, theme, language) = (drawn.state, &drawn.state.theme, drawn.state.language);
    let Some(first) = state.masks.reuse.first() else {
        let busy = state.is_busy(Lane::Trials);
        return write(
            if busy { "…" } else { "–" },
            theme.dim(),
            Rect { height: 1.min(area.height), ..area },
            state,
            buf,
        );
    };
    let mut said = vec![(language.say(Message::ReuseTitle, &[&first.before, &first.added]), theme.text())];
    let head = [Message::ReuseUsed, Message::ReuseGoingOn, Message::ReuseAnew].map(|message| language.text(message));
    let wide = usize::from(area.width);
    let number = if wide >= REUSE.0 + 3 * REUSE.2 { REUSE.2 } else { REUSE.1 };
    let row = |name: &str, cells: [&str; 3]| {
        let [used, going, anew] = cells.map(|cell| safe::right(&safe::fit(cell, number - 1), number));
        format!("{}{used}{going}{anew}", safe::left(&safe::fit(name, REUSE.0), REUSE.0))
    };
    said.push((row(language.text(Message::ReuseReading), head), theme.dim()));
    let columns = wide.saturating_sub(REUSE.0 + 3 * number + 2).min(24);
    for found in &state.masks.reuse {
        let name = match found.reading {
            Reading::DecoderOnly => Message::ReuseDecoder,
            Reading::Prefix => Message::ReusePrefix,
            Reading::EncoderDecoder => Message::ReuseEncoderDecoder,
            Reading::EncoderOnly => Message::ReuseEncoder,
        };
        let name = name.text(language);
        let name = if found.own { language.say(Message::MaskOwn, &[&name]) } else { name.to_owned() };
        let ms = |time: std::time::Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        let used = format!("{} ({:.0} %)", found.reused, found.share() * 100.0);
        let text = row(&name, [&used, &ms(found.going_on), &ms(found.anew)]);
        let bar = bar::bar(found.share() as f32, columns, theme);
        said.push((format!("{text}  {bar}"), theme.text()));
    }
    said.push((language.text(Message::ReuseRule).to_owned(), theme.dim()));
    lines(&said, drawn, area, buf);
}
