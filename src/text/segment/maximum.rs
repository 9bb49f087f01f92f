//! Maximum matching: the longest word each time.

use super::Word;
use super::clusters::Clusters;
use crate::text::dictionary::Dictionary;

/// The words of `text`, matching from the left.
pub(super) fn forward(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    let mut words = Vec::with_capacity(text.len() / 4);
    let mut start = 0;
    while start < text.len() {
        let word = longest_from(text, start, dictionary, clusters);
        start = word.end;
        words.push(word);
    }
    words
}

/// The words of `text`, matching from the right.
pub(super) fn backward(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    let mut words = Vec::with_capacity(text.len() / 4);
    let mut end = text.len();
    while end > 0 {
        let word = longest_to(text, end, dictionary, clusters);
        end = word.start;
        words.push(word);
    }
    words.reverse();
    words
}

/// Of the two, the one with fewer words, then fewer single characters, then the backward one.
pub(super) fn bidirectional(text: &str, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Vec<Word> {
    let forward = forward(text, dictionary, clusters);
    let backward = backward(text, dictionary, clusters);
    let cost = |words: &[Word]| (words.len(), singles(words, clusters));
    if cost(&forward) < cost(&backward) { forward } else { backward }
}

/// How many of the words are one character.
pub(super) fn singles(words: &[Word], clusters: &Clusters<'_>) -> usize {
    words.iter().filter(|word| clusters.after(word.start) == word.end).count()
}

/// The longest word that begins at `start`: of the dictionary, or a run of letters; else a character by itself.
pub(super) fn longest_from(text: &str, start: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Word {
    let mut end = start;
    dictionary.lengths(text.get(start..).unwrap_or_default(), |length| {
        if clusters.is_boundary(start + length) {
            end = start + length;
        }
    });
    let known = end > start;
    let least = run_from(text, start, dictionary, clusters).unwrap_or_else(|| clusters.after(start));
    if end >= least { Word { start, end, known } } else { Word { start, end: least, known: false } }
}

/// The longest word that ends at `end`.
pub(super) fn longest_to(text: &str, end: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Word {
    let mut start = end;
    dictionary.suffixes(text.get(..end).unwrap_or_default(), |length| {
        if clusters.is_boundary(end - length) {
            start = end - length;
        }
    });
    let known = start < end;
    let most = run_to(text, end, dictionary, clusters).unwrap_or_else(|| clusters.before(end));
    if start <= most && known { Word { start, end, known } } else { Word { start: most, end, known: false } }
}

/// Where the run of ASCII letters and digits ends that begins at `start`, if such runs are words.
pub(super) fn run_from(text: &str, start: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Option<usize> {
    let is_letter = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    if !is_letter(start) || !dictionary.joins_letters() {
        return None;
    }
    let mut end = start;
    while is_letter(end) {
        end = clusters.after(end);
    }
    Some(end)
}

/// Where the run of ASCII letters and digits begins that ends at `end`, if such runs are words.
pub(super) fn run_to(text: &str, end: usize, dictionary: &Dictionary, clusters: &Clusters<'_>) -> Option<usize> {
    let is_letter = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut start = end;
    while start > 0 {
        let before = clusters.before(start);
        if !is_letter(before) || !dictionary.joins_letters() {
            break;
        }
        start = before;
    }
    (start < end).then_some(start)
}
