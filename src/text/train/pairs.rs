//! Learning merges (Sennrich et al. 2016, section 3.2, algorithm 1), with the choices of Hugging Face's `BpeTrainer`.
//!
//! Of all neighbouring pairs the most frequent becomes a token. Of equally frequent pairs the one whose first token has the
//! smaller id is taken, then the one whose second has: the older tokens first. Words are merged where they changed alone.
//! `SentencePiece`'s BPE differs: it takes the shorter, then the smaller piece of equals, and knows words by their sign.

use std::ops::ControlFlow;

use super::chars;
use super::heap::Queue;
use super::rules::{Choice, Example, Pair, PairRules, PairStep};
use super::{TrainError, WordCounts};
use crate::text::{bpe::FoldMap, byte_level};

/// A pair of ids, the first in the upper half: orders as the pair does.
pub(super) type Key = u64;

fn key(left: u32, right: u32) -> Key {
    (u64::from(left) << 32) | u64::from(right)
}

/// The learning of merges under way.
#[derive(Debug)]
pub struct PairTraining {
    rules: PairRules,
    spellings: Vec<String>,
    ids: FoldMap<String, u32>,
    /// How many characters each token is made of.
    lengths: Vec<usize>,
    /// The tokens of all words in a row.
    symbols: Vec<u32>,
    /// For each word where it begins in `symbols`, how many tokens it is, and how often it occurs.
    words: Vec<(u32, u32, u64)>,
    counts: FoldMap<Key, i64>,
    /// How often each token occurs.
    tokens: Vec<u64>,
    total: u64,
    queue: Queue,
    merges: Vec<(Key, u32)>,
    /// How many tokens there were before the first merge.
    begins: usize,
    /// How many of the pairs that would have been next each step notes.
    pub notes: usize,
}

impl PairTraining {
    /// The words as single characters, and all their pairs counted.
    ///
    /// # Errors
    /// [`TrainError::EmptyCorpus`] without a word, [`TrainError::TooSmall`] where the vocabulary has no room for the alphabet.
    pub fn new(words: &WordCounts, rules: PairRules) -> Result<Self, TrainError> {
        words.check()?;
        let alphabet = chars::alphabet(words, &rules);
        if words.is_empty() {
            return Err(TrainError::EmptyCorpus);
        }
        let mut training = Self {
            rules,
            spellings: Vec::new(),
            ids: FoldMap::default(),
            lengths: Vec::new(),
            symbols: Vec::new(),
            words: Vec::with_capacity(words.len()),
            counts: FoldMap::default(),
            tokens: Vec::new(),
            total: 0,
            queue: Queue::default(),
            merges: Vec::new(),
            begins: 0,
            notes: 0,
        };
        for spelling in std::mem::take(&mut training.rules.reserved) {
            training.id(spelling, 0);
        }
        for character in &alphabet {
            training.id(character.to_string(), 1);
        }
        training.split(words, &alphabet);
        let least = training.spellings.len();
        if training.rules.size < least {
            return Err(TrainError::TooSmall { size: training.rules.size, least });
        }
        training.begins = least;
        training.count();
        Ok(training)
    }

    /// The id of the token `spelling`, which is made if need be.
    fn id(&mut self, spelling: String, length: usize) -> u32 {
        if let Some(&id) = self.ids.get(&spelling) {
            return id;
        }
        let id = self.spellings.len() as u32;
        self.ids.insert(spelling.clone(), id);
        self.spellings.push(spelling);
        self.lengths.push(length);
        self.tokens.push(0);
        id
    }

    /// Writes every word as the ids of its characters. The forms with a prefix or suffix get theirs in the order of the code
    /// points, without before prefix before suffix before both (the library has them in an order of chance).
    fn split(&mut self, words: &WordCounts, alphabet: &[char]) {
        let index: FoldMap<char, u32> = alphabet.iter().copied().zip(0..).collect();
        let forms = 4;
        let words = words.sorted();
        let has_forms = !self.rules.prefix.is_empty() || !self.rules.suffix.is_empty();
        let each = |word: &[u8], found: &mut dyn FnMut(usize)| {
            let mut units = chars::units(word, self.rules.byte_level).peekable();
            let mut is_first = true;
            while let Some(unit) = units.next() {
                let form = usize::from(!is_first && !self.rules.prefix.is_empty())
                    + 2 * usize::from(units.peek().is_none() && !self.rules.suffix.is_empty());
                is_first = false;
                if let Some(&at) = index.get(&unit) {
                    found(at as usize * forms + form);
                }
            }
        };
        let mut used = vec![!has_forms; alphabet.len() * forms];
        if has_forms {
            for (word, _) in &words {
                each(word, &mut |at| used[at] = true);
            }
        }
        let mut spelled: Vec<(u32, u32, u64)> = Vec::with_capacity(words.len());
        let mut symbols: Vec<u32> = Vec::new();
        for (word, times) in &words {
            let start = symbols.len();
            each(word, &mut |at| symbols.push(at as u32));
            spelled.push((start as u32, (symbols.len() - start) as u32, *times));
        }
        let mut ids = vec![0; used.len()];
        for (at, id) in ids.iter_mut().enumerate().filter(|(at, _)| used[*at] && (has_forms || at % forms == 0)) {
            let prefix = if at & 1 == 1 { self.rules.prefix.as_str() } else { "" };
            let suffix = if at & 2 == 2 { self.rules.suffix.as_str() } else { "" };
            *id = self.id(format!("{prefix}{}{suffix}", alphabet[at / forms]), 1);
        }
        for symbol in &mut symbols {
            *symbol = ids[*symbol as usize];
        }
        self.symbols = symbols;
        self.words = spelled;
    }

    /// Counts all pairs and tokens.
    fn count(&mut self) {
        let mut found: FoldMap<Key, Vec<u32>> = FoldMap::default();
        for (index, &(start, length, times)) in self.words.iter().enumerate() {
            let word = &self.symbols[start as usize..(start + length) as usize];
            for &token in word {
                self.tokens[token as usize] += times;
            }
            self.total += times * u64::from(length);
            for pair in word.windows(2) {
                let pair = key(pair[0], pair[1]);
                *self.counts.entry(pair).or_default() += times as i64;
                note(&mut found, pair, index as u32);
            }
        }
        self.enqueue(found);
    }

    fn enqueue(&mut self, found: FoldMap<Key, Vec<u32>>) {
        for (pair, words) in found.into_iter().collect::<Vec<_>>() {
            if let Some(&count) = self.counts.get(&pair).filter(|&&count| count > 0) {
                self.queue.push(pair, count as u64, words);
            }
        }
    }

    /// Makes the next merge; nothing when the vocabulary is full, or no pair is frequent enough.
    pub fn step(&mut self) -> Option<PairStep> {
        if self.is_full() {
            return None;
        }
        let (pair, words, others) = match self.rules.choice {
            Choice::Count => {
                let (pair, count, words) = self.queue.pop(&self.counts)?;
                let score = |(pair, count)| Pair { score: count as f64, ..self.pair(pair, count) };
                let others = self.queue.others(pair, self.notes, &self.counts).into_iter().map(score).collect();
                (score((pair, count)), words, others)
            }
            Choice::Likelihood => {
                let mut best = self.best(1 + self.notes).into_iter();
                (best.next()?, (0..self.words.len() as u32).collect(), best.collect())
            }
        };
        if pair.count < self.rules.min_frequency.max(1) {
            return None;
        }
        let before = self.total;
        let spelling = self.joined(&pair);
        let is_new = !self.ids.contains_key(&spelling);
        let length = self.lengths[pair.left as usize] + self.lengths[pair.right as usize];
        let joined = self.id(spelling, length);
        self.merges.push((key(pair.left, pair.right), joined));
        let mut found: FoldMap<Key, Vec<u32>> = FoldMap::default();
        let mut example: Option<Example> = None;
        for word in words {
            let &(_, length, times) = self.words.get(word as usize)?;
            let tells = self.notes > 0 && example.as_ref().is_none_or(|example| example.times < times);
            let was = if tells { self.word(word as usize).to_vec() } else { Vec::new() };
            self.merge(word, &pair, joined, &mut found);
            let word = word as usize;
            if tells && self.word(word).len() < length as usize {
                example = Some(Example { word, times, before: was, after: self.word(word).to_vec() });
            }
        }
        self.enqueue(found);
        Some(PairStep { pair, joined, is_new, others, example, before, after: self.total })
    }

    /// Makes every merge that is left, telling `each` of it, until that breaks.
    pub fn run(&mut self, mut each: impl FnMut(&Self, &PairStep) -> ControlFlow<()>) {
        while let Some(step) = self.step() {
            if each(self, &step).is_break() {
                return;
            }
        }
    }

    /// Merges the pair in one word.
    fn merge(&mut self, index: u32, pair: &Pair, joined: u32, found: &mut FoldMap<Key, Vec<u32>>) {
        let (start, length, times) = self.words[index as usize];
        let most = self.rules.max_length.unwrap_or(usize::MAX);
        let word = &mut self.symbols[start as usize..(start + length) as usize];
        let own = self.lengths[pair.left as usize] + self.lengths[pair.right as usize];
        let (mut read, mut kept) = (0, 0);
        while read < word.len() {
            if word[read] != pair.left || word.get(read + 1) != Some(&pair.right) {
                word[kept] = word[read];
                kept += 1;
                read += 1;
                continue;
            }
            let mut change = |left: u32, right: u32, gain: bool| {
                let pair = key(left, right);
                let count = self.counts.entry(pair).or_default();
                *count += if gain { times as i64 } else { -(times as i64) };
                if gain {
                    note(found, pair, index);
                }
            };
            if kept > 0 {
                let before = word[kept - 1];
                change(before, pair.left, false);
                if self.lengths[before as usize] + own < most {
                    change(before, joined, true);
                }
            }
            if let Some(&after) = word.get(read + 2) {
                change(pair.right, after, false);
                if self.lengths[after as usize] + own < most {
                    change(joined, after, true);
                }
            }
            word[kept] = joined;
            kept += 1;
            read += 2;
        }
        let gone = (length as usize - kept) as u64 * times;
        self.words[index as usize].1 = kept as u32;
        self.total -= gone;
        for (token, gained) in [(pair.left, false), (pair.right, false), (joined, true)] {
            let count = &mut self.tokens[token as usize];
            *count = if gained { *count + gone } else { count.saturating_sub(gone) };
        }
    }

    /// How the token of a pair is spelled: the prefix of the second falls away.
    fn joined(&self, pair: &Pair) -> String {
        let right = self.spelling(pair.right);
        let right = right.strip_prefix(self.rules.prefix.as_str()).unwrap_or(right);
        format!("{}{right}", self.spelling(pair.left))
    }

    fn pair(&self, pair: Key, count: u64) -> Pair {
        let (left, right) = ((pair >> 32) as u32, pair as u32);
        let score = match self.rules.choice {
            Choice::Count => count as f64,
            Choice::Likelihood => {
                count as f64 / (self.tokens[left as usize] as f64 * self.tokens[right as usize] as f64)
            }
        };
        Pair { left, right, count, score }
    }

    /// The best pairs as the corpus stands, the one that is merged next first; at most `most`.
    pub fn best(&self, most: usize) -> Vec<Pair> {
        let frequent = |count: i64| count > 0 && count as u64 >= self.rules.min_frequency;
        let pairs = self.pairs_now();
        let mut pairs: Vec<Pair> = pairs
            .into_iter()
            .filter(|&(_, count)| frequent(count))
            .map(|(pair, count)| self.pair(pair, count as u64))
            .collect();
        pairs.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then((a.left, a.right).cmp(&(b.left, b.right))));
        pairs.truncate(most);
        pairs
    }

    /// How often each pair occurs as the words stand.
    fn pairs_now(&self) -> FoldMap<Key, i64> {
        let mut counts: FoldMap<Key, i64> = FoldMap::default();
        for &(start, length, times) in &self.words {
            for pair in self.symbols[start as usize..(start + length) as usize].windows(2) {
                *counts.entry(key(pair[0], pair[1])).or_default() += times as i64;
            }
        }
        counts
    }

    /// Whether the vocabulary has as many tokens as it is to have.
    pub fn is_full(&self) -> bool {
        self.spellings.len() >= self.rules.size
    }

    /// What was asked for.
    pub fn rules(&self) -> &PairRules {
        &self.rules
    }

    /// How the token `id` is spelled.
    pub fn spelling(&self, id: u32) -> &str {
        self.spellings.get(id as usize).map_or("", String::as_str)
    }

    /// The bytes that the token `id` is spelled with.
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        let spelling = self.spelling(id);
        let bytes = self.rules.byte_level.then(|| byte_level::bytes(spelling)).flatten();
        bytes.unwrap_or_else(|| spelling.as_bytes().to_vec())
    }

    /// How many characters of a word the token `id` is, or bytes where words are bytes.
    pub fn length(&self, id: u32) -> usize {
        self.lengths.get(id as usize).copied().unwrap_or(0)
    }

    /// Every token so far, in the order of the ids.
    pub fn vocabulary(&self) -> &[String] {
        &self.spellings
    }

    /// Every token that there was after so many merges.
    pub fn vocabulary_after(&self, merges: usize) -> &[String] {
        let made = self.merges.iter().take(merges).map(|&(_, joined)| joined as usize + 1).max();
        self.spellings.get(..made.map_or(self.begins, |made| made.max(self.begins))).unwrap_or_default()
    }

    /// How many tokens the corpus is as the words stand.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The tokens of each word as they stand, with how often it occurs; the words are in the order of their bytes.
    pub fn words(&self) -> impl Iterator<Item = (&[u32], u64)> {
        self.words.iter().map(|&(start, length, times)| {
            (self.symbols.get(start as usize..(start + length) as usize).unwrap_or_default(), times)
        })
    }

    /// The tokens of a word as they stand, by its place among [`Self::words`].
    pub fn word(&self, index: usize) -> &[u32] {
        let Some(&(start, length, _)) = self.words.get(index) else { return &[] };
        self.symbols.get(start as usize..(start + length) as usize).unwrap_or_default()
    }

    /// The merges in the order in which an encoder makes them: one that was learned twice stands where it was learned last, as
    /// the library has it.
    pub fn merges(&self) -> Vec<(u32, u32)> {
        self.merges_after(usize::MAX)
    }

    /// The same after so many merges.
    pub fn merges_after(&self, merges: usize) -> Vec<(u32, u32)> {
        let made = self.merges.iter().take(merges);
        let last: FoldMap<Key, usize> = made.enumerate().map(|(at, &(pair, _))| (pair, at)).collect();
        let mut merges: Vec<(usize, Key)> = last.into_iter().map(|(pair, at)| (at, pair)).collect();
        merges.sort_unstable();
        merges.into_iter().map(|(_, pair)| ((pair >> 32) as u32, pair as u32)).collect()
    }
}

/// Notes that `pair` is found in `word`; words come in order.
fn note(found: &mut FoldMap<Key, Vec<u32>>, pair: Key, word: u32) {
    let words = found.entry(pair).or_default();
    if words.last() != Some(&word) {
        words.push(word);
    }
}
