//! All beginnings of a set of words in one table, to walk along a text letter by letter.
//!
//! A double array (Aoe 1989, "An Efficient Digital Search Algorithm by Using a Double-Array Structure", IEEE Transactions on
//! Software Engineering 15(9)): a node that words go on from has a base; its child by a letter stands in the slot base + code
//! of the letter, and the slot says whose child it is. A step is one look, and what follows the same letters stands close
//! together. No two nodes share a base, so that a slot names its parent by the base, and children move without their own
//! children being told.

mod fit;
mod fronts;
mod list;
mod walk;

use std::sync::OnceLock;

use crate::text::bpe::FoldMap;
use fit::Bits;
use fit::fit;
pub(in crate::text) use fronts::{CHINESE, CODES, Fronts, Pair};
pub(super) use list::Entry;
use list::List;
pub(in crate::text) use walk::{BEHIND, Found, Walk};

/// The bit of [`Slot::next`] that says that a word ends there.
const WORD: u32 = 1 << 31;
/// The slot of the node before the first letter.
const ROOT: u32 = 0;
/// What no node has for a base.
const NO_BASE: u32 = u32::MAX >> 1;
/// Bits of the filter for each pair of letters that words begin with.
const BITS_PER_PAIR: usize = 8;

/// A place of the table.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The base of the node's parent; 0 where there is no node.
    parent: u32,
    /// The node's own base, 0 where no word goes on; and [`WORD`].
    next: u32,
    /// For each child the bit of its letter's code, modulo 32: most letters that follow are no child's, and few are looked for.
    children: u32,
    /// Where the logarithm of the frequency of the word that ends there stands among all that there are.
    logarithm: u32,
}

impl Slot {
    fn base(self) -> u32 {
        self.next & !WORD
    }

    fn is_word(self) -> bool {
        self.next & WORD != 0
    }
}

/// A beginning of words.
#[derive(Clone, Copy, Debug)]
pub(in crate::text) struct Node {
    at: u32,
    slot: Slot,
}

impl Node {
    /// Whether it is a word.
    pub(in crate::text) fn is_word(self) -> bool {
        self.slot.is_word()
    }

    /// Whether some word goes on from there.
    pub(in crate::text) fn has_more(self) -> bool {
        self.slot.base() != 0
    }

    /// Its base, 0 where no word goes on.
    pub(in crate::text) fn base(self) -> u32 {
        self.slot.base()
    }
}

/// What is looked up of a character before all else.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::text) struct Letter {
    /// Its code, from 1; 0 where no word has it. Frequent letters have low codes.
    code: u32,
    /// [`Slot::next`] of the node behind it: what begins with it.
    next: u32,
    /// The logarithm of its frequency, where it is a word.
    logarithm: f64,
}

impl Letter {
    /// Whether it is a word.
    #[inline]
    pub(in crate::text) fn is_word(self) -> bool {
        self.next & WORD != 0
    }

    /// Whether words go on from it.
    #[inline]
    pub(in crate::text) fn has_more(self) -> bool {
        self.next & !WORD != 0
    }
}

/// Beginnings of words.
#[derive(Clone, Debug, Default)]
pub(in crate::text) struct Prefixes {
    /// By the character's code point.
    letters: Vec<Letter>,
    /// How many codes there are.
    count: u32,
    slots: Vec<Slot>,
    /// For each slot the number of the word that ends there.
    words: Vec<u32>,
    /// The logarithms of all frequencies; the first is of no word.
    logarithms: Vec<f64>,
    /// Where each of them stands, by its bits.
    numbers: FoldMap<u64, u32>,
    /// Slots that are taken.
    taken: Bits,
    /// Bases that are taken.
    bases: Bits,
    /// A Bloom filter of one hash (Bloom 1970) over the first two letters of all words.
    pairs: Vec<u64>,
    /// The first letters of words, built when first asked for.
    fronts: OnceLock<Fronts>,
}

impl Prefixes {
    /// The beginnings of these words; of two entries with the same letters the later one counts.
    pub(super) fn new<L: Iterator<Item = char>>(entries: impl Iterator<Item = Entry<L>>) -> Self {
        let mut list = List::new(entries);
        let mut prefixes = Self::default();
        prefixes.number(&list.letters);
        list.letters.iter_mut().for_each(|letter| *letter = prefixes.letters[*letter as usize].code);
        prefixes.build(&list);
        (0..prefixes.letters.len()).for_each(|letter| prefixes.mirror(letter));
        prefixes
    }

    /// Gives every letter its code.
    fn number(&mut self, letters: &[u32]) {
        let mut counts = vec![0_u32; letters.iter().max().map_or(0, |&letter| letter as usize + 1)];
        for &letter in letters {
            counts[letter as usize] += 1;
        }
        let mut found: Vec<u32> = (0..counts.len() as u32).filter(|&letter| counts[letter as usize] > 0).collect();
        found.sort_by_key(|&letter| std::cmp::Reverse(counts[letter as usize]));
        self.letters = vec![Letter::default(); counts.len()];
        for (code, &letter) in (1..).zip(&found) {
            self.letters[letter as usize].code = code;
        }
        self.count = found.len() as u32;
    }

    /// Puts in all words, letter by letter: first those nodes that have the most children.
    fn build(&mut self, list: &List) {
        self.grow(list.letters.len() as u32 / 2 + self.count + 2);
        self.plant();
        // Where to begin to look for a base, by the logarithm of the number of children.
        let mut starts = [1_u32; 32];
        let mut nodes = vec![(0..list.len(), ROOT)];
        let mut pairs = Vec::new();
        // The children of a level's nodes: their letters, and the words that begin with them.
        let (mut codes, mut stretches) = (Vec::new(), Vec::new());
        for depth in 0.. {
            let mut parents = Vec::with_capacity(nodes.len());
            codes.clear();
            stretches.clear();
            for (mut words, at) in nodes.drain(..) {
                if !words.is_empty() && list.word(words.start).len() == depth {
                    let (word, logarithm) = list.entry(words.start);
                    self.end(at, word, logarithm);
                    words.start += 1;
                }
                if !words.is_empty() {
                    let first = codes.len();
                    list.group(words, depth, &mut codes, &mut stretches);
                    parents.push((first..codes.len(), at));
                }
            }
            if parents.is_empty() {
                break;
            }
            parents.sort_by_key(|(children, _)| std::cmp::Reverse(children.len()));
            for (children, at) in parents {
                let start = &mut starts[children.len().ilog2() as usize];
                let base = fit(&self.bases, &self.taken, *start, &codes[children.clone()]);
                *start = base;
                self.bases.set(base);
                self.slots[at as usize].next |= base;
                for (&code, words) in codes[children.clone()].iter().zip(&stretches[children]) {
                    if depth == 1 {
                        pairs.push((list.word(words.start)[0], code));
                    }
                    nodes.push((words.clone(), self.take(at, base, code)));
                }
            }
        }
        self.pairs = vec![0; (pairs.len() * BITS_PER_PAIR / 64).next_power_of_two().max(1)];
        for (first, second) in pairs {
            self.remember(first, second);
        }
    }

    /// Puts in the node before the first letter, which is no node's child.
    fn plant(&mut self) {
        self.bases.set(0);
        self.taken.set(ROOT);
        self.slots[ROOT as usize].parent = NO_BASE;
        self.logarithms = vec![0.0];
    }

    /// Makes room for slots up to and with this one.
    fn grow(&mut self, slot: u32) {
        let size = slot as usize + 1;
        if size > self.slots.len() {
            let size = size.max(self.slots.len() * 5 / 4);
            self.slots.resize(size, Slot::default());
            self.words.resize(size, 0);
        }
    }

    /// Says of a node that a word ends there.
    fn end(&mut self, at: u32, word: u32, logarithm: f64) {
        let at = at as usize;
        let fresh = self.logarithms.len() as u32;
        let number = *self.numbers.entry(logarithm.to_bits()).or_insert(fresh);
        if number == fresh {
            self.logarithms.push(logarithm);
        }
        self.slots[at].next |= WORD;
        self.slots[at].logarithm = number;
        self.words[at] = word;
    }

    /// Says of a character what the slot of the node behind it says.
    fn mirror(&mut self, letter: usize) {
        let root = self.root().slot.base();
        let Some(at) = self.letters.get_mut(letter).filter(|at| at.code != 0) else { return };
        let slot = self.slots.get((root + at.code) as usize).copied().unwrap_or_default();
        let slot = if slot.parent == root { slot } else { Slot::default() };
        (at.next, at.logarithm) = (slot.next, self.logarithms[slot.logarithm as usize]);
    }

    /// What is known of a letter.
    #[inline]
    pub(super) fn letter(&self, letter: char) -> Letter {
        self.letter_of(letter as u32)
    }

    /// What is known of the letter with this code point.
    #[inline]
    pub(super) fn letter_of(&self, code_point: u32) -> Letter {
        self.letters.get(code_point as usize).copied().unwrap_or_default()
    }

    /// The node before the first letter.
    pub(super) fn root(&self) -> Node {
        Node { at: ROOT, slot: self.slots.first().copied().unwrap_or_default() }
    }

    /// The child in a slot, if the slot's node is one of this parent.
    #[inline]
    fn child(&self, base: u32, code: u32) -> Option<(u32, Slot)> {
        let at = base.wrapping_add(code);
        let slot = self.slots.get(at as usize).copied()?;
        (slot.parent == base && base != 0).then_some((at, slot))
    }

    /// The node behind `from` by `letter`.
    #[inline]
    pub(super) fn step(&self, from: Node, letter: char) -> Option<Node> {
        self.child_by(from.base(), letter)
    }

    /// The child by `letter` of the node with this base.
    #[inline]
    pub(super) fn child_by(&self, base: u32, letter: char) -> Option<Node> {
        let (at, slot) = self.child(base, self.letter(letter).code)?;
        Some(Node { at, slot })
    }

    /// How words begin; these are all of them, and how many there are at most.
    pub(super) fn fronts<L: Iterator<Item = char>>(&self, words: impl Iterator<Item = L>, count: usize) -> &Fronts {
        self.fronts.get_or_init(|| Fronts::new(words, count, |letters| self.base(&letters)))
    }

    /// The base of the node behind two letters.
    #[inline]
    pub(super) fn behind(&self, pair: Pair) -> u32 {
        self.fronts.get().map_or(0, |fronts| fronts.base(pair))
    }

    /// The base of the node behind some letters, 0 where there is none.
    fn base(&self, letters: &[char]) -> u32 {
        let node = letters.iter().try_fold(self.root(), |node, &letter| self.step(node, letter));
        node.map_or(0, Node::base)
    }

    /// The number of the word that a node is; of no use where it is none.
    #[inline]
    pub(super) fn word(&self, node: Node) -> usize {
        self.words.get(node.at as usize).copied().unwrap_or_default() as usize
    }

    /// Puts in a word, or says of it that it is one again, with this frequency's logarithm.
    pub(super) fn insert(&mut self, letters: &[char], word: u32, logarithm: f64) {
        if self.slots.is_empty() {
            self.grow(ROOT);
            self.plant();
            self.pairs = vec![0; 1];
        }
        let codes: Vec<u32> = letters.iter().map(|&letter| self.code_or_new(letter)).collect();
        let mut at = ROOT;
        for &code in &codes {
            let base = self.slots[at as usize].base();
            at = match self.child(base, code) {
                Some((slot, _)) => slot,
                None => self.add_child(at, code),
            };
        }
        self.end(at, word, logarithm);
        if let [first, second, ..] = *codes {
            self.remember(first, second);
        }
        self.mirror(letters.first().map_or(0, |&letter| letter as usize));
        let behind = self.base(&letters[..letters.len().min(2)]);
        if let Some(fronts) = self.fronts.get_mut() {
            fronts.insert(letters, behind);
        }
    }

    fn code_or_new(&mut self, letter: char) -> u32 {
        let place = letter as usize;
        if self.letters.len() <= place {
            self.letters.resize(place + 1, Letter::default());
        }
        if self.letters[place].code == 0 {
            self.count += 1;
            self.letters[place].code = self.count;
        }
        self.letters[place].code
    }

    /// Gives the node in slot `at` one more child; where that has no room beside its siblings, all of them move.
    fn add_child(&mut self, at: u32, code: u32) -> u32 {
        let old = self.slots[at as usize].base();
        if old != 0 && !self.taken.has(old + code) {
            return self.take(at, old, code);
        }
        let mut codes: Vec<u32> = (1..=self.count).filter(|&code| self.child(old, code).is_some()).collect();
        codes.push(code);
        let base = fit(&self.bases, &self.taken, 1, &codes);
        codes.pop();
        self.bases.set(base);
        for code in codes {
            let (from, to) = ((old + code) as usize, self.take(at, base, code) as usize);
            self.slots[to] = Slot { parent: base, ..std::mem::take(&mut self.slots[from]) };
            self.words[to] = self.words[from];
            self.taken.clear(old + code);
        }
        let parent = &mut self.slots[at as usize];
        parent.next = base | (parent.next & WORD);
        self.take(at, base, code)
    }

    /// Gives the node in slot `at` a child beside its base.
    fn take(&mut self, at: u32, base: u32, code: u32) -> u32 {
        let slot = base + code;
        self.slots[at as usize].children |= child_bit(code);
        self.grow(slot);
        self.taken.set(slot);
        self.slots[slot as usize].parent = base;
        slot
    }

    /// Says of a beginning that it is no word any more.
    pub(super) fn forget(&mut self, letters: &[char]) {
        let node = letters.iter().try_fold(self.root(), |node, &letter| self.step(node, letter));
        if let Some(slot) = node.and_then(|node| self.slots.get_mut(node.at as usize)) {
            slot.next &= !WORD;
        }
        self.mirror(letters.first().map_or(0, |&letter| letter as usize));
        if let Some(fronts) = self.fronts.get_mut() {
            fronts.forget(letters);
        }
    }

    fn remember(&mut self, first: u32, second: u32) {
        let bit = pair_bit(first, second, self.pairs.len());
        self.pairs[bit / 64] |= 1 << (bit % 64);
    }
}

/// The bit of [`Slot::children`] of a letter.
#[inline]
fn child_bit(code: u32) -> u32 {
    1 << (code % 32)
}

/// The bit of a pair of codes in a filter of `size` words of 64 bits, a power of two (multiplicative hashing, Knuth 6.4).
#[inline]
fn pair_bit(first: u32, second: u32, size: usize) -> usize {
    let key = u64::from(first) << 32 | u64::from(second);
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (size * 64).wrapping_sub(1)
}
