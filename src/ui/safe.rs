//! Text from a model or a file is data: nothing in it may steer the terminal, hide, or move its neighbours.
//!
//! Control characters become their pictures (`␛`), line ends and tabs `↵` and `⇥`, bidirectional controls their names
//! (`‹RLO›`), whatever is invisible or unassigned its code point (`‹U+200B›`), bytes that are no UTF-8 their hex
//! (`‹E4 BA›`). Joiners and variation selectors stay where they form a visible character.

mod class;
mod shown;

use class::Class;
use ratatui::buffer::CellWidth;
use ratatui::style::Style;
use ratatui::text::Span;
use shown::Shown;
use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// No terminal is wider; texts are padded no further.
const MOST_COLUMNS: usize = u16::MAX as usize;

/// The text with everything that is not plainly visible shown by a mark.
pub fn visible(text: &str) -> String {
    Shown::of_text(text).text
}

/// [`visible`] in spans, the marks in a style of their own, so that no text can pretend to be one.
pub fn spans(text: &str, style: Style, marks: Style) -> Vec<Span<'static>> {
    Shown::of_text(text).spans(style, marks)
}

/// Like [`visible`], borrowed when nothing had to change; the form for drawing.
pub fn shown(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) { Cow::Borrowed(text) } else { Cow::Owned(visible(text)) }
}

/// [`fit`] of [`visible`], for text of any length: no more of it is looked at than is shown.
pub fn fit_visible(text: &str, columns: usize) -> String {
    fit(&visible_prefix(text, columns), columns)
}

/// The columns of [`visible`], or `most` if they are more, without looking further.
pub fn visible_width(text: &str, most: usize) -> usize {
    width(&visible_prefix(text, most)).min(most)
}

/// The visible form of as many clusters as take more than `columns`, or of all.
fn visible_prefix(text: &str, columns: usize) -> String {
    let mut shown = Shown::default();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let start = shown.text.len();
        shown.grapheme(grapheme);
        used += width(&shown.text[start..]);
        if used > columns {
            break;
        }
    }
    shown.text
}

/// Valid UTF-8 as [`visible`] shows it, every run of other bytes as hex (`‹E4 BA›`).
pub fn visible_bytes(bytes: &[u8]) -> String {
    Shown::of_bytes(bytes).text
}

/// A token as a label: like [`visible_bytes`], with spaces at either end as `␣` and other blanks as their code points.
pub fn token_label(bytes: &[u8]) -> String {
    Shown::of_token(bytes).text
}

/// [`token_label`] in spans, the marks in a style of their own; `␣` is text.
pub fn label_spans(bytes: &[u8], style: Style, marks: Style) -> Vec<Span<'static>> {
    Shown::of_token(bytes).spans(style, marks)
}

/// The marks of [`visible`] in ASCII, for a terminal without the glyphs: `\x1b`, `\n`, `<U+200B>`; other text stays.
pub fn ascii_marks(shown: &str) -> String {
    let mut plain = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '␣' => plain.push('_'),
            '↵' => plain.push_str("\\n"),
            '⇥' => plain.push_str("\\t"),
            '‹' => plain.push('<'),
            '›' => plain.push('>'),
            '…' => plain.push('~'),
            '◌' => plain.push('o'),
            '␡' => plain.push_str("\\x7f"),
            '\u{2400}'..='\u{241f}' => _ = write!(plain, "\\x{:02x}", u32::from(c) - 0x2400),
            _ => plain.push(c),
        }
    }
    plain
}

/// The characters of a text that [`visible`] shows by a mark, other than line ends and tabs.
pub fn invisible_count(text: &str) -> usize {
    let mut before = None;
    let mut count = 0;
    for c in text.chars() {
        let class = class::of(c, before);
        count += usize::from(!matches!(class, Class::Plain | Class::Mark | Class::Joiner) && c != '\n' && c != '\t');
        before = Some(c).filter(|_| matches!(class, Class::Plain | Class::Mark | Class::Joiner));
    }
    count
}

/// Whether a text reaches the screen as it is: neither controls nor anything without a place of its own.
pub fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || visible(text) == text
}

/// Columns a text takes when drawn: the sum over its grapheme clusters of what ratatui's buffer gives each.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.len();
    }
    text.graphemes(true).map(grapheme_width).sum()
}

/// Columns of one grapheme cluster; none for a control character, which the buffer drops.
pub(super) fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) { 0 } else { usize::from(grapheme.cell_width()) }
}

/// Columns of a cluster's visible form.
pub(super) fn visible_cluster_width(grapheme: &str) -> usize {
    let mut characters = grapheme.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if class::of(c, None) == Class::Plain => grapheme_width(grapheme),
        _ => width(&visible(grapheme)),
    }
}

/// The most columns that a terminal may give a cluster: one that knows no clusters adds up its characters.
pub(super) fn widest(grapheme: &str) -> usize {
    let regional = |c: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    let sum = grapheme.chars().map(|c| if regional(c) { 2 } else { c.width().unwrap_or(0) }).sum();
    grapheme_width(grapheme).max(sum)
}

/// The text cut to at most `columns` columns, `…` standing for what was cut; a wide glyph is never torn.
pub fn fit(text: &str, columns: usize) -> String {
    match cut(text, columns) {
        None => text.to_owned(),
        Some(_) if columns == 0 => String::new(),
        Some(end) => format!("{}…", &text[..end]),
    }
}

/// Where to cut so that what is left and a `…` take at most `columns`; nothing if the whole text fits.
fn cut(text: &str, columns: usize) -> Option<usize> {
    let mut used = 0;
    let mut keep = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        let wide = grapheme_width(grapheme);
        if used + wide > columns {
            return Some(keep);
        }
        used += wide;
        if used < columns {
            keep = start + grapheme.len();
        }
    }
    None
}

/// The text at the left of exactly `columns` columns, cut or padded.
pub fn left(text: &str, columns: usize) -> String {
    let columns = columns.min(MOST_COLUMNS);
    let mut fitted = fit(text, columns);
    let used = width(&fitted);
    fitted.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    fitted
}

/// The text at the right of exactly `columns` columns, cut or padded.
pub fn right(text: &str, columns: usize) -> String {
    let columns = columns.min(MOST_COLUMNS);
    let fitted = fit(text, columns);
    let mut padded = " ".repeat(columns.saturating_sub(width(&fitted)));
    padded.push_str(&fitted);
    padded
}

/// The text in the middle of exactly `columns` columns, cut or padded.
pub fn centre(text: &str, columns: usize) -> String {
    let columns = columns.min(MOST_COLUMNS);
    let fitted = fit(text, columns);
    let spare = columns.saturating_sub(width(&fitted));
    format!("{}{fitted}{}", " ".repeat(spare / 2), " ".repeat(spare - spare / 2))
}
