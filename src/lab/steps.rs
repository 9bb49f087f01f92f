//! What happens to a text, step by step, in a form that a page and the command line show without knowing the method.
//!
//! A method becomes a list of [`Frame`]s: words (or tokens, or pieces) that are settled, what is looked at, the candidates
//! with the one that won, a row of a table where the method fills one in, and what is said. A further method needs nothing
//! else: its own function that makes frames of its own steps, as [`segmenting()`] does for word segmentation and
//! [`encoding()`] for tokenizers, and its name in the page's list.

mod encoding;
mod segmenting;
mod why;

use std::collections::BTreeMap;
use std::ops::Range;

pub use encoding::Change;
pub use encoding::changes;
pub use encoding::encoding;
pub use encoding::reasons as encoding_reasons;
pub use segmenting::MOST_BYTES;
pub use segmenting::segmenting;
pub use why::flip;
pub use why::reasons;

use crate::text::Kind;
use crate::text::Method;
use crate::ui::Language;
use crate::ui::Message;

/// What happens to a text. Another kind of procedure is a variant here, with its frames, and a list of its own beside
/// [`Procedure::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Procedure {
    /// It is cut into words.
    Words(Method),
    /// It is encoded into tokens.
    Tokens(Source),
}

/// Whose vocabulary a text is encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The model's own.
    Own,
    /// A small one that is compiled into the program.
    Embedded(Kind),
}

impl Procedure {
    /// Every procedure, in the order of the page.
    pub const ALL: [Self; 9] = [
        Self::Words(Method::Forward),
        Self::Words(Method::Backward),
        Self::Words(Method::Bidirectional),
        Self::Words(Method::Route),
        Self::Words(Method::Hmm),
        Self::Tokens(Source::Own),
        Self::Tokens(Source::Embedded(Kind::BytePairs)),
        Self::Tokens(Source::Embedded(Kind::WordPiece)),
        Self::Tokens(Source::Embedded(Kind::Unigram)),
    ];

    /// Its name.
    pub fn name(self) -> Message {
        match self {
            Self::Words(Method::Forward) => Message::StepsNameForward,
            Self::Words(Method::Backward) => Message::StepsNameBackward,
            Self::Words(Method::Bidirectional) => Message::StepsNameBoth,
            Self::Words(Method::Route) => Message::StepsNameRoute,
            Self::Words(Method::Hmm) => Message::StepsNameHmm,
            Self::Tokens(Source::Own) => Message::StepsNameOwn,
            Self::Tokens(Source::Embedded(Kind::BytePairs)) => Message::StepsNameBytePairs,
            Self::Tokens(Source::Embedded(Kind::WordPiece)) => Message::StepsNameWordPiece,
            Self::Tokens(Source::Embedded(Kind::Unigram)) => Message::StepsNameUnigram,
            Self::Tokens(Source::Embedded(Kind::WordLevel)) => Message::StepsNameWordLevel,
        }
    }

    /// The one after it, or before it, round.
    #[must_use]
    pub fn next(self, forward: bool) -> Self {
        let count = Self::ALL.len();
        let here = Self::ALL.iter().position(|&procedure| procedure == self).unwrap_or(0);
        Self::ALL[(here + if forward { 1 } else { count - 1 }) % count]
    }

    /// Whether it encodes.
    pub fn encodes(self) -> bool {
        matches!(self, Self::Tokens(_))
    }
}

/// One step. All ranges are bytes of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Whether what was settled before counts no more: another pass begins, or the words are made anew.
    pub begins: bool,
    /// What is settled from now on, beside what was before, or in the place of what it covers.
    pub settles: Vec<Range<usize>>,
    /// What is looked at.
    pub current: Range<usize>,
    /// What could be taken, and what was.
    pub choices: Vec<Choice>,
    /// The row that the step adds to a table.
    pub row: Option<Row>,
    /// What happened, the most important first.
    pub notes: Vec<Note>,
}

/// Something that could be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// How it is shown.
    pub label: String,
    /// What it is worth, the more the better: natural logarithm of a probability, or a count.
    pub score: Option<f64>,
    /// What more is known of it.
    pub note: Option<Note>,
    /// Whether it was taken.
    pub won: bool,
}

/// A row of a table that a method fills in.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What the columns are called; rows of one table have the same.
    pub heads: &'static [Message],
    /// Whether it is the first of its table.
    pub first: bool,
    /// What stands in the columns.
    pub cells: Vec<String>,
    /// The column that counts.
    pub marked: Option<usize>,
}

/// Something to be said in any language.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What.
    pub message: Message,
    /// What stands in its holes.
    pub arguments: Vec<String>,
}

impl Note {
    /// A message with its holes filled.
    pub fn new(message: Message, arguments: &[&dyn std::fmt::Display]) -> Self {
        Self { message, arguments: arguments.iter().map(ToString::to_string).collect() }
    }

    /// What is said.
    pub fn say(&self, language: Language) -> String {
        let arguments: Vec<&dyn std::fmt::Display> =
            self.arguments.iter().map(|argument| argument as &dyn std::fmt::Display).collect();
        self.message.say(language, &arguments)
    }
}

impl Frame {
    /// By how much a candidate lost to the one that was taken, where both have a score.
    pub fn behind(&self, choice: &Choice) -> Option<f64> {
        let won = self.choices.iter().find(|choice| choice.won)?.score?;
        (!choice.won).then(|| won - choice.score.unwrap_or(f64::NAN)).filter(|behind| !behind.is_nan())
    }
}

/// What is settled after the frame at `index`, in the order of the text.
pub fn settled(frames: &[Frame], index: usize) -> Vec<Range<usize>> {
    let upto = frames.get(..=index).unwrap_or(frames);
    let from = upto.iter().rposition(|frame| frame.begins).unwrap_or(0);
    let mut ranges: BTreeMap<usize, usize> = BTreeMap::new();
    for range in upto.iter().skip(from).flat_map(|frame| &frame.settles).filter(|range| !range.is_empty()) {
        let covered: Vec<usize> = ranges.range(range.clone()).map(|(start, _)| *start).collect();
        for start in covered {
            ranges.remove(&start);
        }
        ranges.insert(range.start, range.end);
    }
    ranges.into_iter().map(|(start, end)| start..end).collect()
}

/// The rows of the table that is being filled in at the frame at `index`, the oldest first.
pub fn table(frames: &[Frame], index: usize) -> Vec<&Row> {
    let upto = frames.get(..=index).unwrap_or(frames);
    let mut rows: Vec<&Row> = Vec::new();
    for row in upto.iter().rev().filter_map(|frame| frame.row.as_ref()) {
        rows.push(row);
        if row.first {
            break;
        }
    }
    rows.reverse();
    rows
}
