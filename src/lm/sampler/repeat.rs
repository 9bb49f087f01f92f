//! Stages that look at what stands in the text already.

use std::collections::BTreeMap;

/// The last `window` tokens; all of them where it is 0.
pub(super) fn window(tokens: &[u32], window: f64) -> &[u32] {
    let length = if window > 0.0 { (window as usize).min(tokens.len()) } else { tokens.len() };
    &tokens[tokens.len() - length..]
}

/// How often each token stands in `tokens`.
pub(super) fn counts(tokens: &[u32]) -> BTreeMap<u32, u32> {
    let mut counts = BTreeMap::new();
    for &token in tokens {
        *counts.entry(token).or_insert(0) += 1;
    }
    counts
}

/// The tokens that would complete an n-gram that stands in `tokens` already.
pub(super) fn completing(tokens: &[u32], n: usize) -> Vec<u32> {
    let Some(begun) = n.checked_sub(1).filter(|&begun| begun < tokens.len()) else { return Vec::new() };
    let end = &tokens[tokens.len() - begun..];
    tokens.windows(n).filter(|gram| gram[..begun] == *end).map(|gram| gram[begun]).collect()
}

/// For every token that would go on repeating: the length of the repetition so far, at least `allowed`, none of the
/// `breakers` in it.
pub(super) fn repetitions(tokens: &[u32], allowed: usize, breakers: &[u32]) -> BTreeMap<u32, usize> {
    let limit = tokens.iter().rev().position(|token| breakers.contains(token)).unwrap_or(tokens.len());
    let mut longest = BTreeMap::new();
    if tokens.len() <= allowed || limit < allowed {
        return longest;
    }
    // How long the end of the tokens and their part that ends `back` tokens earlier are the same, by the Z-algorithm
    // (Gusfield 1997, section 1.4) on the reversed tokens.
    let at = |index: usize| tokens[tokens.len() - 1 - index];
    let mut same = vec![0_usize; tokens.len()];
    let (mut left, mut right) = (0, 0);
    for back in 1..tokens.len() {
        let known = if back < right { same[back - left].min(right - back) } else { 0 };
        let mut length = known;
        while back + length < tokens.len() && at(length) == at(back + length) {
            length += 1;
        }
        same[back] = length;
        if back + length > right {
            (left, right) = (back, back + length);
        }
        let length = length.min(limit);
        if length >= allowed {
            let entry = longest.entry(at(back - 1)).or_insert(0);
            *entry = length.max(*entry);
        }
    }
    longest
}
