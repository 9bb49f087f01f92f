//! All beginnings of a set of words in one table, to walk along a text letter by letter.
//!
//! A trie (Fredkin 1960) whose edges stand in an open-addressing hash table (linear probing, at most half full): the place of
//! an edge in the table is the name of the node that it leads to, so that a step costs one look, and a word is added or taken
//! away without moving the rest.

/// The node before the first letter.
pub(super) const ROOT: Node = Node { place: u32::MAX, mark: MORE };

/// The bit of a letter's mark that says that a word ends there.
const WORD: u32 = 1 << 31;
/// The bit that says that some word goes on from there.
const MORE: u32 = 1 << 30;
/// The bits that hold the letter: a character's code.
const LETTER: u32 = (1 << 21) - 1;

/// A beginning of at least one word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    place: u32,
    mark: u32,
}

impl Node {
    /// Whether it is a word.
    pub(super) fn is_word(self) -> bool {
        self.mark & WORD != 0
    }

    /// Whether some word goes on from there.
    pub(super) fn has_more(self) -> bool {
        self.mark & MORE != 0
    }
}

/// The edge into a node: where it comes from, its letter and marks; a letter of 0 is no edge.
#[derive(Clone, Copy, Debug, Default)]
struct Edge {
    from: u32,
    mark: u32,
}

/// Beginnings of words.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefixes {
    edges: Vec<Edge>,
    /// For each node the number of the word that it is, if it is one.
    words: Vec<u32>,
    count: usize,
}

impl Prefixes {
    /// An empty set with room for `nodes`.
    pub(super) fn with_room(nodes: usize) -> Self {
        let size = (nodes.max(32) * 2).next_power_of_two();
        Self { edges: vec![Edge::default(); size], words: vec![0; size], count: 0 }
    }

    /// Whether `letters` more nodes may not fit.
    pub(super) fn is_full(&self, letters: usize) -> bool {
        (self.count + letters) * 2 > self.edges.len()
    }

    /// How many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.count
    }

    /// Where the edge stands, or where it would.
    #[inline]
    fn place(&self, from: u32, letter: u32) -> usize {
        let mask = self.edges.len().wrapping_sub(1);
        let mixed = ((u64::from(from) << 21) ^ u64::from(letter)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut place = (mixed >> 32) as usize & mask;
        while let Some(edge) = self.edges.get(place) {
            if edge.mark == 0 || (edge.from == from && edge.mark & LETTER == letter) {
                break;
            }
            place = place.wrapping_add(1) & mask;
        }
        place
    }

    /// The node behind `from` by `letter`.
    #[inline]
    pub(super) fn step(&self, from: Node, letter: char) -> Option<Node> {
        let place = self.place(from.place, letter.into());
        let edge = self.edges.get(place).filter(|edge| edge.mark != 0)?;
        Some(Node { place: place as u32, mark: edge.mark })
    }

    /// The number of the word that a node is; of no use where it is none.
    #[inline]
    pub(super) fn word(&self, node: Node) -> usize {
        self.words.get(node.place as usize).copied().unwrap_or_default() as usize
    }

    /// Adds a word, or says of it that it is one again; there has to be room for its letters.
    pub(super) fn insert(&mut self, letters: impl Iterator<Item = char>, word: u32) {
        let mut from = ROOT.place;
        for letter in letters {
            if let Some(edge) = self.edges.get_mut(from as usize) {
                edge.mark |= MORE;
            }
            let place = self.place(from, letter.into());
            if let Some(edge) = self.edges.get_mut(place)
                && edge.mark == 0
            {
                *edge = Edge { from, mark: letter.into() };
                self.count += 1;
            }
            from = place as u32;
        }
        if let (Some(edge), Some(slot)) = (self.edges.get_mut(from as usize), self.words.get_mut(from as usize)) {
            edge.mark |= WORD;
            *slot = word;
        }
    }

    /// Says of a beginning that it is no word any more.
    pub(super) fn forget(&mut self, letters: &[char]) {
        let node = letters.iter().try_fold(ROOT, |node, &letter| self.step(node, letter));
        if let Some(edge) = node.and_then(|node| self.edges.get_mut(node.place as usize)) {
            edge.mark &= !WORD;
        }
    }
}
