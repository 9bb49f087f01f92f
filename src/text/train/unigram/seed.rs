//! Every piece that is worth a thought: the characters, and the substrings that occur more than once among the different words.

use super::UnigramRules;
use crate::text::{bpe::FoldMap, train::TrainError};

/// The most pieces that are begun with.
const MOST: usize = 1_000_000;
/// What stands behind every word.
const END: char = '\0';

/// The pieces with what they are worth: a character how often it occurs, a substring its length times the places where it
/// stands in different words.
pub(super) struct Seeds {
    pub(super) pieces: Vec<(String, f64)>,
    /// How many of them, the first, are characters.
    pub(super) characters: usize,
}

/// The pieces, if the vocabulary has room for the characters.
pub(super) fn seeds(words: &[(String, u64)], rules: &UnigramRules) -> Result<Seeds, TrainError> {
    let mut counts: FoldMap<char, u64> = rules.initial.iter().map(|&character| (character, 0)).collect();
    let mut flat: Vec<char> = Vec::new();
    for (word, times) in words {
        for character in word.chars().filter(|&character| character != END) {
            *counts.entry(character).or_default() += times;
        }
        flat.extend(word.chars());
        flat.push(END);
    }
    let mut characters: Vec<(u64, char)> = counts.into_iter().map(|(character, count)| (count, character)).collect();
    characters.sort_unstable_by(|a, b| b.cmp(a));
    let least = rules.reserved.len() + characters.len();
    if rules.size < least {
        return Err(TrainError::TooSmall { size: rules.size, least });
    }
    let mut repeated = repeated(&flat, rules.longest);
    let text = |&(_, start, length): &(u64, usize, usize)| flat.get(start..start + length).unwrap_or_default();
    repeated.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| text(b).cmp(text(a))));
    repeated.truncate(MOST.saturating_sub(characters.len()));
    let count = characters.len();
    let mut pieces: Vec<(String, f64)> =
        characters.into_iter().map(|(count, character)| (character.to_string(), count as f64)).collect();
    pieces.extend(repeated.iter().map(|substring| (text(substring).iter().collect(), substring.0 as f64)));
    Ok(Seeds { pieces, characters: count })
}

/// The substrings of 2 to `longest` characters that occur more than once and not always before the same character: their
/// length times how often they occur, and where one stands. These are the inner nodes of the suffix tree, found from the
/// suffixes in order and what neighbours have in common (Abouelhoda et al. 2004).
fn repeated(flat: &[char], longest: usize) -> Vec<(u64, usize, usize)> {
    let suffix = |start: usize| {
        let suffix = flat.get(start..flat.len().min(start + longest + 1)).unwrap_or_default();
        // What stands behind the end of a word is another word.
        let end = suffix.iter().position(|&character| character == END).map_or(suffix.len(), |end| end + 1);
        suffix.get(..end).unwrap_or_default()
    };
    let mut order: Vec<u32> = (0..flat.len()).filter(|&start| flat[start] != END).map(|start| start as u32).collect();
    order.sort_unstable_by(|&a, &b| suffix(a as usize).cmp(suffix(b as usize)));
    let common = |a: u32, b: u32| suffix(a as usize).iter().zip(suffix(b as usize)).take_while(|(a, b)| a == b).count();
    let mut found = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (at, &start) in order.iter().enumerate() {
        let depth = order.get(at + 1).map_or(0, |&next| common(start, next));
        let mut left = at;
        while let Some(&(from, deep)) = open.last().filter(|(_, deep)| *deep > depth) {
            open.pop();
            left = from;
            let begin = order[from] as usize;
            let whole = flat.get(begin + deep - 1) != Some(&END);
            if (2..=longest).contains(&deep) && whole {
                found.push(((at + 1 - from) as u64 * deep as u64, begin, deep));
            }
        }
        if open.last().is_none_or(|&(_, deep)| deep < depth) && depth > 0 {
            open.push((left, depth));
        }
    }
    found
}
