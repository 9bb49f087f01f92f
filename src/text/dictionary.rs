//! A word list with frequencies, and the words of it that a text begins with.

use std::sync::LazyLock;

use super::bpe::FoldMap;

mod embedded;
mod error;

pub use error::DictionaryError;

use error::{LONGEST_LINE, LONGEST_WORD, MOST_WORDS};

/// Words and how often each was counted, in the order of their bytes.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    text: String,
    ends: Vec<u32>,
    frequencies: Vec<u64>,
    total: u64,
    /// By first character, the words that begin with it: first index and the one after the last.
    first: FoldMap<char, (u32, u32)>,
}

impl Dictionary {
    /// The dictionary that comes with lmscope: jieba's 349,045 Chinese words. Unpacked by the first call, which takes
    /// some ten milliseconds; safe to call from any thread.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Dictionary> = LazyLock::new(|| embedded::dictionary().unwrap_or_default());
        &EMBEDDED
    }

    /// A dictionary from lines of `word [frequency [part-of-speech]]` in UTF-8; a missing frequency is 1, empty lines
    /// are skipped. A word of frequency 0 is never matched.
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
        entries.sort_unstable();
        let twice = entries.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1]);
        if let Some((word, line, _)) = twice.min_by_key(|entry| entry.1) {
            return Err(DictionaryError::Duplicate { line, word: word.to_owned() });
        }
        let total = entries.iter().try_fold(0_u64, |total, entry| total.checked_add(entry.2));
        let total = total.ok_or(DictionaryError::Total)?;
        let mut dictionary = Self { total, ..Self::default() };
        for (word, line, frequency) in entries {
            if !dictionary.push(word, frequency) {
                return Err(DictionaryError::TooMany { line });
            }
        }
        if dictionary.is_empty() { Err(DictionaryError::Empty) } else { Ok(dictionary) }
    }

    /// Adds a word that comes after all others; false if there is no more room.
    fn push(&mut self, word: &str, frequency: u64) -> bool {
        let (Ok(end), Some(first)) = (u32::try_from(self.text.len() + word.len()), word.chars().next()) else {
            return false;
        };
        let index = self.ends.len() as u32;
        self.first.entry(first).or_insert((index, index)).1 = index + 1;
        self.text.push_str(word);
        self.ends.push(end);
        self.frequencies.push(frequency);
        true
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

    /// Every word with its frequency, in the order of their bytes.
    pub fn words(&self) -> impl Iterator<Item = (&str, u64)> {
        (0..self.len()).zip(&self.frequencies).filter_map(|(index, &frequency)| {
            let (start, end) = self.range(index);
            Some((self.text.get(start..end)?, frequency))
        })
    }

    fn range(&self, index: usize) -> (usize, usize) {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        (start as usize, end as usize)
    }

    fn word(&self, index: usize) -> &[u8] {
        let (start, end) = self.range(index);
        self.text.as_bytes().get(start..end).unwrap_or_default()
    }

    /// The first index in `low..high` whose word does not satisfy `before`, which holds of a stretch at the start.
    fn search(&self, mut low: usize, mut high: usize, before: impl Fn(&[u8]) -> bool) -> usize {
        while low < high {
            let middle = low.midpoint(high);
            if before(self.word(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// How often `word` was counted; nothing if it is no word here.
    pub fn frequency(&self, word: &str) -> Option<u64> {
        let &(low, high) = self.first.get(&word.chars().next()?)?;
        let at = self.search(low as usize, high as usize, |other| other < word.as_bytes());
        let found = at < high as usize && self.word(at) == word.as_bytes();
        found.then(|| self.frequencies.get(at).copied()).flatten()
    }

    /// Calls `found(length in bytes, frequency)` for every word that `text` begins with, the shortest first.
    pub fn prefixes(&self, text: &str, mut found: impl FnMut(usize, u64)) {
        let mut characters = text.char_indices();
        let Some((_, first)) = characters.next() else { return };
        let Some(&(low, high)) = self.first.get(&first) else { return };
        let (mut low, mut high) = (low as usize, high as usize);
        let mut length = first.len_utf8();
        loop {
            if self.word(low).len() == length {
                found(length, self.frequencies.get(low).copied().unwrap_or(0));
                low += 1;
            }
            let Some((at, character)) = characters.next() else { break };
            // All words in low..high share the first `length` bytes; narrow them down to those that share the next character.
            let end = at + character.len_utf8();
            let next = text.as_bytes().get(length..end).unwrap_or_default();
            let tail = |word: &[u8]| word.get(length..end.min(word.len())).unwrap_or_default() < next;
            low = self.search(low, high, tail);
            high = self.search(low, high, |word| word.get(length..end) == Some(next));
            if low >= high {
                break;
            }
            length = end;
        }
    }
}

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
