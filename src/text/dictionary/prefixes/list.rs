//! Words in the order of their letters, to be put into a table level by level.

use std::ops::Range;

/// A word to be put in: its letters, its number, and the natural logarithm of its frequency.
pub(in crate::text::dictionary) type Entry<L> = (L, u32, f64);

/// The words: the letters of all in a row, each as a number; no two are the same.
#[derive(Default)]
pub(super) struct List {
    pub(super) letters: Vec<u32>,
    /// Where the letters of each word begin, and the end.
    starts: Vec<u32>,
    /// The number of each word, and the logarithm of its frequency.
    entries: Vec<(u32, f64)>,
}

impl List {
    /// The list of these words, letters as code points; of two with the same letters the later one counts.
    pub(super) fn new<L: Iterator<Item = char>>(entries: impl Iterator<Item = Entry<L>>) -> Self {
        let mut list = Self::default();
        for (letters, word, logarithm) in entries {
            list.push(letters.map(u32::from), word, logarithm);
        }
        list.starts.push(list.letters.len() as u32);
        // The first three letters as one number decide nearly always.
        let key = |word: usize| {
            let letters = list.word(word);
            (0..3).fold(0, |key, at| key << 21 | letters.get(at).map_or(0, |&letter| u64::from(letter) + 1))
        };
        let mut order: Vec<(u64, usize)> = (0..list.len()).map(|word| (key(word), word)).collect();
        order.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| list.word(a.1).cmp(list.word(b.1))).then_with(|| a.1.cmp(&b.1))
        });
        if order.iter().enumerate().all(|(place, &(_, word))| place == word)
            && order.windows(2).all(|two| two[0].0 < two[1].0 || list.word(two[0].1) != list.word(two[1].1))
        {
            return list;
        }
        let mut sorted = Self::default();
        for (place, &(_, word)) in order.iter().enumerate() {
            if order.get(place + 1).is_none_or(|&(_, next)| list.word(next) != list.word(word)) {
                let (number, logarithm) = list.entries[word];
                sorted.push(list.word(word).iter().copied(), number, logarithm);
            }
        }
        sorted.starts.push(sorted.letters.len() as u32);
        sorted
    }

    fn push(&mut self, letters: impl Iterator<Item = u32>, word: u32, logarithm: f64) {
        self.starts.push(self.letters.len() as u32);
        self.letters.extend(letters);
        self.entries.push((word, logarithm));
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The letters of a word.
    pub(super) fn word(&self, word: usize) -> &[u32] {
        &self.letters[self.starts[word] as usize..self.starts[word + 1] as usize]
    }

    /// The number of a word, and the logarithm of its frequency.
    pub(super) fn entry(&self, word: usize) -> (u32, f64) {
        self.entries[word]
    }

    /// Adds the stretches of `words` that have the same letter at `depth`, and that letter, to two lists.
    pub(super) fn group(
        &self,
        words: Range<usize>,
        depth: usize,
        letters: &mut Vec<u32>,
        stretches: &mut Vec<Range<usize>>,
    ) {
        let letter = |word: usize| self.letters[self.starts[word] as usize + depth];
        let mut start = words.start;
        while start < words.end {
            let first = letter(start);
            let end = (start + 1..words.end).find(|&word| letter(word) != first).unwrap_or(words.end);
            letters.push(first);
            stretches.push(start..end);
            start = end;
        }
    }
}
