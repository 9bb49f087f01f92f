//! The Unicode classes that pre-tokenizers ask for, one table look-up each.

use std::sync::LazyLock;

pub(super) mod library;
mod table;

/// A set of classes: one bit each, see the constants.
pub(super) type Set = u16;

/// `\p{Lu}`: capital letters.
pub(super) const UPPER: Set = 1 << 1;
/// `\p{Ll}`: small letters.
pub(super) const LOWER: Set = 1 << 2;
/// `\p{Lt}`: title-case letters.
pub(super) const TITLE: Set = 1 << 3;
/// `\p{Lm}`: modifier letters.
pub(super) const MODIFIER: Set = 1 << 4;
/// `\p{Lo}`: letters without case.
pub(super) const UNCASED: Set = 1 << 5;
/// `\p{M}`: combining marks.
pub(super) const MARK: Set = 1 << 6;
/// `\p{N}`: digits and other numbers.
pub(super) const NUMBER: Set = 1 << 7;
/// `\p{P}`: punctuation.
pub(super) const PUNCTUATION: Set = 1 << 8;
/// `\p{S}`: symbols.
pub(super) const SYMBOL: Set = 1 << 9;
/// `\s`: white space.
pub(super) const SPACE: Set = 1 << 10;
/// `\p{L}`: letters.
pub(super) const LETTER: Set = UPPER | LOWER | TITLE | MODIFIER | UNCASED;

/// The class number of every code point: filled from the runs once, then one load per character.
static CLASSES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut classes = Vec::with_capacity(0x11_0000);
    let ends = table::RUNS.iter().skip(1).map(|run| run.0).chain([0x11_0000]);
    for (&(_, class), end) in table::RUNS.iter().zip(ends) {
        classes.resize(end as usize, class);
    }
    classes
});

/// The set that holds only the class of each ASCII character.
static ASCII: [Set; 128] = {
    let mut sets = [1; 128];
    let mut run = 0;
    while run + 1 < table::RUNS.len() && table::RUNS[run].0 < 128 {
        let mut at = table::RUNS[run].0 as usize;
        while at < 128 && at < table::RUNS[run + 1].0 as usize {
            sets[at] = 1 << table::RUNS[run].1;
            at += 1;
        }
        run += 1;
    }
    sets
};

/// [`of`] the character of one byte.
#[inline]
pub(super) fn of_ascii(byte: u8) -> Set {
    ASCII[usize::from(byte & 0x7f)]
}

/// The set that holds only the class of `character`; the empty set's bit 0 for a character of no class above.
pub(super) fn of(character: char) -> Set {
    CLASSES.get(character as usize).map_or(1, |&class| 1 << class)
}

#[cfg(test)]
mod tests {
    use super::{
        LETTER, LOWER, MARK, MODIFIER, NUMBER, PUNCTUATION, SPACE, SYMBOL, TITLE, UNCASED, UPPER, of, of_ascii,
    };

    #[test]
    fn every_character_has_the_classes_that_the_regular_expressions_say() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        for (class, set) in [
            (r"\p{Lu}", UPPER),
            (r"\p{Ll}", LOWER),
            (r"\p{Lt}", TITLE),
            (r"\p{Lm}", MODIFIER),
            (r"\p{Lo}", UNCASED),
            (r"\p{L}", LETTER),
            (r"\p{M}", MARK),
            (r"\p{N}", NUMBER),
            (r"\p{P}", PUNCTUATION),
            (r"\p{S}", SYMBOL),
            (r"\s", SPACE),
        ] {
            let regex = fancy_regex::Regex::new(class).expect("compiles");
            let mut expected = regex.find_iter(&all).map(|found| found.expect("no backtracking").as_str());
            for character in all.chars().filter(|&character| of(character) & set != 0) {
                assert!(!character.is_ascii() || of_ascii(character as u8) == of(character), "{character:?}");
                assert_eq!(expected.next().and_then(|text| text.chars().next()), Some(character), "{class}");
            }
            assert_eq!(expected.next(), None, "{class}");
        }
    }
}
