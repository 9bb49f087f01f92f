//! A tokenizer from the plain data of a vocabulary, as GGUF has it.

use std::sync::OnceLock;

use super::{
    Tokenizer,
    parts::{self, MOST_PIECES, SPACE_SIGN},
    pieces::Texts,
    scored,
};
use crate::text::{
    added::{Added, Finder},
    bpe::{FoldMap, Merges, NONE},
    byte_level,
    classes::library::ACCENT,
    encoder::Encoder,
    error::TokenizerError,
    normalize::{
        Form, Step as Normalize,
        charsmap::{Charsmap, Rule},
        white_space::WhiteSpace,
    },
    pattern::Pattern,
    pretokenize::{Step as Cut, is_punctuation, named},
    trie::Trie,
    units::{BytePairs, Units},
    vocabulary::{PieceKind, Vocabulary},
    word_piece::{Mark, WordPiece},
};

/// Builds the tokenizer.
pub(super) fn build(vocabulary: Vocabulary) -> Result<Tokenizer, TokenizerError> {
    check(&vocabulary)?;
    match vocabulary.model.as_str() {
        "gpt2" => byte_level_bpe(&vocabulary),
        "llama" => scored_characters(&vocabulary),
        "t5" => most_probable(&vocabulary),
        "bert" => longest_first(&vocabulary),
        "gemma4" => merged_characters(&vocabulary),
        _ => Err(TokenizerError::Unsupported { part: "tokenizer.ggml.model", kind: vocabulary.model }),
    }
}

pub(super) fn check(vocabulary: &Vocabulary) -> Result<(), TokenizerError> {
    let pieces = vocabulary.pieces.len();
    if pieces == 0 {
        return Err(TokenizerError::Empty);
    }
    parts::at_most("pieces", pieces, MOST_PIECES)?;
    vocabulary.pieces.iter().try_for_each(|piece| parts::check_piece(piece))?;
    for (part, found) in [("token types", vocabulary.kinds.len()), ("scores", vocabulary.scores.len())] {
        if found != 0 && found != pieces {
            return Err(TokenizerError::Lengths { part, found, pieces });
        }
    }
    if let Some((id, _)) = (0..).zip(&vocabulary.scores).find(|(_, score)| !score.is_finite()) {
        return Err(TokenizerError::Score { id });
    }
    for (part, id) in [("bos", vocabulary.bos), ("eos", vocabulary.eos), ("unknown", vocabulary.unknown)] {
        if let Some(id) = id.filter(|&id| id as usize >= pieces) {
            return Err(TokenizerError::UnknownToken { part, token: id.to_string() });
        }
    }
    Ok(())
}

pub(super) fn kind(vocabulary: &Vocabulary, id: usize) -> PieceKind {
    vocabulary.kinds.get(id).copied().unwrap_or_default()
}

/// Spelled as it stands in text, and found there before anything else.
fn is_added(kind: PieceKind) -> bool {
    matches!(kind, PieceKind::Control | PieceKind::UserDefined)
}

/// What the models share: texts, spellings, tokens that are found in text (those of the kinds that `is_found` says), marks around
/// a text. The encoder is yet empty.
pub(super) fn skeleton(
    vocabulary: &Vocabulary,
    text: impl Fn(&str, PieceKind) -> Vec<u8>,
    is_found: impl Fn(PieceKind) -> bool,
    add_bos: bool,
) -> Tokenizer {
    let mut texts = Texts::default();
    let mut ids = parts::Ids::default();
    let mut added = Vec::new();
    for (id, piece) in vocabulary.pieces.iter().enumerate() {
        let kind = kind(vocabulary, id);
        texts.push(&if is_found(kind) { piece.clone().into_bytes() } else { text(piece, kind) });
        ids.entry(piece.as_str().into()).or_insert(id as u32);
        if is_found(kind) && !piece.is_empty() {
            let content = piece.clone();
            added.push(Added { id: id as u32, content, single_word: false, left: false, right: false });
        }
    }
    let special = |id| matches!(kind(vocabulary, id), PieceKind::Control | PieceKind::Unknown);
    let before = vocabulary.bos.filter(|_| vocabulary.add_bos.unwrap_or(add_bos));
    let after = vocabulary.eos.filter(|_| vocabulary.add_eos.unwrap_or(false));
    Tokenizer {
        special: (0..texts.len()).map(special).collect(),
        texts,
        heads: None,
        ids,
        added: Finder::new(added),
        added_normalized: Finder::default(),
        normalizer: Vec::new(),
        steps: Vec::new(),
        encoder: Encoder::WordLevel { ids: FoldMap::default(), unknown: None },
        strip: None,
        strip_end: false,
        before: before.into_iter().collect(),
        after: after.into_iter().collect(),
        bos: vocabulary.bos,
        eos: vocabulary.eos,
        assumed: None,
    }
}

fn byte_level_bpe(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let rule = named::rule(&vocabulary.pre)?;
    let text = |piece: &str, _| byte_level::bytes(piece).unwrap_or_else(|| piece.as_bytes().to_vec());
    let mut encoder = BytePairs {
        merges: Merges::default(),
        units: Units::Bytes(Box::new([NONE; 256])),
        unknown: vocabulary.unknown.filter(|&id| kind(vocabulary, id as usize) == PieceKind::Unknown),
        fuse_unknown: false,
        whole_words: None,
        cut_before: None,
        kept: None,
        affixes: None,
        count: vocabulary.pieces.len() as u32,
        followers: OnceLock::new(),
    };
    let mut tokenizer = skeleton(vocabulary, text, is_added, rule.add_bos);
    encoder.merges = listed_merges(vocabulary, &tokenizer.ids)?;
    encoder.units = Units::Bytes(parts::byte_level_ids(&tokenizer.ids));
    if rule.whole_words {
        let words = (0..tokenizer.texts.len()).filter(|&id| !is_added(kind(vocabulary, id)));
        let words = words.map(|id| (tokenizer.texts.get(id as u32).into(), id as u32));
        encoder.whole_words = Some(words.collect());
    }
    tokenizer.steps = rule.steps;
    if rule.compose {
        tokenizer.normalizer.push(Normalize::Form(Form::Nfc));
    }
    tokenizer.encoder = Encoder::BytePairs(encoder);
    Ok(tokenizer)
}

fn listed_merges(vocabulary: &Vocabulary, ids: &parts::Ids) -> Result<Merges, TokenizerError> {
    let pairs = vocabulary.merges.iter().map(|merge| {
        let (left, right) = merge.split_once(' ')?;
        (!right.contains(' ')).then_some((left, right))
    });
    parts::merges(ids, "", pairs, |index| vocabulary.merges.get(index).cloned().unwrap_or_default())
}

/// The bytes of a piece that is spelled with the space sign, or as `<0xE4>`.
pub(super) fn spaced_text(piece: &str, kind: PieceKind) -> Vec<u8> {
    match parts::byte_piece(piece) {
        Some(byte) if kind == PieceKind::Byte => vec![byte],
        _ => piece.replace(SPACE_SIGN, " ").into_bytes(),
    }
}

/// Gemma 4: a list of merges over characters, spaces written as the space sign, bytes for what is lacking.
fn merged_characters(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let mut encoder = BytePairs {
        merges: Merges::default(),
        units: Units::Bytes(Box::new([NONE; 256])),
        unknown: vocabulary.unknown,
        fuse_unknown: true,
        whole_words: None,
        cut_before: None,
        kept: None,
        affixes: None,
        count: vocabulary.pieces.len() as u32,
        followers: OnceLock::new(),
    };
    let mut tokenizer = skeleton(vocabulary, spaced_text, is_added, true);
    encoder.merges = listed_merges(vocabulary, &tokenizer.ids)?;
    let bytes = parts::byte_piece_ids(&tokenizer.ids);
    encoder.units = Units::Characters { ids: parts::characters(&tokenizer.ids), bytes };
    if parts::cuts_before_space_sign(&tokenizer.ids) {
        encoder.cut_before = Some(SPACE_SIGN);
    }
    tokenizer.encoder = Encoder::BytePairs(encoder);
    write_spaces(&mut tokenizer, vocabulary.add_space_prefix.unwrap_or(false));
    Ok(tokenizer)
}

/// Writes spaces as the space sign, and puts one in front if `prefix`.
fn write_spaces(tokenizer: &mut Tokenizer, prefix: bool) {
    if prefix {
        tokenizer.normalizer.push(Normalize::Prepend(SPACE_SIGN.to_string()));
        tokenizer.strip = Some((b' ', 1));
    }
    let content = SPACE_SIGN.to_string();
    tokenizer.normalizer.push(Normalize::Replace { pattern: Pattern::Literal(" ".into()), content });
}

/// `LLaMA` 1 and 2: characters merged by the scores of the pieces.
fn scored_characters(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let mut tokenizer = skeleton(vocabulary, spaced_text, is_added, true);
    tokenizer.encoder = Encoder::BytePairs(scored::byte_pairs(vocabulary, true)?);
    write_spaces(&mut tokenizer, vocabulary.add_space_prefix.unwrap_or(true));
    Ok(tokenizer)
}

/// T5: the most probable pieces, after the replacements of the model.
fn most_probable(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let mut tokenizer = skeleton(vocabulary, spaced_text, is_added, false);
    tokenizer.encoder = Encoder::Unigram(scored::unigram(vocabulary, true)?);
    if !vocabulary.charsmap.is_empty() {
        let map = Charsmap::new(&vocabulary.charsmap, Rule::Longest(Trie::default()))?;
        tokenizer.normalizer.push(Normalize::Charsmap(Box::new(map)));
    }
    let prefix = vocabulary.add_space_prefix.unwrap_or(true);
    let squeeze = vocabulary.remove_extra_whitespaces.unwrap_or(false);
    tokenizer.normalizer.push(Normalize::WhiteSpace(WhiteSpace { prefix, squeeze, sign: SPACE_SIGN, suffix: false }));
    tokenizer.strip = prefix.then_some((b' ', 1));
    Ok(tokenizer)
}

/// BERT: the longest piece first; a piece that begins a word is spelled with the space sign.
fn longest_first(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let mut tokenizer = skeleton(vocabulary, spaced_text, is_added, true);
    let unknown = vocabulary.unknown.or_else(|| tokenizer.id_of("[UNK]"));
    let unknown = unknown.ok_or(TokenizerError::Field { part: "tokenizer.ggml", field: "unknown_token_id" })?;
    let mut pieces = WordPiece::new(Some(unknown), usize::MAX);
    pieces.mark = Mark::First(SPACE_SIGN.to_string());
    for (id, piece) in (0..).zip(&vocabulary.pieces) {
        match piece.strip_prefix(SPACE_SIGN) {
            Some(word) => pieces.begins(word, id),
            None => pieces.continues(piece, id),
        }
    }
    tokenizer.encoder = Encoder::WordPiece(pieces);
    tokenizer.normalizer = vec![
        Normalize::Clean,
        Normalize::SpaceIdeographs,
        Normalize::Form(Form::Nfd),
        Normalize::Drop(ACCENT),
        Normalize::Lowercase,
    ];
    tokenizer.steps = vec![Cut::remove_spaces(), Cut::isolate(Pattern::Character(is_punctuation))];
    tokenizer.strip = Some((b' ', 1));
    tokenizer.after = vocabulary.eos.into_iter().collect();
    Ok(tokenizer)
}
