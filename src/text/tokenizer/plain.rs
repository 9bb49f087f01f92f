//! A tokenizer from the plain data of a vocabulary, as GGUF has it.

use super::{
    Tokenizer,
    parts::{self, MOST_PIECES, SPACE_SIGN},
    pieces::Texts,
};
use crate::text::{
    added::{Added, Finder},
    bpe::{FoldMap, Merges, NONE},
    byte_level,
    error::TokenizerError,
    normalize::{Form, Step as Normalize},
    pattern::Pattern,
    pretokenize::named,
    units::{Encoder, Units},
    vocabulary::{PieceKind, Vocabulary},
};

/// Builds the tokenizer.
pub(super) fn build(vocabulary: Vocabulary) -> Result<Tokenizer, TokenizerError> {
    check(&vocabulary)?;
    match vocabulary.model.as_str() {
        "gpt2" => byte_level_bpe(&vocabulary),
        "llama" => sentence_piece(&vocabulary),
        "gemma4" => merged_characters(&vocabulary),
        _ => Err(TokenizerError::Unsupported { part: "tokenizer.ggml.model", kind: vocabulary.model }),
    }
}

fn check(vocabulary: &Vocabulary) -> Result<(), TokenizerError> {
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

fn kind(vocabulary: &Vocabulary, id: usize) -> PieceKind {
    vocabulary.kinds.get(id).copied().unwrap_or_default()
}

/// Spelled as it stands in text, and found there before anything else.
fn is_added(kind: PieceKind) -> bool {
    matches!(kind, PieceKind::Control | PieceKind::UserDefined)
}

/// What both models share: texts, spellings, added tokens, marks around a text. The encoder is yet empty.
fn skeleton(
    vocabulary: &Vocabulary,
    text: impl Fn(&str, PieceKind) -> Vec<u8>,
    encoder: Encoder,
    add_bos: bool,
) -> Tokenizer {
    let mut texts = Texts::default();
    let mut ids = parts::Ids::default();
    let mut added = Vec::new();
    for (id, piece) in vocabulary.pieces.iter().enumerate() {
        let kind = kind(vocabulary, id);
        texts.push(&if is_added(kind) { piece.clone().into_bytes() } else { text(piece, kind) });
        ids.entry(piece.as_str().into()).or_insert(id as u32);
        if is_added(kind) && !piece.is_empty() {
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
        ids,
        added: Finder::new(added),
        added_normalized: Finder::default(),
        normalizer: Vec::new(),
        steps: Vec::new(),
        encoder,
        strip: None,
        before: before.into_iter().collect(),
        after: after.into_iter().collect(),
        bos: vocabulary.bos,
        eos: vocabulary.eos,
    }
}

fn byte_level_bpe(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let rule = named::rule(&vocabulary.pre)?;
    let text = |piece: &str, _| byte_level::bytes(piece).unwrap_or_else(|| piece.as_bytes().to_vec());
    let encoder = Encoder {
        merges: Merges::default(),
        units: Units::Bytes(Box::new([NONE; 256])),
        unknown: vocabulary.unknown.filter(|&id| kind(vocabulary, id as usize) == PieceKind::Unknown),
        fuse_unknown: false,
        whole_words: None,
        cut_before: None,
        count: vocabulary.pieces.len() as u32,
    };
    let mut tokenizer = skeleton(vocabulary, text, encoder, rule.add_bos);
    tokenizer.encoder.merges = listed_merges(vocabulary, &tokenizer.ids)?;
    tokenizer.encoder.units = Units::Bytes(parts::byte_level_ids(&tokenizer.ids));
    if rule.whole_words {
        let words = (0..tokenizer.texts.len()).filter(|&id| !is_added(kind(vocabulary, id)));
        let words = words.map(|id| (tokenizer.texts.get(id as u32).into(), id as u32));
        tokenizer.encoder.whole_words = Some(words.collect());
    }
    tokenizer.steps = rule.steps;
    if rule.compose {
        tokenizer.normalizer.push(Normalize::Form(Form::Nfc));
    }
    Ok(tokenizer)
}

fn listed_merges(vocabulary: &Vocabulary, ids: &parts::Ids) -> Result<Merges, TokenizerError> {
    let pairs = vocabulary.merges.iter().map(|merge| {
        let (left, right) = merge.split_once(' ')?;
        (!right.contains(' ')).then_some((left, right))
    });
    parts::merges(ids, pairs, |index| vocabulary.merges.get(index).cloned().unwrap_or_default())
}

/// The bytes of a piece that is spelled with the space sign, or as `<0xE4>`.
fn spaced_text(piece: &str, kind: PieceKind) -> Vec<u8> {
    match parts::byte_piece(piece) {
        Some(byte) if kind == PieceKind::Byte => vec![byte],
        _ => piece.replace(SPACE_SIGN, " ").into_bytes(),
    }
}

/// Gemma 4: a list of merges over characters, spaces written as the space sign, bytes for what is lacking.
fn merged_characters(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let encoder = Encoder {
        merges: Merges::default(),
        units: Units::Bytes(Box::new([NONE; 256])),
        unknown: vocabulary.unknown,
        fuse_unknown: true,
        whole_words: None,
        cut_before: None,
        count: vocabulary.pieces.len() as u32,
    };
    let mut tokenizer = skeleton(vocabulary, spaced_text, encoder, true);
    tokenizer.encoder.merges = listed_merges(vocabulary, &tokenizer.ids)?;
    let bytes = parts::byte_piece_ids(&tokenizer.ids);
    tokenizer.encoder.units = Units::Characters { ids: parts::characters(&tokenizer.ids), bytes };
    if parts::cuts_before_space_sign(&tokenizer.ids) {
        tokenizer.encoder.cut_before = Some(SPACE_SIGN);
    }
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

fn sentence_piece(vocabulary: &Vocabulary) -> Result<Tokenizer, TokenizerError> {
    let pieces = vocabulary.pieces.len();
    if vocabulary.scores.is_empty() {
        return Err(TokenizerError::Lengths { part: "scores", found: 0, pieces });
    }
    let encoder = Encoder {
        merges: Merges::default(),
        units: Units::Bytes(Box::new([NONE; 256])),
        unknown: vocabulary.unknown,
        fuse_unknown: true,
        whole_words: None,
        cut_before: None,
        count: pieces as u32,
    };
    let mut tokenizer = skeleton(vocabulary, spaced_text, encoder, true);
    let mut characters: FoldMap<char, u32> = FoldMap::default();
    let mut symbols: parts::Ids = FoldMap::default();
    for (id, piece) in (0..).zip(&vocabulary.pieces) {
        if matches!(kind(vocabulary, id as usize), PieceKind::Normal | PieceKind::Unused | PieceKind::UserDefined) {
            symbols.entry(piece.as_str().into()).or_insert(id);
        }
    }
    characters.extend(parts::characters(&symbols));
    // A character that only longer pieces have still takes part in merging, under an id of its own past the last piece.
    let mut next = pieces as u32;
    let mut buffer = [0; 4];
    for character in vocabulary.pieces.iter().flat_map(|piece| piece.chars()) {
        let spelling: &str = character.encode_utf8(&mut buffer);
        if !symbols.contains_key(spelling) {
            symbols.insert(spelling.into(), next);
            characters.insert(character, next);
            next += 1;
        }
    }
    tokenizer.encoder.merges = score_merges(vocabulary, &symbols);
    if parts::cuts_before_space_sign(&symbols) {
        tokenizer.encoder.cut_before = Some(SPACE_SIGN);
    }
    let bytes = parts::byte_piece_ids(&tokenizer.ids);
    tokenizer.encoder.units = Units::Characters { ids: characters, bytes };
    write_spaces(&mut tokenizer, vocabulary.add_space_prefix.unwrap_or(true));
    Ok(tokenizer)
}

/// `SentencePiece` merges the pair whose concatenation has the best score: every way to cut a piece in two is a merge,
/// ranked by the piece's score, and equal scores share a rank.
fn score_merges(vocabulary: &Vocabulary, symbols: &parts::Ids) -> Merges {
    let mut scores = vocabulary.scores.clone();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    scores.dedup();
    let mut merges = Merges::with_capacity(vocabulary.pieces.len() * 2);
    for (piece, score) in vocabulary.pieces.iter().zip(&vocabulary.scores) {
        let Some(&id) = symbols.get(piece.as_str()) else { continue };
        let rank = scores.partition_point(|other| other > score) as u32;
        for (at, _) in piece.char_indices().skip(1) {
            let (left, right) = piece.split_at(at);
            if let (Some(&left), Some(&right)) = (symbols.get(left), symbols.get(right)) {
                merges.insert(left, right, rank, id);
            }
        }
    }
    merges
}
