//! Counting a model from segmented text.

use super::ByTag;
use super::Hmm;
use super::IMPOSSIBLE;
use super::Tag;
use crate::text::bpe::FoldMap;

/// How often tags stood at the beginning of a sentence, behind one another, and at characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sentences that were counted.
    pub sentences: u64,
    /// Words in them.
    pub words: u64,
    /// Sentences that begin with each tag.
    pub start: [u64; 4],
    /// `steps[from][to]`: how often a tag follows another.
    pub steps: [[u64; 4]; 4],
    pub(super) emissions: FoldMap<char, [u64; 4]>,
}

/// A sentence as it was counted: its characters with their tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The characters, and where in their word each stands.
    pub tags: Vec<(char, Tag)>,
    /// How many of its characters stood in no sentence before.
    pub fresh: usize,
}

impl Counts {
    /// Counts a sentence of words.
    pub fn add<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) -> Sentence {
        let mut tags = Vec::new();
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            self.words += 1;
            let last = word.chars().count() - 1;
            tags.extend(word.chars().enumerate().map(|(index, character)| {
                let tag = match index {
                    0 if last == 0 => Tag::Single,
                    0 => Tag::Begin,
                    index if index == last => Tag::End,
                    _ => Tag::Middle,
                };
                (character, tag)
            }));
        }
        let mut fresh = 0;
        for &(character, tag) in &tags {
            let row = self.emissions.entry(character).or_insert_with(|| (fresh += 1, [0; 4]).1);
            row[tag as usize] += 1;
        }
        for (&(_, from), &(_, to)) in tags.iter().zip(tags.iter().skip(1)) {
            self.steps[from as usize][to as usize] += 1;
        }
        if let Some(&(_, first)) = tags.first() {
            self.sentences += 1;
            self.start[first as usize] += 1;
        }
        Sentence { tags, fresh }
    }

    /// How often `character` stood under each tag.
    pub fn emission(&self, character: char) -> [u64; 4] {
        self.emissions.get(&character).copied().unwrap_or_default()
    }

    /// Every character with its counts, in the order of their codes.
    pub fn characters(&self) -> Vec<(char, [u64; 4])> {
        let mut characters: Vec<_> = self.emissions.iter().map(|(&character, &counts)| (character, counts)).collect();
        characters.sort_unstable();
        characters
    }

    /// The model whose probabilities are the relative frequencies (maximum likelihood); what was never counted is
    /// [impossible](IMPOSSIBLE).
    pub fn model(&self) -> Hmm {
        let totals = self.emissions.values().fold([0_u64; 4], |mut totals, counts| {
            totals.iter_mut().zip(counts).for_each(|(total, count)| *total = total.saturating_add(*count));
            totals
        });
        let emission = |counts: &[u64; 4]| std::array::from_fn(|tag| logarithm(counts[tag], totals[tag]));
        Hmm {
            start: shares(&self.start),
            steps: std::array::from_fn(|from| shares(&self.steps[from])),
            emissions: self.emissions.iter().map(|(&character, counts)| (character, emission(counts))).collect(),
        }
    }
}

impl Hmm {
    /// A model counted from sentences, one a line, of words separated by white space.
    pub fn train<'a>(lines: impl IntoIterator<Item = &'a str>) -> Counts {
        let mut counts = Counts::default();
        for line in lines {
            counts.add(line.split_whitespace());
        }
        counts
    }
}

fn shares(counts: &[u64; 4]) -> ByTag {
    let total = counts.iter().fold(0_u64, |total, count| total.saturating_add(*count));
    counts.map(|count| logarithm(count, total))
}

fn logarithm(count: u64, total: u64) -> f64 {
    if count == 0 { IMPOSSIBLE } else { (count as f64 / total as f64).ln() }
}
