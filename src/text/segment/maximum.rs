//! Maximum matching: the longest word each time.

use super::lattice::Lattice;

/// Where the words end, matching from the left.
pub(super) fn forward(lattice: &Lattice) -> Vec<usize> {
    let mut at = 0;
    let mut ends = Vec::new();
    while let Some(&longest) = lattice.longest_from.get(at) {
        at += longest;
        ends.push(lattice.bounds[at]);
    }
    ends
}

/// Where the words end, matching from the right.
pub(super) fn backward(lattice: &Lattice) -> Vec<usize> {
    let mut at = lattice.longest_to.len();
    let mut ends = Vec::new();
    while let Some(&longest) = at.checked_sub(1).and_then(|last| lattice.longest_to.get(last)) {
        ends.push(lattice.bounds[at]);
        at -= longest;
    }
    ends.reverse();
    ends
}

/// Of the two, the one with fewer words, then fewer single characters, then the backward one.
pub(super) fn bidirectional(lattice: &Lattice) -> Vec<usize> {
    let (forward, backward) = (forward(lattice), backward(lattice));
    let cost = |ends: &[usize]| (ends.len(), single_characters(lattice, ends));
    if cost(&forward) < cost(&backward) { forward } else { backward }
}

/// How many of the words that end at `ends` are one character.
fn single_characters(lattice: &Lattice, ends: &[usize]) -> usize {
    let mut start = 0;
    let mut count = 0;
    for end in ends {
        let length = lattice.bounds.get(start..).unwrap_or_default().iter().take_while(|bound| *bound < end).count();
        count += usize::from(length == 1);
        start += length;
    }
    count
}
