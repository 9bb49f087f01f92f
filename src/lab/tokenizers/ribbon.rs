//! The cuts of several, aligned by character.

use std::ops::Range;

/// A character and who cuts in it or behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its bytes.
    pub range: Range<usize>,
    /// For each whether a piece ends behind it.
    pub behind: Vec<bool>,
    /// For each how many pieces end inside it.
    pub inside: Vec<usize>,
}

impl Slot {
    /// Whether any cuts behind it.
    pub fn is_cut(&self) -> bool {
        self.behind.contains(&true)
    }
}

/// The characters of `text`, each with the cuts of `ends`: for each that cuts, where its pieces end, in ascending order.
pub fn aligned(text: &str, ends: &[Vec<usize>]) -> Vec<Slot> {
    let mut rest: Vec<&[usize]> = ends.iter().map(Vec::as_slice).collect();
    let mut slots = Vec::new();
    for (start, character) in text.char_indices() {
        let end = start + character.len_utf8();
        let mut slot = Slot { range: start..end, behind: Vec::new(), inside: Vec::new() };
        for ends in &mut rest {
            let here = ends.partition_point(|&other| other <= end);
            let (taken, left) = ends.split_at(here);
            slot.behind.push(taken.last() == Some(&end));
            slot.inside.push(taken.iter().filter(|&&other| other > start && other < end).count());
            *ends = left;
        }
        slots.push(slot);
    }
    slots
}
