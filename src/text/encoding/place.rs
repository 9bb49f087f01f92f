//! Where a byte of the text is: between words, inside one, in an added token, or in what normalisation changed.

use std::ops::Range;

use super::Edited;
use super::Found;
use crate::text::section::Section;
use crate::text::segment::NoPlace;
use crate::text::tokenizer::Token;

/// What is encoded by itself: a stretch of a normalised section.
pub(super) struct Word<'a> {
    pub(super) section: &'a Section<'a>,
    pub(super) range: Range<usize>,
}

impl Word<'_> {
    pub(super) fn text(&self) -> &str {
        self.section.slice(&self.range)
    }

    /// The byte of the text that a byte of the word comes from.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.section.origin(self.range.start + at)
    }

    /// The bytes of the text that the word comes from.
    pub(super) fn origins(&self) -> Range<usize> {
        self.origin(0)..self.origin(self.range.len())
    }

    /// The places of the word that come from byte `at` of the text; at least one, the first after it where none does.
    fn places(&self, at: usize) -> Range<usize> {
        let count = self.range.len() + 1;
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            if self.origin(middle) < at { low = middle + 1 } else { high = middle }
        }
        let end = (low..count).take_while(|&place| self.origin(place) == at).last().map_or(low + 1, |last| last + 1);
        low..end
    }
}

/// What stands at a byte of the text.
pub(super) enum Here {
    /// Inside a token that is found as it is spelled.
    Inside(Token),
    /// At the edge of such a token.
    Edge(Token),
    /// Between two words, the bytes of which are these.
    Between(Range<usize>, Range<usize>),
    /// In a stretch that belongs to no word.
    Dropped,
    /// Inside what normalisation made one of.
    Normalized {
        /// Its bytes.
        range: Range<usize>,
        /// What they became.
        text: String,
    },
    /// At one of these bytes of a word: each comes from the byte of the text.
    In(OwnWord, Vec<usize>),
}

/// A word with the way back to the text, by itself.
#[derive(Clone, Debug)]
pub(super) struct OwnWord {
    pub(super) text: String,
    /// Where in the text each byte comes from, and the end.
    pub(super) origins: Vec<usize>,
}

impl OwnWord {
    pub(super) fn new(word: &Word<'_>) -> Self {
        let origins = (0..=word.range.len()).map(|at| word.origin(at)).collect();
        Self { text: word.text().to_owned(), origins }
    }

    /// The byte of the text that a byte of the word comes from.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at).or(self.origins.last()).copied().unwrap_or(0)
    }
}

/// Fails where a byte is not inside the text.
pub(super) fn check(text: &str, at: usize) -> Result<(), NoPlace> {
    if at == 0 || at >= text.len() { Err(NoPlace::Outside { length: text.len() }) } else { Ok(()) }
}

impl Edited<'_> {
    /// What stands at byte `at` of `text`.
    pub(super) fn here(&self, text: &str, at: usize) -> Here {
        let mut found: Option<Here> = None;
        // The last word or token before, as far as one is.
        let mut before: Option<Range<usize>> = None;
        self.parts(text, &mut |part| {
            if found.as_ref().is_some_and(|here| !matches!(here, Here::Between(..))) {
                return;
            }
            match part {
                Found::Added(token) if token.start < at && at < token.end => found = Some(Here::Inside(token)),
                Found::Added(token) if token.start == at || token.end == at => found = Some(Here::Edge(token)),
                Found::Added(_) => {}
                Found::Word(word) => {
                    let origins = word.origins();
                    if origins.start < at && at < origins.end {
                        found = Some(Self::inside(word, at));
                    } else if origins.start >= at && origins.end > origins.start && found.is_none() {
                        found = before
                            .clone()
                            .filter(|before| before.end == at || origins.start == at)
                            .map(|before| Here::Between(before, origins.clone()));
                        if found.is_none() {
                            found = Some(Here::Dropped);
                        }
                    }
                    if origins.end <= at && origins.start < origins.end {
                        before = Some(origins);
                    }
                }
            }
        });
        found.unwrap_or(Here::Dropped)
    }

    fn inside(word: &Word<'_>, at: usize) -> Here {
        let places = word.places(at);
        let text = word.text();
        if word.origin(places.start) != at {
            // The changed stretch lies between the last place before and the first one after.
            let end = word.origin(places.start);
            let mut start = places.start.saturating_sub(1);
            while start > 0 && !text.is_char_boundary(start) {
                start -= 1;
            }
            let becomes = text.get(start..places.start).unwrap_or_default().to_owned();
            return Here::Normalized { range: word.origin(start)..end, text: becomes };
        }
        let mut found: Vec<usize> = places.clone().filter(|&place| text.is_char_boundary(place)).collect();
        if found.is_empty() {
            found.push(places.start);
        }
        Here::In(OwnWord::new(word), found)
    }
}
