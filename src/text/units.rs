//! From a word to the symbols that merging starts from, and from there to ids.

use std::sync::OnceLock;

use super::{
    bpe::{FoldMap, Links, Merges, NONE, Symbol},
    byte_level,
    trie::Trie,
};

/// What merging starts from.
#[derive(Debug)]
pub(super) enum Units {
    /// Bytes: the id of each, [`NONE`] where the vocabulary lacks it.
    Bytes(Box<[u32; 256]>),
    /// Characters, and the bytes of those that the vocabulary lacks.
    Characters {
        /// The id of each character; ids from [`BytePairs::count`] on stand for characters that only longer pieces have.
        ids: FoldMap<char, u32>,
        /// The ids of the byte pieces `<0x00>` to `<0xFF>`, [`NONE`] where the vocabulary lacks one.
        bytes: Box<[u32; 256]>,
    },
}

/// Spellings that say where in a word a piece stands (Sennrich et al. 2016 mark the end of a word with `</w>`).
#[derive(Debug)]
pub(super) struct Affixes {
    /// What a piece begins with unless it begins a word.
    pub(super) prefix: String,
    /// What a piece ends with if it ends a word.
    pub(super) suffix: String,
    /// The ids of all pieces by their spelling.
    pub(super) ids: FoldMap<Box<str>, u32>,
}

impl Affixes {
    /// The id of the one character `character` of a word, by where it stands.
    pub(super) fn id(&self, character: char, is_first: bool, is_last: bool) -> Option<u32> {
        let mut spelling = String::new();
        if !is_first {
            spelling.push_str(&self.prefix);
        }
        spelling.push(character);
        if is_last {
            spelling.push_str(&self.suffix);
        }
        self.ids.get(spelling.as_str()).copied()
    }
}

/// Turns words into ids by byte-pair merging.
#[derive(Debug)]
pub(super) struct BytePairs {
    /// Which pairs join.
    pub(super) merges: Merges,
    /// What merging starts from.
    pub(super) units: Units,
    /// The id for a character that cannot be expressed; without one it is skipped.
    pub(super) unknown: Option<u32>,
    /// Whether neighbouring unknown characters become one token.
    pub(super) fuse_unknown: bool,
    /// Pieces by their text, where a word that is a piece is taken as it is.
    pub(super) whole_words: Option<FoldMap<Box<[u8]>, u32>>,
    /// A character before which no merge reaches, unless it follows itself: long texts are cut there first, with the same result.
    pub(super) cut_before: Option<char>,
    /// Pieces that are never cut or merged, wherever they occur in a word.
    pub(super) kept: Option<Trie>,
    /// How pieces are spelled inside and at the end of a word, where that differs.
    pub(super) affixes: Option<Affixes>,
    /// The number of pieces.
    pub(super) count: u32,
    /// What may be merged to the right of each piece, once it was asked for.
    pub(super) followers: OnceLock<Vec<u32>>,
}

/// Words met before in the same text, and a buffer.
#[derive(Default)]
pub(super) struct Scratch<'t> {
    word: Vec<Symbol>,
    links: Links,
    /// For each word where its symbols are in the output: the first, the one after the last, and the byte they count from.
    seen: FoldMap<&'t str, (usize, usize, usize)>,
}

/// A longer word than this, in bytes, is not worth remembering.
const MEMORABLE: usize = 48;

/// How one word was merged.
#[derive(Default)]
pub(super) struct Trace {
    /// What merging started from.
    pub(super) units: Vec<Symbol>,
    /// Each merge in order: its rank, the two symbols, what they joined to.
    pub(super) merges: Vec<(u32, Symbol, Symbol, u32)>,
    /// What came out.
    pub(super) symbols: Vec<Symbol>,
}

impl BytePairs {
    /// Appends the symbols of `word` to `out`, their positions counted from `base`. `out` has to be the same, and only to
    /// grow, as long as `scratch` is.
    pub(super) fn encode<'t>(&self, word: &'t str, base: usize, scratch: &mut Scratch<'t>, out: &mut Vec<Symbol>) {
        self.each_part(word, base, |part, base| {
            if let Some(&(first, last, before)) = scratch.seen.get(part) {
                out.extend_from_within(first..last);
                for symbol in out.iter_mut().rev().take(last - first) {
                    symbol.start = symbol.start - before + base;
                    symbol.end = symbol.end - before + base;
                }
                return;
            }
            let first = out.len();
            if let Some(whole) = self.whole(part, base) {
                out.push(whole);
                return;
            }
            scratch.word.clear();
            self.start(part, base, &mut scratch.word);
            self.merges.apply(&mut scratch.word, &mut scratch.links, |_, _, _, _| {});
            self.finish(part, base, &scratch.word, out);
            if part.len() <= MEMORABLE {
                scratch.seen.insert(part, (first, out.len(), base));
            }
        });
    }

    /// The same with every merge on the way, one trace for each part that is merged by itself: its range in bytes from the
    /// start of `word`'s section, and how it was merged.
    pub(super) fn trace(&self, word: &str, base: usize, mut found: impl FnMut(std::ops::Range<usize>, Trace)) {
        self.each_part(word, base, |part, base| {
            let mut trace = Trace::default();
            if let Some(whole) = self.whole(part, base) {
                trace.units.push(whole);
                trace.symbols.push(whole);
            } else {
                self.start(part, base, &mut trace.units);
                let mut symbols = trace.units.clone();
                let note = |rank, left, right, id| trace.merges.push((rank, left, right, id));
                self.merges.apply(&mut symbols, &mut Links::default(), note);
                self.finish(part, base, &symbols, &mut trace.symbols);
            }
            found(base..base + part.len(), trace);
        });
    }

    /// Calls `part` with each stretch of `word` that is merged by itself, and where it begins.
    pub(super) fn each_part<'t>(&self, word: &'t str, base: usize, mut part: impl FnMut(&'t str, usize)) {
        let mut start = 0;
        if let Some(sign) = self.cut_before {
            let mut previous = sign;
            for (at, character) in word.char_indices() {
                if character == sign && previous != sign {
                    part(word.get(start..at).unwrap_or_default(), base + start);
                    start = at;
                }
                previous = character;
            }
        }
        part(word.get(start..).unwrap_or_default(), base + start);
    }

    /// The word as one piece, where such words are not merged.
    pub(super) fn whole(&self, word: &str, base: usize) -> Option<Symbol> {
        let id = *self.whole_words.as_ref()?.get(word.as_bytes())?;
        Some(Symbol { id, start: base, end: base + word.len() })
    }

    /// Appends what merging starts from.
    pub(super) fn start(&self, word: &str, base: usize, out: &mut Vec<Symbol>) {
        match &self.units {
            Units::Bytes(ids) => {
                for (at, byte) in (base..).zip(word.bytes()) {
                    let id = match &self.affixes {
                        Some(affixes) => {
                            affixes.id(byte_level::character(byte), at == base, at + 1 == base + word.len())
                        }
                        None => ids.get(usize::from(byte)).copied(),
                    };
                    let id = id.unwrap_or(NONE);
                    if id == NONE {
                        self.unknown(at, at + 1, out);
                    } else {
                        out.push(Symbol { id, start: at, end: at + 1 });
                    }
                }
            }
            Units::Characters { ids, bytes } => {
                let mut after = 0;
                for (at, character) in word.char_indices() {
                    if at < after {
                        continue;
                    }
                    if let Some((id, kept)) = self.kept.as_ref().and_then(|kept| kept.longest(word.as_bytes(), at)) {
                        out.push(Symbol { id, start: base + at, end: base + kept });
                        after = kept;
                        continue;
                    }
                    let (start, end) = (base + at, base + at + character.len_utf8());
                    let id = match &self.affixes {
                        Some(affixes) => affixes.id(character, at == 0, end == base + word.len()),
                        None => ids.get(&character).copied(),
                    };
                    if let Some(id) = id {
                        out.push(Symbol { id, start, end });
                    } else if !fall_back(character, start, bytes, out) {
                        self.unknown(start, end, out);
                    }
                }
            }
        }
    }

    /// Appends the merged `symbols`; those that are no piece of their own become bytes.
    pub(super) fn finish(&self, word: &str, base: usize, symbols: &[Symbol], out: &mut Vec<Symbol>) {
        for &symbol in symbols {
            let Units::Characters { bytes, .. } = &self.units else {
                out.push(symbol);
                continue;
            };
            let text = || word.get(symbol.start - base..symbol.end - base).unwrap_or_default();
            if symbol.id < self.count {
                out.push(symbol);
            } else if !text().chars().all(|character| fall_back(character, symbol.start, bytes, out)) {
                self.unknown(symbol.start, symbol.end, out);
            }
        }
    }

    fn unknown(&self, start: usize, end: usize, out: &mut Vec<Symbol>) {
        let Some(id) = self.unknown else { return };
        match out.last_mut() {
            Some(last) if self.fuse_unknown && last.id == id && last.end == start => last.end = end,
            _ => out.push(Symbol { id, start, end }),
        }
    }
}

/// Appends the bytes of `character`, if the vocabulary has them all.
fn fall_back(character: char, start: usize, ids: &[u32; 256], out: &mut Vec<Symbol>) -> bool {
    let mut buffer = [0; 4];
    let bytes = character.encode_utf8(&mut buffer).bytes();
    let id = |byte: u8| ids.get(usize::from(byte)).copied().unwrap_or(NONE);
    if bytes.clone().any(|byte| id(byte) == NONE) {
        return false;
    }
    out.extend((start..).zip(bytes).map(|(at, byte)| Symbol { id: id(byte), start: at, end: at + 1 }));
    true
}
