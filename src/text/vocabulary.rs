//! The plain data of a vocabulary, as a model file gives it.

/// What a piece is for; the numbers are GGUF's `tokenizer.ggml.token_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PieceKind {
    /// Ordinary text (1).
    #[default]
    Normal,
    /// The stand-in for what the vocabulary lacks (2).
    Unknown,
    /// A mark such as the beginning of a text (3): found in text, never made of merges.
    Control,
    /// A whole string added by hand (4): found in text before anything is merged.
    UserDefined,
    /// Reserved (5).
    Unused,
    /// One byte, spelled `<0xE4>` (6).
    Byte,
}

impl PieceKind {
    /// The kind with GGUF's number `number`; anything unknown is [`PieceKind::Normal`].
    pub fn from_number(number: i64) -> Self {
        match number {
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => Self::Normal,
        }
    }
}

/// A vocabulary as plain data: what GGUF keeps under `tokenizer.ggml.*`. An id is an index into `pieces`.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// `tokenizer.ggml.model`: `gpt2` is byte-level BPE, `llama` is `SentencePiece`'s BPE by scores with byte fallback,
    /// `t5` its unigram model, `bert` is `WordPiece`.
    pub model: String,
    /// `tokenizer.ggml.pre`: the name of the rule that cuts text into words before merging; empty where the file has none.
    pub pre: String,
    /// `tokenizer.ggml.tokens`: the spelling of each piece.
    pub pieces: Vec<String>,
    /// `tokenizer.ggml.token_type`: empty, or one for each piece.
    pub kinds: Vec<PieceKind>,
    /// `tokenizer.ggml.scores`: empty, or one for each piece; needed by `llama` and `t5`.
    pub scores: Vec<f32>,
    /// `tokenizer.ggml.merges`: pairs separated by a space, best first; needed by `gpt2`.
    pub merges: Vec<String>,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<u32>,
    /// `tokenizer.ggml.eos_token_id`.
    pub eos: Option<u32>,
    /// `tokenizer.ggml.unknown_token_id`.
    pub unknown: Option<u32>,
    /// `tokenizer.ggml.add_bos_token`; absent means what llama.cpp does for the model.
    pub add_bos: Option<bool>,
    /// `tokenizer.ggml.add_eos_token`; absent means no.
    pub add_eos: Option<bool>,
    /// `tokenizer.ggml.add_space_prefix`; absent means yes for `llama`, no for `gpt2`.
    pub add_space_prefix: Option<bool>,
    /// `tokenizer.ggml.precompiled_charsmap`: the replacements of a `SentencePiece` model; empty where it has none.
    pub charsmap: Vec<u8>,
    /// `tokenizer.ggml.remove_extra_whitespaces`; absent means no.
    pub remove_extra_whitespaces: Option<bool>,
}
