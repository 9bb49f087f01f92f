//! Text to token ids and back.

use super::{
    added::Finder, bpe::FoldMap, encoder::Encoder, error::TokenizerError, normalize, pretokenize,
    vocabulary::Vocabulary,
};

mod browser;
mod completions;
mod encode;
mod json;
mod lists;
mod llama2c;
mod parts;
mod pieces;
mod plain;
mod ranks;
mod reach;
mod scored;
mod sentencepiece;
mod settings;

pub use browser::{Browser, Index, Kind, Node};
pub(in crate::text) use encode::Part;
pub(in crate::text) use pieces::Texts;
pub use reach::{Never, Reach, Tried};
pub use settings::Settings;

/// One token of an encoded text: its id, and the bytes of the text it came from.
///
/// The tokens of a text follow one another without gap or overlap, except that what a vocabulary cannot express, or a
/// rule drops, belongs to no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// The id in the vocabulary.
    pub id: u32,
    /// First byte of the text covered. A token that was added (a beginning mark) covers nothing: `start == end`.
    pub start: usize,
    /// Byte after the last one covered; may lie inside a character that several tokens share.
    pub end: usize,
}

/// One merge: the pair `left`, `right` became the piece `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Merge {
    /// How early the pair is merged: 0 before all others. Pairs of equal rank are merged from the left.
    pub rank: u32,
    /// The first of the pair.
    pub left: Token,
    /// The second of the pair.
    pub right: Token,
    /// What they became.
    pub id: u32,
}

/// How the tokens of one word came about: merging never crosses from one word to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merging {
    /// What merging started from: bytes or characters; or the one token that is taken whole. An id past the last piece is a
    /// character that only longer pieces have.
    pub units: Vec<Token>,
    /// The merges, in the order they were made.
    pub merges: Vec<Merge>,
    /// The tokens they lead to.
    pub tokens: Vec<Token>,
}

/// A tokenizer: encodes text to ids, and says what each id stands for.
#[derive(Debug)]
pub struct Tokenizer {
    texts: Texts,
    /// The text of each piece where it is the first of a text, if that differs.
    heads: Option<Texts>,
    pub(super) ids: FoldMap<Box<str>, u32>,
    special: Vec<bool>,
    added: Finder,
    added_normalized: Finder,
    normalizer: Vec<normalize::Step>,
    steps: Vec<pretokenize::Step>,
    pub(super) encoder: Encoder,
    /// What a decoded text loses at its start: this byte, so many times.
    strip: Option<(u8, usize)>,
    /// Whether a decoded text loses a space at its end.
    strip_end: bool,
    before: Vec<u32>,
    after: Vec<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    assumed: Option<&'static str>,
}

impl Tokenizer {
    /// A tokenizer from the data of a vocabulary (GGUF's `tokenizer.ggml.*`): models `gpt2`, `llama`,
    /// `gemma4`, `t5` and `bert`.
    ///
    /// # Errors
    /// Anything in [`TokenizerError`]: an unsupported model or rule, lists of unequal length, merges of missing pieces.
    pub fn from_vocabulary(vocabulary: Vocabulary) -> Result<Self, TokenizerError> {
        plain::build(vocabulary)
    }

    /// A tokenizer from the bytes of a Hugging Face `tokenizer.json`.
    ///
    /// # Errors
    /// Anything in [`TokenizerError`]: not JSON, a kind of model, normaliser, pre-tokenizer, decoder or post-processor
    /// that is not supported, an inconsistent vocabulary.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        json::build(bytes)
    }

    /// A tokenizer from a `SentencePiece` model (`tokenizer.model`, `spiece.model`) of kind BPE or unigram.
    ///
    /// # Errors
    /// Anything in [`TokenizerError`].
    pub fn from_sentencepiece(bytes: &[u8], settings: &Settings) -> Result<Self, TokenizerError> {
        sentencepiece::build(bytes, settings)
    }

    /// A tokenizer from BERT's `vocab.txt`.
    ///
    /// # Errors
    /// Anything in [`TokenizerError`].
    pub fn from_word_pieces(bytes: &[u8], settings: &Settings) -> Result<Self, TokenizerError> {
        lists::word_piece(bytes, settings)
    }

    /// A tokenizer from a `vocab.json` and a `merges.txt`, as GPT-2, `RoBERTa` and BART have them.
    ///
    /// # Errors
    /// Anything in [`TokenizerError`].
    pub fn from_merges(vocab: &[u8], merges: &[u8], settings: &Settings) -> Result<Self, TokenizerError> {
        lists::merges(vocab, merges, settings)
    }

    /// A tokenizer from a `*.tiktoken` list. How text is cut into words, which such a list does not say, is known by the `name`
    /// of the file: `cl100k_base`, `o200k_base`, `r50k_base`, `p50k_base`, Qwen's, `LLaMA` 3's
    /// (`tokenizer.model`); as in `cl100k_base` where it is none of these, see [`Tokenizer::assumed`]. The special tokens are those
    /// of the settings, else those that are usual for the name.
    ///
    /// # Errors
    /// Anything in [`TokenizerError`].
    pub fn from_ranks(bytes: &[u8], name: &str, settings: &Settings) -> Result<Self, TokenizerError> {
        ranks::build(bytes, name, settings)
    }

    /// A tokenizer from a `tokenizer.bin` of llama2.c.
    ///
    /// # Errors
    /// Anything in [`TokenizerError`].
    pub fn from_llama2c(bytes: &[u8]) -> Result<Self, TokenizerError> {
        llama2c::build(bytes)
    }

    /// The tokens of `text` with what the tokenizer's template puts around it; a token put there covers no byte.
    pub fn encode_special(&self, text: &str) -> Vec<Token> {
        let mut tokens: Vec<Token> = self.before.iter().map(|&id| Token { id, start: 0, end: 0 }).collect();
        tokens.extend(self.encode(text));
        let end = text.len();
        tokens.extend(self.after.iter().map(|&id| Token { id, start: end, end }));
        tokens
    }

    /// The tokens that the tokenizer's template puts before every text, and behind it.
    pub fn template(&self) -> (&[u32], &[u32]) {
        (&self.before, &self.after)
    }

    /// The token that stands for one that is hidden: a masked language model's.
    pub fn mask(&self) -> Option<u32> {
        ["[MASK]", "<mask>"].iter().find_map(|piece| self.id_of(piece)).filter(|&id| self.is_special(id))
    }

    /// The very bytes that the token `id` stands for in text; nothing for an id outside the vocabulary.
    pub fn piece(&self, id: u32) -> &[u8] {
        self.texts.get(id)
    }

    /// The bytes of the text that `ids` stand for together: the pieces in a row, less the space that
    /// `SentencePiece` and `WordPiece` put in front. Not always UTF-8: a character may be cut at either end.
    pub fn decode(&self, ids: &[u32]) -> Vec<u8> {
        let first = ids.iter().take(1).flat_map(|&id| self.heads.as_ref().unwrap_or(&self.texts).get(id));
        let rest = ids.iter().skip(1).flat_map(|&id| self.piece(id));
        let mut bytes: Vec<u8> = first.chain(rest).copied().collect();
        if let Some((byte, times)) = self.strip {
            let lost = bytes.iter().take(times).take_while(|&&first| first == byte).count();
            bytes.drain(..lost);
        }
        if self.strip_end && bytes.last() == Some(&b' ') {
            bytes.pop();
        }
        bytes
    }

    /// What was taken for the rule that cuts text into words, where nothing in the file or its name says which it is.
    pub fn assumed(&self) -> Option<&'static str> {
        self.assumed
    }

    /// The number of ids: one more than the largest.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no piece at all; never true of a tokenizer that was built.
    pub fn is_empty(&self) -> bool {
        self.texts.len() == 0
    }

    /// The token that begins a text.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The token that ends a text.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// Whether `id` is a mark (such as the end of a text) and not a part of it.
    pub fn is_special(&self, id: u32) -> bool {
        self.special.get(id as usize) == Some(&true)
    }

    /// The id of the piece that the file spells `piece`, such as `Ġloved` or `<|endoftext|>`.
    pub fn id_of(&self, piece: &str) -> Option<u32> {
        self.ids.get(piece).copied()
    }

    /// The ids whose text contains `needle`, in ascending order.
    pub fn find<'a>(&'a self, needle: &'a str) -> impl Iterator<Item = u32> + 'a {
        self.texts.find(needle.as_bytes())
    }
}
