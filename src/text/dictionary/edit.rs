//! Changing a dictionary word by word.

use super::Dictionary;
use crate::text::segment::Method;
use crate::text::segment::Word;
use crate::text::segment::segment;

/// A word with the frequency that it is to have; 0 takes it away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    /// The word.
    pub word: String,
    /// How often it counts.
    pub frequency: u64,
}

impl Dictionary {
    /// Gives a word a frequency, 0 to take it away; returns what takes this back, or nothing where there is no room for
    /// the word or no total for the frequency.
    pub fn edit(&mut self, edit: &Edit) -> Option<Edit> {
        let Edit { word, frequency } = edit;
        let letters: Vec<char> = word.chars().map(|letter| self.letter(letter)).collect();
        let before = self.frequency(word).unwrap_or(0);
        let total = (self.total - before.min(self.total)).checked_add(*frequency)?;
        if letters.is_empty() || letters.contains(&'\0') {
            return None;
        }
        let index = self.index_of(&letters);
        if *frequency > 0 {
            let index = match index {
                Some(index) => index,
                None if self.push(&letters.iter().collect::<String>(), *frequency) => self.len() - 1,
                None => return None,
            };
            *self.frequencies.get_mut(index)? = *frequency;
            self.put_in(&letters, u32::try_from(index).ok()?, (*frequency as f64).ln());
        } else if let Some(index) = index {
            *self.frequencies.get_mut(index)? = 0;
            let backwards: Vec<char> = letters.iter().rev().copied().collect();
            self.forward.forget(&letters);
            self.backward.get_mut().into_iter().for_each(|prefixes| prefixes.forget(&backwards));
        }
        self.total = total;
        Some(Edit { word: word.clone(), frequency: before })
    }

    /// The lowest frequency that makes `word` more probable than what it is cut into, if it has none higher: jieba's rule
    /// for a word that is added without a number.
    pub fn suggested(&self, word: &str) -> u64 {
        let total = self.total.max(1) as f64;
        let parts = segment(word, Method::Route, self);
        let count = |part: &Word| word.get(part.start..part.end).and_then(|part| self.frequency(part)).unwrap_or(1);
        let share: f64 = parts.iter().map(|part| count(part) as f64 / total).product();
        let own = self.frequency(word).unwrap_or(0);
        ((share * total) as u64).saturating_add(1).max(own)
    }

    /// The place of a word on the list, whether it is matched or not.
    fn index_of(&self, letters: &[char]) -> Option<usize> {
        let node = letters.iter().try_fold(self.forward.root(), |node, &letter| self.forward.step(node, letter))?;
        let index = self.forward.word(node);
        self.letters(index).eq(letters.iter().copied()).then_some(index)
    }

    fn put_in(&mut self, letters: &[char], index: u32, logarithm: f64) {
        self.forward.insert(letters, index, logarithm);
        if let Some(prefixes) = self.backward.get_mut() {
            let backwards: Vec<char> = letters.iter().rev().copied().collect();
            prefixes.insert(&backwards, index, logarithm);
        }
    }
}
