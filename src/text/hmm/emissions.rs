//! The probabilities of characters under each tag, looked up by the character's code.

use super::ByTag;
use super::IMPOSSIBLE;

/// For each character with emissions a row of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Emissions {
    /// The row of each character; 0 where it has none.
    places: Vec<u32>,
    /// The first is of characters that have no other.
    rows: Vec<ByTag>,
}

impl Emissions {
    /// The row of a character.
    #[inline]
    pub(super) fn of(&self, character: char) -> ByTag {
        let place = self.places.get(character as usize).copied().unwrap_or(0);
        self.rows.get(place as usize).copied().unwrap_or([IMPOSSIBLE; 4])
    }

    /// How many characters have one.
    pub(super) fn len(&self) -> usize {
        self.rows.len() - 1
    }
}

impl FromIterator<(char, ByTag)> for Emissions {
    fn from_iter<I: IntoIterator<Item = (char, ByTag)>>(rows: I) -> Self {
        let mut sorted: Vec<(char, ByTag)> = rows.into_iter().collect();
        sorted.sort_by_key(|(character, _)| *character);
        let mut places = vec![0; sorted.last().map_or(0, |(character, _)| *character as usize + 1)];
        let mut rows = vec![[IMPOSSIBLE; 4]];
        for (character, row) in sorted {
            places[character as usize] = rows.len() as u32;
            rows.push(row);
        }
        Self { places, rows }
    }
}
