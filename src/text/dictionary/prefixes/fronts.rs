//! How words begin: their first two letters, where both are Chinese, and what may follow these. This decides most places of a
//! text at which the longest word is looked for, and takes so little memory that a core keeps at hand what it needs often.
//!
//! All second letters of one first letter lie together, each within eight lanes of where its hash says (hopscotch hashing:
//! Herlihy, Shavit and Tzafrir 2008): one look at sixteen bytes.

use std::ops::Range;

/// The code points of the letters that are meant by Chinese ones here; none joins another in a cluster.
pub(in crate::text) const CHINESE: Range<u32> = 0x3400..0xa000;
/// How many they are; their places among them are their codes.
pub(in crate::text) const CODES: u32 = CHINESE.end - CHINESE.start;
/// Lanes that are looked at together.
const WINDOW: usize = 8;
/// The lowest bit of each lane of 16 bits in a word of four.
const LANES: u64 = 0x0001_0001_0001_0001;
/// The bits of a lane that are a second letter, its code and 1; 0 for none. The lowest bit is [`WORD`].
const SECOND: u64 = 0xfffe;
/// The letters are a word.
const WORD: u32 = 1;
/// Words begin with the letter that are not among its lanes.
const APART: u32 = 2;
/// The lanes of a letter begin at a multiple of this.
const STEP: usize = 4;
/// Where the number of windows stands in a [`First`], and its bits.
const WINDOWS_AT: u32 = 2;
const WINDOW_BITS: u32 = 12;
/// Where the beginning stands, and its bits.
const START_AT: u32 = WINDOWS_AT + WINDOW_BITS;
const START_BITS: u32 = 32 - START_AT;
/// How full the lanes of a letter are to be, in parts of a hundred.
const FULL: usize = 75;
/// Bits of the filter for each word.
const BITS_PER_WORD: usize = 4;

/// The beginnings of all words.
#[derive(Clone, Debug)]
pub(in crate::text) struct Fronts {
    /// By the code of the first letter.
    firsts: Box<[First]>,
    /// Second letters.
    lanes: Vec<u16>,
    /// For each lane the base of the node behind both letters.
    bases: Vec<u32>,
    /// Symbols that words begin with, by [their places](symbol).
    symbols: [Symbol; SYMBOLS],
    /// A Bloom filter over the first three letters of words: two bits of one word (Putze, Sanders and Singler 2009, section 3).
    thirds: Vec<u64>,
}

/// A first letter: where its lanes begin, in steps of [`STEP`], how many windows they have, and whether it is a [`WORD`] or has
/// words [`APART`].
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::text) struct First(u32);

impl First {
    fn new(start: usize, windows: usize, flags: u32) -> Self {
        Self(((start / STEP) as u32) << START_AT | (windows as u32) << WINDOWS_AT | flags)
    }

    /// Whether it is a word.
    #[inline]
    pub(in crate::text) fn is_word(self) -> bool {
        self.0 & WORD != 0
    }

    /// Whether words begin with it that [`Fronts::pair`] does not know.
    #[inline]
    pub(in crate::text) fn has_apart(self) -> bool {
        self.0 & APART != 0
    }

    #[inline]
    fn windows(self) -> usize {
        (self.0 >> WINDOWS_AT) as usize & ((1 << WINDOW_BITS) - 1)
    }

    #[inline]
    fn start(self) -> usize {
        (self.0 >> START_AT) as usize * STEP
    }

    /// Where the window of a second letter begins.
    #[inline]
    fn window(self, second: u32) -> usize {
        self.start() + home(second, self.windows())
    }

    fn flags(self) -> u32 {
        self.0 & (WORD | APART)
    }
}

/// Which of so many windows is that of a second letter (multiplicative hashing, Knuth 6.4).
#[inline]
fn home(second: u32, windows: usize) -> usize {
    ((second.wrapping_mul(0x9e35) & 0xffff) as usize * windows) >> 16
}

/// Two letters with which words begin: the lane of the second.
#[derive(Clone, Copy, Debug)]
pub(in crate::text) struct Pair(usize);

/// What is known of a letter that is no Chinese one.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::text) struct Symbol(u8);

impl Symbol {
    const WORD: u8 = 1;
    const MORE: u8 = 2;

    /// Whether it is a word.
    #[inline]
    pub(in crate::text) fn is_word(self) -> bool {
        self.0 & Self::WORD != 0
    }

    /// Whether words go on from it.
    #[inline]
    pub(in crate::text) fn has_more(self) -> bool {
        self.0 & Self::MORE != 0
    }
}

impl Fronts {
    /// The beginnings of `count` words; `base` says where the node behind two letters has its children.
    pub(super) fn new<L: Iterator<Item = char>>(
        words: impl Iterator<Item = L>,
        count: usize,
        base: impl Fn([char; 2]) -> u32,
    ) -> Self {
        let mut fronts = Self {
            firsts: vec![First::default(); CODES as usize].into(),
            // A letter without a pair has a window with none.
            lanes: vec![0; WINDOW],
            bases: vec![0; WINDOW],
            symbols: [Symbol::default(); SYMBOLS],
            thirds: vec![0; (count * BITS_PER_WORD / 64).next_power_of_two()],
        };
        let mut pairs: Vec<(u32, u32, bool)> = words.filter_map(|letters| fronts.note(letters)).collect();
        pairs.sort_unstable();
        for group in pairs.chunk_by(|one, next| one.0 == next.0) {
            let first = group[0].0;
            let seconds = group.chunk_by(|one, next| one.1 == next.1).map(|same| {
                let second = same[0].1;
                let is_word = same.iter().any(|pair| pair.2);
                let has_more = same.iter().any(|pair| !pair.2);
                let letters = [first, second].map(|code| char::from_u32(CHINESE.start + code).unwrap_or_default());
                (second, is_word, if has_more { base(letters) } else { 0 })
            });
            fronts.settle(first, seconds.collect());
        }
        fronts
    }

    /// Takes in a word but for its first two letters; returns these where they are Chinese, and whether they are all.
    fn note(&mut self, mut letters: impl Iterator<Item = char>) -> Option<(u32, u32, bool)> {
        let (first, second) = (letters.next()?, letters.next());
        let Some(first) = code(first) else {
            let symbol = symbol(first).and_then(|place| self.symbols.get_mut(place))?;
            symbol.0 |= if second.is_none() { Symbol::WORD } else { Symbol::MORE };
            return None;
        };
        let known = &mut self.firsts[first as usize].0;
        let Some(letter) = second else {
            *known |= WORD;
            return None;
        };
        let Some(second) = code(letter) else {
            *known |= APART;
            return None;
        };
        let third = letters.next();
        if let Some(third) = third {
            let (word, bits) = self.third(first, second, third.into());
            self.thirds[word] |= bits;
        }
        Some((first, second, third.is_none()))
    }

    /// Gives a first letter lanes for its second ones: their codes, whether both are a word, and their bases.
    fn settle(&mut self, first: u32, mut seconds: Vec<(u32, bool, u32)>) {
        let mut room = (seconds.len() * 100).div_ceil(FULL).max(WINDOW);
        let known = self.firsts[first as usize];
        let start = self.lanes.len();
        let places = loop {
            let windows = room - WINDOW + 1;
            if windows >> WINDOW_BITS != 0 || ((start + room) / STEP) >> START_BITS != 0 {
                self.firsts[first as usize].0 |= APART;
                return;
            }
            seconds.sort_by_key(|second| home(second.0, windows));
            if let Some(places) = places(seconds.iter().map(|second| home(second.0, windows))) {
                self.firsts[first as usize] = First::new(start, windows, known.flags());
                break places;
            }
            room += room.div_ceil(16);
        };
        let end = (start + room).next_multiple_of(STEP);
        self.lanes.resize(end, 0);
        self.bases.resize(end, 0);
        for ((second, is_word, base), place) in seconds.into_iter().zip(places) {
            self.lanes[start + place] = lane(second, is_word);
            self.bases[start + place] = base;
        }
    }

    /// Takes in one more word, or one again; `base` is that of the node behind its first two letters.
    pub(super) fn insert(&mut self, letters: &[char], base: u32) {
        let Some((first, second, is_word)) = self.note(letters.iter().copied()) else { return };
        let known = self.firsts[first as usize];
        if let Some(Pair(at)) = self.pair(known, second) {
            self.lanes[at] |= u16::from(is_word);
            self.bases[at] = base;
            return;
        }
        let window = known.window(second)..known.window(second) + WINDOW;
        let free = window.clone().find(|&at| known.windows() > 0 && self.lanes[at] == 0);
        if let Some(at) = free {
            self.lanes[at] = lane(second, is_word);
            self.bases[at] = base;
            return;
        }
        // All of them move.
        let old = known.start()..known.start() + known.windows() + WINDOW - 1;
        let old = old.filter(|&at| known.windows() > 0 && self.lanes[at] != 0);
        let old = old.map(|at| (u32::from(self.lanes[at] >> 1) - 1, self.lanes[at] & 1 != 0, self.bases[at]));
        let seconds = old.chain([(second, is_word, base)]).collect();
        self.settle(first, seconds);
    }

    /// Says of a beginning that it is no word any more.
    pub(super) fn forget(&mut self, letters: &[char]) {
        match *letters {
            [letter] => match code(letter) {
                Some(code) => self.firsts[code as usize].0 &= !WORD,
                None => {
                    if let Some(symbol) = symbol(letter).and_then(|place| self.symbols.get_mut(place)) {
                        symbol.0 &= !Symbol::WORD;
                    }
                }
            },
            [first, second] => {
                let (Some(first), Some(second)) = (code(first), code(second)) else { return };
                if let Some(Pair(at)) = self.pair(self.first(first), second) {
                    self.lanes[at] &= SECOND as u16;
                }
            }
            _ => {}
        }
    }

    /// What is known of the Chinese letter with this code.
    #[inline]
    pub(in crate::text) fn first(&self, code: u32) -> First {
        self.firsts.get(code as usize).copied().unwrap_or_default()
    }

    /// What is known of another letter; nothing of rare ones.
    #[inline]
    pub(in crate::text) fn symbol(&self, letter: char) -> Option<Symbol> {
        symbol(letter).and_then(|place| self.symbols.get(place)).copied()
    }

    /// The pair of a first letter and the one with this code, if words begin with it.
    #[inline]
    pub(in crate::text) fn pair(&self, first: First, second: u32) -> Option<Pair> {
        let start = first.window(second);
        let window: &[u16; WINDOW] = self.lanes.get(start..)?.first_chunk()?;
        let [a, b, c, d, e, f, g, h] = window.map(u64::from);
        let halves = [a | b << 16 | c << 32 | d << 48, e | f << 16 | g << 32 | h << 48];
        // In the lane with that letter all bits of a letter become 0, and then the highest becomes 1.
        let found = halves.map(|lanes| {
            let others = (lanes ^ (u64::from(lane(second, false)) * LANES)) & (SECOND * LANES);
            others.wrapping_sub(LANES) & !others & (0x8000 * LANES)
        });
        if found[0] | found[1] == 0 {
            return None;
        }
        let place = if found[0] != 0 { found[0].trailing_zeros() } else { found[1].trailing_zeros() + 64 };
        Some(Pair(start + place as usize / 16))
    }

    /// Whether a pair is a word.
    #[inline]
    pub(in crate::text) fn is_word(&self, pair: Pair) -> bool {
        self.lanes.get(pair.0).is_some_and(|lane| lane & 1 != 0)
    }

    /// Whether words may go on behind two Chinese letters with this code point: surely not, or perhaps.
    #[inline]
    pub(in crate::text) fn may_go_on(&self, first: u32, second: u32, third: u32) -> bool {
        let (word, bits) = self.third(first, second, third);
        self.thirds.get(word).is_some_and(|word| word & bits == bits)
    }

    /// The base of a pair's node, 0 where no word goes on.
    #[inline]
    pub(super) fn base(&self, pair: Pair) -> u32 {
        self.bases.get(pair.0).copied().unwrap_or_default()
    }

    /// Where two letters and the code point behind them stand in the filter, a power of two in size: the word, and its bits.
    #[inline]
    fn third(&self, first: u32, second: u32, third: u32) -> (usize, u64) {
        let key = u64::from(first) << 48 | u64::from(second) << 32 | u64::from(third);
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed >> 32) as usize & self.thirds.len().wrapping_sub(1), 1 << (mixed >> 58) | 1 << (mixed >> 52 & 63))
    }
}

/// A lane.
#[inline]
fn lane(second: u32, is_word: bool) -> u16 {
    (second as u16 + 1) << 1 | u16::from(is_word)
}

/// Places for second letters with these homes, which ascend, each in its window; nothing where there are too many.
fn places(homes: impl Iterator<Item = usize>) -> Option<Vec<usize>> {
    let mut next = 0;
    homes
        .map(|home| {
            let place = next.max(home);
            next = place + 1;
            (place < home + WINDOW).then_some(place)
        })
        .collect()
}

/// A letter's place among the Chinese ones.
#[inline]
fn code(letter: char) -> Option<u32> {
    CHINESE.contains(&u32::from(letter)).then(|| u32::from(letter) - CHINESE.start)
}

/// How many letters have a place among the symbols.
const SYMBOLS: usize = 0x180;

/// The place of a letter of ASCII, or of the blocks of punctuation and of full width.
#[inline]
fn symbol(letter: char) -> Option<usize> {
    let letter = letter as usize;
    match letter {
        0..0x80 => Some(letter),
        0x2010..0x2040 => Some(letter - 0x2010 + 0x80),
        0x3000..0x3030 => Some(letter - 0x3000 + 0xb0),
        0xff00..0xffa0 => Some(letter - 0xff00 + 0xe0),
        _ => None,
    }
}
