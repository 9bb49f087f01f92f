//! A word list with frequencies, and the words of it that a text begins with.

use std::sync::LazyLock;
use std::sync::OnceLock;

mod edit;
mod embedded;
mod error;
mod prefixes;

pub use edit::Edit;
pub use error::DictionaryError;

use error::{LONGEST_LINE, LONGEST_WORD, MOST_WORDS};
use prefixes::Prefixes;
pub(super) use prefixes::{BEHIND, CHINESE, CODES, Found, Fronts, Letter, Node, Pair, Walk};

/// Words and how often each was counted. A word of frequency 0 is never matched.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    text: String,
    /// Where each word ends in the text: those read first in the order of their bytes, then those added.
    ends: Vec<u32>,
    frequencies: Vec<u64>,
    total: u64,
    forward: Prefixes,
    /// The words from their last letter, built when first asked for.
    backward: OnceLock<Prefixes>,
    /// Most characters of a word.
    longest: usize,
    /// Whether some word has a character outside ASCII.
    beyond_ascii: bool,
    /// Whether runs of letters are cut although some word has.
    splits_letters: bool,
    repeated: Option<Repeated>,
}

/// Words that a file lists more than once: the last frequency counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// How many lines repeat a word.
    pub lines: usize,
    /// The first such line, counted from 1.
    pub line: usize,
    /// Its word.
    pub word: String,
}

impl Dictionary {
    /// The dictionary that comes with lmscope: jieba's 349,045 Chinese words. Unpacked by the first call, which takes
    /// some tens of milliseconds; safe to call from any thread.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Dictionary> = LazyLock::new(|| embedded::chinese().unwrap_or_default());
        &EMBEDDED
    }

    /// The English word list that comes with lmscope; to be matched in text without spaces.
    pub fn english() -> &'static Self {
        static ENGLISH: LazyLock<Dictionary> = LazyLock::new(|| embedded::english().unwrap_or_default());
        &ENGLISH
    }

    /// The dictionary for a text that names none: the English one for a run of letters that is no English word, the
    /// Chinese one for all others.
    pub fn for_text(text: &str) -> &'static Self {
        let text = text.trim();
        let run = text.len() >= SHORTEST_RUN && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if run && Self::english().frequency(text).is_none() { Self::english() } else { Self::embedded() }
    }

    /// A dictionary from lines of `word [frequency [part-of-speech]]` in UTF-8; a missing frequency is 1, empty lines
    /// are skipped. A word of frequency 0 is never matched. Of a word that stands there twice the last frequency counts,
    /// and both count in the total, as in jieba.
    ///
    /// # Errors
    /// The first line that is not one, by number.
    pub fn read(bytes: &[u8]) -> Result<Self, DictionaryError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let byte = error.valid_up_to();
            let before = bytes.get(..byte).unwrap_or_default();
            DictionaryError::NotUtf8 { byte, line: before.split(|&byte| byte == b'\n').count() }
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut entries = Vec::new();
        for (line, content) in (1..).zip(lines(text)) {
            if let Some((word, frequency)) = entry(content, line)? {
                if entries.len() >= MOST_WORDS {
                    return Err(DictionaryError::TooMany { line });
                }
                entries.push((word, line, frequency));
            }
        }
        let total = entries.iter().try_fold(0_u64, |total, entry| total.checked_add(entry.2));
        let total = total.ok_or(DictionaryError::Total)?;
        entries.sort_unstable();
        let twice = || entries.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| &pair[1]);
        let repeated = twice().min_by_key(|entry| entry.1).map(|&(word, line, _)| Repeated {
            lines: twice().count(),
            line,
            word: word.to_owned(),
        });
        let mut dictionary = Self { total, repeated, ..Self::default() };
        for (index, &(word, line, frequency)) in entries.iter().enumerate() {
            let last = entries.get(index + 1).is_none_or(|next| next.0 != word);
            if last && !dictionary.push(word, frequency) {
                return Err(DictionaryError::TooMany { line });
            }
        }
        if dictionary.is_empty() {
            return Err(DictionaryError::Empty);
        }
        dictionary.beyond_ascii = !dictionary.text.is_ascii();
        dictionary.index();
        Ok(dictionary)
    }

    /// Appends a word to the list; false if there is no more room.
    fn push(&mut self, word: &str, frequency: u64) -> bool {
        let Ok(end) = u32::try_from(self.text.len() + word.len()) else { return false };
        self.text.push_str(word);
        self.ends.push(end);
        self.frequencies.push(frequency);
        self.longest = self.longest.max(if word.len() > self.longest { word.chars().count() } else { 0 });
        true
    }

    /// Builds the table of beginnings from the list.
    fn index(&mut self) {
        self.forward = Prefixes::new(self.matched().map(|index| {
            let logarithm = (self.count(index) as f64).ln();
            (self.letters(index), index as u32, logarithm)
        }));
        self.backward = OnceLock::new();
    }

    /// The words from their last letter.
    fn backward(&self) -> &Prefixes {
        self.backward
            .get_or_init(|| Prefixes::new(self.matched().map(|index| (self.letters(index).rev(), index as u32, 0.0))))
    }

    /// The numbers of the words that are matched.
    fn matched(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|&index| self.count(index) > 0)
    }

    /// The number of words.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The sum of all frequencies.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The natural logarithm of the sum of all frequencies.
    pub(super) fn logarithm(&self) -> f64 {
        (self.total as f64).ln()
    }

    /// The characters of the longest word.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The words that were listed more than once, if any were.
    pub fn repeated(&self) -> Option<&Repeated> {
        self.repeated.as_ref()
    }

    /// Whether a run of ASCII letters and digits is one word for the matching methods: so for every dictionary with words
    /// beyond ASCII. A list of ASCII words alone is there to cut such runs, whatever their case.
    pub fn joins_letters(&self) -> bool {
        self.beyond_ascii && !self.splits_letters
    }

    /// Has the matching methods take each ASCII letter and digit by itself where no word has it, as in the textbook.
    pub fn split_letters(&mut self) {
        self.splits_letters = true;
    }

    /// Every word with its frequency, in the order of their bytes; those added later follow.
    pub fn words(&self) -> impl Iterator<Item = (&str, u64)> {
        (0..self.len()).map(|index| (self.word(index), self.count(index)))
    }

    fn word(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn letters(&self, index: usize) -> impl DoubleEndedIterator<Item = char> {
        self.word(index).chars().map(|letter| self.letter(letter))
    }

    fn count(&self, index: usize) -> u64 {
        self.frequencies.get(index).copied().unwrap_or(0)
    }

    /// How often `word` was counted; nothing if it is no word here, or is never matched.
    pub fn frequency(&self, word: &str) -> Option<u64> {
        let mut node = self.forward.root();
        for letter in word.chars() {
            node = self.forward.step(node, self.letter(letter))?;
        }
        node.is_word().then(|| self.count(self.forward.word(node)))
    }

    /// A letter as the words have it.
    #[inline]
    fn letter(&self, letter: char) -> char {
        if self.beyond_ascii { letter } else { letter.to_ascii_lowercase() }
    }

    /// Calls `found(length in bytes, frequency)` for every word that `text` begins with, the shortest first.
    pub fn prefixes(&self, text: &str, mut found: impl FnMut(usize, u64)) {
        self.walk(&self.forward, text.chars(), |length, word| found(length, self.count(word)));
    }

    /// Calls `found(length in bytes)` for every word that `text` begins with, the shortest first.
    #[inline]
    pub(super) fn lengths(&self, text: &str, mut found: impl FnMut(usize)) {
        self.walk(&self.forward, text.chars(), |length, _| found(length));
    }

    /// The beginnings of words that a text is walked along, from its first letter or from its last.
    pub(super) fn table(&self, backward: bool) -> Table<'_> {
        let prefixes = if backward { self.backward() } else { &self.forward };
        Table { prefixes, ignores_case: !self.beyond_ascii }
    }

    /// How words begin, or from their last letters end; found when first asked for, which takes some tens of milliseconds.
    pub(super) fn fronts(&self, backward: bool) -> &Fronts {
        if backward {
            self.backward().fronts(self.matched().map(|index| self.letters(index).rev()), self.len())
        } else {
            self.forward.fronts(self.matched().map(|index| self.letters(index)), self.len())
        }
    }

    /// Calls `found(length in bytes)` for every word that `text` ends with, the shortest first.
    pub(super) fn suffixes(&self, text: &str, mut found: impl FnMut(usize)) {
        self.walk(self.backward(), text.chars().rev(), |length, _| found(length));
    }

    #[inline]
    fn walk(&self, prefixes: &Prefixes, letters: impl Iterator<Item = char>, mut found: impl FnMut(usize, usize)) {
        let mut node = prefixes.root();
        let mut length = 0;
        for letter in letters {
            let Some(next) = prefixes.step(node, self.letter(letter)) else { return };
            length += letter.len_utf8();
            if next.is_word() {
                found(length, prefixes.word(next));
            }
            if !next.has_more() {
                return;
            }
            node = next;
        }
    }
}

/// All words of a dictionary, to be found at all places of a stretch of letters at once.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    prefixes: &'a Prefixes,
    ignores_case: bool,
}

impl Table<'_> {
    /// What is known of a letter.
    #[inline]
    pub(super) fn letter(self, letter: char) -> Letter {
        self.prefixes.letter(self.folded(letter))
    }

    /// A letter as the words have it.
    #[inline]
    pub(super) fn folded(self, letter: char) -> char {
        if self.ignores_case { letter.to_ascii_lowercase() } else { letter }
    }

    /// The base of the node before the first letter.
    pub(super) fn root(self) -> u32 {
        self.prefixes.root().base()
    }

    /// The base of the node behind two letters.
    #[inline]
    pub(super) fn behind(self, pair: Pair) -> u32 {
        self.prefixes.behind(pair)
    }

    /// The child by `letter` of the node with this base.
    #[inline]
    pub(super) fn child(self, base: u32, letter: char) -> Option<Node> {
        self.prefixes.child_by(base, self.folded(letter))
    }

    /// What is known of the letter with a code point that is not of ASCII.
    #[inline]
    pub(super) fn letter_of(self, code_point: u32) -> Letter {
        self.prefixes.letter_of(code_point)
    }

    /// Finds the words that begin at each of these letters; [`BEHIND`] that are none stand behind them.
    #[inline]
    pub(super) fn walk(self, letters: &[Letter], walk: &mut Walk, found: &mut impl Found) {
        self.prefixes.walk(letters, walk, found);
    }
}

/// The shortest run of letters that is taken for several English words.
const SHORTEST_RUN: usize = 8;

/// The lines of `text`, broken by line feeds, carriage returns, or both.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn entry(content: &str, line: usize) -> Result<Option<(&str, u64)>, DictionaryError> {
    if content.len() > LONGEST_LINE {
        return Err(DictionaryError::TooLong { line, length: content.len(), limit: LONGEST_LINE });
    }
    let mut columns = content.split_whitespace();
    let Some(word) = columns.next() else { return Ok(None) };
    if word.len() > LONGEST_WORD {
        return Err(DictionaryError::TooLong { line, length: word.len(), limit: LONGEST_WORD });
    }
    if word.contains(char::is_control) {
        return Err(DictionaryError::Control { line });
    }
    if !word.contains(is_visible) {
        return Err(DictionaryError::Invisible { line });
    }
    let frequency = match columns.next() {
        None => 1,
        Some(found) if found.bytes().all(|byte| byte.is_ascii_digit()) && found.len() <= 19 => {
            found.parse().map_err(|_| DictionaryError::Frequency { line, found: found.to_owned() })?
        }
        Some(found) => {
            return Err(DictionaryError::Frequency { line, found: found.chars().take(40).collect() });
        }
    };
    if columns.nth(1).is_some() {
        return Err(DictionaryError::Columns { line });
    }
    Ok(Some((word, frequency)))
}

/// Whether `character` leaves a mark of its own: a letter, digit, sign; not the Hangul fillers, which are letters but blank.
fn is_visible(character: char) -> bool {
    use super::classes::{LETTER, NUMBER, PUNCTUATION, SYMBOL, of};
    of(character) & (LETTER | NUMBER | PUNCTUATION | SYMBOL) != 0
        && !matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}')
}
